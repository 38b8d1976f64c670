"""Who may do what, on Airflow's own users, roles and task instances."""

from __future__ import annotations

import secrets
import sqlite3
import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from admin_views.permissions import ACTION_NAMES, ROLES, Resource
from config_store.wire import PROOF_KEY, proof_digest
from tests.integration.conftest import upload
from tests.integration.live_airflow import RUN_S, send_change, wait_for
from tests.integration.test_spark import JOBS, LEFT_S, gone, sleeping_driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

SUBMISSIONS = "/couture/api/v1/submissions"
JOB = {"language": "python", "code_artifact": "pi.py"}

#: A harmless request for each permission; a caller with it gets any answer but 401 and 403.
PROBES: dict[tuple[str, Resource], tuple[str, str]] = {
    ("GET", Resource.GROUPS): ("GET", "groups"),
    ("POST", Resource.GROUPS): ("POST", "groups"),
    ("PUT", Resource.GROUPS): ("PATCH", "groups/no-such"),
    ("DELETE", Resource.GROUPS): ("DELETE", "groups/no-such"),
    ("GET", Resource.HADOOP): ("GET", "groups/no-such/hadoop"),
    ("PUT", Resource.HADOOP): ("GET", "groups/no-such/hadoop/x.xml"),
    ("DELETE", Resource.HADOOP): ("DELETE", "groups/no-such/hadoop/x.xml"),
    ("GET", Resource.CODE): ("GET", "artifacts/code"),
    ("POST", Resource.CODE): ("POST", "artifacts/code/bad%20name/versions"),
    ("PUT", Resource.CODE): ("GET", "artifacts/code/no.jar/versions/1/content"),
    ("DELETE", Resource.CODE): ("DELETE", "artifacts/code/no.jar"),
    ("GET", Resource.DEPENDENCIES): ("GET", "artifacts/dependencies"),
    ("POST", Resource.DEPENDENCIES): ("POST", "artifacts/dependencies/bad%20name/versions"),
    ("PUT", Resource.DEPENDENCIES): ("GET", "artifacts/dependencies/no.jar/versions/1/content"),
    ("DELETE", Resource.DEPENDENCIES): ("DELETE", "artifacts/dependencies/no.jar"),
    ("GET", Resource.SUBMISSIONS): ("GET", "submissions"),
    ("POST", Resource.SUBMISSIONS): ("POST", "submissions"),
    ("PUT", Resource.SUBMISSIONS): ("POST", "previews"),
}


@pytest.mark.parametrize("role", ["Admin", "Op", "Couture Developer", "User", "Viewer", "Couture Worker", "Public"])
def test_airflows_roles_decide(airflow: LiveAirflow, role: str) -> None:
    with airflow.client(role) as client:
        allowed = {
            f"{ACTION_NAMES[action]} {resource}"  # type: ignore[index]
            for (action, resource), (method, path) in PROBES.items()
            if client.request(method, f"/couture/api/v1/{path}").status_code not in (401, 403)
        }
    expected = {f"{ACTION_NAMES[action]} {resource}" for action, resource in ROLES.get(role, ())}
    assert allowed == expected & {f"{ACTION_NAMES[a]} {r}" for a, r in PROBES}  # type: ignore[index]


