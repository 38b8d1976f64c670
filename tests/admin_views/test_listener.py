"""The ear for marks in processes that have no rows. With rows: tests/integration/test_masters.py."""

from __future__ import annotations

from types import SimpleNamespace

from airflow.listeners.listener import get_listener_manager
from airflow.models.dagrun import DagRun

from admin_views.listener import ChildStopper


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
