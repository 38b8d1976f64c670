"""What many tests need: a store on real files, and its API behind a real socket."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
import uvicorn
from cryptography.fernet import Fernet

from admin_views.app import API_PREFIX, create_app
from admin_views.services import Services
from config_store.blobs.file_system import FileSystemBlobs
from config_store.database import Database, migrate, open_engine
from config_store.secrets import FernetCipher
from tests.databases import SERVERS, DatabaseServer, NotInstalled
from tests.stand_ins import (
    ListedAudit,
    ListedCatalogues,
    ListedChildRuns,
    ListedDags,
    ListedTaskRuns,
    ListedTasks,
    RoleIdentity,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI

    from tests.s3 import S3


def _running(kind: str) -> Iterator[DatabaseServer]:
    try:
        with SERVERS[kind].running() as server:
            yield server
    except NotInstalled as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[DatabaseServer]:
    """A private PostgreSQL for the whole run; skips where its programs are not installed."""
    yield from _running("postgresql")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[DatabaseServer]:
    """A private MariaDB for the whole run; skips where its programs are not installed."""
    yield from _running("mariadb")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty store in a file of its own, made by the migrations."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(url)
    opened = Database(open_engine(url))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def blobs(tmp_path: Path) -> FileSystemBlobs:
    """An empty blob storage."""
    return FileSystemBlobs(tmp_path / "blobs")


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """An S3 on the loopback, without any bucket."""
    from tests.s3 import running_s3  # moto takes a second to import, which few tests need

    yield from running_s3()


@pytest.fixture
def cipher() -> FernetCipher:
    """A cipher with a fresh key."""
    return FernetCipher([Fernet.generate_key().decode()])


@pytest.fixture
def services(database: Database, blobs: FileSystemBlobs, cipher: FernetCipher) -> Services:
    """The services of an API server whose users and tasks the test names itself."""
    return Services(
        database=database,
        blobs=blobs,
        cipher=cipher,
        identity=RoleIdentity(),
        audit=ListedAudit(),
        tasks=ListedTasks(),
        task_runs=ListedTaskRuns(),
        dags=ListedDags(),
        child_runs=ListedChildRuns(),
        key_catalogues=ListedCatalogues(),
        max_upload_bytes=100_000_000,
        airflow_version="3.3.2",
    )


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an app on a free port of the loopback; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive(), "the server ended before it was ready"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def api_url(services: Services) -> Iterator[str]:
    """The address of a running API."""
    with serving(create_app(services)) as url:
        yield url + API_PREFIX


@pytest.fixture
def api(api_url: str) -> Iterator[httpx.Client]:
    """The API as the admin ada sees it; other users by ``headers={"Authorization": "Bearer name:Role"}``."""
    with httpx.Client(base_url=api_url, headers={"Authorization": "Bearer ada:Admin"}) as client:
        yield client
