"""An API server that can be killed: the plain one of :mod:`tools.soak.plain_server`, or Airflow's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from couture_ops.cli.connection import Api, Server
from tools.demo.home import CHECKOUT
from tools.ports import HOST
from tools.soak.errors import ServerEnded, TooLate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

READY_S, POLL_S = 180.0, 0.05


@dataclass
class KillableServer:
    """``argv`` and ``environment`` start it at ``port``; ``token`` is an admin's."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    port: int
    log: Path
    token: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Its address, the same after each restart."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The number of its process, which leads a session of that number."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; :meth:`wait` says when it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.argv, cwd=CHECKOUT, env=dict(self.environment), stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        """Wait until the API answers. Raises TooLate, ServerEnded."""
        wait_for("an answer of the API server", lambda: self._answers() or None, READY_S, POLL_S)

    def kill(self) -> None:
        """`kill -9` of its whole session; of one that has ended by itself nothing is left to kill."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self.kill()

    def api(self) -> Api:
        """The client that people use, as an admin."""
        return Api(Server(self.url, self.token, "the soak"))

    def _answers(self) -> bool:
        code = self._process.poll() if self._process else None
        if code is not None:
            raise ServerEnded(code, self.log)
        try:
            headers = {"Authorization": f"Bearer {self.token}"}
            answer = httpx.get(f"{self.url}/couture/api/v1/version", headers=headers, timeout=10)
        except httpx.TransportError:
            return False
        return answer.is_success and "json" in answer.headers.get("content-type", "")


def plain_server(folder: Path, port: int) -> KillableServer:
    """The API without Airflow, on the store of a folder, which must be there."""
    argv = (sys.executable, "-m", "tools.soak.plain_server", str(folder), str(port))
    return KillableServer(argv, os.environ, port, folder / f"server-{port}.log", "ada:Admin")


def wait_for(what: str, look: Callable[[], object | None], timeout_s: float, poll_s: float = 0.2) -> float:
    """Seconds until ``look`` answered something other than None. Raises TooLate."""
    begun = time.monotonic()
    while look() is None:
        if time.monotonic() - begun > timeout_s:
            raise TooLate(what, timeout_s)
        time.sleep(poll_s)
    return time.monotonic() - begun
