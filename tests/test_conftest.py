"""How `pytest -n` hands out costly tests: those of one Airflow to one process, the others beside them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import BESIDE, COSTLY, INTEGRATION, LONGEST, SHARED, group_of

CHECKOUT = Path(__file__).parents[1]
#: Writes down who ran it, and waits until the other file's test runs, too.
MEETING = """
import os, pathlib, time, pytest

@pytest.mark.integration
def test_one():
    here = pathlib.Path(os.environ["MEETING"])
    (here / {mine!r}).write_text(os.environ["PYTEST_XDIST_WORKER"])
    deadline = time.monotonic() + 60
    while not (here / {other!r}).exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
"""
INI = "[pytest]\naddopts = --import-mode=importlib -p no:cacheprovider\nmarkers =\n    integration\n    e2e\n"


def test_files_of_one_airflow_go_to_one_process_and_another_runs_beside_them(tmp_path: Path) -> None:
    beside = min(BESIDE)
    files = {f"{INTEGRATION}test_a.py": "a", f"{INTEGRATION}test_b.py": "b", beside: "beside"}
    (tmp_path / INTEGRATION).mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text(INI)
    shutil.copy(CHECKOUT / "conftest.py", tmp_path)
    for file, mine in files.items():
        (tmp_path / file).write_text(MEETING.format(mine=mine, other="a" if mine == "beside" else "beside"))
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "AIRFLOW"))}
    argv = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    ended = subprocess.run(
        argv, cwd=tmp_path, env={**ours, "MEETING": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
    a, b, other = ((tmp_path / name).read_text() for name in files.values())
    assert a == b != other


def test_what_it_names_is_there() -> None:
    assert [name for name in {*BESIDE, *LONGEST} if not (CHECKOUT / name).exists()] == []


def test_a_unit_test_is_handed_out_by_its_file() -> None:
    assert group_of("tests/config_store/test_groups.py") == "tests/config_store/test_groups.py"


@pytest.mark.parametrize("file", sorted(BESIDE))
def test_what_runs_beside_the_shared_airflow_does_not_start_it_too(file: str) -> None:
    assert re.findall(r"def \w+\([^)]*\b(?:airflow|masters|admin)\b[^)]*\)", (CHECKOUT / file).read_text()) == []


@pytest.mark.parametrize("folder", SHARED)
def test_no_costly_test_is_among_the_unit_tests(folder: str) -> None:
    marks = "|".join(COSTLY)
    files = sorted((CHECKOUT / folder).glob("test_*.py"))
    assert files != []
    assert [f.name for f in files if not re.search(rf"^pytestmark = .*mark\.({marks})", f.read_text(), re.M)] == []
