"""Checks of the store's database: whether one belongs to this machine, answers, and is migrated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.configuration import conf
from sqlalchemy import make_url, text

from config_store.schema_check import read_schema
from config_store.wire import Finding
from couture_ops.shown_url import shown_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config_store.database import Database

_CHECK = "database"
_LOCAL_EXECUTORS = ("LocalExecutor", "SequentialExecutor")


def missing_file(url: str) -> Path | None:
    """The file of a SQLite database that is not there (to connect would make it); None for all others."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    file = Path(str(parsed.database))
    return None if file.exists() else file


def has_local_executor() -> bool:
    """Whether tasks run where the scheduler runs, so that this machine needs the database."""
    return all(name.strip().endswith(_LOCAL_EXECUTORS) for name in conf.get("core", "executor").split(","))


def check_database(database: Database, own: bool) -> Iterator[Finding]:
    """Whether the database answers, and holds the store's tables in the version of this code.

    ``own``: it is the one of ``[couture] sql_alchemy_conn``, which ``airflow couture init`` migrates.
    """
    engine, where = database.engine, "[couture] sql_alchemy_conn" if own else "[database] sql_alchemy_conn"
    subject = shown_url(str(engine.url))
    if file := missing_file(str(engine.url)):
        yield Finding.fault(_CHECK, subject, f"The file {file} does not exist.", f"Make the database: {_migrate(own)}")
        return
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except Exception as error:
        said = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
        advice = f"Start the database, or mend {where} in airflow.cfg."
        yield Finding.fault(_CHECK, subject, f"It can't be reached: {said}", advice)
        return
    yield _schema(database, subject, own)


def _schema(database: Database, subject: str, own: bool) -> Finding:
    schema = read_schema(database.engine)
    if schema.missing:
        message = f"The tables {', '.join(schema.missing)} are missing."
        return Finding.fault(_CHECK, subject, message, f"Run {_migrate(own)}.")
    if schema.is_newer:
        message = (
            f"Its tables are at version {schema.version}, which this couture-ops (up to {schema.head}) does not know."
        )
        return Finding.fault(_CHECK, subject, message, "Install the newer couture-ops here, too.")
    if schema.version != schema.head:
        message = f"Its tables are at version {schema.version or 'none'}, and this couture-ops needs {schema.head}."
        return Finding.fault(_CHECK, subject, message, f"Run {_migrate(own)}.")
    return Finding.ok(_CHECK, subject, f"It answers; its tables are at version {schema.version}.")


def _migrate(own: bool) -> str:
    return "`airflow couture init`" if own else "`airflow db migrate`"
