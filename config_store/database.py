"""Engine, sessions and migrations of the store, for whatever database URL it is given."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event, inspect, make_url
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from config_store.errors import DatabaseAway, DatabaseBusy, DatabaseFull, StoreError, UnusableDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Insert
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from config_store.models import Base

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "couture_alembic_version"

#: SQLite waits this long for another writer, seconds; Airflow's own processes write to the same file.
SQLITE_BUSY_TIMEOUT_S = 30

SUPPORTED = ("sqlite", "postgresql", "mysql", "mariadb")
#: The transaction was given up for others, and may be sent again: deadlock, serialisation, a lock not had in time.
#: SQLSTATE of PostgreSQL, numbers of MySQL's and MariaDB's servers (1305: the savepoint went with the deadlock's
#: rollback; 1020: the row was changed meanwhile), primary result codes of SQLite (BUSY, LOCKED).
_BUSY = frozenset({"40001", "40P01", "55P03", 1020, 1205, 1213, 1305, "sqlite 5", "sqlite 6"})
#: Connection and login failures, a server that stops or starts, too many connections, a file that can't be opened.
_AWAY = frozenset(
    {"sqlite 14", "57P01", "57P02", "57P03", "53300", 1040, 1044, 1045, 1049, 1053, 1927, 2002, 2003, 2006, 2013, 2055}
)
#: No space on its disk: SQLite's FULL, PostgreSQL's disk_full; MySQL's and MariaDB's full table, disk and binary log.
_FULL = frozenset({"sqlite 13", "53100", 1021, 1026, 1114})


def open_engine(url: str, make: Callable[..., Engine] = create_engine, **options: Any) -> Engine:
    """An engine for the store's database; ``options`` go to ``make``, SQLAlchemy's ``create_engine`` by default.

    Raises UnusableDatabase, without the URL in it.
    """
    backend = _check_url(url)
    # an error of the database must not print a plan into the server's log
    options["hide_parameters"] = True
    if backend != "sqlite":
        # Locks and conflicts count on reading what others have committed (docs/adr/010); MySQL's own default is older.
        options["isolation_level"] = "READ COMMITTED"
    try:
        engine = make(url, **options)
    except ModuleNotFoundError as error:
        raise UnusableDatabase(
            f"needs the Python module {error.name!r}, which is not installed; install that driver, or name another "
            "one in the URL's scheme: postgresql+psycopg2, postgresql+psycopg, mysql+mysqldb, mysql+pymysql."
        ) from error
    if backend == "sqlite":
        _prepare_sqlite(engine)
    return engine


def _check_url(url: str) -> str:
    """The kind of database; raises UnusableDatabase for a URL that can't work."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "postgres":
            raise UnusableDatabase("begins with 'postgres'; write 'postgresql', as in postgresql+psycopg2://….")
        if backend not in SUPPORTED:
            raise UnusableDatabase(f"begins with {backend!r}; supported are {', '.join(SUPPORTED)}.")
        if parsed.get_dialect().is_async:
            raise UnusableDatabase(
                f"names the asynchronous driver {parsed.get_driver_name()!r}; name a synchronous one: "
                "postgresql+psycopg2, postgresql+psycopg, mysql+mysqldb, mysql+pymysql, or sqlite alone."
            )
    except NoSuchModuleError:
        raise UnusableDatabase(f"names a driver that SQLAlchemy does not know: {parsed.drivername!r}.") from None
    except (ArgumentError, ValueError):  # its text may hold the URL, or a part of a password with an '@' or ':'
        raise UnusableDatabase(
            "is no database URL; write one such as postgresql+psycopg2://user:…@host/name."
        ) from None
    return backend


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
    """Sessions on one engine: reading ones, and transactions that write all or nothing.

    Both raise DatabaseBusy and DatabaseAway for what passes by itself, and DatabaseFull.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._readers = sessionmaker(engine, expire_on_commit=False)
        self._writers = sessionmaker(engine.execution_options(couture_writes=True), expire_on_commit=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading."""
        with passing_faults_told(), self._readers() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: committed at the end of the block, rolled back when it raises."""
        with passing_faults_told(), self._writers.begin() as session:
            yield session


def insert_unless_there(session: Session, table: type[Base], **values: Any) -> None:
    """Insert a row, unless one with the same unique values is there; then nothing changes.

    Of several who insert the same at once one succeeds, the others wait for it. Catching the error of a plain
    INSERT would leave each of them a shared lock on MySQL, and so a deadlock to those who lock the row next.
    """
    if session.get_bind().dialect.name in ("mysql", "mariadb"):
        key = inspect(table).primary_key[0]
        statement: Insert = mysql.insert(table).values(**values).on_duplicate_key_update({key.name: key})
    else:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table).values(**values).on_conflict_do_nothing()
    session.execute(statement)


@contextmanager
def passing_faults_told() -> Iterator[None]:
    """Turn the drivers' errors that none of our code causes into the domain's; others stay what they are."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        if told := passing_fault(error):
            raise told from error
        raise


def passing_fault(error: Exception) -> StoreError | None:
    """DatabaseBusy, DatabaseAway or DatabaseFull for an error of SQLAlchemy that none of our code causes, else None."""
    if isinstance(error, PoolTimeoutError):
        return DatabaseBusy("every connection of the pool is in use")
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    reason = " ".join(str(part) for part in error.orig.args).strip().partition("\n")[0]
    codes = _codes(error)
    if codes & _FULL:
        return DatabaseFull(reason)
    if codes & _BUSY:
        return DatabaseBusy(reason)
    if error.connection_invalidated or codes & _AWAY or _never_connected(error):
        return DatabaseAway(reason)
    return None


def _codes(error: DBAPIError) -> set[object]:
    """What the driver says of an error beside words: PostgreSQL's SQLSTATE, MySQL's number, SQLite's with its name."""
    told = error.orig
    sqlite_code: int | None = getattr(told, "sqlite_errorcode", None)
    if sqlite_code is not None:
        return {f"sqlite {sqlite_code & 0xFF}"}
    number = told.args[0] if told and told.args and isinstance(told.args[0], int) else None
    return {getattr(told, "pgcode", None), getattr(told, "sqlstate", None), number} - {None}


def _never_connected(error: DBAPIError) -> bool:
    """Whether there was no connection to begin with: drivers for PostgreSQL give no code then."""
    return error.statement is None and type(error).__name__ == "OperationalError" and not _codes(error)


def migrate(url: str, to_revision: str = "head") -> None:
    """Bring the store's tables at ``url`` to a migration: a name such as ``0001``, ``head``, or ``base``."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    with passing_faults_told():
        if to_revision == "base" or to_revision.startswith("-"):
            command.downgrade(config, to_revision)
        else:
            command.upgrade(config, to_revision)
