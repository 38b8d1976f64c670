"""The tree of a master on a real Airflow: by the API, by the client, by ``airflow couture``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.live_airflow import RUN_S, wait_for
from tests.integration.test_client import Shell

if TYPE_CHECKING:
    import httpx

    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

API = "/couture/api/v1/dags"


@pytest.fixture(scope="module")
def run_id(airflow: LiveAirflow) -> str:
    """A run of the master; its own and those of its children have ended."""
    started = airflow.trigger("master")
    with airflow.client() as client:

        def ended() -> bool | None:
            tree = tree_of(client, run_id=started)
            states = [tree["state"], *(child["state"] for child in tree["children"] if child["task_id"] != "compare")]
            return True if states == ["success"] * 5 else None

        wait_for("the end of the master and its children", ended, RUN_S)
    return started


def tree_of(client: httpx.Client, **params: Any) -> dict[str, Any]:
    """The tree of the master."""
    tree: dict[str, Any] = client.get(f"{API}/master/tree", params=params).raise_for_status().json()["tree"]
    return tree


def test_the_tree_of_a_run(airflow: LiveAirflow, run_id: str) -> None:
    with airflow.client("Viewer") as client:
        tree = tree_of(client, run_id=run_id)
        assert tree_of(client) == tree
    assert (tree["dag_id"], tree["run_id"], tree["state"]) == ("master", run_id, "success")
    found = {(child["task_id"], child["map_index"]): child for child in tree["children"]}
    assert {place: (child["dag_id"], child["state"], child["task_state"]) for place, child in found.items()} == {
        ("clean", None): ("master_clean", "success", "success"),
        ("train", 0): ("master_train", "success", "success"),
        ("train", 1): ("master_train", "success", "success"),
        ("report", None): ("master_report", "success", "success"),
        ("compare", None): ("master_report", None, "skipped"),
    }
    assert {child["kind"] for child in tree["children"]} == {"child"}
    assert found["train", 1]["run_id"] != found["train", 0]["run_id"]
    assert {found[place]["run_id"][:8] for place in (("train", 1), ("report", None))} == {"manual__"}
    assert found["report", None]["written"] == "{{ 'master_' ~ 'report' }}"
    assert [place[0] for place, child in found.items() if child["conditional"]] == ["compare"]
    assert found["clean", None]["duration_s"] >= 0


def test_who_may_read_no_dag_gets_no_tree(airflow: LiveAirflow, run_id: str) -> None:
    for role in ("Public", "Couture Worker"):
        with airflow.client(role) as client:
            answer = client.get(f"{API}/master/tree", params={"run_id": run_id})
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:couture:problem:ForbiddenDag")
            assert client.get(f"{API}/masters").json() == {"items": [], "total": 0}


def test_the_commands_print_it(airflow: LiveAirflow, run_id: str, tmp_path: Path) -> None:
    couture = Shell(airflow, tmp_path)
    text = couture("dags", "tree", "master", "--run", run_id)
    lines = text.splitlines()
    assert lines[0].startswith(f"Run {run_id} of master, begun ")
    assert [line.partition("  ")[0] for line in lines[1:]] == [
        "master",
        "├─ clean -> master_clean",
        "├─ train[0] -> master_train",
        "├─ train[1] -> master_train",
        "├─ report -> master_report",
        "└─ compare -> master_report",
    ]
    assert lines[-1].split()[-2:] == ["(skipped)", "conditional"]
    argv = [str(Path(sys.executable).parent / "airflow"), "couture", "dags", "tree", "master", "--run", run_id]
    environment = {**airflow.environment, "PYTHONIOENCODING": "utf-8"}
    assert subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout == text
    assert ["master", "4", run_id] in [line.split()[:3] for line in couture("dags", "list").splitlines()]
    assert "master" in {master["dag_id"] for master in json.loads(couture("dags", "list", "--output", "json"))["items"]}


def test_an_unknown_run(airflow: LiveAirflow, run_id: str, tmp_path: Path) -> None:
    said = Shell(airflow, tmp_path)("dags", "tree", "master", "--run", "nightly", status=1)
    assert said == (
        "Error: Not found: There is no run of DAG 'master' named 'nightly'.\n"
        "  `couture dags` lists the DAGs that start others; Airflow's page Dags, all runs.\n"
    )
