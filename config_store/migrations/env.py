"""Alembic's way to the store's database, for our own commands and for ``airflow db migrate``."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Engine

from config_store.database import VERSION_TABLE, open_engine
from config_store.models import Base

config = context.config


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(
        url=config.get_main_option("sqlalchemy.url"),
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _engine() -> Engine:
    """Opened as who calls alembic says, else by the bare URL."""
    if "open_engine" in config.attributes:
        engine: Engine = config.attributes["open_engine"]()
        return engine
    url = config.get_main_option("sqlalchemy.url")
    if not url:
        raise RuntimeError("sqlalchemy.url is not set: run `airflow db migrate` or config_store.database.migrate")
    return open_engine(url)


def run_online() -> None:
    """Migrate the database at ``sqlalchemy.url``."""
    engine = _engine()
    with engine.connect() as connection:
        # SQLite can't alter a column in place; alembic copies the table instead.
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            version_table=VERSION_TABLE,
            render_as_batch=engine.dialect.name == "sqlite",
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
