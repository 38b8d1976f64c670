"""The check of the store's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from admin_views.checks.database import check_database, has_local_executor, missing_file
from config_store.database import Database, open_engine
from config_store.wire import Finding, Verdict

if TYPE_CHECKING:
    from pathlib import Path


def look(database: Database, *, own: bool = False) -> Finding:
    """The one finding on a database."""
    [finding] = check_database(database, own)
    database.engine.dispose()
    assert finding.check == "database"
    return finding


def at(url: str) -> Database:
    """The database of a URL."""
    return Database(open_engine(url))


def test_a_migrated_database(database: Database) -> None:
    found = look(database)
    assert found.verdict is Verdict.OK
    assert found.message.startswith("It answers; its tables are at version 0")


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "airflow.db"
    assert look(at(f"sqlite:///{file}")) == Finding.fault(
        "database", f"sqlite:///{file}", f"The file {file} does not exist.", "Make the database: `airflow db migrate`"
    )
    assert look(at(f"sqlite:///{file}"), own=True).advice == "Make the database: `airflow couture init`"
    assert not file.exists()


def test_tables_are_missing(tmp_path: Path) -> None:
    file = tmp_path / "airflow.db"
    file.touch()
    found = look(at(f"sqlite:///{file}"))
    assert found.verdict is Verdict.FAULT
    assert found.message.startswith("The tables couture_artifact_versions, couture_artifacts, ")
    assert found.advice == "Run `airflow db migrate`."


@pytest.mark.parametrize(
    ("version", "message", "advice"),
    [
        ("9999", "Its tables are at version 9999, which this couture-ops (up to {head}) does not know.", "Install the"),
        ("", "Its tables are at version none, and this couture-ops needs {head}.", "Run `airflow db migrate`."),
    ],
)
def test_tables_of_another_version(database: Database, version: str, message: str, advice: str) -> None:
    with database.engine.begin() as connection:
        head = connection.scalar(text("SELECT version_num FROM couture_alembic_version"))
        connection.execute(text("DELETE FROM couture_alembic_version"))
        if version:
            connection.execute(text(f"INSERT INTO couture_alembic_version VALUES ('{version}')"))
    found = look(database)
    assert (found.verdict, found.message) == (Verdict.FAULT, message.format(head=head))
    assert found.advice.startswith(advice)


def test_a_database_that_does_not_answer_keeps_its_password() -> None:
    found = look(at("postgresql+psycopg2://ada:hunter2@127.0.0.1:1/couture"), own=True)
    assert found.subject == "postgresql+psycopg2://ada:***@127.0.0.1:1/couture"
    assert found.verdict is Verdict.FAULT
    assert found.message.startswith("It can't be reached: ")
    assert "refused" in found.message
    assert "hunter2" not in str(found)
    assert found.advice == "Start the database, or mend [couture] sql_alchemy_conn in airflow.cfg."


def test_which_urls_name_a_file(tmp_path: Path) -> None:
    assert missing_file(f"sqlite:///{tmp_path}/no.db") == tmp_path / "no.db"
    assert missing_file(f"sqlite:///{tmp_path}") is None
    assert missing_file("sqlite://") is None
    assert missing_file("postgresql://localhost/airflow") is None


@pytest.mark.parametrize(
    ("executor", "local"),
    [
        ("LocalExecutor", True),
        ("CeleryExecutor", False),
        ("LocalExecutor,airflow.providers.celery.executors.celery_executor.CeleryExecutor", False),
        ("airflow.executors.local_executor.LocalExecutor", True),
    ],
)
def test_executors_that_run_tasks_beside_the_scheduler(
    monkeypatch: pytest.MonkeyPatch, executor: str, local: bool
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    assert has_local_executor() is local
