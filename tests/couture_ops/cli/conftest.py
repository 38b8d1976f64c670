"""The real client as a process, and a server for it to talk to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.couture_ops.cli.couture_process import REPOSITORY, Couture
from tests.couture_ops.cli.store_server import TOKEN, StoreServer, setting


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
