"""Why a benchmark could not go on: what happened, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TAIL_LINES = 25


class BenchError(Exception):
    """Base of all of them; ``str`` is what the person at the terminal reads."""


class ProgramFailed(BenchError):
    """A program ended with another code than 0."""

    def __init__(self, argv: Iterable[str], code: int, said: str) -> None:
        super().__init__(f"`{' '.join(argv)}` ended with {code}:\n{tail(said)}")


class AirflowDown(BenchError):
    """A process of Airflow ended, or the whole did not become healthy."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        said = log.read_text(errors="replace") if log.is_file() else ""
        super().__init__(f"{name}: {reason}. Its log is {log}:\n{tail(said)}")


class RunFailed(BenchError):
    """A DAG run did not succeed."""

    def __init__(self, side: str, dag_id: str, state: str, lines: list[str]) -> None:
        super().__init__(f"The run of {dag_id} of {side} ended as {state!r}. The end of its task's log:\n{_end(lines)}")


class WrongResult(BenchError):
    """What was timed did not do its work, so its time says nothing."""

    def __init__(self, what: str, expected: object, got: object) -> None:
        super().__init__(f"{what}: {expected} expected, {got} came. Its time would say nothing.")


class NoMarkers(BenchError):
    """The page has no place for the table."""

    def __init__(self, page: Path, begin: str, end: str) -> None:
        super().__init__(f"{page} needs the lines {begin!r} and {end!r}, in that order; the table goes between them.")


class NoSpark(BenchError):
    """There is no Spark distribution to run."""

    def __init__(self) -> None:
        super().__init__("The Python package pyspark is missing. `make setup` installs it.")


def tail(text: str) -> str:
    """The last lines of a text."""
    return _end(text.splitlines())


def _end(lines: list[str]) -> str:
    return "\n".join(lines[-TAIL_LINES:])
