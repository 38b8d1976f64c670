"""Freezing the heap of an API server: once, at the first request, and only what is in use."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import pytest
from fastapi.responses import PlainTextResponse
from httpx import ASGITransport, AsyncClient

from admin_views.frozen_heap import FreezeHeap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp


class Knot:
    """An object that only a full collection frees, for it holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def app() -> Iterator[ASGIApp]:
    """An app behind it; the heap is as it was afterwards."""
    try:
        yield FreezeHeap(PlainTextResponse("hello"))
    finally:
        gc.unfreeze()


def get(app: ASGIApp) -> str:
    async def ask() -> str:
        async with AsyncClient(transport=ASGITransport(app), base_url="http://server") as client:
            return (await client.get("/")).text

    return asyncio.run(ask())


def is_walked(one: Knot) -> bool:
    return any(other is one for other in gc.get_objects())


def test_the_first_request_freezes_what_is_in_use(app: ASGIApp) -> None:
    garbage, kept = weakref.ref(Knot()), Knot()
    before = gc.get_freeze_count()
    assert get(app) == "hello"
    assert gc.get_freeze_count() - before > 10_000
    assert garbage() is None
    assert not is_walked(kept)


def test_later_requests_freeze_nothing(app: ASGIApp) -> None:
    get(app)
    frozen, kept = gc.get_freeze_count(), Knot()
    assert get(app) == "hello"
    assert gc.get_freeze_count() <= frozen
    assert is_walked(kept)
