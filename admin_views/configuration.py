"""What the server reads from Airflow's configuration, section ``[couture]``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from airflow.configuration import conf

SECTION = "couture"


@dataclass(frozen=True)
class ServerSettings:
    """``sql_alchemy_conn`` None: Airflow's own database. ``max_upload_bytes``: the largest artifact taken.

    ``blob_storage_options``: JSON, which may hold credentials.
    """

    sql_alchemy_conn: str | None
    blob_root: str
    blob_storage_options: str = field(repr=False)
    max_upload_bytes: int
    fernet_keys: tuple[str, ...]


def read_server_settings() -> ServerSettings:
    """The settings as they stand now; raises AirflowConfigException for a value that is no number."""
    keys = conf.get("core", "fernet_key", fallback="") or ""
    return ServerSettings(
        sql_alchemy_conn=conf.get(SECTION, "sql_alchemy_conn", fallback="") or None,
        blob_root=conf.get(SECTION, "blob_root", fallback="") or str(airflow_home() / "couture" / "blobs"),
        blob_storage_options=conf.get(SECTION, "blob_storage_options", fallback="") or "",
        max_upload_bytes=conf.getint(SECTION, "max_upload_bytes", fallback=4 * 1024**3),
        fernet_keys=tuple(key.strip() for key in keys.split(",") if key.strip()),
    )


def airflow_home() -> Path:
    """The folder of Airflow's configuration and, by default, of our blobs."""
    from airflow.configuration import AIRFLOW_HOME

    return Path(AIRFLOW_HOME)
