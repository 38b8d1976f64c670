"""Waits for child runs in the triggerer: all of them share one poller, which asks once a second at most."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from config_store.wire import ChildState
from couture_ops.child_client import open_client, stop_child_run
from couture_ops.child_watch import ChildWatch, event_of
from couture_ops.errors import StoreRefused, StoreUnreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from couture_ops.client import StoreClient

log = logging.getLogger(__name__)

_EVERY_S = 1.0
#: Of the API server's time polling takes a tenth at most: an answer of 0.3 s makes the next look wait for 3 s.
_REST, _LONGEST_REST_S = 10.0, 15.0
#: A wait whose time was up while no triggerer ran looks once more before it says so.
_LEAST_S = 5.0
_GONE = ChildState(state=None)


class Poller:
    """Asks for the states of all waits of an event loop; runs while there are any."""

    def __init__(self) -> None:
        self._inboxes: dict[str, asyncio.Queue[ChildState | Exception]] = {}
        self._task: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._is_away = False

    @contextmanager
    def watching(self, token: str) -> Iterator[asyncio.Queue[ChildState | Exception]]:
        """The queue into which the states of one child run come."""
        inbox = self._inboxes[token] = asyncio.Queue()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._poll())
        try:
            yield inbox
        finally:
            if self._inboxes.get(token) is inbox:
                del self._inboxes[token]

    async def _poll(self) -> None:
        client = open_client()
        try:
            while self._inboxes:
                await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
                if tokens := list(self._inboxes):
                    await self._look(client, tokens)
        except Exception as error:  # else all would wait for ever
            log.exception("Polling child runs failed")
            for inbox in self._inboxes.values():
                inbox.put_nowait(error)
        finally:
            client.close()

    async def _look(self, client: StoreClient, tokens: list[str]) -> None:
        began = time.monotonic()
        try:
            states = await asyncio.to_thread(client.child_states, tokens, tokens[0], store_timeout_s=0.0)
            self._deliver(dict(zip(tokens, states, strict=True)))
            self._tell_back()
        except StoreUnreachable as away:
            self._tell_away(away)
        except StoreRefused as refused:
            if refused.status != 403:
                raise
            self._deliver({tokens[0]: _GONE})  # the token that was to open the door opens nothing any more
        took = time.monotonic() - began
        self._not_before = began + min(max(_EVERY_S, took + _REST * took), took + _LONGEST_REST_S)

    def _deliver(self, states: dict[str, ChildState]) -> None:
        for token, state in states.items():
            if token in self._inboxes:  # else its wait has ended meanwhile
                self._inboxes[token].put_nowait(state)

    def _tell_away(self, away: StoreUnreachable) -> None:
        if not self._is_away:
            log.warning(
                "%s %d child runs are waited for, and asked for again until it answers.", away, len(self._inboxes)
            )
        self._is_away = True

    def _tell_back(self) -> None:
        if self._is_away:
            log.info("The config store answers again")
        self._is_away = False


#: By event loop: a triggerer has one.
_pollers: dict[asyncio.AbstractEventLoop, Poller] = {}


def shared_poller() -> Poller:
    """The poller of the running event loop."""
    loop = asyncio.get_running_loop()
    for closed in [other for other in _pollers if other.is_closed()]:
        del _pollers[closed]
    return _pollers.setdefault(loop, Poller())


class ChildRunTrigger(BaseTrigger):
    """Waits for the end of one child run; ``deadline``: when the task's time is up, in seconds of the epoch."""

    def __init__(
        self, *, dag_id: str, run_id: str, token: str, stop_child: bool = True, deadline: float | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dag_id, self.run_id, self.token = dag_id, run_id, token
        self.stop_child, self.deadline = stop_child, deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer makes the trigger anew from; Airflow keeps it encrypted."""
        names = ("dag_id", "run_id", "token", "stop_child", "deadline")
        return "couture_ops.triggers.ChildRunTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: how the run ended, that it is gone, or that the time is up."""
        try:
            event = await asyncio.wait_for(self._end(), self._remaining_s())
        except TimeoutError:
            await self._stop()
            event = {"state": None, "timed_out": True}
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """The task was marked or cleared while it waited."""
        await self._stop()

    async def _end(self) -> dict[str, Any]:
        watch = ChildWatch(self.dag_id, self.run_id)
        with shared_poller().watching(self.token) as inbox:
            while True:
                seen = await inbox.get()
                if isinstance(seen, Exception):
                    raise seen
                if told := watch.changes(seen):
                    self.log.info("%s", told)
                if (event := event_of(seen)) is not None:
                    return event

    def _remaining_s(self) -> float | None:
        return None if self.deadline is None else max(_LEAST_S, self.deadline - time.time())

    async def _stop(self) -> None:
        if self.stop_child:
            await asyncio.to_thread(stop_child_run, self.dag_id, self.run_id, self.token)
