"""What is told of masters that met faults, and where it is kept."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tools.soak import airflow
from tools.soak.pairs import Run
from tools.soak.scale import FULL, SMALL
from tools.soak.stage import Stage
from tools.soak.trials import masters
from tools.soak.trials.masters import FAULTS, Behaviour, told_children

if TYPE_CHECKING:
    from pathlib import Path


def run(begin: int, end: int | None) -> Run:
    """A child's run within a minute."""
    moments = [None if second is None else datetime(2026, 3, 1, 0, 0, second, tzinfo=UTC) for second in (begin, end)]
    return Run("child", "r", "success", *moments)


@pytest.mark.parametrize(
    ("children", "told"),
    [
        ([], "0 child runs"),
        ([run(1, 5)], "one child run"),
        ([run(1, 5), run(6, 9)], "2 child runs"),
        ([run(1, 7), run(6, 9)], "2 child runs, at the same time"),
        ([run(1, None), run(6, 9)], "2 child runs, at the same time"),
    ],
)
def test_children_are_counted(children: list[Run], told: str) -> None:
    assert told_children(children) == told


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page with a place for the table."""
    path = tmp_path / "page.md"
    path.write_text(f"before\n{masters.TABLE.begin}\n{masters.TABLE.end}\nafter\n")
    monkeypatch.setattr(masters, "PAGE", path)
    return path


SEEN = {"paused child": Behaviour("the child is paused", "failed at once", "waits for ever")}


def test_the_page_tells_what_both_did(page: Path, tmp_path: Path) -> None:
    masters.keep(Stage(tmp_path, FULL), SEEN)
    text = page.read_text()
    assert "| fault | what happens | `TriggerDagRunOperator` | `DagOperator` |" in text
    assert "| paused child | the child is paused | waits for ever | failed at once |" in text
    assert "Seen by `make soak ONLY=masters` on " in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")


def test_a_small_run_leaves_the_page_alone(page: Path, tmp_path: Path) -> None:
    before = page.read_text()
    masters.keep(Stage(tmp_path, replace(SMALL)), SEEN)
    assert page.read_text() == before
    assert json.loads((tmp_path / "masters.json").read_text())["paused child"]["peer"] == "waits for ever"


def test_each_fault_meets_both_operators_with_the_same_settings() -> None:
    found = runpy.run_path(str(airflow.DAGS / "soak_pairs.py"))
    pairs = found["pairs"]
    assert set(pairs) == {name.replace(" ", "_") for name in FAULTS}
    for ours, peer in pairs.values():
        mine, theirs = ours.get_task("run"), peer.get_task("run")
        assert (mine.task_type, theirs.task_type) == ("DagOperator", "TriggerDagRunOperator")
        assert (mine.run_dag_id, mine.deferrable, mine.retries) == (
            theirs.trigger_dag_id,
            theirs.deferrable,
            theirs.retries,
        )


def test_the_manual_has_a_place_for_the_table() -> None:
    """At import PAGE is the manual itself."""
    text = masters.PAGE.read_text()
    assert text.index(masters.TABLE.begin) < text.index(masters.TABLE.end)
