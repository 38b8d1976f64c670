"""The checks of a machine that runs tasks."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from couture_ops.checks.api import check_api
from couture_ops.checks.disk import check_cache, check_space
from couture_ops.checks.runner import Check
from couture_ops.checks.spark import check_python, check_spark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config_store.wire import Finding
    from couture_ops.configuration import WorkerSettings


def worker_checks(settings: WorkerSettings) -> list[Check]:
    """The checks of this worker."""
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
