"""An empty store for every test, on each database: SQLite in a file of its own, PostgreSQL, MariaDB."""

from __future__ import annotations

import shutil
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis.configuration import set_hypothesis_home_dir
from sqlalchemy import delete

from config_store.database import Database, migrate, open_engine
from config_store.models import Base
from tests.config_store.store import Store
from tests.databases import SERVERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from config_store.blobs.file_system import FileSystemBlobs
    from config_store.secrets import FernetCipher
    from tests.databases import DatabaseServer


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config) -> None:
    """Keep Hypothesis's own files out of the checkout; its plugin writes the first of them in this very hook."""
    folder = TemporaryDirectory(prefix="hypothesis-")
    config.add_cleanup(folder.cleanup)
    set_hypothesis_home_dir(folder.name)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store, migrated once: a copy takes a millisecond, the migrations a hundred."""
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: DatabaseServer) -> str:
    """The URL of a store migrated once."""
    return _migrated(postgresql)


@pytest.fixture(scope="session")
def migrated_mariadb(mariadb: DatabaseServer) -> str:
    """The URL of a store migrated once."""
    return _migrated(mariadb)


def _migrated(server: DatabaseServer) -> str:
    url = server.create_database("store")
    migrate(url)
    return url


@pytest.fixture(params=["sqlite", *SERVERS])
def database_kind(request: pytest.FixtureRequest) -> str:
    """The database of the test; a module that is about rules rather than SQL has a ``database_kind`` of its own."""
    found: str = request.param
    return found


@pytest.fixture
def database(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> Iterator[Database]:
    """An empty store."""
    if database_kind == "sqlite":
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_file'), tmp_path / 'store.db')}"
    else:
        url = request.getfixturevalue(f"migrated_{database_kind}")
    opened = Database(open_engine(url))
    if database_kind != "sqlite":
        _empty(opened)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'fresh.db'}"
    else:
        server: DatabaseServer = request.getfixturevalue(database_kind)
        yield server.create_database("fresh")
        server.drop_database("fresh")


def _empty(database: Database) -> None:
    """Delete every row: a hundred times as fast as dropping and migrating."""
    with database.writing() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))


@pytest.fixture
def store(database: Database, blobs: FileSystemBlobs, cipher: FernetCipher, tmp_path: Path) -> Store:
    """An empty store."""
    return Store(database, blobs, cipher, tmp_path)
