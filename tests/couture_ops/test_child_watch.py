"""What is told of a child run: every change once, and its end."""

from __future__ import annotations

import pytest

from config_store.wire import ChildState
from couture_ops.child_watch import ChildWatch, event_of


def test_every_change_has_one_line() -> None:
    watch = ChildWatch("child", "run1")
    full = "max_active_runs of the DAG 'child' is 1, and there run run0"
    looks = [
        ChildState(state="queued", waits_for=full),
        ChildState(state="queued", waits_for=full),
        ChildState(state="running", tasks={"a": "queued"}),
        ChildState(state="running", tasks={"a": "running", "b[0]": "queued"}),
        ChildState(state="running", tasks={"b[0]": "running"}),
        ChildState(state="success", tasks={"a": "success", "b[0]": "success"}),
    ]
    assert [watch.changes(look) for look in looks] == [
        f"Run run1 of child is queued\nRun run1 of child waits: {full}",
        "",
        "Run run1 of child is running\n  a: queued",
        "  a: queued -> running\n  b[0]: queued",
        "  a: running -> cleared\n  b[0]: queued -> running",
        "Run run1 of child is success\n  a: success\n  b[0]: running -> success",
    ]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_that_goes_on_has_no_event(state: str) -> None:
    assert event_of(ChildState(state=state, tasks={"a": "failed"})) is None


def test_the_event_of_a_failed_run_names_the_tasks_that_failed_themselves() -> None:
    tasks = {"b": "failed", "a": "success", "c": "upstream_failed"}
    event = event_of(ChildState(state="failed", tasks=tasks, duration_s=2.5))
    assert event == {"state": "failed", "duration_s": 2.5, "failed_tasks": ["b"]}


def test_the_event_of_a_run_that_is_gone() -> None:
    assert event_of(ChildState(state=None)) == {"state": None, "duration_s": None, "failed_tasks": []}
