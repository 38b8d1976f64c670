"""Run ids of children: the same for all tries, other ones for other tasks, and the way back to the parent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from admin_views.child_records import child_run_id, parent_place


def parent(**more: Any) -> Any:
    """A task of the run in row 12."""
    given = {"dag_id": "nightly", "task_id": "train", "run_id": "manual__1", "map_index": -1, "row": 12, **more}
    return cast("Any", SimpleNamespace(**given, dag_run=SimpleNamespace(id=given["row"])))


def test_every_try_of_a_task_has_the_same_id() -> None:
    assert child_run_id(parent(try_number=1)) == child_run_id(parent(try_number=2))
    assert child_run_id(parent()).startswith("couture__nightly.train__12-x-")


def test_other_tasks_have_other_ids() -> None:
    others: list[dict[str, Any]] = [
        {},
        {"map_index": 0},
        {"map_index": 1},
        {"task_id": "tra"},
        {"dag_id": "n"},
        {"run_id": "manual__2"},
    ]
    ids = {child_run_id(parent(**other)) for other in others}
    # a database that gives a row's number again must not make two runs of different parents one
    assert len(ids) == len(others)
    assert len({child_run_id(parent(), number) for number in range(3)}) == 3


@pytest.mark.parametrize(("map_index", "place"), [(-1, (12, -1)), (0, (12, 0)), (199, (12, 199))])
@pytest.mark.parametrize("number", [0, 7])
@pytest.mark.parametrize("name", ["t", "a.b__1-2", "x" * 240, "ü" * 240])
def test_the_parent_is_found_from_the_id(map_index: int, place: tuple[int, int], number: int, name: str) -> None:
    run_id = child_run_id(parent(map_index=map_index, dag_id=name, task_id=name), number)
    assert len(run_id) <= 250
    assert parent_place(run_id) == place


@pytest.mark.parametrize(
    "run_id", ["manual__1", "couture__a", "scheduled__12-x-0123456789", "couture__a__x-x-0123456789"]
)
def test_other_runs_have_no_master(run_id: str) -> None:
    assert parent_place(run_id) is None
