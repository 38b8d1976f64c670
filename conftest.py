"""For all tests: an Airflow home of their own in each process, the costly ones last, and which of those go together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before anything imports Airflow, which reads its configuration then, and makes ~/airflow where nothing says otherwise.
# Processes of `pytest -n` don't share one: each writes a database there.
HOMES = Path(__file__).parent / "build" / "tests" / "airflow"
os.environ["AIRFLOW_HOME"] = str(HOMES / os.environ.get("PYTEST_XDIST_WORKER", "main"))

COSTLY = {"integration", "e2e"}
#: Session fixtures that start Airflow. All tests of one are a group: it is started once, by one process of `pytest -n`.
STARTED_ONCE = ("airflow", "demo")
#: The groups that take minutes, the longest first: they begin first, and short ones fill what is left at the end. Where
#: a file stands here, or whether it does, changes nothing but the time.
LONGEST = (*STARTED_ONCE, "test_class_archive", "test_databases", "test_ratings", "test_trials", "test_check")


@pytest.hookimpl(tryfirst=True)  # before xdist asks for the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests, then those with real processes; of these one group at a time in each process of `pytest -n`."""
    for item in items:
        if group := group_of(item):
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_turn)


def group_of(item: pytest.Item) -> str | None:
    """What a costly test shares its Airflow with, else its file; None for unit tests, which xdist hands out by file."""
    if not any(mark.name in COSTLY for mark in item.iter_markers()):
        return None
    fixtures = getattr(item, "fixturenames", ())
    return next((name for name in STARTED_ONCE if name in fixtures), item.path.stem)


def _turn(item: pytest.Item) -> int:
    group = group_of(item)
    if group is None:
        return 0
    return 1 + (LONGEST.index(group) if group in LONGEST else len(LONGEST))
