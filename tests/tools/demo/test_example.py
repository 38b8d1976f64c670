"""The example's run, from the DAG's first parse to its end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tools.demo import example as module
from tools.demo.errors import DagBroken, ExampleFailed, Interrupted, TooSlow
from tools.demo.example import Example

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tools.demo.scripted_server import ScriptedServer
    from tools.demo.airflow import Airflow

DAG = "/api/v2/dags/couture_ratings"
RUN = f"{DAG}/dagRuns/demo__1"
TASKS = f"GET {RUN}/taskInstances"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.01)
    monkeypatch.setattr(module, "new_run_id", lambda: "demo__1")
    monkeypatch.setattr(module, "listens", lambda _home, _port: True)


@pytest.fixture
def example(airflow: Airflow) -> Iterator[Example]:
    with Example(airflow, threading.Event()) as made:
        yield made


def states(clean: str | None, top: str | None) -> dict[str, list[dict[str, str | None]]]:
    return {"task_instances": [{"task_id": "clean", "state": clean}, {"task_id": "top", "state": top}]}


def log(*events: str) -> dict[str, list[dict[str, str]]]:
    return {"content": [{"event": event} for event in events]}


def prepare(server: ScriptedServer) -> None:
    """A DAG that is parsed at the second look, and takes a run."""
    server.answer("GET /api/v2/importErrors", {"import_errors": []})
    server.answer(f"GET {DAG}", {}, status=404)
    server.answer(f"GET {DAG}", {"dag_id": "couture_ratings"})
    server.answer(f"PATCH {DAG}", {})
    server.answer(f"POST {DAG}/dagRuns", {"dag_run_id": "demo__1"})


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that a person saw, without their seconds."""
    return [line.partition(" s  ")[2] for line in capsys.readouterr().out.splitlines()]


def test_a_run_is_told_state_by_state_and_with_its_results(
    server: ScriptedServer, example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(server)
    server.answer(f"GET {RUN}", {"detail": "database is locked"}, status=500)
    running, done = {"state": "running"}, {"state": "success"}
    server.answer(f"GET {RUN}", running, running, running, done)
    server.answer(
        TASKS, states(None, None), states("running", None), states("success", "running"), states("success", "success")
    )
    server.answer(f"GET {RUN}/taskInstances/clean/logs/1", log("INFO SparkContext", "ratings: 3 of 2 users\nINFO bye"))
    server.answer(f"GET {RUN}/taskInstances/top/logs/1", log("top movies: movie 7"))
    example.run()
    assert told(capsys) == [
        "run demo__1 of couture_ratings",
        "  clean: running",
        "  clean: success",
        "  top: running",
        "  top: success",
        "  ratings: 3 of 2 users",
        "  top movies: movie 7",
    ]


def test_a_failed_run_names_the_task_and_why_it_failed(server: ScriptedServer, example: Example) -> None:
    prepare(server)
    server.answer(f"GET {RUN}", {"state": "failed"})
    server.answer(TASKS, states("failed", "upstream_failed"))
    lines = "\n".join(f"line {number}" for number in range(40))
    error = {"exc_type": "JobFailed", "exc_value": f"exit code 1\nThe last lines:\n{lines}"}
    document = {"content": [{"event": "Task failed", "error_detail": [error]}, {"event": "::endgroup::"}]}
    server.answer(f"GET {RUN}/taskInstances/clean/logs/1", document)
    with pytest.raises(ExampleFailed) as failed:
        example.run()
    tail = "\n".join(f"  line {number}" for number in range(15, 40))
    assert str(failed.value) == (f"The task clean failed:\n  JobFailed: exit code 1\n  The last lines:\n  …\n{tail}")


def test_a_task_that_failed_without_an_exception_shows_its_log(server: ScriptedServer, example: Example) -> None:
    prepare(server)
    server.answer(f"GET {RUN}", {"state": "failed"})
    server.answer(TASKS, states("success", "failed"))
    server.answer(f"GET {RUN}/taskInstances/clean/logs/1", log("all is well"))
    server.answer(f"GET {RUN}/taskInstances/top/logs/1", log("::group::Pre", "started\n  deep", "::endgroup::"))
    with pytest.raises(ExampleFailed, match=r"^The task top failed:\n  started\n    deep$"):
        example.run()


def test_a_dag_that_cannot_be_imported_is_told_at_once(server: ScriptedServer, example: Example) -> None:
    mended = {"filename": "a.py", "stack_trace": "of a former Airflow", "timestamp": "2020-01-01T00:00:00Z"}
    broken = {
        "filename": "ratings.py",
        "stack_trace": "Traceback:\n  NameError: name 'x' is not defined\n",
        "timestamp": "2999-01-01T00:00:00.123456Z",
    }
    server.answer("GET /api/v2/importErrors", {"import_errors": [mended]}, {"import_errors": [mended, broken]})
    with pytest.raises(DagBroken) as error:
        example.run()
    assert str(error.value) == (
        "The DAG processor can't import ratings.py:\nTraceback:\n  NameError: name 'x' is not defined"
    )


def test_waiting_has_an_end_that_says_what_was_seen(
    server: ScriptedServer, example: Example, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEALTHY_S", 0.05)
    well = {"status": "healthy"}
    document = {"metadatabase": well, "scheduler": {"status": None}, "dag_processor": well, "triggerer": well}
    server.answer("GET /api/v2/monitor/health", document)
    with pytest.raises(TooSlow) as slow:
        example.wait_until_healthy()
    assert str(slow.value) == (
        f"A healthy Airflow did not come within 0 s; last seen: scheduler None. Logs: {airflow.home.logs}"
    )


def test_a_stranger_on_the_port_is_not_taken_for_airflow(
    server: ScriptedServer, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEALTHY_S", 0.05)
    monkeypatch.setattr(module, "listens", lambda _home, _port: False)
    with pytest.raises(TooSlow, match="last seen: the API server does not listen"):
        example.wait_until_healthy()
    assert server.bodies == {}


def test_waiting_ends_when_the_demo_is_stopped(server: ScriptedServer, airflow: Airflow) -> None:
    stopping = threading.Event()
    stopping.set()
    server.answer("GET /api/v2/monitor/health", {})
    with Example(airflow, stopping) as example, pytest.raises(Interrupted):
        example.wait_until_healthy()


def test_a_healthy_airflow_is_logged_in_to(server: ScriptedServer, example: Example) -> None:
    well = {"status": "healthy"}
    server.answer("GET /api/v2/monitor/health", {})
    server.answer(
        "GET /api/v2/monitor/health", dict.fromkeys(("metadatabase", "scheduler", "dag_processor", "triggerer"), well)
    )
    server.answer("POST /auth/token", {"access_token": "abc"})
    example.wait_until_healthy()
    assert server.bodies["POST /auth/token"] == [{"username": "admin", "password": "swordfish"}]
