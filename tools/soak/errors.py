"""Why a trial could not go on: what happened, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHOWN = 10


class SoakError(Exception):
    """Base of all of them; ``str`` is what the person at the terminal reads."""


class TooLate(SoakError):
    """Something that had to come did not."""

    def __init__(self, what: str, timeout_s: float, shown: str = "") -> None:
        super().__init__(f"{what} did not come within {timeout_s:.0f} s. {shown}".rstrip())


class ServerEnded(SoakError):
    """A server that nobody killed has ended."""

    def __init__(self, code: int, log: Path) -> None:
        super().__init__(f"A server ended by itself with {code}. The end of its log, {log}:\n{_tail(log)}")


class ComparisonEnded(SoakError):
    """The comparison with Hadoop could not be made."""

    def __init__(self, code: int, log: Path) -> None:
        super().__init__(f"The comparison with Hadoop ended with {code}. The end of {log}:\n{_tail(log)}")


class ClientFailed(SoakError):
    """A client met what is no error in words."""

    def __init__(self, name: str, error: BaseException) -> None:
        super().__init__(f"The client {name} met {type(error).__name__}: {error}")


class Impossible(SoakError):
    """This machine lacks what a trial needs; the trial is left out."""


def shortened(lines: Sequence[str]) -> str:
    """The first of many lines, and how many more there are."""
    more = f" … and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return "; ".join(lines[:SHOWN]) + more


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:] if log.is_file() else ""
