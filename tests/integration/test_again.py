"""A failed task says what changed since it last worked, and a task runs again, in real Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.live_airflow import RUN_S, wait_for

if TYPE_CHECKING:
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

SUBMISSIONS = "/couture/api/v1/submissions"


@pytest.fixture(scope="module")
def success(airflow: LiveAirflow) -> dict[str, Any]:
    """The receipt of a run that worked; after it an admin saved."""
    airflow.save("g_delta", arguments={"executor-memory": "3500m"}, note="enough")
    run_id, state = airflow.run("again")
    assert state == "success"
    (receipt,) = airflow.receipts("again", "t", run_id)
    airflow.save("g_delta", arguments={"executor-memory": "9g"}, note="too much")
    return receipt


def test_a_failed_task_ends_with_what_changed(airflow: LiveAirflow, success: dict[str, Any]) -> None:
    run_id, state = airflow.run("again", {"exit": 1})
    assert state == "failed"
    (receipt,) = airflow.receipts("again", "t", run_id)
    log = airflow.task_log("again", "t", run_id).rstrip().splitlines()
    heading, arguments, memory, *after = log[next(n for n, line in enumerate(log) if line.startswith("What changed")) :]
    assert after == ["::group::Post Execute", "::endgroup::"]  # Airflow's own
    assert heading.startswith(f"What changed since this task last succeeded (submission {success['submission_id']}, ")
    assert arguments == '  application_arguments: ["exit=0"] -> ["exit=1"]'
    revision = success["revision"] + 1
    assert memory.startswith(f"  arguments.executor-memory: 3500m -> 9g, saved as revision {revision} by ")
    changes = [(c["where"], c["saved"]["revision"] if c["saved"] else None) for c in receipt["changed"]["changes"]]
    assert changes == [("application_arguments", None), ("arguments.executor-memory", revision)]


def test_a_viewer_runs_nothing_again(airflow: LiveAirflow, success: dict[str, Any]) -> None:
    with airflow.client("Viewer") as client:
        answer = client.post(f"{SUBMISSIONS}/{success['submission_id']}/rerun", json={"mode": "then"})
    assert answer.status_code == 403


@pytest.mark.parametrize(("mode", "behind", "memory"), [("then", 0, "3500m"), ("now", 1, "9g")])
def test_a_task_runs_again(airflow: LiveAirflow, success: dict[str, Any], mode: str, behind: int, memory: str) -> None:
    run_id = success["task"]["run_id"]
    before = len(airflow.receipts("again", "t", run_id))
    with airflow.client("User") as client:
        answer = client.post(f"{SUBMISSIONS}/{success['submission_id']}/rerun", json={"mode": mode})
        assert answer.status_code == 202, answer.text

    def next_receipt() -> dict[str, Any] | None:
        receipts = airflow.receipts("again", "t", run_id)
        return receipts[before] if len(receipts) > before and receipts[before]["state"] == "ended" else None

    receipt = wait_for("the next try", next_receipt, RUN_S)
    assert (receipt["outcome"], receipt["revision"]) == ("succeeded", success["revision"] + behind)
    assert (receipt["rerun_of"]["mode"], receipt["rerun_of"]["submission_id"]) == (mode, success["submission_id"])
    assert ("--executor-memory", memory) in zip(receipt["argv"], receipt["argv"][1:], strict=False)
    with airflow.client() as client:
        old = client.get(f"{SUBMISSIONS}/{success['submission_id']}").json()
    assert (old["rerun"]["mode"], old["rerun"]["submission_id"]) == (mode, receipt["submission_id"])
