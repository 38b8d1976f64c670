"""The store's database as Airflow's settings name it, and its migrations as ``airflow db migrate`` runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow import settings
from airflow.configuration import conf
from airflow.utils.db_manager import BaseDBManager

from config_store.database import MIGRATIONS, VERSION_TABLE, Database, migrate, open_engine
from config_store.models import Base

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Engine

    from admin_views.configuration import ServerSettings


def open_database(server: ServerSettings) -> Database:
    """Sessions on the database of ``[couture] sql_alchemy_conn``, else on Airflow's; raises UnusableDatabase."""
    url = server.sql_alchemy_conn
    return Database(open_engine_in_airflows() if url is None else open_engine(url, **_own_options(url)))


def _own_options(url: str) -> dict[str, Any]:
    """Airflow's settings speak of another server: what the driver needs beside these stands in the URL."""
    return {} if url.startswith("sqlite") else {"pool_pre_ping": True, "pool_recycle": 1800}


def open_engine_in_airflows() -> Engine:
    """An engine of our own on Airflow's database, opened by what section ``[database]`` says.

    Pool sizes, connect arguments (certificates, for instance), and a ``create_metadata_engine`` of
    ``airflow_local_settings``, which may sign in by tokens.
    """
    connect_args: dict[str, Any] = {}
    if conf.has_option("database", "sql_alchemy_connect_args"):
        connect_args = dict(conf.getimport("database", "sql_alchemy_connect_args"))

    def make(url: str, **engine_args: Any) -> Engine:
        return settings.create_metadata_engine(url, engine_args=engine_args, connect_args=connect_args)

    engine_args = settings.prepare_engine_args()  # type: ignore[no-untyped-call]
    return open_engine(str(settings.SQL_ALCHEMY_CONN), make, **engine_args)


def migrate_own_database(server: ServerSettings) -> bool:
    """Migrate a database of our own; False when the tables are in Airflow's, which migrates them itself."""
    if server.sql_alchemy_conn is None:
        return False
    migrate(server.sql_alchemy_conn)
    return True


class CoutureDBManager(BaseDBManager):
    """Makes the store's tables part of ``airflow db migrate``, ``db check-migrations`` and ``db reset``.

    Airflow creates them from the models on a first install and runs the migrations later; a test keeps both
    ways equal.
    """

    metadata = Base.metadata
    migration_dir = str(MIGRATIONS)
    alembic_file = str(MIGRATIONS / "alembic.ini")
    version_table_name = VERSION_TABLE
    supports_table_dropping = True
    revision_heads_map = {"0.1.0": "0002"}

    def get_alembic_config(self) -> Config:
        """Airflow's, with our way to open its database."""
        config: Config = super().get_alembic_config()  # type: ignore[no-untyped-call]
        config.attributes["open_engine"] = open_engine_in_airflows
        return config

    def downgrade(self, to_revision: str, from_revision: str | None = None, show_sql_only: bool = False) -> None:
        """Go back to an older migration of the store, rows kept where the older tables can hold them."""
        from alembic import command

        command.downgrade(self.get_alembic_config(), revision=to_revision, sql=show_sql_only)
