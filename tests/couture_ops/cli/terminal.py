"""Runs a command at a terminal of its own, and types when it asks."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Session:
    """``screen`` is all that the terminal showed; ``command_lines`` the argv at the time of each question."""

    returncode: int
    stdout: str
    screen: str
    command_lines: tuple[str, ...]


def open_terminal() -> tuple[int, int]:
    """A pseudo-terminal: the end of who types, the end of the program."""
    try:
        return pty.openpty()
    except OSError as error:  # a bare chroot without /dev/pts
        pytest.skip(f"this machine has no pseudo-terminals: {error}")


def run_at_terminal(
    argv: Sequence[str], environment: Mapping[str, str], folder: Path, typed: Iterable[tuple[str, str]] = ()
) -> Session:
    """Input and errors are the terminal, output is a pipe. ``typed``: (text to wait for, what to type)."""
    controller, terminal = open_terminal()
    process = subprocess.Popen(
        argv,
        env=environment,
        cwd=folder,
        stdin=terminal,
        stderr=terminal,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    os.close(terminal)
    assert process.stdout is not None
    screen, seen, command_lines = b"", 0, []
    for expected, answer in typed:
        screen, seen = _read_until(controller, screen, seen, expected.encode())
        with open(f"/proc/{process.pid}/cmdline", encoding="utf-8") as file:
            command_lines.append(file.read())
        os.write(controller, answer.encode())
    screen += _read_rest(controller)
    stdout = process.stdout.read().decode()
    process.stdout.close()
    os.close(controller)
    return Session(process.wait(), stdout, screen.decode().replace("\r\n", "\n"), tuple(command_lines))


def _read_until(controller: int, screen: bytes, seen: int, expected: bytes) -> tuple[bytes, int]:
    deadline = time.monotonic() + PATIENCE_S
    while (place := screen.find(expected, seen)) < 0:
        ready, _, _ = select.select([controller], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"{expected!r} was never asked: {screen!r}"
        screen += os.read(controller, 4096)
    return screen, place + len(expected)


def _read_rest(controller: int) -> bytes:
    rest = b""
    try:
        while block := os.read(controller, 4096):
            rest += block
    except OSError:
        # The end of a terminal is an error, not an end of file (Linux, pty(7)).
        pass
    return rest
