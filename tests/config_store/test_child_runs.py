"""Ids of child runs: readable, unique, short enough, and fit for Airflow."""

from __future__ import annotations

import re

import pytest

from config_store.child_runs import child_run_id

RUN = "scheduled__2026-11-21T00:00:00+00:00"


def test_it_says_whose_run_it_is() -> None:
    assert (
        child_run_id("night", RUN, "load.prepare")
        == "couture__night__load.prepare__scheduled__2026-11-21T00:00:00+00:00__d790b712a139"
    )
    assert child_run_id("night", RUN, "train", 7) == (
        "couture__night__train__7__scheduled__2026-11-21T00:00:00+00:00__0264dc9dd0b1"
    )


def test_every_try_has_the_same() -> None:
    assert child_run_id("night", RUN, "train", 7) == child_run_id("night", RUN, "train", 7)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a__b", "run", "c", -1), ("a", "run", "b__c", -1)),
        (("a", "run", "b", 1), ("a", "run", "b__1", -1)),
        (("a", "run", "b", -1), ("a", "run", "b", 0)),
        (("a", "run/1", "b", -1), ("a", "run-1", "b", -1)),
        (("a" * 250, "run 1", "b", -1), ("a" * 250, "run 2", "b", -1)),
    ],
)
def test_no_two_tasks_share_one(one: tuple[str, str, str, int], other: tuple[str, str, str, int]) -> None:
    assert child_run_id(*one) != child_run_id(*other)


@pytest.mark.parametrize("map_index", [-1, 0, 123456])
def test_long_names_are_cut_to_what_the_column_holds(map_index: int) -> None:
    found = child_run_id("d" * 250, "r" * 250, "t" * 250, map_index)
    assert len(found) == 250
    assert found.startswith("couture__dddd")


def test_odd_characters_do_not_reach_airflow() -> None:
    found = child_run_id("日次", "my run/ü #1", "t")
    assert re.fullmatch(r"[A-Za-z0-9_.~:+-]+", found)
    assert found.startswith("couture__--__t__my-run----1__")
