"""The operators of masters: parameters, what is asked, how a wait ends. In Airflow: tests/integration."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import TaskDeferred

from admin_views.problems import ChildUnusable
from config_store.wire import ChildDeed, ChildState, ChildWish, OnChildFailed, WhenPaused
from couture_ops.child import end_of_wait
from couture_ops.errors import ChildFailed, ChildGone, ChildTimedOut, StoreRefused, UnfitParameter
from couture_ops.operators import DagOperator, SkippableDagOperator
from couture_ops.triggers import ChildRunTrigger
from tests.couture_ops.test_task import TaskProcess, task_runner
from tests.stand_ins import ListedChildRuns

if TYPE_CHECKING:
    from admin_views.services import Services
    from tests.couture_ops.conftest import LiveStore

ZOOM = "_link_ZoomLink"
BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


class MasterTask(TaskProcess):
    """The process of a master's task."""

    start_date = BEGAN

    @property
    def context(self) -> Any:
        """With a run that has a conf."""
        return {**super().context, "dag_run": SimpleNamespace(conf={"from": "parent"}), "params": {}}


@pytest.fixture
def process(services: Services, store: LiveStore, monkeypatch: pytest.MonkeyPatch) -> MasterTask:
    """A try that the store knows, on a worker that knows the store."""
    process = MasterTask()
    monkeypatch.setattr(services.identity, "prove_task", process.prove)
    for name, value in {
        "AIRFLOW__COUTURE__API_URL": store.url,
        "AIRFLOW__COUTURE__STORE_TIMEOUT": "5",
        "AIRFLOW__API__BASE_URL": "https://airflow.example.com",
    }.items():
        monkeypatch.setenv(name, value)
    return process


@pytest.fixture
def children(services: Services) -> ListedChildRuns:
    """The child runs of the store."""
    return cast("ListedChildRuns", services.child_runs)


def master(cls: type[DagOperator] = DagOperator, **parameters: Any) -> DagOperator:
    """The task ``load`` of the DAG ``sales``."""
    with DAG("sales", schedule=None):
        return cls(**{"task_id": "load", "run_dag_id": "child", **parameters})


def execute(of: DagOperator, process: MasterTask) -> dict[str, Any] | None:
    """Run the operator as Airflow does."""
    with task_runner(of):
        return of.execute(process.context)


