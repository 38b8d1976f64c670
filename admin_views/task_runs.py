"""Airflow's task instances: running one again, as its own Clear does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.models.taskinstance import TaskInstance, clear_task_instances
from airflow.utils.session import create_session
from airflow.utils.state import State
from sqlalchemy import select

from config_store.errors import NotFound, NotRerunnable

if TYPE_CHECKING:
    from config_store.wire import TaskIdentity


class AirflowTaskRuns:
    """Works on Airflow's own rows."""

    def run_again(self, task: TaskIdentity) -> None:
        """See :class:`~admin_views.services.TaskRuns`; nothing downstream is run again."""
        with create_session() as session:
            instance = session.scalar(
                select(TaskInstance).where(
                    TaskInstance.dag_id == task.dag_id,
                    TaskInstance.run_id == task.run_id,
                    TaskInstance.task_id == task.task_id,
                    TaskInstance.map_index == task.map_index,
                )
            )
            if instance is None:
                raise NotFound(f"task {task.dag_id}.{task.task_id} in the DAG run", task.run_id)
            if instance.state not in State.finished:
                raise NotRerunnable(
                    f"{task.dag_id}.{task.task_id} of run {task.run_id} is {instance.state or 'waiting'}; a task runs "
                    "again when it has ended. Wait for its end, or mark it failed."
                )
            clear_task_instances([instance], session)
