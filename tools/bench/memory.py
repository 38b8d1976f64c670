"""Samples how much memory the processes of a session take together."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

import psutil

EVERY_S = 0.01


class MemoryWatch:
    """Used as a context; ``before`` and ``peak`` in bytes: the resident memory of all processes of the session."""

    def __init__(self, session: int) -> None:
        self._processes = session_processes(session)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory watch")
        self.before = self.peak = resident(self._processes)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(EVERY_S):
            self.peak = max(self.peak, resident(self._processes))


def session_processes(session: int) -> list[psutil.Process]:
    """The processes of a session."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError):  # gone meanwhile, or another user's
            if os.getsid(process.pid) == session:
                found.append(process)
    return found


def resident(processes: list[psutil.Process]) -> int:
    """The bytes of memory that the living ones of these take."""
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total
