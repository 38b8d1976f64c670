"""The ear for marks: in processes without rows, and on Airflow's own; tests/integration/test_masters.py has Airflow."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from airflow.listeners.listener import get_listener_manager
from airflow.models.dagrun import DagRun
from airflow.utils.state import TaskInstanceState
from sqlalchemy.orm import Session

from admin_views.listener import ChildStopper
from tests.admin_views.masters import Masters

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def masters(engine: Engine) -> Masters:
    """A master with two tasks that have begun."""
    made = Masters(engine)
    made.begin("r1", ("train", -1), ("score", -1))
    return made


def test_a_tasks_own_process_has_nothing_to_stop() -> None:
    told = SimpleNamespace(dag_id="nightly", task_id="train")
    ChildStopper().on_task_instance_failed("running", told, None)
    ChildStopper().on_task_instance_success("running", told)


def test_a_run_that_belongs_to_no_session_has_nothing_to_stop() -> None:
    ChildStopper().on_dag_run_failed(DagRun(dag_id="nightly", run_id="manual__1"), "timed out")


def test_airflow_takes_it_for_a_listener() -> None:
    stopper, manager = ChildStopper(), get_listener_manager()
    manager.pm.register(stopper)
    try:
        names = [hook.name for hook in manager.pm.get_hookcallers(stopper) or ()]
    finally:
        manager.pm.unregister(stopper)
    assert sorted(names) == ["on_dag_run_failed", "on_task_instance_failed", "on_task_instance_success"]


@pytest.mark.parametrize(
    ("state", "child"), [("failed", "failed"), ("success", "failed"), ("up_for_retry", "queued"), ("running", "queued")]
)
def test_a_mark_stops_the_child_in_the_session_that_made_it(masters: Masters, state: str, child: str) -> None:
    started = masters.ask()
    with Session(masters.engine) as session:
        task = masters.task(session)
        task.state = TaskInstanceState(state)
        if state == "success":
            ChildStopper().on_task_instance_success(None, task)
        else:
            ChildStopper().on_task_instance_failed(None, task, "marked")
        assert masters.run_row(session, started).state == child
        session.rollback()
    assert masters.states(started)[0] == "queued"  # nothing was written beside that session


def test_a_task_without_a_child_is_nothing_to_it(masters: Masters) -> None:
    with Session(masters.engine) as session:
        task = masters.task(session)
        task.state = TaskInstanceState.FAILED
        ChildStopper().on_task_instance_failed(None, task, None)
    assert masters.run_ids() == []


def test_a_failed_run_stops_the_children_of_its_ended_tasks(masters: Masters) -> None:
    ended = masters.ask()
    running = masters.ask(of={"task_id": "score"})
    masters.mark("failed")
    with Session(masters.engine) as session:
        ChildStopper().on_dag_run_failed(masters.task(session).dag_run, "timed out")
        session.commit()
    assert [masters.states(child)[0] for child in (ended, running)] == ["failed", "queued"]
