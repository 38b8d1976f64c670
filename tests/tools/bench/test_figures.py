"""A goal is met at its bound, and judged on what it is about."""

from __future__ import annotations

import pytest

from tools.bench.figures import Figure, Goal, Judged, at_least, at_most, figure_of
from tools.bench.statistics import Samples


def figure(ours: float, peer: float | None, goal: Goal) -> Figure:
    """A figure of these values."""
    return Figure("name", "what", ours, peer, "s", goal, 5)


@pytest.mark.parametrize(
    ("ours", "peer", "goal", "met"),
    [
        (6.0, 10.0, at_most(0.6), True),
        (6.1, 10.0, at_most(0.6), False),
        (20.0, 1.0, at_least(20), True),
        (19.9, 1.0, at_least(20), False),
        (0.5, 5.0, at_most(0.5, Judged.OURS), True),
        (0.6, 5.0, at_most(0.5, Judged.OURS), False),
        (0.0, None, at_most(0, Judged.OURS), True),
        (1.0, None, at_most(2), False),  # a ratio without a peer meets nothing
        (1.0, 0.0, at_most(2), False),
    ],
)
def test_goals(ours: float, peer: float | None, goal: Goal, met: bool) -> None:
    assert figure(ours, peer, goal).met is met


def test_the_ratio_is_that_of_the_medians() -> None:
    found = figure_of("n", "w", Samples([1.0, 9.0, 2.0], [4.0, 4.0, 100.0]), "s", at_most(0.6))
    assert (found.ours, found.peer, found.ratio, found.n, found.met) == (2.0, 4.0, 0.5, 3, True)


@pytest.mark.parametrize(
    ("goal", "text"),
    [(at_most(0.6), "ratio <= 0.6"), (at_least(20), "ratio >= 20"), (at_most(60, Judged.OURS), "ours <= 60")],
)
def test_a_goal_in_words(goal: Goal, text: str) -> None:
    assert str(goal) == text
