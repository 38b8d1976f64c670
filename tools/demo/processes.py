"""Airflow's processes: started, watched and ended together by honcho, with nothing left at the end."""

from __future__ import annotations

import os
import shlex
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
from honcho.manager import SYSTEM_PRINTER_NAME, Manager

from tools.demo.airflow import MARK
from tools.demo.errors import ProcessesLeft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from honcho.printer import Message

    from tools.demo.home import DemoHome

#: Seconds until processes that ignore a polite end are killed.
PATIENCE_S = 15.0
KILL_S = 5.0
WATCH_S = 0.5
CLOCKS_DIFFER_S = 5.0


class LogFiles:
    """Where honcho writes what the processes print: a file for each of them, none of it to the terminal."""

    def __init__(self, folder: Path) -> None:
        self.width = 0  # honcho sets it, for a terminal
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}

    def write(self, message: Message) -> None:
        """Append a line to its process' log."""
        name = "supervisor" if message.name == SYSTEM_PRINTER_NAME else message.name
        if name not in self._files:
            self._files[name] = (self._folder / f"{name}.log").open("wb", buffering=0)
        line = message.data
        self._files[name].write(line if isinstance(line, bytes) else f"{message.time} {line}".encode())

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()


class Supervisor(Manager):  # type: ignore[misc]  # honcho has no types
    """Honcho's manager; it also tells when all were started, when the end began, and who ended by himself."""

    def __init__(self, home: DemoHome, on_started: Callable[[], None]) -> None:
        self._pids = home.pids
        self._released = home.pids / "released"
        self._released.unlink(missing_ok=True)
        self._log_files = LogFiles(home.logs)
        super().__init__(printer=self._log_files)
        self._on_started = on_started
        self._ended_first: list[str] = []
        self._watch = threading.Thread(target=self._watch_leaders, daemon=True)
        self._last_resort = threading.Timer(PATIENCE_S, self.kill)
        self._last_resort.daemon = True
        #: Set as soon as the processes are being ended.
        self.stopping = threading.Event()

    @property
    def ended_alone(self) -> dict[str, int]:
        """After the run: name -> exit code of those whose end began it; empty when somebody asked for it."""
        return {name: self._processes[name]["returncode"] for name in self._ended_first}

    def add(self, name: str, argv: tuple[str, ...], environment: dict[str, str], *, held: bool = False) -> None:
        """Add a process. Honcho's shell writes down its number, that of its session, and gives way to it.

        A held one does so after ``release``: honcho starts all at once, and cannot start one later.
        """
        pid_file, released = (shlex.quote(str(path)) for path in (self._pids / f"{name}.pid", self._released))
        wait = f"while ! [ -e {released} ]; do sleep 0.2; done && " if held else ""
        self.add_process(name, f"echo $$ >{pid_file} && {wait}exec {shlex.join(argv)}", env=environment)

    def release(self) -> None:
        """Let the held processes begin."""
        self._released.touch()

    def run(self) -> int:
        """Start all, wait for the end of all; answers the signal's number + 128, or the first exit code."""
        try:
            self.loop()
        finally:
            self.stopping.set()
            self._last_resort.cancel()
            self._log_files.close()
        code: int = self.returncode
        return code

    def terminate(self) -> None:
        """End all processes; honcho calls it on a signal and when one of them has ended, others at will."""
        if not self.stopping.is_set():
            self._ended_first = [name for name in self._processes if self._has_ended(name)]
            self.stopping.set()
            # honcho's own patience begins when the first process has ended: none may
            self._last_resort.start()
        super().terminate()

    def _start(self) -> None:
        # Not before: honcho forks here, and what another thread holds locked stays locked in the fork.
        super()._start()
        self._watch.start()
        self._on_started()

    def _watch_leaders(self) -> None:
        """Notice the end of a process whose children live on with its output; honcho waits for theirs."""
        while not self.stopping.wait(WATCH_S):
            if any(self._has_ended(name) for name in self._processes):
                self.terminate()

    def _has_ended(self, name: str) -> bool:
        process = self._processes[name]
        if "returncode" in process or "pid" not in process:
            return "returncode" in process
        try:
            ended: bool = psutil.Process(process["pid"]).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        return ended


def find_processes(home: DemoHome) -> list[psutil.Process]:
    """All processes that this demo started, however far down.

    Those in the sessions of Airflow's processes, which lose their environment when they change their title,
    and those with our mark in the environment, such as Spark's drivers, which have sessions of their own.
    """
    sessions = set(_sessions(home))
    return [process for process in psutil.process_iter() if _belongs(process, home, sessions)]


def _belongs(process: psutil.Process, home: DemoHome, sessions: set[int]) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return os.getsid(process.pid) in sessions or process.environ().get(MARK) == str(home.folder)
    except (psutil.Error, OSError):  # gone meanwhile, or another user's
        return False


def _sessions(home: DemoHome) -> Iterator[int]:
    """The sessions of this demo. A number is not used again as long as somebody lives in its session."""
    for file in home.pids.glob("*.pid"):
        written = file.stat().st_mtime
        if written < psutil.boot_time() or not (text := file.read_text().strip()):
            continue
        try:
            if psutil.Process(int(text)).create_time() > written + CLOCKS_DIFFER_S:
                continue  # somebody else has the number by now
        except psutil.NoSuchProcess:
            pass  # the leader has ended; others may be left
        yield int(text)


def listens(home: DemoHome, port: int) -> bool:
    """Whether it is this demo that listens on the port, rather than somebody who was quicker."""
    for process in find_processes(home):
        with suppress(psutil.Error):  # gone meanwhile
            connections = process.net_connections("inet")
            if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
                return True
    return False


def end_processes(home: DemoHome) -> int:
    """End what is left of a demo; answers how many had to be killed. Raises ProcessesLeft.

    They get their time first: Spark's drivers notice the death of their task by themselves and end cleanly.
    """
    _, left = psutil.wait_procs(find_processes(home), timeout=PATIENCE_S)
    killed = 0
    for process in {*left, *find_processes(home)}:
        try:
            process.kill()
            killed += 1
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(left, timeout=KILL_S)
    if survivors := find_processes(home):
        raise ProcessesLeft([describe(process) for process in survivors])
    return killed


def describe(process: psutil.Process) -> str:
    """Its number and what it was called with."""
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:100]}"
    except psutil.Error:
        return str(process.pid)
