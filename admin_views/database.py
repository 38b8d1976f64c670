"""The store's database as Airflow's settings name it, and its migrations as ``airflow db migrate`` runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow import settings
from airflow.utils.db_manager import BaseDBManager

from config_store.database import MIGRATIONS, VERSION_TABLE, Database, migrate, open_engine
from config_store.models import Base

if TYPE_CHECKING:
    from admin_views.configuration import ServerSettings


def open_database(server: ServerSettings) -> Database:
    """Sessions on the database of ``[couture] sql_alchemy_conn``, else on Airflow's, with Airflow's pool sizes."""
    url = server.sql_alchemy_conn or str(settings.SQL_ALCHEMY_CONN)
    options: dict[str, Any] = {} if url.startswith("sqlite") else {"pool_pre_ping": True, "pool_recycle": 1800}
    return Database(open_engine(url, **options))


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
    revision_heads_map = {"0.1.0": "0001"}

    def downgrade(self, to_revision: str, from_revision: str | None = None, show_sql_only: bool = False) -> None:
        """Go back to an older migration of the store, rows kept where the older tables can hold them."""
        from alembic import command

        config = self.get_alembic_config()  # type: ignore[no-untyped-call]
        command.downgrade(config, revision=to_revision, sql=show_sql_only)
