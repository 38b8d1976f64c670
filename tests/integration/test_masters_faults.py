"""Master DAGs on real Airflow processes when something is amiss: failed, paused, broken, full, cleared, deleted."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.integration.live_airflow import wait_for
from tests.integration.masters_view import END_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.masters_view import Masters

pytestmark = pytest.mark.integration

GOOD = """from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("child_broken", schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="done")
"""


def test_a_retry_that_restarts_runs_all_of_the_child_again(masters: Masters) -> None:
    run_id = masters.trigger("master_restart")
    assert masters.airflow.wait_for_run("master_restart", run_id) == "success"
    child = masters.child_run("master_restart", run_id, "again")
    tasks = masters.tasks("child_breaks", child)
    assert {name: (task["state"], task["try_number"]) for name, task in tasks.items()} == {
        "first": ("success", 2),
        "second": ("success", 2),
        "third": ("success", 1),
    }
    assert "Cleared, to run again as a whole:" in masters.log("master_restart", "again", run_id, 2)


def test_a_retry_that_wants_a_new_child_leaves_the_failed_one(masters: Masters) -> None:
    run_id = masters.trigger("master_new")
    assert masters.airflow.wait_for_run("master_new", run_id) == "success"
    result = masters.xcom("master_new", run_id, "again")
    assert result["run_id"].endswith("-1")
    assert masters.airflow.wait_for_run("child_breaks", result["run_id"].removesuffix("-1")) == "failed"
    links = masters.get(f"/dags/master_new/dagRuns/{run_id}/taskInstances/again/links")["extra_links"]
    assert links == {"Zoom into DAG": f"{masters.airflow.url}/dags/child_breaks/runs/{result['run_id']}"}


def test_a_paused_child_is_unpaused(masters: Masters) -> None:
    run_id = masters.trigger("master_unpause")
    assert masters.airflow.wait_for_run("master_unpause", run_id) == "success"
    assert masters.get("/dags/child_unpaused")["is_paused"] is False


def test_a_paused_child_is_waited_for_and_one_that_is_deleted_fails_its_parent(masters: Masters) -> None:
    runs = [masters.trigger("master_wait") for _ in range(2)]
    children = [masters.child_run("master_wait", run_id, "wake") for run_id in runs]
    for run_id in runs:
        masters.wait_for_log("waits: the DAG 'child_woken' is paused", "master_wait", "wake", run_id)
    masters.delete_run("child_woken", children[1])
    assert masters.airflow.wait_for_run("master_wait", runs[1]) == "failed"
    assert (
        f"The run {children[1]} of the child DAG 'child_woken' is gone: somebody deleted it, or this task was cleared "
        "meanwhile. Retry the task, and it triggers another one." in masters.log("master_wait", "wake", runs[1])
    )
    masters.unpause("child_woken")
    assert masters.airflow.wait_for_run("master_wait", runs[0]) == "success"


@pytest.fixture
def broken_child(masters: Masters) -> Iterator[None]:
    """A DAG whose file was parsed, and can't be imported any more; mended afterwards."""
    file = masters.airflow.written_dags / "a_child.py"
    file.write_text(GOOD)
    wait_for("child_broken", lambda: masters.api.get("/api/v2/dags/child_broken").is_success or None, END_S)
    file.write_text(f"import no_such_module\n{GOOD}")
    wait_for("the import error", lambda: masters.get("/importErrors")["total_entries"] or None, END_S)
    yield
    file.write_text(GOOD)
    wait_for("no import error", lambda: None if masters.get("/importErrors")["total_entries"] else True, END_S)


@pytest.mark.usefixtures("broken_child")
def test_a_child_whose_file_has_an_error_is_refused_at_once(masters: Masters) -> None:
    run_id = masters.trigger("master_broken")
    assert masters.airflow.wait_for_run("master_broken", run_id) == "failed"
    assert (
        "The DAG 'child_broken' can't be run: its file can't be imported: a_child.py: ModuleNotFoundError: No module "
        "named 'no_such_module'." in masters.log("master_broken", "broken", run_id)
    )


