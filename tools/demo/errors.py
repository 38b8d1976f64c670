"""Why a demo could not go on: what happened, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TAIL_LINES = 25


class DemoError(Exception):
    """Base of all of them; ``str`` is what the person at the terminal reads."""


class AlreadyRunning(DemoError):
    """Another demo uses the same folder."""

    def __init__(self, folder: Path, pid: str, url: str) -> None:
        super().__init__(
            f"A demo already runs in {folder}: process {pid}{f' at {url}' if url else ''}.\n"
            f"Stop it with Ctrl-C in its terminal or with: kill {pid}\n"
            "Or run a second one in a folder of its own: make demo DEMO_DIR=build/demo-2"
        )


class PortTaken(DemoError):
    """The port that was asked for is in use."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is taken. Leave DEMO_PORT out, and a free one is found.")


class NoJava(DemoError):
    """Neither JAVA_HOME nor PATH has a Java."""

    def __init__(self, java_home: str | None) -> None:
        where = f"JAVA_HOME is {java_home}, which has no bin/java" if java_home else "JAVA_HOME is not set"
        super().__init__(f"Spark needs Java: {where}, and PATH has no java. `make setup` finds or installs one.")


class MissingFiles(DemoError):
    """Something that the set-up makes is not there."""

    def __init__(self, files: Sequence[Path]) -> None:
        super().__init__(f"Missing: {', '.join(map(str, files))}. `make setup` makes them.")


class PasswordLost(DemoError):
    """The database has an admin whose password nobody knows any more."""

    def __init__(self, folder: Path, password_file: Path) -> None:
        super().__init__(
            f"{password_file} is missing, but the demo's database has its user already.\nBegin anew: rm -r {folder}"
        )


class CommandFailed(DemoError):
    """A command of the set-up failed, or took too long (``code`` None)."""

    def __init__(self, argv: Sequence[str], code: int | None, log: Path) -> None:
        how = "did not end in time" if code is None else f"ended with {code}"
        super().__init__(f"`{' '.join(argv)}` {how}.\n{quote_tail(log)}")


class ProcessEnded(DemoError):
    """One of Airflow's processes ended although nobody asked it to; codes below zero are signals."""

    def __init__(self, codes: Mapping[str, int], logs: Path) -> None:
        ends = " and ".join(f"{name} ended with {code}" for name, code in codes.items())
        tails = "\n".join(quote_tail(logs / f"{name}.log") for name in codes)
        super().__init__(f"Airflow's {ends}; the demo can't go on without.\n{tails}")


class TooSlow(DemoError):
    """Something did not come within its time, in seconds."""

    def __init__(self, what: str, timeout_s: float, state: str, logs: Path) -> None:
        super().__init__(f"{what} did not come within {timeout_s:.0f} s; last seen: {state}. Logs: {logs}")


class RequestFailed(DemoError):
    """Airflow's API refused something."""

    def __init__(self, request: str, status: int, answer: str) -> None:
        said = f"answered {status}" if status else "did not answer"
        super().__init__(f"Airflow {said} to {request}: {answer[:2000]}")


class Unavailable(RequestFailed):
    """Airflow's API could not do it now; ``status`` 0: it did not answer at all."""


class DagBroken(DemoError):
    """The DAG file can't be imported."""

    def __init__(self, path: str, trace: str) -> None:
        super().__init__(f"The DAG processor can't import {path}:\n{trace.rstrip()}")


class ExampleFailed(DemoError):
    """The example's run failed; Airflow itself works. ``task_id`` None: none of its tasks did."""

    def __init__(self, task_id: str | None, reason: Sequence[str]) -> None:
        if task_id is None:
            super().__init__("The run failed, but none of its tasks.")
        else:
            super().__init__(f"The task {task_id} failed:\n{indent(shorten(reason))}")


class ProcessesLeft(DemoError):
    """Processes that did not end, not even when killed."""

    def __init__(self, processes: Sequence[str]) -> None:
        super().__init__("These processes of the demo are still there: " + "; ".join(processes))


class Interrupted(DemoError):
    """The demo is being stopped, so that waiting has no point any more."""

    def __init__(self) -> None:
        super().__init__("Stopped.")


def quote_tail(log: Path) -> str:
    """The last lines of a log, indented below its name."""
    try:
        lines = log.read_text(errors="backslashreplace").splitlines()
    except FileNotFoundError:
        return f"{log} was never written."
    return f"The end of {log}:\n{indent(lines[-TAIL_LINES:])}"


def shorten(lines: Sequence[str]) -> list[str]:
    """The first two lines, which say what happened, and the last ones, which say why."""
    if len(lines) <= TAIL_LINES + 2:
        return list(lines)
    return [*lines[:2], "…", *lines[-TAIL_LINES:]]


def indent(lines: Sequence[str]) -> str:
    """The lines as a block."""
    return "\n".join(f"  {line}" for line in lines)
