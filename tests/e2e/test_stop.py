"""The last tests of the demo, after all others by their name: they stop it and start it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import DOWN_S, UP_S, start_demo
from tests.e2e.results import RESULTS, TREE, tree_in
from tools.demo.airflow import PROCESSES
from tools.demo.processes import find_processes

if TYPE_CHECKING:
    from tests.e2e.conftest import RunningDemo

pytestmark = pytest.mark.e2e


def test_ctrl_c_ends_every_process(demo: RunningDemo) -> None:
    assert len(find_processes(demo.home)) >= len(PROCESSES)
    assert demo.interrupt() == 0
    assert demo.lines[-1] == "stopped"
    assert find_processes(demo.home) == []


def test_a_second_start_keeps_what_was_there_and_ends_with_the_example(demo: RunningDemo) -> None:
    again = start_demo(demo.home.folder, "--once")
    again.read_until(None, UP_S)
    assert again.process.wait(DOWN_S) == 0, again.lines
    assert not [
        line for line in again.lines if line.startswith(("password of", "database", "first user", "class archive"))
    ]
    assert [line for line in again.lines if line in RESULTS] == RESULTS
    assert tree_in(again.lines) == TREE
    assert again.lines[-2:] == ["the example succeeded", "stopped"]
    assert find_processes(demo.home) == []
