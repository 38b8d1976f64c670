"""The tables: what their columns keep, and that every database we promise takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.dialects import registry
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.schema import CreateTable, Table

from config_store.database import Database
from config_store.models import Base, DefaultGroupRow, GroupRow, RevisionRow

TABLES = list(Base.metadata.sorted_tables)
#: What InnoDB takes for one index; a character of utf8mb4 has up to 4 bytes.
INNODB_KEY_BYTES = 3072


def add_revision(database: Database, created_at: datetime, content: dict[str, object]) -> None:
    with database.writing() as session:
        group = GroupRow(name="prod", description="", revision=1)
        session.add(group)
        session.flush()
        session.add(
            RevisionRow(group_id=group.id, number=1, author="ada", created_at=created_at, note="", content=content)
        )


def test_every_table_is_ours_by_name() -> None:
    assert sorted(table.name for table in TABLES) == [
        "couture_artifact_versions",
        "couture_artifacts",
        "couture_default_group",
        "couture_groups",
        "couture_revisions",
        "couture_submission_files",
        "couture_submissions",
    ]


def test_a_time_is_kept_in_utc_to_the_microsecond(database: Database) -> None:
    cet = datetime(2026, 11, 21, 7, 30, 15, 123456, tzinfo=timezone(timedelta(hours=1)))
    add_revision(database, cet, {})
    with database.reading() as session:
        (created_at,) = session.scalars(select(RevisionRow.created_at))
        stored = session.scalar(text("SELECT created_at FROM couture_revisions"))
    assert created_at == cet
    assert (created_at.tzinfo, created_at.hour) == (UTC, 6)
    assert str(stored).removesuffix("+00:00") == "2026-11-21 06:30:15.123456"


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match=r"a time without a zone: datetime\.datetime\(2026, 11, 21, 0, 0\)"):
        add_revision(database, datetime(2026, 11, 21), {})  # noqa: DTZ001 - the fault under test


def test_a_document_keeps_its_order_and_its_characters(database: Database) -> None:
    document = {"z": 1, "a": {"ünï": ["\U0001f600", None, True]}, "m": "line\nbreak"}
    add_revision(database, datetime.now(UTC), document)
    with database.reading() as session:
        (content,) = session.scalars(select(RevisionRow.content))
        stored = session.scalar(text("SELECT content FROM couture_revisions"))
    assert list(content) == ["z", "a", "m"]
    assert content == document
    assert stored == '{"z":1,"a":{"ünï":["\U0001f600",null,true]},"m":"line\\nbreak"}'


@pytest.mark.parametrize("row_id", [1, 2])
def test_there_is_one_default_group_by_construction(database: Database, row_id: int) -> None:
    add_revision(database, datetime.now(UTC), {})
    group_id = select(GroupRow.id).scalar_subquery()
    with database.writing() as session:
        session.execute(insert(DefaultGroupRow).values(id=1, group_id=group_id))
    refused = (IntegrityError, OperationalError)  # MariaDB's word for a check is operational
    with pytest.raises(refused), database.writing() as session:
        session.execute(insert(DefaultGroupRow).values(id=row_id, group_id=group_id))


def test_a_row_refers_to_one_that_exists(database: Database) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), database.writing() as session:
        session.execute(insert(DefaultGroupRow).values(id=1, group_id=99))


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_postgresql_and_mysql_have_a_form_of_every_table(table: Table) -> None:
    for_postgresql, for_mysql = (
        str(CreateTable(table).compile(dialect=registry.load(name)())) for name in ("postgresql", "mysql")
    )
    assert "TIMESTAMP WITHOUT TIME ZONE" not in for_postgresql
    assert for_mysql.count("VARCHAR(250)") == for_mysql.count("VARCHAR(250) COLLATE utf8mb4_bin")
    assert "DATETIME," not in for_mysql


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_every_index_fits_into_mysql(table: Table) -> None:
    keys = [index.columns for index in table.indexes] + [
        constraint.columns for constraint in table.constraints if hasattr(constraint, "columns")
    ]
    for columns in keys:
        size = sum(4 * getattr(column.type, "length", 2) for column in columns)
        assert size <= INNODB_KEY_BYTES, [column.name for column in columns]