def test_the_log_tells_which_runs_a_queued_child_waits_for(masters: Masters, tmp_path: Path) -> None:
    conf = {"until": str(tmp_path / "done")}
    first = masters.trigger("master_narrow", conf)
    child = masters.child_run("master_narrow", first, "queue")
    masters.task_state("child_narrow", child, "hold", "running")
    second = masters.trigger("master_narrow", conf)
    told = f"waits: max_active_runs of the DAG 'child_narrow' is 1, and there run {child}"
    masters.wait_for_log(told, "master_narrow", "queue", second)
    (tmp_path / "done").touch()
    assert [masters.airflow.wait_for_run("master_narrow", run_id) for run_id in (first, second)] == ["success"] * 2


def test_a_mapped_task_runs_no_more_children_at_once_than_it_may(masters: Masters) -> None:
    run_id = masters.trigger("master_limited")
    assert masters.airflow.wait_for_run("master_limited", run_id) == "success"
    ids = [masters.xcom("master_limited", run_id, "batch", map_index=index)["run_id"] for index in range(3)]
    times = [masters.run_times("child_quick", child) for child in ids]
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(sorted(times)))


def test_a_chain_that_leads_back_is_refused_where_it_would_close(masters: Masters) -> None:
    run_id = masters.trigger("master_ring")
    assert masters.airflow.wait_for_run("master_ring", run_id) == "failed"
    middle = masters.child_run("master_ring", run_id, "down")
    assert (
        "The DAG 'master_ring' can't be run: it would start itself: master_ring -> master_ring_middle -> master_ring. "
        "Take one of these tasks out." in masters.log("master_ring_middle", "down", middle)
    )
    assert masters.runs("master_ring") == [run_id]
    assert f"The child DAG 'master_ring_middle' ended as failed (run {middle}). Its failed tasks: down." in masters.log(
        "master_ring", "down", run_id
    )


def test_a_waiting_task_that_is_marked_successful_stops_its_child(masters: Masters, tmp_path: Path) -> None:
    run_id = masters.trigger("master_slow", {"until": str(tmp_path / "never")})
    child = masters.child_run("master_slow", run_id, "hold")
    masters.task_state("child_slow", child, "hold", "running")
    masters.task_state("master_slow", run_id, "hold", "deferred")
    masters.mark("master_slow", run_id, "hold", "success")
    assert masters.airflow.wait_for_run("child_slow", child) == "failed"
    assert masters.airflow.wait_for_run("master_slow", run_id) == "success"


def test_a_master_that_is_marked_failed_stops_its_child(masters: Masters, tmp_path: Path) -> None:
    run_id = masters.trigger("master_slow", {"until": str(tmp_path / "never")})
    child = masters.child_run("master_slow", run_id, "hold")
    masters.task_state("child_slow", child, "hold", "running")
    masters.mark_run("master_slow", run_id, "failed")
    assert masters.airflow.wait_for_run("child_slow", child) == "failed"


@pytest.mark.parametrize("master", ["master_slow", "master_in_slot"])
def test_clearing_a_task_that_waits_runs_its_child_again(masters: Masters, tmp_path: Path, master: str) -> None:
    run_id = masters.trigger(master, {"until": str(tmp_path / "done")})
    child = masters.child_run(master, run_id, "hold")
    masters.task_state("child_slow", child, "hold", "running")
    masters.task_state(master, run_id, "hold", "deferred" if master == "master_slow" else "running")
    masters.clear(master, run_id, "hold")
    masters.wait_for_log("Cleared, to run again as a whole:", master, "hold", run_id, 2)
    (tmp_path / "done").touch()
    assert masters.airflow.wait_for_run(master, run_id) == "success"
    assert masters.child_run(master, run_id, "hold") == child
    assert masters.airflow.wait_for_run("child_slow", child) == "success"
    assert masters.tasks("child_slow", child)["hold"]["try_number"] == 2
