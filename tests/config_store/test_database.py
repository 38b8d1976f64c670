"""Engine, transactions and migrations, on files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, select, text

from config_store.database import MIGRATIONS, VERSION_TABLE, Database, migrate, open_engine
from config_store.models import (
    ArtifactRow,
    Base,
    DefaultGroupRow,
    GroupRow,
    RevisionRow,
    SubmissionFileRow,
    SubmissionRow,
    VersionRow,
)

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


def fill(database: Database) -> None:
    """A row in every table, each referring to those before it."""
    digest = "ab" * 32
    with database.writing() as session:
        session.add(GroupRow(id=1, name="prod", description="", revision=1))
        session.add(ArtifactRow(id=1, kind="code", name="job.py", newest=1))
        session.flush()
        session.add(DefaultGroupRow(id=1, group_id=1))
        session.add(RevisionRow(group_id=1, number=1, author="ada", created_at=NOW, note="", content={"a": 1}))
        session.add(
            VersionRow(
                id=1, artifact_id=1, version=1, sha256=digest, size=3, uploaded_by="ada", uploaded_at=NOW, note=""
            )
        )
        session.add(
            SubmissionRow(
                id="s1",
                dag_id="sales",
                task_id="load",
                run_id="r",
                map_index=-1,
                try_number=1,
                state="planned",
                submitted_by="task",
                group_name="prod",
                revision=1,
                app_name="sales.load",
                token_sha256=digest,
                created_at=NOW,
                updated_at=NOW,
                request={},
                plan={},
                facts={},
                timeline=[],
            )
        )
        session.flush()
        session.add(SubmissionFileRow(submission_id="s1", sha256=digest, name="job.py", size=3, version_id=1))


def rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in inspect(engine).get_table_names()
            if table != VERSION_TABLE
        }


def test_the_models_and_the_migrations_give_the_same_schema(tmp_path: Path, database: Database) -> None:
    created = open_engine(f"sqlite:///{tmp_path / 'created.db'}")
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


def test_the_migrations_go_both_ways_on_rows(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(url)
    database = Database(open_engine(url))
    fill(database)
    assert rows(database.engine) == dict.fromkeys(Base.metadata.tables, 1)
    migrate(url)
    assert rows(database.engine) == dict.fromkeys(Base.metadata.tables, 1)
    migrate(url, "base")
    assert inspect(database.engine).get_table_names() == [VERSION_TABLE]
    migrate(url, "0001")
    assert set(rows(database.engine).values()) == {0}
    fill(database)
    database.engine.dispose()


def test_a_migration_leaves_other_tables_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'airflow.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE dag (dag_id TEXT)"))
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('airflow-head')"))
    migrate(url)
    migrate(url, "base")
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
                row = session.get_one(GroupRow, 1)
                row.revision += 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count_up, range(8)))
    with database.reading() as session:
        assert session.get_one(GroupRow, 1).revision == 80


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
    command = [sys.executable, "-c", SAVE_AND_DIE, str(store.database.engine.url)]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert store.group("prod") == before
    assert [revision.number for revision in store.revisions("prod")] == [1]
    assert store.save("prod", environment={"TZ": "UTC"}).revision == 2
