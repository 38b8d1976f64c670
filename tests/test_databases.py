"""The private servers: they serve whom they should, and end with the process that started them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.databases import SERVERS, MariaDB, NotInstalled
from tests.integration.live_airflow import wait_for

if TYPE_CHECKING:
    from tests.databases import DatabaseServer

START_AND_WAIT = """
import sys, time
from tests.databases import SERVERS
with SERVERS[sys.argv[1]].running() as server:
    print(server.port, server.folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("kind", list(SERVERS))
def test_only_who_has_the_password_comes_in(request: pytest.FixtureRequest, kind: str) -> None:
    server: DatabaseServer = request.getfixturevalue(kind)
    url = server.url(server.first_database)
    with create_engine(url, poolclass=NullPool).connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    with pytest.raises(OperationalError):
        create_engine(url.replace(server.password, "wrong"), poolclass=NullPool).connect()


@pytest.mark.parametrize("kind", list(SERVERS))
def test_a_server_ends_with_who_started_it_even_by_kill_9(request: pytest.FixtureRequest, kind: str) -> None:
    request.getfixturevalue(kind)  # skips where it is not installed
    command = [sys.executable, "-c", START_AND_WAIT, kind]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        port, folder = starter.stdout.readline().split()
        starter.send_signal(signal.SIGKILL)

    def gone() -> bool | None:
        with socket.socket() as asking:
            return True if asking.connect_ex(("127.0.0.1", int(port))) else None

    assert wait_for("the end of the server", gone, 30)
    shutil.rmtree(folder, ignore_errors=True)  # which only the killed one would have done


def test_what_to_install_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(NotInstalled) as caught, MariaDB.running():
        pass
    assert str(caught.value) == (
        "mariadbd is not installed; on Debian or Ubuntu: apt-get install mariadb-server-core mariadb-client-core"
    )