def test_nobody_gets_nothing(airflow: LiveAirflow) -> None:
    for method, path in PROBES.values():
        answer = httpx.request(method, f"{airflow.url}/couture/api/v1/{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), path


def test_a_token_of_another_server_is_none(airflow: LiveAirflow) -> None:
    for token in ("garbage", "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiIxIn0.c2ln"):
        answer = httpx.get(f"{airflow.url}/couture/api/v1/groups", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:couture:problem:Unauthenticated")


@pytest.fixture(scope="module")
def running(airflow: LiveAirflow) -> Iterator[dict[str, str]]:
    """The row of a task instance that runs; it is stopped at the end."""
    with airflow.client() as client:
        upload(client, "code", "sleep.py", (JOBS / "sleep.py").read_bytes())
    run_id = airflow.trigger("sleepy")
    wait_for("the driver", lambda: sleeping_driver(airflow, "sleep.py"), RUN_S)
    path = f"/api/v2/dags/sleepy/dagRuns/{run_id}/taskInstances/python"
    with airflow.client() as client:
        found = client.get(path).raise_for_status().json()
        yield {"id": found["id"], "run_id": run_id}
        send_change(client, "PATCH", path, {"new_state": "failed"})
    wait_for("its end", lambda: gone(airflow, "sleep.py"), LEFT_S)


def prove(airflow: LiveAirflow, credential: str) -> httpx.Response:
    """Ask for a submission as a task."""
    return httpx.post(
        f"{airflow.url}{SUBMISSIONS}", json=JOB, headers={"Authorization": f"Couture-Task {credential}"}, timeout=120
    )


def stored_proof(airflow: LiveAirflow, run_id: str) -> str:
    """What the task has written into its state store."""
    with sqlite3.connect(airflow.home / "airflow.db") as connection:
        (value,) = connection.execute(
            "select value from task_state_store where run_id = ? and key = ?", (run_id, PROOF_KEY)
        ).fetchone()
        return str(value)


@pytest.mark.parametrize("forged", ["x", "x:y", "00000000-0000-4000-8000-000000000000:y", ":", "../..:y"])
def test_a_made_up_credential_is_refused(airflow: LiveAirflow, forged: str) -> None:
    answer = prove(airflow, forged)
    assert answer.status_code in (401, 403)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_secret_is_refused(airflow: LiveAirflow, running: dict[str, str]) -> None:
    assert prove(airflow, f"{running['id']}:{secrets.token_urlsafe(32)}").status_code == 403


def test_the_stored_digest_is_no_credential(airflow: LiveAirflow, running: dict[str, str]) -> None:
    digest = stored_proof(airflow, running["run_id"]).strip('"')
    assert prove(airflow, f"{running['id']}:{digest}").status_code == 403


def test_a_replay_after_the_start_is_refused(airflow: LiveAirflow, running: dict[str, str]) -> None:
    """Who learns a task's secret while its job runs gets no second plan."""
    secret = "known-to-the-test"
    _write_proof(airflow, running["run_id"], proof_digest(running["id"], secret))
    answer = prove(airflow, f"{running['id']}:{secret}")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:couture:problem:WrongState")


def test_a_second_api_server_knows_the_same_tasks(airflow: LiveAirflow, running: dict[str, str]) -> None:
    secret = "known-to-both"
    _write_proof(airflow, running["run_id"], proof_digest(running["id"], secret))
    with airflow.second_api_server() as url:
        headers = {"Authorization": f"Couture-Task {running['id']}:{secret}"}
        answer = httpx.post(f"{url}{SUBMISSIONS}", json=JOB, headers=headers, timeout=120)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:couture:problem:WrongState")
        headers = {"Authorization": f"Couture-Task {running['id']}:another"}
        assert httpx.post(f"{url}{SUBMISSIONS}", json=JOB, headers=headers, timeout=120).status_code == 403


def test_another_tasks_id_with_ones_own_secret_is_refused(airflow: LiveAirflow, running: dict[str, str]) -> None:
    own = str(uuid.uuid4())
    _write_proof(airflow, running["run_id"], proof_digest(own, "mine"))
    assert prove(airflow, f"{running['id']}:mine").status_code == 403


@pytest.mark.parametrize("role", ["User", "Admin"])
@pytest.mark.parametrize("key", [PROOF_KEY, "couture%5Fproof"])
def test_airflows_public_api_writes_no_proof(
    airflow: LiveAirflow, running: dict[str, str], role: str, key: str
) -> None:
    """The role User may edit state stores; it must not pose as a running task."""
    task = f"/api/v2/dags/sleepy/dagRuns/{running['run_id']}/taskInstances/python"
    before = stored_proof(airflow, running["run_id"])
    with airflow.client(role) as client:
        forged = client.put(f"{task}/state-store/{key}", json={"value": proof_digest(running["id"], "forged")})
        other = client.put(f"{task}/state-store/another_key", json={"value": "fine"})
    assert (forged.status_code, forged.json()["type"]) == (403, "urn:couture:problem:ProofGuarded")
    assert other.is_success
    assert stored_proof(airflow, running["run_id"]) == before


def test_a_finished_task_proves_nothing(airflow: LiveAirflow) -> None:
    run_id, state = airflow.run("python")
    assert state == "success"
    with airflow.client() as client:
        path = f"/api/v2/dags/python/dagRuns/{run_id}/taskInstances/a"
        finished = client.get(path).raise_for_status().json()["id"]
    with sqlite3.connect(airflow.home / "airflow.db", timeout=120) as connection:
        connection.execute(
            "update task_state_store set value = ? where run_id = ? and task_id = 'a' and key = ?",
            (f'"{proof_digest(finished, "known")}"', run_id, PROOF_KEY),
        )
    assert prove(airflow, f"{finished}:known").status_code == 403


def test_a_cleared_task_gets_a_receipt_of_its_own(airflow: LiveAirflow) -> None:
    run_id, _ = airflow.run("defaults")
    with airflow.client() as client:
        body = {"dry_run": False, "task_ids": ["only_method_id"], "dag_run_id": run_id, "only_failed": False}
        client.post("/api/v2/dags/defaults/clearTaskInstances", json=body).raise_for_status()
    wait_for(
        "the second receipt",
        lambda: True if len(airflow.receipts("defaults", "only_method_id", run_id)) == 2 else None,
        RUN_S,
    )
    assert airflow.wait_for_run("defaults", run_id) == "success"
    tries = [r["task"]["try_number"] for r in airflow.receipts("defaults", "only_method_id", run_id)]
    assert tries == [1, 2]


def test_a_program_outside_submits_with_the_worker_role(airflow: LiveAirflow) -> None:
    identity = {"dag_id": "elsewhere", "task_id": "t", "run_id": "r"}
    with airflow.client("Couture Worker") as client:
        assert client.post(SUBMISSIONS, json=JOB).status_code == 422
        ticket = client.post(SUBMISSIONS, json={**JOB, "task": identity}).raise_for_status().json()
        assert client.get(f"{SUBMISSIONS}/{ticket['submission_id']}").status_code == 403
        token = {"Authorization": f"Couture-Submission {ticket['token']}"}
        file = f"{SUBMISSIONS}/{ticket['submission_id']}/files/{ticket['plan']['application']['sha256']}"
        assert client.get(file, headers=token).content == b"content of pi.py"
        report = {"state": "ended", "outcome": "succeeded"}
        reports = f"{SUBMISSIONS}/{ticket['submission_id']}/reports"
        answer = client.post(reports, json=report, headers=token)
        assert (answer.status_code, answer.json()) == (200, {"changed": None})
        assert client.get(file, headers=token).status_code == 403
    (receipt,) = airflow.receipts("elsewhere", "t", "r")
    assert (receipt["submitted_by"], receipt["outcome"]) == ("couture-worker", "succeeded")


def _write_proof(airflow: LiveAirflow, run_id: str, digest: str) -> None:
    with sqlite3.connect(airflow.home / "airflow.db", timeout=120) as connection:
        connection.execute(
            "update task_state_store set value = ? where run_id = ? and key = ?", (f'"{digest}"', run_id, PROOF_KEY)
        )
