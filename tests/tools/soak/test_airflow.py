"""Killing one of Airflow's processes: with all below it, or alone."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, cast

import psutil
import pytest

from tools.soak.airflow import SoakAirflow, SoakSide
from tools.soak.server import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A process with a child, which has a child.
FAMILY = ("sh", "-c", "sh -c 'sleep 600; true'; true")


@pytest.fixture
def side() -> Iterator[SoakSide]:
    """A side whose scheduler is that family."""
    side = SoakSide("soak", cast("SoakAirflow", None))
    side._processes["scheduler"] = process = subprocess.Popen(FAMILY, start_new_session=True)
    family = psutil.Process(process.pid)
    wait_for("the family", lambda: True if len(family.children(recursive=True)) == 2 else None, 60, 0.01)
    below = family.children(recursive=True)
    yield side
    for left in below:
        if left.is_running():
            left.kill()


def test_with_all_below_it(side: SoakSide) -> None:
    below = psutil.Process(side.pid("scheduler")).children(recursive=True)
    assert side.kill("scheduler") == []
    gone, alive = psutil.wait_procs(below, timeout=60)
    assert (len(gone), alive) == (2, [])
    assert "scheduler" not in side._processes


def test_one_that_starts_others_meanwhile_leaves_none() -> None:
    side = SoakSide("soak", cast("SoakAirflow", None))
    busy = ("sh", "-c", "for _ in $(seq 300); do sleep 600 & done; wait")
    side._processes["scheduler"] = process = subprocess.Popen(busy, start_new_session=True)
    wait_for("the first", lambda: True if len(psutil.Process(process.pid).children()) > 5 else None, 60, 0.001)
    assert side.kill("scheduler") == []
    wait_for("nobody in its session", lambda: True if session(process.pid) == [] else None, 60, 0.05)


def session(leader: int) -> list[int]:
    """Those that are left of a session."""
    return [pid for pid in psutil.pids() if session_of(pid) == leader]


def session_of(pid: int) -> int | None:
    """None: it is gone."""
    try:
        return os.getsid(pid) if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE else None
    except (psutil.NoSuchProcess, ProcessLookupError):
        return None


def test_alone_it_leaves_those_below(side: SoakSide) -> None:
    left = side.kill("scheduler", alone=True)
    assert [process.is_running() for process in left] == [True, True]
