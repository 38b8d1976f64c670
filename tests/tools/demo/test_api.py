"""What the demo asks of Airflow's REST API, and what it makes of the answers."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tools.demo.api import AirflowApi, read_log
from tools.demo.errors import RequestFailed, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tools.demo.scripted_server import ScriptedServer

DAG = "/api/v2/dags/ratings"


@pytest.fixture
def api(server: ScriptedServer) -> Iterator[AirflowApi]:
    made = AirflowApi(server.url)
    yield made
    made.close()


def test_a_server_that_does_not_listen_yet_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        api = AirflowApi(f"http://127.0.0.1:{free.getsockname()[1]}")
        health = api.health()
        api.close()
    assert health == dict.fromkeys(("metadatabase", "scheduler", "dag_processor", "triggerer"), "unreachable")


def test_parts_that_never_reported_have_no_health(server: ScriptedServer, api: AirflowApi) -> None:
    document = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "unhealthy"}, "triggerer": {}}
    server.answer("GET /api/v2/monitor/health", document)
    assert api.health() == {
        "metadatabase": "healthy",
        "scheduler": "unhealthy",
        "dag_processor": "None",
        "triggerer": "None",
    }


def test_the_token_goes_with_all_that_follows(server: ScriptedServer, api: AirflowApi) -> None:
    server.answer("POST /auth/token", {"access_token": "abc"}, status=201)
    server.answer(f"PATCH {DAG}", {})
    api.login("admin", "swordfish")
    api.unpause("ratings")
    assert server.bodies["POST /auth/token"] == [{"username": "admin", "password": "swordfish"}]
    assert server.headers[f"PATCH {DAG}"] == ["Bearer abc"]
    assert server.bodies[f"PATCH {DAG}"] == [{"is_paused": False}]


def test_a_refusal_is_told_with_the_answer(server: ScriptedServer, api: AirflowApi) -> None:
    server.answer("POST /auth/token", {"detail": "Invalid credentials"}, status=401)
    with pytest.raises(RequestFailed, match=r'^Airflow answered 401 to POST /auth/token: .*"Invalid credentials"}$'):
        api.login("admin", "wrong")


def test_a_dag_is_known_after_its_first_parse(server: ScriptedServer, api: AirflowApi) -> None:
    server.answer(f"GET {DAG}", {"detail": "not found"}, status=404)
    server.answer(f"GET {DAG}", {"dag_id": "ratings"})
    assert [api.has_dag("ratings"), api.has_dag("ratings")] == [False, True]


def test_a_busy_database_asks_for_the_same_call_again(server: ScriptedServer, api: AirflowApi) -> None:
    server.answer(f"POST {DAG}/dagRuns", {"detail": "database is locked"}, status=500)
    server.answer(f"POST {DAG}/dagRuns", {"detail": "exists"}, status=409)
    with pytest.raises(Unavailable, match=r"^Airflow answered 500 to POST /api/v2/dags/ratings/dagRuns: .*locked"):
        api.trigger("ratings", "demo__1")
    api.trigger("ratings", "demo__1")
    assert server.bodies[f"POST {DAG}/dagRuns"] == [{"dag_run_id": "demo__1", "logical_date": None}] * 2


def test_a_run_that_airflow_refuses_is_an_error(server: ScriptedServer, api: AirflowApi) -> None:
    server.answer(f"POST {DAG}/dagRuns", {"detail": "Field required"}, status=422)
    with pytest.raises(RequestFailed, match=r'^Airflow answered 422 to POST .*/dagRuns: {"detail": "Field required"}$'):
        api.trigger("ratings", "demo__1")


def test_blocks_of_a_log_are_lines_and_the_last_exception_has_its_own() -> None:
    first = {"event": "Task failed", "error_detail": [{"exc_type": "ValueError", "exc_value": "the cause"}]}
    last = {"event": "Again", "error_detail": [{"exc_type": "JobFailed", "exc_value": "exit code 1\nlast"}]}
    log = read_log([{"event": "::group::Setup"}, {"event": "first\n  second", "level": "info"}, "plain", first, last])
    assert log.lines == ["first", "  second", "plain", "Task failed", "Again"]
    assert log.failure == ["JobFailed: exit code 1", "last"]


def test_the_newest_runs_of_a_dag(server: ScriptedServer, api: AirflowApi) -> None:
    run = {"dag_run_id": "r", "conf": {"chain": "c"}}
    server.answer(f"GET {DAG}/dagRuns", {"dag_runs": [run], "total_entries": 1})
    assert api.runs("ratings") == [run]
