"""Forms as they come, or don't."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, Request

from admin_views.bodies import LimitBodies, read_limited
from admin_views.pages.forms import Form, FormDep, read_form
from admin_views.pages.problems import tell_in_pages
from admin_views.problems import install_handlers

if TYPE_CHECKING:
    from starlette.types import Message


def _app() -> FastAPI:
    """An app with a route for a form and one that reads a streamed body."""
    app = FastAPI()

    @app.post("/pages/form")
    def form(form: FormDep) -> str:
        return form.text("a")

    @app.put("/body")
    async def body(request: Request) -> int:
        return len(await read_limited(request, 100))

    app.add_middleware(LimitBodies)
    install_handlers(app)
    tell_in_pages(app)
    return app


def _scope(method: str, path: str) -> dict[str, Any]:
    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"10")]
    return {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers, "app": None}


def _left_alone(method: str, path: str) -> list[Message]:
    """What is answered to a caller who goes away in the middle of his body."""
    coming: list[Message] = [
        {"type": "http.request", "body": b"a=", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return coming.pop(0) if len(coming) > 1 else coming[0]

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(_app()(_scope(method, path), receive, send))
    return sent


@pytest.mark.parametrize(("method", "path"), [("POST", "/pages/form"), ("PUT", "/body")])
def test_a_caller_who_goes_away_leaves_no_traceback(caplog: pytest.LogCaptureFixture, method: str, path: str) -> None:
    with caplog.at_level(logging.INFO):
        sent = _left_alone(method, path)
    assert sent[0]["status"] == 400
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []


def test_line_ends_are_kept_as_line_feeds() -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"a=1%0D%0A2&b=", "more_body": False}

    form: Form = asyncio.run(read_form(Request(_scope("POST", "/"), receive)))
    assert (form.text("a"), form.text("b"), form.text("c"), form.has("b"), form.has("c")) == (
        "1\n2",
        "",
        "",
        True,
        False,
    )
