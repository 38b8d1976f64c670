"""Master DAGs on real Airflow processes: what the child gets, how both end, what is stopped, what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.live_airflow import DAEMONS, wait_for
from tests.integration.masters_view import END_S

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.masters_view import Masters

pytestmark = pytest.mark.integration

LOGICAL_DATE = "2026-03-01T00:00:00Z"


@pytest.fixture(scope="module")
def first_runs(masters: Masters) -> dict[str, str]:
    """A run of each master that ends by itself, all begun at once."""
    conf = {"message": "overlaid", "from": "parent"}
    return {
        "master_condition": masters.trigger("master_condition", conf, LOGICAL_DATE),
        "master_refused": masters.trigger("master_refused"),
        "master_mapped": masters.trigger("master_mapped", None, LOGICAL_DATE),
        "master_resumes": masters.trigger("master_resumes"),
    }


def test_the_child_gets_the_payload_below_the_parents_conf_below_its_own(
    masters: Masters, first_runs: dict[str, str]
) -> None:
    run_id = first_runs["master_condition"]
    assert masters.airflow.wait_for_run("master_condition", run_id) == "success"
    child = masters.child_run("master_condition", run_id, "Compare")
    wanted = {"message": "overlaid", "from": "parent", "top": run_id}
    assert masters.xcom("child_quick", child, "say") == wanted
    result = masters.xcom("master_condition", run_id, "Compare")
    assert result.pop("duration_s") > 0
    assert result == {
        "dag_id": "child_quick",
        "run_id": child,
        "state": "success",
        "logical_date": "2026-03-01T00:00:00+00:00",
    }
    links = masters.get(f"/dags/master_condition/dagRuns/{run_id}/taskInstances/Compare/links")["extra_links"]
    assert links == {"Zoom into DAG": f"{masters.airflow.url}/dags/child_quick/runs/{child}"}


def test_a_skipped_one_succeeds_and_says_so(masters: Masters, first_runs: dict[str, str]) -> None:
    run_id = first_runs["master_condition"]
    masters.task_state("master_condition", run_id, "skipped", "success")
    assert "skip_dag is true; child_quick is not run" in masters.log("master_condition", "skipped", run_id)
    assert masters.xcom("master_condition", run_id, "skipped", "child_run_id") is None


def test_a_condition_that_does_not_hold_runs_nothing(masters: Masters) -> None:
    run_id = masters.trigger("master_condition", {"condition_param": False})
    masters.task_state("master_condition", run_id, "Compare", "success")
    log = masters.log("master_condition", "Compare", run_id)
    assert "The condition does not hold; child_quick is not run" in log
    assert masters.xcom("master_condition", run_id, "Compare", "child_run_id") is None


def test_a_child_that_is_paused_missing_or_the_master_itself_is_refused_at_once(
    masters: Masters, first_runs: dict[str, str]
) -> None:
    run_id = first_runs["master_refused"]
    assert masters.airflow.wait_for_run("master_refused", run_id) == "failed"
    logs = {name: masters.log("master_refused", name, run_id) for name in ("paused", "missing", "itself")}
    assert (
        "The DAG 'child_paused' can't be run: it is paused; unpause it, or give the operator when_paused='unpause' or "
        "'wait'." in logs["paused"]
    )
    assert "There is no DAG 'child_quik'. Did you mean: child_quick" in logs["missing"]
    assert (
        "The DAG 'master_refused' can't be run: it would start itself: master_refused -> master_refused. Take one of "
        "these tasks out." in logs["itself"]
    )


def test_a_mapped_task_has_a_child_for_each_of_its_instances(masters: Masters, first_runs: dict[str, str]) -> None:
    run_id = first_runs["master_mapped"]
    assert masters.airflow.wait_for_run("master_mapped", run_id) == "success"
    results = [masters.xcom("master_mapped", run_id, "batch", map_index=index) for index in range(3)]
    assert len({result["run_id"] for result in results}) == 3
    assert [masters.xcom("child_quick", result["run_id"], "say") for result in results] == [{"n": n} for n in range(3)]
    # a DAG has one run with a logical date; the others get the microseconds after it
    assert {result["logical_date"][:19] for result in results} == {"2026-03-01T00:00:00"}


def test_a_retry_resumes_the_child_where_it_broke(masters: Masters, first_runs: dict[str, str]) -> None:
    run_id = first_runs["master_resumes"]
    child = masters.child_run("master_resumes", run_id, "resume")
    assert masters.airflow.wait_for_run("master_resumes", run_id) == "success"
    tasks = masters.tasks("child_breaks", child)
    assert {name: (task["state"], task["try_number"]) for name, task in tasks.items()} == {
        "first": ("success", 1),
        "second": ("success", 2),
        "third": ("success", 1),
    }
    first_log = masters.log("master_resumes", "resume", run_id)
    assert f"The child DAG 'child_breaks' ended as failed (run {child}). Its failed tasks: second." in first_log
    assert re.search(r"^.*  second: (\w+ -> )?failed", first_log, re.MULTILINE)
    assert "Resumed, with what had failed in it:" in masters.log("master_resumes", "resume", run_id, 2)


def test_clearing_the_task_runs_the_child_again(masters: Masters, first_runs: dict[str, str]) -> None:
    run_id = first_runs["master_condition"]
    masters.airflow.wait_for_run("master_condition", run_id)
    child = masters.child_run("master_condition", run_id, "Compare")
    masters.clear("master_condition", run_id, "Compare")

    def again() -> bool | None:
        task = masters.tasks("child_quick", child)["say"]
        return True if (task["try_number"], task["state"]) == (2, "success") else None

    wait_for("the second run of the child", again, END_S)
    assert masters.airflow.wait_for_run("master_condition", run_id) == "success"
    assert masters.child_run("master_condition", run_id, "Compare") == child


@pytest.mark.parametrize("master", ["master_slow", "master_in_slot"])
def test_marking_the_task_failed_stops_the_child(masters: Masters, tmp_path: Path, master: str) -> None:
    run_id = masters.trigger(master, {"until": str(tmp_path / "never")})
    child = masters.child_run(master, run_id, "hold")
    masters.task_state("child_slow", child, "hold", "running")
    masters.task_state(master, run_id, "hold", "deferred" if master == "master_slow" else "running")
    masters.mark(master, run_id, "hold", "failed")
    assert masters.airflow.wait_for_run("child_slow", child) == "failed"


def test_the_time_of_a_task_that_waits_is_up(masters: Masters, tmp_path: Path) -> None:
    run_id = masters.trigger("master_short", {"until": str(tmp_path / "never")})
    assert masters.airflow.wait_for_run("master_short", run_id) == "failed"
    child = masters.child_run("master_short", run_id, "hold")
    assert masters.airflow.wait_for_run("child_slow", child) == "failed"
    assert (
        f"The run {child} of the child DAG 'child_slow' did not end within the execution_timeout of 8 s. It was "
        "stopped." in masters.log("master_short", "hold", run_id)
    )


def test_a_mark_while_the_triggerer_is_dead_stops_the_child_too(masters: Masters, tmp_path: Path) -> None:
    run_id = masters.trigger("master_slow", {"until": str(tmp_path / "never")})
    child = masters.child_run("master_slow", run_id, "hold")
    masters.task_state("child_slow", child, "hold", "running")
    masters.task_state("master_slow", run_id, "hold", "deferred")
    masters.kill_triggerer()
    try:
        masters.mark("master_slow", run_id, "hold", "failed")
        assert masters.airflow.wait_for_run("child_slow", child) == "failed"
    finally:
        masters.airflow.start_process(DAEMONS["triggerer"])


def test_a_triggerer_that_is_killed_and_a_child_that_is_deleted(masters: Masters, tmp_path: Path) -> None:
    kept, lost = (masters.trigger("master_slow", {"until": str(tmp_path / name)}) for name in ("done", "never"))
    child, deleted = (masters.child_run("master_slow", run_id, "hold") for run_id in (kept, lost))
    for run_id in (kept, lost):
        masters.task_state("master_slow", run_id, "hold", "deferred")
    masters.task_state("child_slow", child, "hold", "running")
    masters.kill_triggerer()
    (tmp_path / "done").touch()
    path = f"/api/v2/dags/child_slow/dagRuns/{deleted}"
    masters.api.patch(path, json={"state": "failed"}).raise_for_status()  # Airflow deletes no run that is running
    masters.api.delete(path).raise_for_status()
    masters.airflow.start_process(DAEMONS["triggerer"])
    assert masters.airflow.wait_for_run("master_slow", kept) == "success"
    assert masters.airflow.wait_for_run("child_slow", child) == "success"
    assert masters.airflow.wait_for_run("master_slow", lost) == "failed"
    assert f"The run {deleted} of the child DAG 'child_slow' is gone: somebody deleted it" in masters.log(
        "master_slow", "hold", lost
    )


def test_two_masters_at_the_same_time_have_a_child_each(masters: Masters, tmp_path: Path) -> None:
    (tmp_path / "now").touch()
    date, conf = "2026-04-01T00:00:00Z", {"until": str(tmp_path / "now")}
    runs = {dag_id: masters.trigger(dag_id, conf, date) for dag_id in ("master_slow", "master_short")}
    ends = {dag_id: masters.airflow.wait_for_run(dag_id, run_id) for dag_id, run_id in runs.items()}
    assert ends == {"master_slow": "success", "master_short": "success"}
    results = [masters.xcom(dag_id, run_id, "hold") for dag_id, run_id in runs.items()]
    assert len({result["run_id"] for result in results}) == 2
    assert sorted(result["logical_date"] for result in results) == [
        "2026-04-01T00:00:00+00:00",
        "2026-04-01T00:00:00.000001+00:00",
    ]
