"""What a worker reads from Airflow's configuration, section ``[couture]``."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from airflow.sdk.configuration import conf

from couture_ops.errors import UnusableSetting

SECTION = "couture"


@dataclass(frozen=True)
class WorkerSettings:
    """``cache_limit_bytes``: what cached files may take. ``store_timeout_s``: how long a silent store is waited for.

    ``api_url`` is where workers reach the API server, ``public_url`` where people do.
    """

    api_url: str
    public_url: str
    cache_dir: Path
    cache_limit_bytes: int
    spark_homes: dict[str, str]
    store_timeout_s: float
    use_class_archive: bool = True


def read_worker_settings() -> WorkerSettings:
    """The settings as they stand now; raises UnusableSetting."""
    # below Airflow's own folder, which is the worker's alone: in a shared /tmp another user could plant files
    cache_dir = conf.get(SECTION, "cache_dir", fallback="") or f"{airflow_home()}/couture/cache"
    return WorkerSettings(
        api_url=_api_url(),
        public_url=_public_url(),
        cache_dir=Path(cache_dir).expanduser(),
        cache_limit_bytes=conf.getint(SECTION, "cache_limit_mb", fallback=20_000) * 1_000_000,
        spark_homes=parse_spark_homes(conf.get(SECTION, "spark_homes", fallback="")),
        store_timeout_s=conf.getfloat(SECTION, "store_timeout", fallback=300.0),
        use_class_archive=parse_class_archive(conf.get(SECTION, "class_archive", fallback="auto")),
    )


def airflow_home() -> str:
    """AIRFLOW_HOME, as Airflow itself finds it."""
    return os.environ.get("AIRFLOW_HOME") or "~/airflow"


def parse_spark_homes(text: str) -> dict[str, str]:
    """The map of names to directories out of its JSON; raises UnusableSetting."""
    if not text.strip():
        return {}
    try:
        homes = json.loads(text)
    except ValueError as error:
        raise UnusableSetting("spark_homes", text, f"is not JSON: {error}") from error
    if not isinstance(homes, dict) or not all(isinstance(home, str) for home in homes.values()):
        raise UnusableSetting("spark_homes", text, 'must be a JSON object such as {"spark4": "/opt/spark-4.2.0"}')
    return homes


def parse_class_archive(text: str) -> bool:
    """True for ``auto``, False for ``off``; raises UnusableSetting for anything else."""
    if (value := text.strip().lower()) in ("auto", "off"):
        return value == "auto"
    raise UnusableSetting("class_archive", text, "must be auto or off")


def _api_url() -> str:
    """The API server: the one this task talks to already, unless ``[couture] api_url`` names another."""
    if url := conf.get(SECTION, "api_url", fallback=""):
        return str(url).rstrip("/")
    if url := conf.get("core", "execution_api_server_url", fallback=""):
        return str(url).rstrip("/").removesuffix("/execution")
    return _public_url()


def _public_url() -> str:
    return str(conf.get("api", "base_url", fallback="") or "http://localhost:8080").rstrip("/")
