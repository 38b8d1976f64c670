"""``couture dags``: the list of masters and the tree of one."""

from __future__ import annotations

import json

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import Answer, StoreServer, problem
from tests.couture_ops.cli.test_dag_tree import TEXT, TREE

MASTERS = {
    "items": [
        {
            "dag_id": "night",
            "kind": "paused",
            "tasks": 3,
            "part_of": ["week", "year"],
            "run_id": "r1",
            "state": "success",
            "start": "2026-03-01T12:00:00Z",
            "end": "2026-03-01T12:05:00Z",
        },
        {
            "dag_id": "week",
            "kind": "master",
            "tasks": 1,
            "part_of": [],
            "run_id": None,
            "state": None,
            "start": None,
            "end": None,
        },
    ],
    "total": 7,
}


def test_the_list(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /dags/masters"] = Answer(200, MASTERS)
    run = couture("dags", "--search", "e", "--limit", "2")
    assert run.stdout == (
        "DAG    IS      STARTS  PART OF     NEWEST RUN  STATE    BEGUN\n"
        "night  paused  3       week, year  r1          success  2026-03-01 12:00:00 UTC\n"
        "week           1\n"
    )
    assert run.stderr == "1 to 2 of 7. More: --offset 2\n"
    assert server.asked[-1].query == {"search": "e", "limit": "2", "offset": "0"}
    assert json.loads(couture.ok("dags", "list", "--output", "json")) == MASTERS


def test_no_masters(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /dags/masters"] = Answer(200, {"items": [], "total": 0})
    run = couture("dags")
    assert (run.returncode, run.stdout, run.stderr) == (
        0,
        "",
        ("No DAG that you may read starts others. A task of DagOperator makes one: docs/master-dags.md\n"),
    )


def test_the_tree(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /dags/night/tree"] = Answer(200, TREE)
    assert couture.ok("dags", "tree", "night", PYTHONIOENCODING="utf-8") == f"{TEXT}\n"
    assert couture.ok("dags", "tree", "night", PYTHONIOENCODING="ascii").splitlines()[2].startswith("|- prepare")
    couture.ok("dags", "tree", "night", "--run", "scheduled__2026-03-01T00:00:00+00:00")
    assert server.asked[-1].query == {"run_id": "scheduled__2026-03-01T00:00:00+00:00"}
    assert json.loads(couture.ok("dags", "tree", "night", "--output", "json")) == TREE


def test_errors(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /dags/nihgt/tree"] = problem(404, "Not found", "There is no DAG 'nihgt'.")
    assert couture.error("dags", "tree", "nihgt") == "Error: Not found: There is no DAG 'nihgt'.\n"
    said = "This needs the permission to read the DAG 'pay'."
    server.answers["GET /dags/pay/tree"] = problem(403, "Permission missing", said)
    assert couture.error("dags", "tree", "pay") == f"Error: Permission missing: {said}\n"


def test_help_has_examples(couture: Couture) -> None:
    said = couture.ok("dags", "tree", "--help")
    assert "couture dags tree nightly --run scheduled__2026-03-01T00:00:00+00:00" in said
    assert "couture dags list --search night" in couture.ok("dags", "list", "--help")
