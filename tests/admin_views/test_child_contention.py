"""Many tasks ask for their children at the same moment, on each database that Airflow may have."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.orm import Session

from admin_views.child_limit import HELD_UNTIL
from tests.admin_views.airflow_rows import AT
from tests.admin_views.masters import Masters

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from config_store.wire import ChildRun

INDEXES = range(6)


@pytest.fixture
def masters(any_engine: Engine) -> Masters:
    """A master whose mapped task has begun."""
    made = Masters(any_engine)
    made.begin("r1", *(("train", index) for index in INDEXES))
    return made


def ask_all(masters: Masters, **wish: Any) -> list[ChildRun]:
    """The children of all instances of the task, asked for at once, by several API servers."""

    def ask(index: int) -> ChildRun:
        return masters.ask(of={"map_index": index}, by=servers[index % len(servers)], **wish)

    servers = (
        [masters.runs] if masters.engine.dialect.name == "sqlite" else [masters.another_server() for _ in range(3)]
    )
    with ThreadPoolExecutor(len(INDEXES)) as pool:
        return list(pool.map(ask, INDEXES))


def test_each_has_a_run_and_a_date_of_its_own(masters: Masters) -> None:
    children = ask_all(masters)
    assert sorted(child.run_id for child in children) == sorted(masters.run_ids())
    dates = sorted(child.logical_date for child in children if child.logical_date)
    assert dates == [AT + timedelta(microseconds=number) for number in INDEXES]


def test_one_task_that_asks_several_times_has_one_run(masters: Masters) -> None:
    with ThreadPoolExecutor(4) as pool:
        children = list(pool.map(lambda _: masters.ask(of={"map_index": 0}), range(4)))
    assert masters.run_ids() == [children[0].run_id]
    assert sum(masters.runs.opens(child.token) for child in children) == 1


def test_no_more_than_the_limit_run(masters: Masters) -> None:
    children = ask_all(masters, max_active_children=2)
    assert held(masters, children) == 4
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: masters.look(*children), range(8)))
    assert held(masters, children) == 4
    masters.let(next(child for child in children if not is_held(masters, child)), "success")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: masters.look(*children), range(8)))
    assert held(masters, children) == 3


def held(masters: Masters, children: list[ChildRun]) -> int:
    """How many of them the scheduler does not start yet."""
    return sum(is_held(masters, child) for child in children)


def is_held(masters: Masters, child: ChildRun) -> bool:
    """Whether one of them is not started yet."""
    with Session(masters.engine) as session:
        return bool(masters.run_row(session, child).run_after == HELD_UNTIL)
