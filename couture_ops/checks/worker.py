"""The checks of a machine that runs tasks."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from config_store.wire import Finding
from couture_ops.checks.api import check_api
from couture_ops.checks.disk import check_cache, check_space
from couture_ops.checks.runner import Check, told
from couture_ops.checks.spark import check_python, check_spark
from couture_ops.configuration import read_worker_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from couture_ops.configuration import WorkerSettings

_SETTINGS = "[couture] in airflow.cfg, as a worker reads it"
_MEND = "Mend it in airflow.cfg or in the environment, and run the check again for all that depends on it."


def worker_checks() -> tuple[list[Check], list[str] | None]:
    """The checks of this worker, and the names of its Sparks; None when its settings can't be read."""
    try:
        settings = read_worker_settings()
    except Exception as error:  # ours, or Airflow's, which has two classes AirflowConfigException: told, whatever it is
        return [told(Finding.fault("settings", _SETTINGS, str(error), _MEND))], None
    return _checks(settings), sorted(settings.spark_homes)


def _checks(settings: WorkerSettings) -> list[Check]:
    environment = dict(os.environ)
    return [
        Check("spark", "[couture] spark_homes", lambda watch: check_spark(settings, environment, watch)),
        Check("python", "the Python of jobs", lambda _: check_python(settings, environment)),
        Check("api", settings.api_url, lambda watch: check_api(settings.api_url, watch)),
        Check("cache", str(settings.cache_dir), lambda _: check_cache(settings.cache_dir, os.geteuid())),
        Check("disk", "the disks of this worker", lambda _: _space(settings)),
    ]


def _space(settings: WorkerSettings) -> Iterator[Finding]:
    advice = "Free space there, or put [couture] cache_dir on a larger disk."
    yield check_space("the worker's cache", settings.cache_dir, advice)
    advice = "Free space there, or set TMPDIR and spark.local.dir to a larger disk."
    yield check_space("temporary files", Path(tempfile.gettempdir()), advice)
