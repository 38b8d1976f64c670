"""Builds the class archive, with which the example's drivers start faster, beside Airflow's own set-up and start."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from couture_ops.class_archive import ClassArchives
from couture_ops.errors import CoutureError
from couture_ops.jvm import find_jvm
from couture_ops.workspace import find_spark_home
from tools.demo.errors import CommandFailed, Interrupted
from tools.demo.progress import say

if TYPE_CHECKING:
    import threading

    from tools.demo.airflow import Airflow

COMMAND = ("airflow", "couture", "warm")
#: How the lines begin that tell what it has made.
DONE = ("Built ", "Listed ")
WARM_S, POLL_S = 600.0, 0.2


class Warming:
    """Builds the archive while the block runs; nothing happens when it is there.

    A process, watched by no thread, for honcho forks meanwhile. The set-up takes one of two cores, so all together
    takes little longer than the archive. A demo without one is a slower one, no broken one.
    """

    def __init__(self, airflow: Airflow) -> None:
        self._airflow = airflow
        self._log = airflow.home.logs / "couture-warm.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if not has_archive(self._airflow):
            say("class archive (airflow couture warm), beside the rest: half a minute and 180 MB, once")
            self._process = self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            _end(self._process)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = self._airflow.environment()
        program = shutil.which(COMMAND[0], path=environment["PATH"]) or COMMAND[0]
        with self._log.open("wb") as log:
            return subprocess.Popen(
                (program, *COMMAND[1:]),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self, stopping: threading.Event) -> None:
        """Until the archive is there or can't be, and tell which. Raises Interrupted once ``stopping`` is set."""
        if self._process is None:
            return
        if self._process.poll() is None:
            say("waiting for the class archive")
        deadline = time.monotonic() + WARM_S
        while self._process.poll() is None and time.monotonic() < deadline:
            if stopping.wait(POLL_S):
                raise Interrupted
        self._tell(self._process.poll())
        _end(self._process)

    def _tell(self, code: int | None) -> None:
        if code != 0:
            say(f"no class archive, so the example starts slower: {CommandFailed(COMMAND, code, self._log)}")
            return
        for line in self._log.read_text(errors="replace").splitlines():
            if line.startswith(DONE):
                say(line)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def has_archive(airflow: Airflow) -> bool:
    """Whether the drivers will find a whole one; looked up without Airflow's command, which takes 5 s."""
    environment = airflow.environment()
    try:
        home = find_spark_home(None, {}, environment)
        ClassArchives(airflow.home.worker_cache).find(home, find_jvm(environment))
    except CoutureError:
        return False
    return True
