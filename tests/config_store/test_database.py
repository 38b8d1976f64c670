"""Engine, transactions and migrations, on files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    MetaData,
    String,
    create_engine,
    func,
    insert,
    inspect,
    select,
    text,
)

from config_store.database import MIGRATIONS, VERSION_TABLE, Database, migrate, open_engine
from config_store.errors import DatabaseAway, DatabaseFull, UnusableDatabase
from config_store.models import Base, GroupRow
from tools.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.config_store.store import Store

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


def described(engine: Engine) -> dict[str, Any]:
    """The schema as the database tells it, without alembic's own table."""
    inspector = inspect(engine)
    return {
        table: {
            "columns": {column.pop("name"): _plain(column) for column in map(dict, inspector.get_columns(table))},
            "primary key": dict(inspector.get_pk_constraint(table)),
            "foreign keys": _sorted(inspector.get_foreign_keys(table)),
            "unique": _sorted(inspector.get_unique_constraints(table)),
            "checks": _sorted(inspector.get_check_constraints(table)),
            "indexes": _sorted(inspector.get_indexes(table)),
        }
        for table in inspector.get_table_names()
        if table != VERSION_TABLE
    }


def _plain(column: dict[str, Any]) -> dict[str, Any]:
    return {**column, "type": repr(column["type"])}


def _sorted(constraints: Any) -> list[dict[str, Any]]:
    return sorted(map(dict, constraints), key=lambda constraint: str(constraint["name"]))


def fill(engine: Engine) -> None:
    """A row in every table that has none, whatever its columns, each referring to those before it."""
    metadata = reflected(engine)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if connection.execute(select(func.count()).select_from(table)).scalar_one() == 0:
                connection.execute(insert(table).values({column.name: _value(column) for column in table.columns}))


def _value(column: Column[Any]) -> object:
    """One that fits the type: every number and every short text is 1, so that references fit, too."""
    if isinstance(column.type, DateTime):
        return NOW if column.type.timezone else NOW.replace(tzinfo=None)
    if isinstance(column.type, String):
        return "1" if column.type.length else '{"1":1}'
    return 1


def reflected(engine: Engine) -> MetaData:
    """Our tables as the database has them."""
    metadata = MetaData()
    metadata.reflect(engine, only=lambda name, _: name != VERSION_TABLE)
    return metadata


def contents(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            table.name: [dict(row._mapping) for row in connection.execute(select(table))]
            for table in reflected(engine).sorted_tables
        }


