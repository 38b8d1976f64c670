"""A master and its children in Airflow's own tables: tasks that ask, are retried and cleared; runs that go on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance, clear_task_instances, uuid7
from airflow.sdk import DAG, BaseOperator
from airflow.utils.state import DagRunState, TaskInstanceState
from sqlalchemy import select
from sqlalchemy.orm import Session

from config_store.wire import ChildState, ChildWish
from tests.admin_views.airflow_rows import AT, add_instance, add_run, write

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Airflow's API server imports what its own dependencies deprecate
    from admin_views.child_runs import AirflowChildRuns, stop_orphans

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from config_store.wire import ChildRun

#: What a token that opens nothing tells, and the tasks of a child that failed.
GONE = ChildState(state=None)
BROKEN = {"first": "success", "second": "failed", "third": "upstream_failed"}


def dag_of(dag_id: str, *task_ids: str, **more: Any) -> DAG:
    """A DAG with tasks in a row."""
    with DAG(dag_id, schedule=None, **more) as dag:
        before: BaseOperator | None = None
        for task_id in task_ids:
            task = BaseOperator(task_id=task_id)
            if before is not None:
                before >> task
            before = task
    return dag


@dataclass
class Masters:
    """``nightly`` with the tasks ``train`` and ``score``, and ``child`` with three tasks in a row."""

    engine: Engine
    runs: AirflowChildRuns = field(default_factory=AirflowChildRuns)

    def another_server(self) -> AirflowChildRuns:
        """One more API server on the same database."""
        return AirflowChildRuns()

    def __post_init__(self) -> None:
        write(self.engine, dag_of("nightly", "train", "score"))
        write(self.engine, dag_of("child", "first", "second", "third"), max_active_runs=2)

    def begin(self, run_id: str = "r1", *tasks: tuple[str, int], dag_id: str = "nightly") -> None:
        """A run of the master whose tasks are in their first try, each a name and a map index; `r1` has a date."""
        with Session(self.engine) as session:
            run = add_run(session, dag_id, run_id, "running", logical_date=AT if run_id == "r1" else None)
            for task_id, map_index in tasks or (("train", -1),):
                add_instance(session, run, task_id, map_index, "running")
            session.flush()
            for task in session.scalars(select(TaskInstance).where(TaskInstance.run_id == run_id)):
                task.try_number = 1
            session.commit()

    def task(
        self, session: Session, run_id: str = "r1", task_id: str = "train", map_index: int = -1, dag_id: str = "nightly"
    ) -> TaskInstance:
        """A task of the master."""
        named = dag_id, run_id, task_id, map_index
        columns = TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id, TaskInstance.map_index
        found = select(TaskInstance).where(*(column == value for column, value in zip(columns, named, strict=True)))
        return session.scalars(found).one()

    def ask(
        self,
        dag_id: str = "child",
        *,
        of: dict[str, Any] | None = None,
        by: AirflowChildRuns | None = None,
        **wish: Any,
    ) -> ChildRun:
        """What the server answers to the task; ``of``: which task, ``by``: which server."""
        with Session(self.engine) as session:
            asking = str(self.task(session, **(of or {})).id)
        return (by or self.runs).start(asking, ChildWish(dag_id=dag_id, **wish))

    def limit(self, dag_id: str, max_active_runs: int) -> None:
        """Let so many runs of a DAG run at once."""
        with Session(self.engine) as session:
            session.get_one(DagModel, dag_id).max_active_runs = max_active_runs
            session.commit()

    def look(self, *children: ChildRun) -> list[ChildState]:
        """The states that the tokens open."""
        return self.runs.states([child.token for child in children])

    def retry(self) -> None:
        """Airflow gives the task another try."""
        with Session(self.engine) as session:
            task = self.task(session)
            task.id, task.try_number = uuid7(), task.try_number + 1
            session.commit()

    def clear(self) -> None:
        """Somebody clears the task while it waits in the triggerer, and Airflow starts its next try."""
        with Session(self.engine) as session:
            task = self.task(session)
            task.state = TaskInstanceState.DEFERRED
            session.flush()
            clear_task_instances([task], session)
            session.flush()
            task = self.task(session)
            task.state, task.try_number = TaskInstanceState.RUNNING, task.try_number + 1
            session.commit()

    def mark(self, state: str | None) -> None:
        """Give the task a state, with nobody told."""
        with Session(self.engine) as session:
            self.task(session).state = TaskInstanceState(state) if state else None
            session.commit()

    def let(self, child: ChildRun, run_state: str, **task_states: str) -> None:
        """Give a child run and its tasks states."""
        with Session(self.engine) as session:
            self.run_row(session, child).state = DagRunState(run_state)
            tasks = select(TaskInstance).where(TaskInstance.dag_id == child.dag_id, TaskInstance.run_id == child.run_id)
            for task in session.scalars(tasks):
                if task.task_id in task_states:
                    task.state, task.try_number = TaskInstanceState(task_states[task.task_id]), 1
            session.commit()

    def sweep(self) -> None:
        """Stop the runs for which nobody waits any more."""
        with Session(self.engine) as session:
            stop_orphans(session)
            session.commit()

    def end(self, run_id: str) -> None:
        """Let a run of the master succeed."""
        with Session(self.engine) as session:
            session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one().state = DagRunState.SUCCESS
            session.commit()

    def run_row(self, session: Session, child: ChildRun) -> DagRun:
        """Airflow's row of a child run."""
        found = select(DagRun).where(DagRun.dag_id == child.dag_id, DagRun.run_id == child.run_id)
        return session.scalars(found).one()

    def states(self, child: ChildRun) -> tuple[str, dict[str, str | None]]:
        """The states of a child run and of its tasks, as Airflow has them."""
        with Session(self.engine) as session:
            tasks = select(TaskInstance).where(TaskInstance.dag_id == child.dag_id, TaskInstance.run_id == child.run_id)
            found = {task.task_id: str(task.state) if task.state else None for task in session.scalars(tasks)}
            return str(self.run_row(session, child).state), found

    def run_ids(self, dag_id: str = "child") -> list[str]:
        """The runs of a DAG, oldest first."""
        with Session(self.engine) as session:
            return list(session.scalars(select(DagRun.run_id).where(DagRun.dag_id == dag_id).order_by(DagRun.id)))
