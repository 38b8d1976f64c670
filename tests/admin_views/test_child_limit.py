"""A limit on how many children of a mapped task run at once: the others are held, and let go in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.orm import Session

from admin_views.child_limit import HELD_UNTIL
from config_store.wire import ChildDeed, ChildState, OnChildFailed
from tests.admin_views.masters import Masters

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from config_store.wire import ChildRun

COUNT = 6
HELD = ChildState(state="queued", waits_for="max_active_children of the task 'train' is 2")
FREE = ChildState(state="queued")


@pytest.fixture
def masters(any_engine: Engine) -> Masters:
    """A master whose mapped task has begun, with no limit at its children's DAG."""
    made = Masters(any_engine)
    made.begin("r1", *(("train", index) for index in range(COUNT)))
    made.limit("child", 100)
    return made


def ask(masters: Masters, index: int, limit: int | None = 2, **wish: Any) -> ChildRun:
    """The child of one instance of the task."""
    return masters.ask(of={"map_index": index}, max_active_children=limit, **wish)


def held(masters: Masters, children: list[ChildRun]) -> list[bool]:
    """Which of them the scheduler does not start yet."""
    with Session(masters.engine) as session:
        return [masters.run_row(session, child).run_after == HELD_UNTIL for child in children]


def test_so_many_run_and_the_next_follows_when_one_has_ended(masters: Masters) -> None:
    children = [ask(masters, index) for index in range(COUNT)]
    assert masters.look(*children) == [FREE] * 2 + [HELD] * 4
    masters.let(children[1], "failed")
    assert masters.look(*children)[2:] == [FREE] + [HELD] * 3
    for child in (children[0], children[2]):
        masters.let(child, "success")
    assert held(masters, children)[3:] == [True] * 3  # nobody has looked yet
    assert masters.look(*children)[3:] == [FREE] * 2 + [HELD]
    for child in children:
        masters.let(child, "success")
    assert [state.state for state in masters.look(*children)] == ["success"] * COUNT


def test_other_tasks_and_other_runs_of_the_master_have_limits_of_their_own(masters: Masters) -> None:
    masters.begin("r2", ("train", 0), ("score", 0))
    ours = [ask(masters, index, 1) for index in range(2)]
    others = [
        masters.ask(of={"run_id": "r2", "task_id": task, "map_index": 0}, max_active_children=1)
        for task in ("train", "score")
    ]
    assert held(masters, [*ours, *others]) == [False, True, False, False]


def test_a_run_that_goes_on_takes_a_place_again(masters: Masters) -> None:
    children = [ask(masters, index, 1) for index in range(2)]
    masters.let(children[0], "failed", first="failed")
    masters.look(*children)
    assert held(masters, children) == [False, False]
    again = ask(masters, 0, 1)
    assert again.deed is ChildDeed.RESUMED
    assert held(masters, children) == [True, False]
    masters.let(children[1], "success")
    assert masters.look(again) == [FREE]


def test_a_try_that_attaches_leaves_a_held_run_held(masters: Masters) -> None:
    children = [ask(masters, index, 1) for index in range(2)]
    again = ask(masters, 1, 1)
    assert again.deed is ChildDeed.ATTACHED
    assert held(masters, children) == [False, True]


def test_a_limit_that_was_taken_away_lets_all_go(masters: Masters) -> None:
    children = [ask(masters, index, 1) for index in range(3)]
    again = [ask(masters, index, None) for index in range(3)]
    assert masters.look(*again) == [FREE] * 3
    assert held(masters, children) == [False] * 3


def test_a_held_run_that_is_stopped_frees_nothing_and_shows_no_far_date(masters: Masters) -> None:
    children = [ask(masters, index, 1) for index in range(3)]
    masters.runs.stop(children[1].token)
    assert held(masters, children) == [False, False, True]
    assert [state.state for state in masters.look(*children)] == ["queued", "failed", "queued"]
    assert held(masters, children) == [False, False, True]


def test_a_new_run_in_place_of_a_failed_one_counts_once(masters: Masters) -> None:
    children = [ask(masters, index, 2) for index in range(3)]
    masters.let(children[0], "failed", first="failed")
    newer = ask(masters, 0, 2, on_child_failed=OnChildFailed.NEW)
    assert newer.deed is ChildDeed.TRIGGERED
    assert held(masters, [children[1], children[2], newer]) == [False, True, False]
