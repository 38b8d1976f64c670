"""Waiting in the triggerer: one poller for all, which outlives an API server that is away."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from config_store.wire import ChildState
from couture_ops.errors import StoreRefused
from couture_ops.triggers import ChildRunTrigger
from tests.stand_ins import ListedChildRuns

if TYPE_CHECKING:
    from admin_views.services import Services
    from tests.couture_ops.conftest import LiveStore

ENDED: dict[str, Any] = {"state": "success", "duration_s": None, "failed_tasks": []}


@pytest.fixture
def children(services: Services, store: LiveStore, monkeypatch: pytest.MonkeyPatch) -> ListedChildRuns:
    """The child runs of a store that this triggerer knows."""
    monkeypatch.setenv("AIRFLOW__COUTURE__API_URL", store.url)
    monkeypatch.setenv("AIRFLOW__COUTURE__STORE_TIMEOUT", "5")
    return cast("ListedChildRuns", services.child_runs)


def trigger(token: str, **more: Any) -> ChildRunTrigger:
    """A wait."""
    return ChildRunTrigger(**{"dag_id": "child", "run_id": f"run-{token}", "token": token, **more})


async def event(of: ChildRunTrigger) -> Any:
    """The payload of the one event."""
    return [event.payload async for event in of.run()]


def test_all_waits_share_one_request_a_second(children: ListedChildRuns) -> None:
    tokens = [f"{number}:x" for number in range(20)]
    children.runs.update(dict.fromkeys(tokens, ChildState(state="running")))

    async def waits() -> list[Any]:
        all_of_them = [asyncio.create_task(event(trigger(token))) for token in tokens]
        while len(children.asked) < 3:
            await asyncio.sleep(0.05)
        children.runs.update(dict.fromkeys(tokens, ChildState(state="success")))
        return await asyncio.gather(*all_of_them)

    began = time.monotonic()
    assert asyncio.run(waits()) == [[ENDED]] * 20
    # the first at once, then one a second at most
    assert len(children.asked) <= time.monotonic() - began + 1
    assert all(set(asked) == set(tokens) for asked in children.asked)


def test_a_token_that_opens_nothing_ends_its_own_wait_only(children: ListedChildRuns) -> None:
    children.runs["2:x"] = ChildState(state="success")

    async def waits() -> Any:
        return await asyncio.gather(event(trigger("1:void")), event(trigger("2:x")))

    assert asyncio.run(waits()) == [[{"state": None, "duration_s": None, "failed_tasks": []}], [ENDED]]


def test_an_api_server_that_is_away_is_waited_for(children: ListedChildRuns, store: LiveStore) -> None:
    children.runs["1:x"] = ChildState(state="success")
    turned_away: list[str] = []

    def is_away(asked: str) -> bool:
        turned_away.append(asked)
        return len(turned_away) < 3

    store.is_away = is_away
    assert asyncio.run(event(trigger("1:x"))) == [ENDED]
    assert turned_away == ["POST /child-runs/states"] * 3


def test_what_does_not_pass_fails_the_wait(
    children: ListedChildRuns, monkeypatch: pytest.MonkeyPatch, store: LiveStore
) -> None:
    monkeypatch.setenv("AIRFLOW__COUTURE__API_URL", f"{store.url}/elsewhere")
    with pytest.raises(StoreRefused, match="Not the config store"):
        asyncio.run(event(trigger("1:x")))


def test_when_the_time_is_up_the_child_is_stopped(children: ListedChildRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("couture_ops.triggers._LEAST_S", 0.1)
    children.runs.update({"1:x": ChildState(state="running"), "2:x": ChildState(state="running")})

    async def waits() -> Any:
        past = time.time() - 1
        return await asyncio.gather(
            event(trigger("1:x", deadline=past)), event(trigger("2:x", deadline=past, stop_child=False))
        )

    assert asyncio.run(waits()) == [[{"state": None, "timed_out": True}]] * 2
    assert children.stopped == ["1:x"]


def test_a_mark_stops_the_child(children: ListedChildRuns) -> None:
    children.runs["1:x"] = ChildState(state="running")
    asyncio.run(trigger("1:x").on_kill())
    asyncio.run(trigger("2:void").on_kill())  # a later try has its run by now
    asyncio.run(trigger("1:x", stop_child=False).on_kill())
    assert children.stopped == ["1:x"]


def test_it_is_made_anew_from_what_it_tells() -> None:
    path, parameters = trigger("1:x", deadline=5.0).serialize()
    assert path == "couture_ops.triggers.ChildRunTrigger"
    assert ChildRunTrigger(**parameters).serialize() == (path, parameters)
