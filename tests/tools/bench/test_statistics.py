"""Percentiles by the nearest rank, and turns that favour nobody."""

from __future__ import annotations

import pytest

from tools.bench.statistics import Samples, percentile, take_turns


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([7.0], 99, 7.0), ([3.0, 1.0, 2.0], 50, 2.0), (list(range(1, 301)), 99, 297), (list(range(1, 101)), 100, 100)],
)
def test_a_percentile_is_one_of_the_values(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101)])
def test_no_percentile_of_nothing_or_beyond_all(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="no percentile"):
        percentile(values, percent)


def test_the_sides_take_turns_and_who_begins_changes() -> None:
    order: list[str] = []
    told: list[int] = []

    def side(name: str, value: float) -> float:
        order.append(name)
        return value

    samples = take_turns(3, lambda: side("ours", 1), lambda: side("peer", 2), lambda number, _: told.append(number))
    assert order == ["ours", "peer", "peer", "ours", "ours", "peer"]
    assert told == [1, 2, 3]
    assert samples == Samples([1, 1, 1], [2, 2, 2])
