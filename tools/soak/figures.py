"""What a trial ends with: figures, each with the bound it is held against."""

from __future__ import annotations

from dataclasses import dataclass

from tools.soak.errors import shortened


@dataclass(frozen=True)
class Figure:
    """One line of the table; ``n``: how often it was tried. ``bound`` None: told, not judged."""

    name: str
    what: str
    value: float
    unit: str
    n: int
    bound: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def goal(self) -> str:
        """The bound in words."""
        return "" if self.bound is None else f"{'>=' if self.at_least else '<='} {self.bound:g}"

    @property
    def met(self) -> bool:
        """Whether the value is as good as the bound."""
        if self.bound is None:
            return True
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def none_of(name: str, what: str, faults: list[str], n: int) -> Figure:
    """A figure that counts faults, of which there may be none; the note tells the first of them."""
    return Figure(name, what, len(faults), "", n, bound=0, note=shortened(faults))
