"""Masters as the soak sees and judges them: on Airflow's own tables, with what the product wrote into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.admin_views.airflow_rows import airflow_tables
from tests.admin_views.masters import Masters as Written
from tools.demo.errors import RequestFailed
from tools.soak.masters import AirflowRows, MasterRun, Masters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tools.demo.api import AirflowApi

TRAIN = MasterRun("nightly", "r1")


class Api:
    """Refuses what it is told to, and keeps what it was given."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals, self.triggered = refusals, dict[str, Any]()

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any] | None = None) -> None:
        """Take a run, unless it is still to be refused."""
        if self.refusals > 0:
            self.refusals -= 1
            raise RequestFailed("POST", 404, "")
        self.triggered[run_id] = conf


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """A master in Airflow's tables, whose task is called as the soak's are."""
    with airflow_tables(f"sqlite:///{tmp_path / 'airflow.db'}", monkeypatch) as engine:
        made = Written(engine)
        made.begin("r1", ("child", 0), ("child", 1))
        made.begin("r2", ("child", -1))
        yield made


@pytest.fixture
def masters(tmp_path: Path) -> Masters:
    """What judges them."""
    return Masters(cast("AirflowApi", Api()), tmp_path / "airflow.db", tmp_path)


def ask(written: Written, map_index: int, run_id: str = "r1") -> Any:
    """The child of a task."""
    return written.ask(of={"run_id": run_id, "task_id": "child", "map_index": map_index})


def test_the_children_of_a_run_and_of_no_other(written: Written, tmp_path: Path) -> None:
    ours, others = [ask(written, 0), ask(written, 1)], ask(written, -1, "r2")
    written.let(ours[0], "running", first="running")
    rows = AirflowRows(tmp_path / "airflow.db")
    found = {child.run_id: (child.state, set(child.task_states)) for child in rows.children("nightly", "r1")}
    assert found == {ours[0].run_id: ("running", {"running", None}), ours[1].run_id: ("queued", {None})}
    assert [child.run_id for child in rows.children("nightly", "r2")] == [others.run_id]
    assert [(task.state, task.try_number) for task in rows.tasks("nightly", "r1")] == [("running", 1)] * 2
    assert rows.tasks("nightly", "r1")[0].worker.startswith("airflow worker -- ")
    assert (rows.run_state("nightly", "r1"), rows.run_state("nightly", "none")) == ("running", None)
    assert (rows.newest_job("TriggererJob"), rows.untaken_waits(1)) == (0, 0)


def test_what_is_wrong_with_a_master(written: Written, masters: Masters) -> None:
    child = ask(written, 0)
    assert masters.faults(TRAIN, 2, most_tries=0) == [
        "nightly r1: it is running, stuck",
        "nightly r1: it has 1 child runs, not 2",
        f"nightly r1: its child run {child.run_id} is queued",
        "nightly r1: it took 1 tries, not 0",
    ]


def test_a_master_that_ended_well_has_no_faults(written: Written, masters: Masters) -> None:
    written.let(ask(written, 0), "success")
    written.end("r1")
    assert masters.faults(TRAIN, 1, most_tries=1) == []
    masters.wait_for_ends([TRAIN])


def test_a_run_is_begun_as_soon_as_airflow_takes_it(tmp_path: Path) -> None:
    api = Api(refusals=1)
    masters = Masters(cast("AirflowApi", api), tmp_path / "airflow.db", tmp_path)
    run = masters.begin("soak_many", children=3)
    assert api.triggered == {run.run_id: {"release": str(tmp_path / run.run_id), "children": 3}}
    masters.release([run])
    assert (tmp_path / run.run_id).is_file()
