"""Child runs in Airflow's own tables: triggered, gone on with, run again, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.sdk import Param
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from admin_views.problems import ChildUnusable, NotProven
from config_store.errors import NotFound
from config_store.wire import ChildDeed, ChildState, ChildWish, OnChildFailed, WhenPaused
from tests.admin_views.airflow_rows import AT, add_import_error, write
from tests.admin_views.masters import BROKEN, GONE, dag_of

if TYPE_CHECKING:
    from tests.admin_views.masters import Masters


def refusal(masters: Masters, dag_id: str = "child", **wish: Any) -> str:
    """Why the wish is refused."""
    with pytest.raises(ChildUnusable) as caught:
        masters.ask(dag_id, **wish)
    return str(caught.value)


# --- a first try ---


def test_a_run_with_the_conf_and_the_logical_date_of_the_parent(masters: Masters) -> None:
    child = masters.ask(conf={"a": 1})
    assert (child.deed, child.logical_date) == (ChildDeed.TRIGGERED, AT)
    assert masters.states(child) == ("queued", {"first": None, "second": None, "third": None})
    with Session(masters.engine) as session:
        row = masters.run_row(session, child)
        assert (row.conf, row.run_type) == ({"a": 1}, "operator_triggered")
        assert row.triggered_by is DagRunTriggeredByType.OPERATOR
    assert masters.look(child) == [ChildState(state="queued")]


def test_a_task_that_was_cleared_before_it_asked(masters: Masters) -> None:
    with pytest.raises(NotProven, match=r"^The task that asks has been cleared meanwhile\.$"):
        masters.runs.start("00000000-0000-0000-0000-000000000000", ChildWish(dag_id="child"))


# --- what is refused ---


def test_a_dag_that_is_missing_or_whose_file_is_gone(masters: Masters) -> None:
    write(masters.engine, dag_of("childe"), is_stale=True, has_import_errors=True, relative_fileloc="gone.py")
    for name in ("chil", "childe"):
        with pytest.raises(NotFound) as caught:
            masters.ask(name)
        assert str(caught.value) == f"There is no DAG {name!r}. Did you mean: child?"


def test_a_dag_whose_file_has_an_error(masters: Masters) -> None:
    # as Airflow marks it: stale, as if the file were gone
    write(masters.engine, dag_of("broken"), is_stale=True, has_import_errors=True, relative_fileloc="a/b.py")
    with Session(masters.engine) as session:
        add_import_error(session, "a/b.py", "ModuleNotFoundError: No module named 'nope'")
        session.commit()
    assert refusal(masters, "broken") == (
        "The DAG 'broken' can't be run: its file can't be imported: a/b.py: ModuleNotFoundError: No module named "
        "'nope'."
    )


def test_a_paused_dag_as_the_task_wishes(masters: Masters) -> None:
    write(masters.engine, dag_of("asleep", "t"), is_paused=True)
    assert refusal(masters, "asleep") == (
        "The DAG 'asleep' can't be run: it is paused; unpause it, or give the operator when_paused='unpause' or 'wait'."
    )
    child = masters.ask("asleep", when_paused=WhenPaused.WAIT)
    assert masters.look(child) == [ChildState(state="queued", waits_for="the DAG 'asleep' is paused")]
    masters.retry()
    assert masters.ask("asleep", when_paused=WhenPaused.UNPAUSE).deed is ChildDeed.ATTACHED
    with Session(masters.engine) as session:
        assert session.get_one(DagModel, "asleep").is_paused is False


def test_a_paused_dag_is_unpaused_and_run_in_one(masters: Masters) -> None:
    write(masters.engine, dag_of("asleep", "t"), is_paused=True)
    assert masters.ask("asleep", when_paused=WhenPaused.UNPAUSE).deed is ChildDeed.TRIGGERED
    with Session(masters.engine) as session:
        assert session.get_one(DagModel, "asleep").is_paused is False


def test_a_dag_that_allows_no_such_runs(masters: Masters) -> None:
    with Session(masters.engine) as session:
        session.execute(update(DagModel).where(DagModel.dag_id == "child").values(allowed_run_types=["scheduled"]))
        session.commit()
    assert refusal(masters) == (
        "The DAG 'child' can't be run: its allowed_run_types do not name operator_triggered; add it there."
    )


def test_a_conf_that_does_not_fit_the_params_of_the_child(masters: Masters) -> None:
    write(masters.engine, dag_of("counted", "t", params={"n": Param(1, type="integer")}))
    assert refusal(masters, "counted", conf={"n": "many"}).startswith(
        "The DAG 'counted' can't be run: Airflow refuses a run of it: "
    )
    assert masters.run_ids("counted") == []


def test_chains_that_lead_back(masters: Masters) -> None:
    write(masters.engine, dag_of("middle", "down"))
    middle = masters.ask("middle")
    masters.let(middle, "running", down="running")
    below: dict[str, Any] = {"dag_id": "middle", "run_id": middle.run_id, "task_id": "down"}
    lowest = masters.ask("child", of=below)
    masters.let(lowest, "running", first="running")
    lowest_task: dict[str, Any] = {"dag_id": "child", "run_id": lowest.run_id, "task_id": "first"}
    chains = {
        "child": "nightly -> middle -> child -> child",
        "middle": "nightly -> middle -> child -> middle",
        "nightly": "nightly -> middle -> child -> nightly",
    }
    for dag_id, path in chains.items():
        assert refusal(masters, dag_id, of=lowest_task) == (
            f"The DAG {dag_id!r} can't be run: it would start itself: {path}. Take one of these tasks out."
        )


# --- further tries ---


def test_a_retry_goes_on_with_what_runs_and_has_a_token_of_its_own(masters: Masters) -> None:
    first = masters.ask()
    masters.let(first, "running", first="running")
    masters.retry()
    second = masters.ask(conf={"late": True})
    assert (second.deed, second.run_id) == (ChildDeed.ATTACHED, first.run_id)
    assert masters.look(first, second) == [GONE, ChildState(state="running", tasks={"first": "running"})]
    assert [masters.runs.opens(child.token) for child in (first, second)] == [False, True]


@pytest.mark.parametrize("on_child_failed", OnChildFailed)
def test_a_retry_after_a_success_asks_for_nothing_more(masters: Masters, on_child_failed: OnChildFailed) -> None:
    first = masters.ask()
    masters.let(first, "success", first="success", second="success", third="success")
    masters.retry()
    assert masters.ask(on_child_failed=on_child_failed).deed is ChildDeed.ATTACHED
    assert masters.states(first)[0] == "success"


def test_a_failed_child_is_resumed(masters: Masters) -> None:
    first = masters.ask(conf={"kept": True})
    masters.let(first, "failed", **BROKEN)
    masters.retry()
    second = masters.ask(conf={"kept": False})
    assert (second.deed, second.run_id) == (ChildDeed.RESUMED, first.run_id)
    assert masters.states(second) == ("queued", {"first": "success", "second": None, "third": None})
    with Session(masters.engine) as session:
        assert masters.run_row(session, second).conf == {"kept": True}


def test_a_failed_child_is_restarted(masters: Masters) -> None:
    first = masters.ask(conf={"n": 1})
    masters.let(first, "failed", **BROKEN)
    masters.retry()
    second = masters.ask(on_child_failed=OnChildFailed.RESTART, conf={"n": 2})
    assert (second.deed, second.run_id) == (ChildDeed.RESTARTED, first.run_id)
    assert masters.states(second) == ("queued", dict.fromkeys(BROKEN))
    with Session(masters.engine) as session:
        assert masters.run_row(session, second).conf == {"n": 2}


def test_a_failed_child_is_left_for_a_new_one(masters: Masters) -> None:
    first = masters.ask()
    for number in (1, 2):
        masters.let(masters.ask() if number == 2 else first, "failed", **BROKEN)
        masters.retry()
        newer = masters.ask(on_child_failed=OnChildFailed.NEW)
        assert (newer.deed, newer.run_id) == (ChildDeed.TRIGGERED, f"{first.run_id}-{number}")
    assert masters.run_ids() == [first.run_id, f"{first.run_id}-1", f"{first.run_id}-2"]
    assert masters.states(first) == ("failed", BROKEN)


def test_a_run_without_tasks_runs_again(masters: Masters) -> None:
    write(masters.engine, dag_of("empty"))
    first = masters.ask("empty")
    masters.let(first, "failed")
    masters.retry()
    assert masters.ask("empty").deed is ChildDeed.RESUMED
    assert masters.states(first) == ("queued", {})


def test_a_cleared_task_runs_its_child_again_also_when_that_succeeded(masters: Masters) -> None:
    first = masters.ask(conf={"n": 1})
    masters.let(first, "success", first="success", second="success", third="success")
    masters.clear()
    second = masters.ask(conf={"n": 2})
    assert (second.deed, second.run_id) == (ChildDeed.RESTARTED, first.run_id)
    assert masters.states(second) == ("queued", dict.fromkeys(BROKEN))
    masters.retry()
    assert masters.ask().deed is ChildDeed.ATTACHED


def test_a_task_cleared_while_it_waits_runs_its_child_again(masters: Masters) -> None:
    first = masters.ask(conf={"n": 1})
    masters.let(first, "running", first="success", second="running")
    masters.clear()  # and the next try asks before the trigger has stopped the child
    second = masters.ask(conf={"n": 2})
    assert (second.deed, second.run_id) == (ChildDeed.RESTARTED, first.run_id)
    assert masters.states(second) == ("running", {"first": None, "second": "restarting", "third": None})
    masters.runs.stop(first.token)  # the trigger, too late
    assert masters.states(second)[0] == "running"


def test_a_child_that_is_to_outlive_its_parent_is_attached_to_after_a_clear(masters: Masters) -> None:
    first = masters.ask(stop_with_parent=False)
    masters.let(first, "running", first="running")
    masters.clear()
    assert masters.ask(stop_with_parent=False).deed is ChildDeed.ATTACHED


def test_a_new_one_after_a_clear_leaves_no_run_that_nobody_waits_for(masters: Masters) -> None:
    first = masters.ask()
    masters.let(first, "running", first="running")
    masters.clear()
    second = masters.ask(on_child_failed=OnChildFailed.NEW)
    assert (second.deed, second.run_id) == (ChildDeed.TRIGGERED, f"{first.run_id}-1")
    assert masters.states(first) == ("failed", {"first": "failed", "second": "skipped", "third": "skipped"})


def test_a_try_that_names_another_dag_stops_the_former_one(masters: Masters) -> None:
    write(masters.engine, dag_of("other", "t"))
    first = masters.ask()
    masters.let(first, "running", first="running")
    masters.retry()
    assert masters.ask("other").deed is ChildDeed.TRIGGERED
    assert masters.states(first)[0] == "failed"


def test_a_deleted_child_is_gone_and_a_retry_triggers_another(masters: Masters) -> None:
    first = masters.ask()
    with Session(masters.engine) as session:
        session.execute(delete(DagRun).where(DagRun.run_id == first.run_id))
        session.commit()
    assert masters.look(first) == [GONE]
    masters.retry()
    assert masters.ask().deed is ChildDeed.TRIGGERED
