"""A store for every test, in files of its own."""

from __future__ import annotations

import shutil
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from config_store.database import Database, migrate, open_engine
from tests.config_store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from config_store.blobs.file_system import FileSystemBlobs
    from config_store.secrets import FernetCipher


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


@pytest.fixture
def database(tmp_path: Path, migrated_file: Path) -> Iterator[Database]:
    """An empty store in a file of its own."""
    opened = Database(open_engine(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'store.db')}"))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def store(database: Database, blobs: FileSystemBlobs, cipher: FernetCipher, tmp_path: Path) -> Store:
    """An empty store."""
    return Store(database, blobs, cipher, tmp_path)
