"""What a measurement ends with: figures, each with the goal it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tools.bench.statistics import median

if TYPE_CHECKING:
    from tools.bench.statistics import Samples


class Judged(StrEnum):
    """What of a figure a goal is about."""

    OURS = "ours"
    RATIO = "ratio"


@dataclass(frozen=True)
class Goal:
    """A bound on our value, or on its ratio to the peer's; the bound itself is good enough."""

    judged: Judged
    bound: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        """Whether a value is as good as the bound."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{self.judged} {'>=' if self.at_least else '<='} {self.bound:g}"


@dataclass(frozen=True)
class Figure:
    """One line of the table; ``peer`` None: nobody to compare with. ``n``: samples a side."""

    name: str
    what: str
    ours: float
    peer: float | None
    unit: str
    goal: Goal
    n: int
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours divided by the peer's; None without a peer, or where the peer's is 0."""
        return self.ours / self.peer if self.peer else None

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        value = self.ours if self.goal.judged is Judged.OURS else self.ratio
        return value is not None and self.goal.is_met(value)


def figure_of(name: str, what: str, samples: Samples, unit: str, goal: Goal, note: str = "") -> Figure:
    """The medians of both sides."""
    return Figure(name, what, median(samples.ours), median(samples.peer), unit, goal, len(samples.ours), note)


def at_most(bound: float, judged: Judged = Judged.RATIO) -> Goal:
    """A goal that smaller values meet."""
    return Goal(judged, bound)


def at_least(bound: float, judged: Judged = Judged.RATIO) -> Goal:
    """A goal that greater values meet."""
    return Goal(judged, bound, at_least=True)
