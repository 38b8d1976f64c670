"""For all tests: an Airflow home of their own in each process, the costly ones last, and which of those go together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

# Before anything imports Airflow, which reads its configuration then, and makes ~/airflow where nothing says otherwise.
# Processes of `pytest -n` don't share one: each writes a database there.
HOMES = Path(__file__).parent / "build" / "tests" / "airflow"
os.environ["AIRFLOW_HOME"] = str(HOMES / os.environ.get("PYTEST_XDIST_WORKER", "main"))

COSTLY = {"integration", "e2e"}
#: Seconds for a costly test with its fixtures, of which the demo's takes four minutes on two idle cores; others have
#: pyproject.toml's.
COSTLY_S = 1800
INTEGRATION = "tests/integration/"
#: Folders whose files share one Airflow: one process of `pytest -n` starts it, once, and runs them one after the other.
SHARED = (INTEGRATION, "tests/e2e/")
#: Files there that do not use it: they run beside it.
BESIDE = {
    f"{INTEGRATION}{name}.py"
    for name in (
        "test_check_broken",
        "test_class_archive",
        "test_databases",
        "test_hadoop_configuration",
        "test_key_catalogue",
    )
}
#: Folders and files of costly tests that take minutes, the longest first: they begin first, and the short ones fill
#: what is left at the end. Where one stands here changes nothing but the time.
LONGEST = (
    *SHARED,
    f"{INTEGRATION}test_class_archive.py",
    f"{INTEGRATION}test_databases.py",
    "tests/example_dags/jobs/test_ratings.py",
    "tests/tools/soak/trials/test_trials.py",
    f"{INTEGRATION}test_check_broken.py",
)


class GroupedFiles(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands each process of `pytest -n` a file, and then the next; those that share an Airflow as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupedFiles | None:
    """Ours for ``--dist loadfile``."""
    return GroupedFiles(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests first, for what is cheap fails first; then those with real processes, the longest first."""
    for item in filter(_is_costly, items):
        item.add_marker(pytest.mark.timeout(COSTLY_S))
    items.sort(key=_turn)


def group_of(file: str) -> str:
    """What is handed out as one: the folder of a test file that shares its Airflow, else the file itself."""
    return file if file in BESIDE else next((folder for folder in SHARED if file.startswith(folder)), file)


def _is_costly(item: pytest.Item) -> bool:
    return any(mark.name in COSTLY for mark in item.iter_markers())


def _turn(item: pytest.Item) -> int:
    if not _is_costly(item):
        return 0
    group = group_of(item.nodeid.partition("::")[0])
    return 1 + (LONGEST.index(group) if group in LONGEST else len(LONGEST))
