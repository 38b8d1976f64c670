"""Errors as pages: what the JSON API answers as a problem, told to a person, with the way out."""

from __future__ import annotations

import json
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from admin_views.pages.rendering import PAGES_PREFIX, View, render
from admin_views.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response


def tell_in_pages(app: FastAPI) -> None:
    """Have every error handler of the app answer with a page where a page was asked for."""
    for error, handler in list(app.exception_handlers.items()):
        app.exception_handlers[error] = _in_pages(handler)


def _in_pages(handler: Callable[[Request, Any], Response | Awaitable[Response]]) -> Any:
    async def told(request: Request, error: Exception) -> Response:
        answering = handler(request, error)
        answer = await answering if isawaitable(answering) else answering
        is_problem = answer.headers.get("Content-Type") == MEDIA_TYPE
        return problem_page(request, answer) if is_problem and _asks_for_page(request) else answer

    return told


def _asks_for_page(request: Request) -> bool:
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return bool(path == PAGES_PREFIX or path.startswith(f"{PAGES_PREFIX}/"))


def problem_page(request: Request, answer: Response) -> Response:
    """The page of a problem; within an open page only the part that tells it, so that nothing typed is lost."""
    problem: dict[str, Any] = json.loads(bytes(answer.body))
    view = View(request)
    name = problem["type"].rpartition(":")[2]
    template = "problem_part.html" if view.is_part else "problem.html"
    kept = ("retry-after", "www-authenticate", "connection", "allow")
    headers = {key: value for key, value in answer.headers.items() if key in kept}
    return render(view, template, status=answer.status_code, headers=headers, problem=problem, name=name)
