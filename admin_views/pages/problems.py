"""Errors as pages: what the JSON API answers as a problem, told to a person, with the way out."""

from __future__ import annotations

import json
import logging
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from admin_views.pages.rendering import PAGES_PREFIX, View, render
from admin_views.permissions import Resource
from admin_views.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from admin_views.permissions import Action


log = logging.getLogger(__name__)

#: The beginning of a page's path -> what its section is called, and the permission to see it; None: any user may.
SECTIONS: dict[str, tuple[str, tuple[Action, Resource] | None]] = {
    "groups": ("Spark Configuration", ("GET", Resource.GROUPS)),
    "hadoop": ("Hadoop Configuration", ("GET", Resource.HADOOP)),
    "artifacts/dependencies": ("Spark Dependencies", ("GET", Resource.DEPENDENCIES)),
    "artifacts/code": ("Code Artifacts", ("GET", Resource.CODE)),
    "submissions": ("Spark Submissions", ("GET", Resource.SUBMISSIONS)),
    "previews": ("Preview of a task", ("PUT", Resource.SUBMISSIONS)),
    "masters": ("Master DAGs", None),
}


def tell_in_pages(app: FastAPI) -> None:
    """Have every error handler of the app answer with a page where a page was asked for."""
    for error, handler in list(app.exception_handlers.items()):
        app.exception_handlers[error] = _in_pages(handler)


def _in_pages(handler: Callable[[Request, Any], Response | Awaitable[Response]]) -> Any:
    async def told(request: Request, error: Exception) -> Response:
        answering = handler(request, error)
        answer = await answering if isawaitable(answering) else answering
        is_problem = answer.headers.get("Content-Type") == MEDIA_TYPE
        if not (is_problem and _asks_for_page(request)):
            return answer
        return await to_thread.run_sync(problem_page, request, answer)  # the auth manager asks the database

    return told


def _asks_for_page(request: Request) -> bool:
    path = _path(request)
    return path == PAGES_PREFIX or path.startswith(f"{PAGES_PREFIX}/")


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", ""))


def _section(view: View) -> tuple[str, str] | None:
    """Path and name of the section that the address belongs to, where the caller is known and may see it."""
    path = _path(view.request).removeprefix(f"{PAGES_PREFIX}/")
    for section, (name, permission) in SECTIONS.items():
        if path == section or path.startswith(f"{section}/"):
            return (section, name) if _is_open(view, permission) else None
    return None


def _is_open(view: View, permission: tuple[Action, Resource] | None) -> bool:
    """Whether the caller is known and may see the section; not when nobody can be asked, which may be the fault."""
    try:
        return view.caller is not None and (permission is None or view.may(*permission))
    except Exception:
        log.debug("The auth manager did not answer for the page of a fault", exc_info=True)
        return False


def problem_page(request: Request, answer: Response) -> Response:
    """The page of a problem; within an open page only the part that tells it, so that nothing typed is lost."""
    problem: dict[str, Any] = json.loads(bytes(answer.body))
    view = View(request, getattr(request.state, "caller", None))
    name = problem["type"].rpartition(":")[2]
    template = "problem_part.html" if view.is_part else "problem.html"
    kept = ("retry-after", "www-authenticate", "connection", "allow")
    headers = {key: value for key, value in answer.headers.items() if key in kept}
    return render(
        view, template, status=answer.status_code, headers=headers, problem=problem, name=name, section=_section(view)
    )