# --- parameters ---


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"on_child_failed": "again"}, "on_child_failed must be one of resume, restart, new; it is str 'again'."),
        ({"when_paused": None}, "when_paused must be one of fail, unpause, wait; it is NoneType 'None'."),
        ({"python_callable": "f"}, "python_callable must be a function; it is str 'f'."),
        (
            {"python_callable": len},
            "python_callable must take two arguments, (context, dag_run_obj); it is builtin_function_or_method "
            "'<built-in function len>'.",
        ),
        ({"max_active_children": 0}, "max_active_children must be a whole number, 1 or more; it is int '0'."),
        ({"max_active_children": True}, "max_active_children must be a whole number, 1 or more; it is bool 'True'."),
        (
            {"max_active_children": 2, "wait": False},
            "max_active_children needs wait=True: who waits lets the next child go; it is int '2'.",
        ),
    ],
)
def test_what_a_parsed_dag_refuses(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(UnfitParameter) as failure:
        master(**parameters)
    assert str(failure.value) == message


def test_a_callable_that_takes_the_context_only_is_refused_at_once() -> None:
    def only_context(context: Any) -> None:
        """As others have it."""

    with pytest.raises(UnfitParameter, match=r"must take two arguments, \(context, dag_run_obj\); it is function"):
        master(python_callable=only_context)


def test_templates_are_rendered() -> None:
    operator = master(SkippableDagOperator, run_dag_id="{{ a }}", dag_run_conf={"b": ["{{ a }}"]}, skip_dag="{{ a }}")
    operator.render_template_fields(cast("Any", {"a": "x"}))
    assert isinstance(operator, SkippableDagOperator)
    assert (operator.run_dag_id, operator.dag_run_conf, operator.skip_dag) == ("x", {"b": ["x"]}, "x")


# --- what is asked of the API server ---


def test_it_triggers_and_leaves_the_worker(process: MasterTask, children: ListedChildRuns) -> None:
    operator = master(
        dag_run_conf={"top": 1}, execution_timeout=timedelta(minutes=1), when_paused="wait", max_active_children=3
    )
    with pytest.raises(TaskDeferred) as deferral:
        execute(operator, process)
    wish = ChildWish(
        dag_id="child",
        conf={"from": "parent", "top": 1},
        on_child_failed=OnChildFailed.RESUME,
        when_paused=WhenPaused.WAIT,
        stop_with_parent=True,
        max_active_children=3,
    )
    assert children.wishes == [(str(process.id), wish)]
    assert process.pushed == {
        ZOOM: "https://airflow.example.com/dags/child/runs/couture__1",
        "child_run_id": "couture__1",
    }
    trigger = deferral.value.trigger
    assert isinstance(trigger, ChildRunTrigger)
    assert trigger.serialize() == (
        "couture_ops.triggers.ChildRunTrigger",
        {
            "dag_id": "child",
            "run_id": "couture__1",
            "token": "1:child",
            "stop_child": True,
            "deadline": (BEGAN + timedelta(minutes=1)).timestamp(),
        },
    )
    assert (deferral.value.method_name, deferral.value.kwargs, deferral.value.timeout) == (
        "execute_complete",
        {"run": {"dag_id": "child", "run_id": "couture__1", "logical_date": None}},
        None,
    )


def test_without_wait_the_child_outlives_the_task(process: MasterTask, children: ListedChildRuns) -> None:
    result = execute(master(wait=False), process)
    assert result == {
        "dag_id": "child",
        "run_id": "couture__1",
        "logical_date": None,
        "state": None,
        "duration_s": None,
    }
    assert children.wishes[0][1].stop_with_parent is False
    assert children.asked == []


def test_in_a_worker_slot_it_waits_for_the_end(process: MasterTask, children: ListedChildRuns) -> None:
    children.runs["1:child"] = ChildState(state="success", duration_s=3.0, tasks={"a": "success"})
    result = execute(master(deferrable=False), process)
    assert result is not None
    assert (result["state"], result["duration_s"]) == ("success", 3.0)


def test_a_second_try_whose_child_is_done_does_not_wait(process: MasterTask, children: ListedChildRuns) -> None:
    children.deed = ChildDeed.ATTACHED
    children.runs["1:child"] = ChildState(state="success", duration_s=3.0)
    result = execute(master(), process)
    assert result is not None
    assert result["state"] == "success"


def test_a_child_that_failed_fails_the_task(process: MasterTask, children: ListedChildRuns) -> None:
    children.runs["1:child"] = ChildState(state="failed", tasks={"a": "success", "b[1]": "failed"})
    with pytest.raises(ChildFailed) as failure:
        execute(master(deferrable=False), process)
    assert str(failure.value) == (
        "The child DAG 'child' ended as failed (run couture__1). Its failed tasks: b[1]. Look there by the link 'Zoom "
        "into DAG'; a retry of this task goes on as on_child_failed says."
    )


def test_a_refusal_is_the_tasks_error(process: MasterTask, children: ListedChildRuns) -> None:
    children.refusal = ChildUnusable("child", "it is paused")
    with pytest.raises(StoreRefused) as failure:
        execute(master(), process)
    assert str(failure.value) == "Nothing was started: The DAG 'child' can't be run: it is paused."
    assert process.pushed == {}


@pytest.mark.parametrize(("stop_child", "stopped"), [(True, ["1:child"]), (False, [])])
def test_a_kill_stops_the_child(
    process: MasterTask, children: ListedChildRuns, stop_child: bool, stopped: list[str]
) -> None:
    operator = master(stop_child=stop_child)
    with pytest.raises(TaskDeferred):
        execute(operator, process)
    operator.on_kill()
    assert children.stopped == stopped


def test_a_kill_does_not_stop_the_run_of_a_later_try(process: MasterTask, children: ListedChildRuns) -> None:
    operator = master()
    with pytest.raises(TaskDeferred):
        execute(operator, process)
    del children.runs["1:child"]  # its token is void
    operator.on_kill()
    assert children.stopped == []


def test_a_kill_before_there_is_a_child_does_nothing() -> None:
    master().on_kill()


def test_the_switch(process: MasterTask, children: ListedChildRuns, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert execute(master(SkippableDagOperator, skip_dag=True), process) is None
    assert children.wishes == []
    with pytest.raises(TaskDeferred):
        execute(master(SkippableDagOperator, skip_dag="false"), process)
    assert len(children.wishes) == 1


def test_a_condition_that_does_not_hold_asks_nothing(process: MasterTask, children: ListedChildRuns) -> None:
    assert execute(master(python_callable=lambda context, dag_run_obj: None), process) is None
    assert (children.wishes, process.state) == ([], {})


# --- how a wait in the triggerer ends ---

RUN = {"dag_id": "child", "run_id": "couture__1", "logical_date": None}


def test_it_ends_well() -> None:
    event = {"state": "success", "duration_s": 2.0, "failed_tasks": []}
    assert end_of_wait(master(), RUN, event) == {**RUN, "state": "success", "duration_s": 2.0}


def test_the_run_is_gone() -> None:
    with pytest.raises(ChildGone) as failure:
        end_of_wait(master(), RUN, {"state": None, "duration_s": None, "failed_tasks": []})
    assert str(failure.value) == (
        "The run couture__1 of the child DAG 'child' is gone: somebody deleted it, or this task was cleared meanwhile. "
        "Retry the task, and it triggers another one."
    )


@pytest.mark.parametrize(
    ("stop_child", "deed"), [(True, "It was stopped."), (False, "It goes on, as stop_child=False says.")]
)
def test_the_time_is_up(stop_child: bool, deed: str) -> None:
    operator = master(stop_child=stop_child, execution_timeout=timedelta(seconds=90))
    with pytest.raises(ChildTimedOut) as failure:
        end_of_wait(operator, RUN, {"state": None, "timed_out": True})
    assert str(failure.value) == (
        f"The run couture__1 of the child DAG 'child' did not end within the execution_timeout of 90 s. {deed}"
    )
