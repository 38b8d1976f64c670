"""The store's engine as Airflow's settings say: theirs for Airflow's database, none of them for one of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow import settings
from sqlalchemy import text

from admin_views.configuration import ServerSettings
from admin_views.database import CoutureDBManager, open_database, open_engine_in_airflows
from config_store.errors import UnusableDatabase

if TYPE_CHECKING:
    from config_store.database import Database
    from tests.databases import DatabaseServer

CONNECT_ARGS = {"application_name": "of-airflow"}
OPTIONS = {
    "SQL_ALCHEMY_POOL_SIZE": "3",
    "SQL_ALCHEMY_MAX_OVERFLOW": "1",
    "SQL_ALCHEMY_POOL_RECYCLE": "77",
    "SQL_ALCHEMY_POOL_PRE_PING": "False",
    "SQL_ALCHEMY_CONNECT_ARGS": f"{__name__}.CONNECT_ARGS",
}


@pytest.fixture
def airflows(postgresql: DatabaseServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Airflow's configuration names a PostgreSQL and how to connect to it."""
    url = postgresql.url("postgres")
    monkeypatch.setattr(settings, "SQL_ALCHEMY_CONN", url)
    for name, value in OPTIONS.items():
        monkeypatch.setenv(f"AIRFLOW__DATABASE__{name}", value)
    return url


def server(own: str | None) -> ServerSettings:
    return ServerSettings(
        sql_alchemy_conn=own, blob_root="", blob_storage_options="", max_upload_bytes=1, fernet_keys=()
    )


def facts(database: Database) -> dict[str, Any]:
    """How the engine is set up, and how the server sees its connection."""
    with database.reading() as session:
        told = {name: session.scalar(text(f"SHOW {name}")) for name in ("application_name", "transaction_isolation")}
    pool: Any = database.engine.pool
    told |= {"size": pool.size(), "overflow": pool._max_overflow, "recycle": pool._recycle, "ping": pool._pre_ping}
    database.engine.dispose()
    return told


def test_in_airflows_database_airflows_options_count(airflows: str) -> None:
    assert facts(open_database(server(None))) == {
        "application_name": "of-airflow",
        "transaction_isolation": "read committed",
        "size": 3,
        "overflow": 1,
        "recycle": 77,
        "ping": False,
    }


def test_a_database_of_our_own_takes_its_options_from_its_url(airflows: str) -> None:
    assert facts(open_database(server(f"{airflows}?application_name=of-the-url"))) == {
        "application_name": "of-the-url",
        "transaction_isolation": "read committed",
        "size": 5,
        "overflow": 10,
        "recycle": 1800,
        "ping": True,
    }


def test_airflows_own_way_to_make_engines_is_taken(airflows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``airflow_local_settings`` may replace it, to sign in by tokens."""
    seen: list[dict[str, Any]] = []
    original = settings.create_metadata_engine

    def local(url: str, *, engine_args: dict[str, Any], connect_args: dict[str, Any]) -> Any:
        seen.append(connect_args)
        return original(url, engine_args=engine_args, connect_args={"application_name": "of-local-settings"})

    monkeypatch.setattr(settings, "create_metadata_engine", local)
    assert facts(open_database(server(None)))["application_name"] == "of-local-settings"
    assert seen == [CONNECT_ARGS]


def test_migrations_in_airflows_database_go_the_same_way() -> None:
    config = CoutureDBManager(None).get_alembic_config()  # type: ignore[no-untyped-call]
    assert config.attributes["open_engine"] is open_engine_in_airflows


def test_an_unusable_url_names_the_options_and_not_the_password() -> None:
    with pytest.raises(UnusableDatabase) as caught:
        open_database(server("postgres://couture:hunter2@db/couture"))
    assert str(caught.value) == (
        "The URL of the store's database ([couture] sql_alchemy_conn, else [database] sql_alchemy_conn) begins with "
        "'postgres'; write 'postgresql', as in postgresql+psycopg2://…."
    )
