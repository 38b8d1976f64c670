"""Hears from Airflow that a master's task or run was marked as ended, and has its child runs stopped.

Airflow tells a deferred task's trigger, which may be dead; a mark is told here, too, in the process that makes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

#: Where Airflow's rows are defined; in a task's own process the argument is another one, without a session.
_ROWS = "airflow.models.taskinstance"


class ChildStopper:
    """Loaded in each of Airflow's processes; imports nothing until a row has ended."""

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        """Marked failed."""
        self._stop_child_of(task_instance)

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        """Marked as a success: nobody waits for the child any more, either."""
        self._stop_child_of(task_instance)

    @hookimpl
    def on_dag_run_failed(self, dag_run: DagRun, msg: str) -> None:
        """A run that was marked failed, or whose time was up."""
        from sqlalchemy.orm import object_session

        from admin_views.child_records import masters_of_run

        session = object_session(dag_run)
        masters = masters_of_run(session, dag_run.id) if session is not None else []
        if session is not None and masters:
            from admin_views.child_runs import stop_child_of  # it takes a second to import, which few runs need

            for master in masters:
                stop_child_of(session, master)

    def _stop_child_of(self, task_instance: Any) -> None:
        if type(task_instance).__module__ != _ROWS:
            return
        from sqlalchemy.orm import object_session

        from admin_views.child_records import read_record

        # in the session that made the mark: SQLite would not let another one write beside it
        session = object_session(task_instance)
        if session is not None and read_record(session, task_instance) is not None:
            from admin_views.child_runs import stop_child_of

            stop_child_of(session, task_instance)
