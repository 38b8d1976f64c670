"""Engine, sessions and migrations of the store, for whatever database URL it is given."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine.interfaces import DBAPIConnection

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "couture_alembic_version"

#: SQLite waits this long for another writer, seconds; Airflow's own processes write to the same file.
SQLITE_BUSY_TIMEOUT_S = 30


def open_engine(url: str, **options: Any) -> Engine:
    """An engine for the store's database; ``options`` go to SQLAlchemy's ``create_engine``."""
    # an error of the database must not print a plan into the server's log
    engine = create_engine(url, hide_parameters=True, **options)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: DBAPIConnection, _record: object) -> None:
        # The driver's own implicit BEGIN is deferred: two such transactions that read and then write end
        # in "database is locked" at once, whatever the timeout. So we begin ourselves, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_TIMEOUT_S * 1000}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("couture_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """Sessions on one engine: reading ones, and transactions that write all or nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._readers = sessionmaker(engine, expire_on_commit=False)
        self._writers = sessionmaker(engine.execution_options(couture_writes=True), expire_on_commit=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading."""
        with self._readers() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: committed at the end of the block, rolled back when it raises."""
        with self._writers.begin() as session:
            yield session


def migrate(url: str, to_revision: str = "head") -> None:
    """Bring the store's tables at ``url`` to a migration: a name such as ``0001``, ``head``, or ``base``."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    if to_revision == "base" or to_revision.startswith("-"):
        command.downgrade(config, to_revision)
    else:
        command.upgrade(config, to_revision)
