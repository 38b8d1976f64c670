"""What a database holds of the store's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from config_store.database import open_engine
from config_store.models import Base
from config_store.schema_check import read_schema

if TYPE_CHECKING:
    from pathlib import Path

    from config_store.database import Database


def test_a_migrated_database(database: Database) -> None:
    schema = read_schema(database.engine)
    assert schema.missing == ()
    assert schema.version == schema.head == schema.known[-1]
    assert not schema.is_newer


def test_an_empty_database(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    schema = read_schema(engine)
    engine.dispose()
    assert schema.missing == tuple(sorted(Base.metadata.tables))
    assert schema.version is None
    assert not schema.is_newer


def test_a_database_of_a_newer_suite(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE couture_alembic_version SET version_num = '9999'"))
    schema = read_schema(database.engine)
    assert schema.version == "9999"
    assert schema.is_newer
