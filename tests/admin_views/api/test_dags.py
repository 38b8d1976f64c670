"""Master DAGs over HTTP: the list, the tree, and what those see of it who may not read every DAG."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from config_store.dag_tree import RunHead, TaskRun
from config_store.master_dags import DagHead, DagTask
from tests.admin_views.calls import bearer, done, places_of, problem_of

if TYPE_CHECKING:
    import httpx

    from tests.stand_ins import ListedDags

START, END = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
LOAD_RUN, PAY_RUN = "couture__night.load__1-x-0123456789", "couture__night.pay__1-x-0123456789"
NOTHING: dict[str, Any] = {
    "map_index": None,
    "mapped": False,
    "conditional": False,
    "written": None,
    "run_id": None,
    "state": None,
    "start": None,
    "end": None,
    "duration_s": None,
    "cut": False,
    "children": [],
}
LOAD = {
    "dag_id": "load",
    "kind": "child",
    "task_id": "load",
    "task_state": "success",
    "run_id": LOAD_RUN,
    "state": "success",
    "start": "2026-03-01T12:00:00Z",
    "end": "2026-03-01T12:05:00Z",
    "duration_s": 300.0,
}
PAY = {"dag_id": "private_pay", "kind": "locked", "task_id": "pay", "task_state": "failed"}


@pytest.fixture
def night(dags: ListedDags) -> ListedDags:
    """A master of a child that has run, and of one that others may not read, which starts another."""
    dags.known |= dict.fromkeys(("night", "load", "private_pay", "leaf"), DagHead())
    dags.starting += [
        DagTask("night", "load", "load", "load"),
        DagTask("night", "pay", "private_pay", "private_pay"),
        DagTask("private_pay", "leaf", "leaf", "leaf"),
    ]
    dags.all_runs += [
        RunHead("night", "r0", "failed", START, END),
        RunHead("night", "r1", "failed", START, END),
        RunHead("load", LOAD_RUN, "success", START, END),
        RunHead("private_pay", PAY_RUN, "failed", START, END),
    ]
    dags.instances += [
        TaskRun("night", "r1", "load", -1, "success", told_run_id=LOAD_RUN),
        TaskRun("night", "r1", "pay", -1, "failed", told_run_id=PAY_RUN),
    ]
    return dags


@pytest.mark.usefixtures("night")
def test_the_tree(api: httpx.Client) -> None:
    tree = done(api.get("/dags/night/tree"))
    assert (tree["dag_id"], tree["run_id"]) == ("night", "r1")
    root = tree["tree"]
    assert (root["dag_id"], root["kind"], root["state"], root["duration_s"]) == ("night", "master", "failed", 300.0)
    assert root["children"] == [{**NOTHING, **LOAD}, {**NOTHING, **PAY}]


@pytest.mark.usefixtures("night")
def test_the_tree_of_an_older_run(api: httpx.Client) -> None:
    tree = done(api.get("/dags/night/tree", params={"run_id": "r0"}))
    assert (tree["run_id"], [child["state"] for child in tree["tree"]["children"]]) == ("r0", [None, None])


def test_a_dag_that_has_not_run_and_starts_nothing(api: httpx.Client, dags: ListedDags) -> None:
    dags.known["leaf"] = DagHead(is_paused=True)
    tree = done(api.get("/dags/leaf/tree"))
    assert tree == {
        "dag_id": "leaf",
        "run_id": None,
        "tree": {**NOTHING, "dag_id": "leaf", "kind": "paused", "task_id": None, "task_state": None},
    }


@pytest.mark.usefixtures("night")
def test_what_there_is_not(api: httpx.Client) -> None:
    assert problem_of(api.get("/dags/nihgt/tree"), 404, "NotFound")["detail"] == "There is no DAG 'nihgt'."
    problem = problem_of(api.get("/dags/night/tree", params={"run_id": "r9"}), 404, "NotFound")
    assert problem["detail"] == "There is no run of DAG 'night' named 'r9'."
    assert places_of(api.get("/dags/night/tree", params={"run_id": "r" * 251})) == ["run_id"]


@pytest.mark.usefixtures("night")
def test_a_dag_that_the_user_may_not_read(api: httpx.Client) -> None:
    for dag_id in ("private_pay", "private_none"):  # whether it exists is not told either
        problem = problem_of(api.get(f"/dags/{dag_id}/tree"), 403, "ForbiddenDag")
        assert problem["detail"] == f"This needs the permission to read the DAG {dag_id!r}."


@pytest.mark.usefixtures("night")
def test_the_list(api: httpx.Client) -> None:
    item = {
        "dag_id": "night",
        "kind": "master",
        "tasks": 2,
        "part_of": [],
        "run_id": "r1",
        "state": "failed",
        "start": "2026-03-01T12:00:00Z",
        "end": "2026-03-01T12:05:00Z",
    }
    for role in ("Admin", "Viewer"):
        assert done(api.get("/dags/masters", headers=bearer(role))) == {"items": [item], "total": 1}
    assert done(api.get("/dags/masters", params={"search": "day"})) == {"items": [], "total": 0}
    assert done(api.get("/dags/masters", params={"offset": 1})) == {"items": [], "total": 1}


def test_an_airflow_without_masters(api: httpx.Client) -> None:
    assert done(api.get("/dags/masters")) == {"items": [], "total": 0}
