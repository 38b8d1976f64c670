"""Whether a database holds the store's tables as this version of the suite needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import column, inspect, select, table

from config_store.database import MIGRATIONS, VERSION_TABLE
from config_store.models import Base

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True)
class Schema:
    """``missing``: names of absent tables. ``version``: of the tables, None without one; ``known`` are ours."""

    missing: tuple[str, ...]
    version: str | None
    known: tuple[str, ...]
    head: str

    @property
    def is_newer(self) -> bool:
        """Whether a newer version of the suite has migrated the tables."""
        return self.version is not None and self.version not in self.known


def read_schema(engine: Engine) -> Schema:
    """What the database holds; raises what the driver raises when it can't be reached."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    names = set(inspect(engine).get_table_names())
    return Schema(
        missing=tuple(sorted(set(Base.metadata.tables) - names)),
        version=_version(engine) if VERSION_TABLE in names else None,
        known=tuple(sorted(script.revision for script in scripts.walk_revisions())),
        head=str(scripts.get_current_head()),
    )


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
