"""For all tests: an Airflow home of their own in each process, and the costly ones last."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# Before anything imports Airflow, which reads its configuration then, and makes ~/airflow where nothing says otherwise.
# Processes of `pytest -n` don't share one: each writes a database there.
HOMES = Path(__file__).parent / "build" / "tests" / "airflow"
os.environ["AIRFLOW_HOME"] = str(HOMES / os.environ.get("PYTEST_XDIST_WORKER", "main"))

COSTS = {"integration": 1, "e2e": 2}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests, then integration, then the demo: what is cheap fails first."""
    items.sort(key=lambda item: max((COSTS.get(mark.name, 0) for mark in item.iter_markers()), default=0))
