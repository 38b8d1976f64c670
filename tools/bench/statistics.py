"""What is told of many samples: medians and percentiles; and how two sides take turns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Samples", "median", "percentile", "take_turns"]


@dataclass(frozen=True)
class Samples:
    """What was measured of both sides, in the order of time."""

    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least ``percent`` of 100 of the values do not exceed (the nearest rank).

    Raises ValueError for no values, and for a percentage outside of (0, 100].
    """
    if not values or not 0 < percent <= 100:
        raise ValueError(f"no percentile {percent} of {len(values)} values")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def take_turns(
    rounds: int, ours: Callable[[], float], peer: Callable[[], float], tell: Callable[[int, Samples], None]
) -> Samples:
    """Measure both sides in each round; who begins changes, so that a drift of the machine favours nobody.

    ``tell(round, samples)`` is called after each round, which counts from 1.
    """
    samples = Samples()
    sides = [(ours, samples.ours), (peer, samples.peer)]
    for number in range(1, rounds + 1):
        for measure, values in sides if number % 2 else reversed(sides):
            values.append(measure())
        tell(number, samples)
    return samples
