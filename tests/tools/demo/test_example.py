"""The example's run, from the DAG's first parse to its end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tools.demo import example as module
from tools.demo.errors import DagBroken, ExampleFailed, Interrupted, TooSlow
from tools.demo.example import Example

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tools.demo.scripted_server import ScriptedServer
    from tools.demo.airflow import Airflow

DAGS = "/api/v2/dags"
RUN = f"{DAGS}/couture_movies/dagRuns/demo__1"
CHILD_RUN = f"{DAGS}/couture_ratings/dagRuns/child__1"
TREE = "GET /couture/api/v1/dags/couture_movies/tree"
TASKS, CHILD_TASKS = f"GET {RUN}/taskInstances", f"GET {CHILD_RUN}/taskInstances"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.01)
    monkeypatch.setattr(module, "new_run_id", lambda: "demo__1")
    monkeypatch.setattr(module, "listens", lambda _home, _port: True)


@pytest.fixture
def example(airflow: Airflow) -> Iterator[Example]:
    with Example(airflow, threading.Event()) as made:
        yield made


def node(dag_id: str, state: str | None, kind: str = "child", **more: Any) -> dict[str, Any]:
    """A node of a tree as our API tells it."""
    run = {"state": state, "start": None, "duration_s": None if state is None else 5.0}
    task = {"task_id": None, "map_index": None, "mapped": False, "task_state": None, "written": None}
    return {"dag_id": dag_id, "kind": kind, **run, **task, "conditional": False, "cut": False, "children": [], **more}


def tree(state: str | None, child: str | None, kind: str = "child") -> dict[str, Any]:
    """The master whose task prepare starts couture_ratings; a DAG without a state has no run."""
    below = node("couture_ratings", child, kind, task_id="prepare", run_id="child__1" if child else None)
    run_id = "demo__1" if state else None
    top = node("couture_movies", state, kind if kind == "paused" else "master", run_id=run_id, children=[below])
    return {"dag_id": "couture_movies", "run_id": run_id, "tree": top}


def states(**tasks: str | None) -> dict[str, Any]:
    """The task instances of a run."""
    return {
        "task_instances": [
            {"task_id": name, "state": state, "map_index": -1, "try_number": 2} for name, state in tasks.items()
        ]
    }


def log(*events: str) -> dict[str, list[dict[str, str]]]:
    return {"content": [{"event": event} for event in events]}


def prepare(server: ScriptedServer) -> None:
    """Two DAGs that are parsed one after the other, both paused; the master takes a run."""
    server.answer("GET /api/v2/importErrors", {"import_errors": []})
    server.answer(TREE, {}, status=404)
    server.answer(TREE, tree(None, None, "missing"), tree(None, None, "paused"))
    for dag_id in ("couture_movies", "couture_ratings"):
        server.answer(f"PATCH {DAGS}/{dag_id}", {})
    server.answer(f"POST {DAGS}/couture_movies/dagRuns", {"dag_run_id": "demo__1"})


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that a person saw, without their seconds."""
    return [line.partition(" s  ")[2] or line for line in capsys.readouterr().out.splitlines()]


def test_a_run_is_told_state_by_state_with_its_results_and_the_tree(
    server: ScriptedServer, example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(server)
    server.answer(TREE, {"detail": "database is locked"}, status=500)
    server.answer(TREE, tree("running", None), tree("running", "running"), tree("success", "success"))
    server.answer(TASKS, states(prepare=None), states(prepare="deferred"), states(prepare="success"))
    server.answer(CHILD_TASKS, states(clean="running"), states(clean="success"))
    server.answer(f"GET {CHILD_RUN}/taskInstances/clean/logs/2", log("INFO Spark", "ratings: 3 of 2 users\nINFO bye"))
    example.run(conf={"compare": False})
    assert told(capsys) == [
        "run demo__1 of couture_movies",
        "  prepare: deferred",
        "  prepare > clean: running",
        "  prepare: success",
        "  prepare > clean: success",
        "  ratings: 3 of 2 users",
        "Run demo__1 of couture_movies",
        "couture_movies                 success  5s",
        "└─ prepare -> couture_ratings  success  5s",
    ]
    assert server.bodies[f"PATCH {DAGS}/couture_ratings"] == [{"is_paused": False}]
    wish = {"dag_run_id": "demo__1", "logical_date": None, "conf": {"compare": False}}
    assert server.bodies[f"POST {DAGS}/couture_movies/dagRuns"] == [wish]


def test_a_dag_that_starts_no_other_is_told_without_a_tree(
    server: ScriptedServer, example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer("GET /api/v2/importErrors", {"import_errors": []})
    alone = {"tree": node("couture_ratings", "success", "master", run_id="demo__1")}
    server.answer("GET /couture/api/v1/dags/couture_ratings/tree", alone)
    server.answer(f"POST {DAGS}/couture_ratings/dagRuns", {})
    server.answer(f"GET {DAGS}/couture_ratings/dagRuns/demo__1/taskInstances", states(clean="success"))
    path = f"{DAGS}/couture_ratings/dagRuns/demo__1/taskInstances/clean/logs/2"
    server.answer(f"GET {path}", log("top movies: movie 7"))
    example.run("couture_ratings")
    assert told(capsys) == ["run demo__1 of couture_ratings", "  clean: success", "  top movies: movie 7"]


def test_a_failed_run_names_the_task_below_and_why_it_failed(
    server: ScriptedServer, example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(server)
    server.answer(TREE, tree("failed", "failed"))
    server.answer(TASKS, states(prepare="failed", train="upstream_failed"))
    server.answer(CHILD_TASKS, states(clean="failed"))
    lines = "\n".join(f"line {number}" for number in range(40))
    error = {"exc_type": "JobFailed", "exc_value": f"exit code 1\nThe last lines:\n{lines}"}
    document = {"content": [{"event": "Task failed", "error_detail": [error]}, {"event": "::endgroup::"}]}
    server.answer(f"GET {CHILD_RUN}/taskInstances/clean/logs/2", document)
    with pytest.raises(ExampleFailed) as failed:
        example.run()
    tail = "\n".join(f"  line {number}" for number in range(15, 40))
    reason = f"JobFailed: exit code 1\n  The last lines:\n  …\n{tail}"
    assert str(failed.value) == f"The task prepare > clean failed:\n  {reason}"
    assert told(capsys)[-1] == "└─ prepare -> couture_ratings  failed  5s"


def test_a_masters_own_task_that_failed_without_an_exception_shows_its_log(
    server: ScriptedServer, example: Example
) -> None:
    prepare(server)
    server.answer(TREE, tree("failed", "success"))
    server.answer(TASKS, states(prepare="failed"))
    server.answer(CHILD_TASKS, states(clean="success"))
    server.answer(f"GET {RUN}/taskInstances/prepare/logs/2", log("::group::Pre", "started\n  deep", "::endgroup::"))
    with pytest.raises(ExampleFailed, match=r"^The task prepare failed:\n  started\n    deep$"):
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
