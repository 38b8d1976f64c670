"""A demo of its own for the tests here: started as `make demo` does, up until the last test has ended."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.integration.live_airflow import ending_with_us
from tools.demo.home import CHECKOUT, DemoHome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UP_S, DOWN_S, COMMAND_S = 1500.0, 120.0, 240.0


@dataclass
class RunningDemo:
    """The process of a demo; ``lines`` is what it has printed so far, without the seconds."""

    home: DemoHome
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._arriving: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as output:
            for line in output:
                self._arriving.put(line.rstrip("\n"))
        self._arriving.put(None)

    def read_until(self, last: str | None, timeout_s: float) -> None:
        """Take lines up to one that reads ``last``, or to the end for None."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                line = self._arriving.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {last!r} within {timeout_s} s; the demo said {self.lines}") from None
            if line is None:
                assert last is None, f"the demo ended with {self.process.wait()}; it said {self.lines}"
                return
            self.lines.append(re.sub(r"^demo +\d+ s  ", "", line))
            if self.lines[-1] == last:
                return

    @property
    def url(self) -> str:
        """The address of its Airflow."""
        return (self.home.folder / "running").read_text().split()[1]

    def run(self, *argv: str) -> str:
        """The standard output of a command of the virtual environment, which finds this demo."""
        environment = {
            **os.environ,
            "COUTURE_CONFIG_DIR": str(self.home.client_config),
            "AIRFLOW_HOME": str(self.home.folder),
        }
        program = os.path.join(os.path.dirname(sys.executable), argv[0])
        ended = subprocess.run(
            [program, *argv[1:]], env=environment, capture_output=True, text=True, timeout=COMMAND_S, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def interrupt(self) -> int:
        """Press Ctrl-C; answers the exit code."""
        self.process.send_signal(signal.SIGINT)
        self.read_until(None, DOWN_S)
        return self.process.wait(DOWN_S)


def start_demo(folder: Path, *options: str) -> RunningDemo:
    """Start a demo in that folder."""
    process = subprocess.Popen(
        ending_with_us(sys.executable, "-m", "tools.demo", "--dir", str(folder), *options),
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return RunningDemo(DemoHome(folder), process)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """A demo that is up and whose example has run."""
    running = start_demo(tmp_path_factory.mktemp("e2e") / "demo")
    try:
        running.read_until("the demo is up", UP_S)
        yield running
    finally:
        if running.process.poll() is None:
            running.interrupt()
