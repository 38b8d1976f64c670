"""The real client as a process, and a server for it to talk to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

import couture_ops
from tests.couture_ops.cli.store_server import TOKEN, StoreServer, setting
from tests.couture_ops.cli.terminal import Session, run_at_terminal

REPOSITORY = Path(couture_ops.__file__).parents[1]
Run = subprocess.CompletedProcess[str]


@pytest.fixture
def server() -> Iterator[StoreServer]:
    """An empty store."""
    running = StoreServer()
    yield running
    running.stop()


@pytest.fixture
def prod(server: StoreServer) -> StoreServer:
    """A store whose only group is prod, at revision 1."""
    content = {
        "arguments": {
            "executor-memory": setting("4g", final=True, note="the nodes have 5g"),
            "master": setting("yarn"),
        },
        "configurations": {"spark.my.apikey": setting("hunter2", secret=True)},
        "environment": {"TZ": setting("UTC")},
        "jars": [{"name": "postgresql.jar", "version": None}, {"name": "delta.jar", "version": 3}],
    }
    server.store.add_group("prod", content, "The nightly cluster", "start")
    return server


class Couture:
    """Runs ``couture`` in a process of its own, in a folder of its own, with a home of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.argv = [sys.executable, "-m", "couture_ops.cli"]

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> Run:
        """The finished process; ``environment`` adds variables."""
        return subprocess.run(
            [*self.argv, *arguments],
            input=stdin,
            env={**self.environment, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ok(self, *arguments: str, stdin: str = "", **environment: str) -> str:
        """The standard output of a run that succeeds and says nothing on stderr."""
        run = self(*arguments, stdin=stdin, **environment)
        assert (run.returncode, run.stderr) == (0, ""), run
        return run.stdout

    def error(self, *arguments: str, stdin: str = "", code: int = 1, **environment: str) -> str:
        """The standard error of a run that fails with ``code`` and prints nothing."""
        run = self(*arguments, stdin=stdin, **environment)
        assert (run.returncode, run.stdout) == (code, ""), run
        return run.stderr

    def at_terminal(self, *arguments: str, typed: Iterable[tuple[str, str]] = ()) -> Session:
        """The run at a terminal that types."""
        return run_at_terminal([*self.argv, *arguments], self.environment, typed)


@pytest.fixture
def bare_couture(tmp_path: Path) -> Couture:
    """The client of someone who has set nothing."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    home = tmp_path / "home"
    home.mkdir()
    return Couture(tmp_path, {**kept, "HOME": str(home), "PYTHONPATH": str(REPOSITORY)})


@pytest.fixture
def couture(bare_couture: Couture, server: StoreServer) -> Couture:
    """The client of a CI job: server and token by environment."""
    bare_couture.environment |= {"COUTURE_URL": server.url, "COUTURE_TOKEN": TOKEN}
    return bare_couture


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Writes a file into the folder in which the client runs."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write
