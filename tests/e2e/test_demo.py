"""The demo as a newcomer meets it, in the order in which he does: what it prints, keeps and listens on."""

from __future__ import annotations

import json
import re
import stat
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from tests.e2e.conftest import COMMAND_S, DOWN_S, start_demo
from tests.e2e.results import RESULTS, TREE, tree_in
from tools.demo.airflow import Airflow
from tools.demo.example import Example
from tools.demo.processes import find_processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import RunningDemo

pytestmark = pytest.mark.e2e


@contextmanager
def example_in(demo: RunningDemo) -> Iterator[Example]:
    """Examples in the running demo, logged in."""
    with Example(Airflow(demo.home, int(demo.url.rpartition(":")[2])), threading.Event()) as example:
        example.wait_until_healthy()
        yield example


def submissions(demo: RunningDemo) -> list[dict[str, Any]]:
    """The submissions as the client lists them, the oldest first."""
    items: list[dict[str, Any]] = json.loads(demo.run("couture", "submissions", "list", "--output", "json"))["items"]
    return items[::-1]


def receipt(demo: RunningDemo, submission_id: str) -> dict[str, Any]:
    """What the client shows of a submission."""
    shown: dict[str, Any] = json.loads(demo.run("couture", "submissions", "show", submission_id, "--output", "json"))
    return shown


def partitions(shown: dict[str, Any]) -> str:
    """The number of shuffle partitions that a submission ran with."""
    name = "spark.sql.shuffle.partitions"
    return next(str(setting["value"]) for setting in shown["plan"]["settings"] if setting["name"] == name)


def test_the_example_shows_its_states_and_results(demo: RunningDemo) -> None:
    told = [line for line in demo.lines if not line.startswith("  ratings: written to ")]
    assert [line for line in told if line.startswith(("  ratings: ", "  top movies: "))] == RESULTS
    for name in ("prepare > clean_ratings", "prepare > top_movies", "train_freely > train", "compare > compare"):
        assert [line for line in told if line.startswith(f"  {name}: ")][-1] == f"  {name}: success"
    for damping in (1, 10):
        assert [line for line in told if line.startswith(f"  train: damping {damping} is wrong by ")] != []
    assert [line for line in told if line.startswith("  compare: of 2 models the best has damping ")] != []
    assert "the example succeeded" in told


def test_the_tree_is_printed_at_the_end(demo: RunningDemo) -> None:
    assert tree_in(demo.lines) == TREE


def test_the_command_of_airflow_prints_the_same_tree(demo: RunningDemo) -> None:
    printed = demo.run("airflow", "couture", "dags", "tree", "couture_movies").splitlines()
    start = next(number for number, line in enumerate(demo.lines) if line == printed[0])
    assert demo.lines[start : start + len(printed)] == printed


def test_the_password_is_told_and_opens_the_door(demo: RunningDemo) -> None:
    password = demo.home.password_file.read_text().strip()
    assert [line for line in demo.lines if password in line] == [
        f"password of admin: {password} (kept in {demo.home.password_file})"
    ]
    login = {"username": "admin", "password": password}
    assert httpx.post(f"{demo.url}/auth/token", json=login, timeout=30).is_success
    assert httpx.post(f"{demo.url}/auth/token", json={**login, "password": "admin"}, timeout=30).status_code == 401


def test_what_holds_keys_is_its_owners_alone(demo: RunningDemo) -> None:
    files = ("admin-password", "airflow.cfg", "secrets.json", "couture-client/credentials.json")
    modes = {name: stat.S_IMODE((demo.home.folder / name).stat().st_mode) for name in files}
    assert modes == dict.fromkeys(files, 0o600)
    assert stat.S_IMODE(demo.home.folder.stat().st_mode) == 0o700


def test_nothing_listens_but_on_the_loopback(demo: RunningDemo) -> None:
    listening = [
        connection.laddr.ip
        for process in find_processes(demo.home)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_every_task_left_a_receipt(demo: RunningDemo) -> None:
    listed = [(item["task"]["task_id"], item["outcome"], item["group"], item["revision"]) for item in submissions(demo)]
    assert listed == [
        ("clean_ratings", "succeeded", "default", 2),
        ("top_movies", "succeeded", "prod", 3),
        ("train", "succeeded", "default", 2),
        ("train", "succeeded", "default", 2),
    ]


def test_every_driver_started_from_the_class_archive(demo: RunningDemo) -> None:
    (archive,) = (demo.home.worker_cache / "class-archives").glob("*.jsa")
    assert {receipt(demo, item["submission_id"])["class_archive"] for item in submissions(demo)} == {archive.stem}
    assert [line for line in demo.lines if line.startswith(f"Built {archive}: ")] != []


def test_a_setting_changed_by_the_client_reaches_the_next_run(demo: RunningDemo) -> None:
    demo.run("couture", "settings", "set", "prod", "spark.sql.shuffle.partitions=2", "--note", "small data")
    with example_in(demo) as example:
        example.run("couture_ratings")
    before, after = (item["submission_id"] for item in submissions(demo) if item["task"]["task_id"] == "top_movies")
    assert [partitions(receipt(demo, before)), partitions(receipt(demo, after))] == ["4", "2"]


def test_batches_have_a_child_each_and_the_last_step_is_skipped(
    demo: RunningDemo, capsys: pytest.CaptureFixture[str]
) -> None:
    with example_in(demo) as example:
        example.run("couture_batches")
    lines = [re.sub(r"^demo +\d+ s  ", "", line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(line for line in lines if line.startswith("  batch ")) == [
        "  batch 1: 10 users, from 0 to 9",
        "  batch 2: 10 users, from 10 to 19",
        "  batch 3: 10 users, from 20 to 29",
    ]
    assert tree_in(lines) == [
        ["couture_batches", "success"],
        *(["├─ " + f"batch[{index}] -> couture_one_batch", "success"] for index in range(3)),
        ["└─ all_at_once -> couture_one_batch", "(success)"],
    ]


def test_a_second_demo_in_the_same_folder_is_refused(demo: RunningDemo) -> None:
    second = start_demo(demo.home.folder, "--once")
    second.read_until(None, COMMAND_S)
    assert second.process.wait(DOWN_S) == 1
    assert second.lines == [
        "",
        f"demo failed: A demo already runs in {demo.home.folder}: process {demo.process.pid} at {demo.url}.",
        f"Stop it with Ctrl-C in its terminal or with: kill {demo.process.pid}",
        "Or run a second one in a folder of its own: make demo DEMO_DIR=build/demo-2",
    ]
