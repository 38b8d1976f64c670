"""A chain's gaps, out of what Airflow tells of its children; and the masters' DAG file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.bench.errors import WrongResult
from tools.bench.masters import MastersAirflow, MastersSide, chain_of
from tools.demo.home import DemoHome

if TYPE_CHECKING:
    from pathlib import Path


def run(begin: str, end: str) -> dict[str, str]:
    """A child's run as Airflow's API tells it."""
    return {"start_date": f"2026-03-01T00:00:{begin}Z", "end_date": f"2026-03-01T00:00:{end}Z"}


def test_the_gap_is_the_mean_from_each_end_to_the_next_start() -> None:
    newest_first = [run("30.5", "31"), run("20", "25.5"), run("10", "12")]
    assert chain_of("chain_ours", newest_first, 3).gap_s == (8 + 5) / 2


def test_a_chain_that_lacks_a_child_is_not_timed() -> None:
    with pytest.raises(WrongResult, match=r"Children of a run of chain_ours: 3 expected, 1 came\."):
        chain_of("chain_ours", [run("10", "12")], 3)


def test_children_that_ran_at_the_same_time_are_no_chain() -> None:
    with pytest.raises(WrongResult, match=r"A child of chain_ours: a start after 2026-03-01 00:00:12\+00:00 expected"):
        chain_of("chain_ours", [run("10", "12"), run("11", "13")], 2)


@pytest.fixture
def side(tmp_path: Path) -> MastersSide:
    """The masters' Airflow, not started."""
    home = DemoHome(tmp_path / "airflow")
    home.make()
    return MastersSide("masters", MastersAirflow(home, 1234, tmp_path, {}, is_ours=True))


def test_a_task_that_waits_leaves_room_for_its_childs(side: MastersSide) -> None:
    assert side.airflow.settings()["core"]["parallelism"] == "4"


def test_the_requests_of_triggerers_are_counted_in_the_api_servers_log(side: MastersSide) -> None:
    line = "x [http.access] method=POST path=/couture/api/v1/child-runs{} query= status_code=200\n"
    log = side.home.logs / "api-server.log"
    log.write_text(line.format("") + line.format("/states") * 2 + line.format("/stop"))
    assert side.requests_for_states() == 2


def test_the_masters_differ_in_the_operator_alone(side: MastersSide, monkeypatch: pytest.MonkeyPatch) -> None:
    import runpy

    monkeypatch.setenv("BENCH_CHAIN", "3")
    (file,) = side.dag_files()
    found = runpy.run_path(str(file))
    chains = {name: found["masters"][name] for name in ("ours", "peer", "prompt")}
    assert {name: (dag.dag_id, len(dag.tasks)) for name, dag in chains.items()} == {
        "ours": ("chain_ours", 3),
        "peer": ("chain_peer", 3),
        "prompt": ("chain_prompt", 3),
    }
    assert [chains[name].get_task("run_1").poke_interval for name in ("peer", "prompt")] == [60, 1]
    assert all(dag.get_task("run_2").upstream_task_ids == {"run_1"} for dag in chains.values())
    assert all(chains[name].get_task("run_0").deferrable for name in chains)
