"""An Airflow whose answers the test writes down."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.tools.demo.scripted_server import ScriptedServer, scripted_server
from tools.demo.airflow import Airflow
from tools.demo.home import DemoHome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Stands for the API server."""
    with scripted_server() as script:
        yield script


@pytest.fixture
def airflow(server: ScriptedServer, tmp_path: Path) -> Airflow:
    """The demo's Airflow at that server, with the password `swordfish`."""
    home = DemoHome(tmp_path / "demo")
    home.make()
    home.password_file.write_text("swordfish\n")
    return Airflow(home, urlsplit(server.url).port or 0)