def shared(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What ``before`` holds of the tables and columns that ``after`` has, too."""
    return {
        table: [{name: value for name, value in row.items() if name in after[table][0]} for row in rows]
        for table, rows in before.items()
        if after.get(table)
    }


def assert_kept(before: dict[str, list[dict[str, Any]]], engine: Engine) -> None:
    """Every row is there still, and what of its columns is, is the same."""
    after = contents(engine)
    known = [table for table in before if table in after]
    assert {table: len(after[table]) for table in known} == {table: len(before[table]) for table in known}
    assert shared(before, after) == shared({table: after[table] for table in known}, before)


def test_the_models_and_the_migrations_give_the_same_schema(fresh_url: str, database: Database) -> None:
    created = open_engine(fresh_url)
    Base.metadata.create_all(created)
    schema = described(database.engine)
    assert sorted(schema) == sorted(Base.metadata.tables)
    assert described(created) == schema
    created.dispose()


def test_alembic_finds_nothing_to_migrate(database: Database) -> None:
    with database.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "version_table": VERSION_TABLE}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []


def test_the_migrations_are_one_line_with_one_head() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    numbers = [script.revision for script in scripts.walk_revisions()]
    assert numbers == sorted(numbers, reverse=True)
    assert scripts.get_heads() == numbers[:1]
    for script in scripts.walk_revisions():
        assert script.path.rpartition("/")[2].startswith(f"{script.revision}_")


def test_the_migrations_go_both_ways_on_rows(fresh_url: str) -> None:
    """Each one forth, back and forth again, on rows in every table that was there before it."""
    engine = open_engine(fresh_url)
    numbers = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
    for before, number in zip(["base", *numbers], numbers, strict=False):
        older = contents(engine)
        migrate(fresh_url, number)
        migrate(fresh_url, number)  # a second time changes nothing
        assert_kept(older, engine)
        fill(engine)
        newer = contents(engine)
        assert {len(rows) for rows in newer.values()} == {1}
        migrate(fresh_url, before)
        assert set(contents(engine)) == set(older)
        assert_kept(newer, engine)
        migrate(fresh_url, number)
        assert_kept(contents(engine), engine)
        fill(engine)
    assert set(contents(engine)) == set(Base.metadata.tables)
    migrate(fresh_url, "base")
    assert inspect(engine).get_table_names() == [VERSION_TABLE]
    engine.dispose()


def test_a_migration_leaves_other_tables_alone(fresh_url: str) -> None:
    engine = create_engine(fresh_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE dag (dag_id VARCHAR(250))"))
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('airflow-head')"))
    migrate(fresh_url)
    migrate(fresh_url, "base")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["airflow-head"]
    assert "dag" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_path_with_blanks_and_percent_signs_is_migrated(tmp_path: Path) -> None:
    folder = tmp_path / "50% off %(here)s"
    folder.mkdir()
    migrate(f"sqlite:///{folder / 'store.db'}")
    assert [path.name for path in folder.iterdir()] == ["store.db"]


def test_a_transaction_writes_all_or_nothing(database: Database) -> None:
    def write_and_fail() -> None:
        with database.writing() as session:
            session.add(GroupRow(name="prod", description="", revision=0))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with database.reading() as session:
        assert session.scalars(select(GroupRow.name)).all() == []


def test_writers_take_turns_instead_of_failing(database: Database) -> None:
    with database.writing() as session:
        session.add(GroupRow(id=1, name="prod", description="", revision=0))
    together = threading.Barrier(8)

    def count_up(_: int) -> None:
        together.wait()
        for _ in range(10):
            with database.writing() as session:
                session.get_one(GroupRow, 1, with_for_update=True).revision += 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count_up, range(8)))
    with database.reading() as session:
        assert session.get_one(GroupRow, 1).revision == 80


def test_a_full_database_is_told_and_takes_nothing_by_halves(tmp_path: Path) -> None:
    """SQLite's own limit of pages gives the error that a full disk gives; the whole on a full disk: `make soak`."""
    url = f"sqlite:///{tmp_path / 'small.db'}"
    migrate(url)
    database = Database(open_engine(url))

    def write_much() -> None:
        with database.writing() as session:
            pages = session.execute(text("PRAGMA page_count")).scalar_one()
            session.execute(text(f"PRAGMA max_page_count = {pages}"))
            for name in ("first", "second"):
                session.add(GroupRow(name=name, description="x" * 1_000_000, revision=0))
                session.flush()

    with pytest.raises(DatabaseFull) as caught:
        write_much()
    assert str(caught.value) == (
        "No space is left for the store's database (database or disk is full). Nothing was saved; free space where it "
        "lies."
    )
    with database.reading() as session:
        assert session.scalars(select(GroupRow.name)).all() == []
    database.engine.dispose()


SAVE_AND_DIE = """
import os, signal, sys
from config_store.content import Content
from config_store.database import Database, open_engine
from config_store.groups import Save, save_content
from config_store.secrets import FernetCipher
from config_store.settings import Setting

with Database(open_engine(sys.argv[1])).writing() as session:
    content = Content(environment={"TZ": Setting("x" * 500_000)})
    save_content(session, "prod", content, parent=1, save=Save("ada"), cipher=FernetCipher([]))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_server_killed_in_the_middle_of_a_save_leaves_nothing_half_written(store: Store) -> None:
    before = store.create("prod", environment={"TZ": "Europe/Berlin"})
    command = [sys.executable, "-c", SAVE_AND_DIE, store.database.engine.url.render_as_string(hide_password=False)]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert store.group("prod") == before
    assert [revision.number for revision in store.revisions("prod")] == [1]
    assert store.save("prod", environment={"TZ": "UTC"}).revision == 2


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (
            "postgres://couture:hunter2@db/x",
            "begins with 'postgres'; write 'postgresql', as in postgresql+psycopg2://….",
        ),
        ("mssql://couture:hunter2@db/x", "begins with 'mssql'; supported are sqlite, postgresql, mysql, mariadb."),
        (
            "postgresql+asyncpg://couture:hunter2@db/x",
            "names the asynchronous driver 'asyncpg'; name a synchronous one: postgresql+psycopg2, postgresql+psycopg, "
            "mysql+mysqldb, mysql+pymysql, or sqlite alone.",
        ),
        ("mysql+none://couture:hunter2@db/x", "names a driver that SQLAlchemy does not know: 'mysql+none'."),
        ("hunter2", "is no database URL; write one such as postgresql+psycopg2://user:…@host/name."),
        (
            "mysql://couture:x@y:hunter2/x",
            "is no database URL; write one such as postgresql+psycopg2://user:…@host/name.",
        ),
        (
            "mysql+mysqlconnector://couture:hunter2@db/x",
            "needs the Python module 'mysql', which is not installed; install that driver, or name another one in the "
            "URL's scheme: postgresql+psycopg2, postgresql+psycopg, mysql+mysqldb, mysql+pymysql.",
        ),
    ],
)
def test_an_unusable_url_is_told_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(UnusableDatabase) as caught:
        open_engine(url)
    assert caught.value.reason == reason
    told = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in told.replace(f'"{url}"', "")


@pytest.mark.parametrize("driver", ["postgresql+psycopg2", "mysql+pymysql"])
def test_a_database_that_does_not_answer_is_told_without_its_password(driver: str) -> None:
    url = f"{driver}://couture:hunter2@127.0.0.1:{free_port()}/x"

    def write() -> None:
        with Database(open_engine(url)).writing() as session:
            session.execute(text("SELECT 1"))

    for use in (write, lambda: migrate(url)):
        with pytest.raises(DatabaseAway, match="can't be reached") as caught:
            use()
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("database_kind", "question"),
    [("postgresql", "SHOW transaction_isolation"), ("mariadb", "SELECT @@SESSION.tx_isolation")],
)
def test_transactions_read_what_others_have_committed(database: Database, question: str) -> None:
    with database.writing() as session:
        assert session.scalar(text(question)).lower().replace("-", " ") == "read committed"
