"""The edge: one table from errors to HTTP, told as problem details (RFC 9457)."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from config_store import errors
from config_store.database import passing_fault
from config_store.names import nearest
from config_store.secrets import NoSecretKey
from couture_ops.errors import CoutureError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

    from admin_views.permissions import Action, Resource

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Refused(Exception):
    """Base of what the edge itself refuses."""


class Unauthenticated(Refused):
    """Nobody known asks; ``scheme`` is the one of the Authorization header that would help."""

    def __init__(self, message: str, scheme: str = "Bearer") -> None:
        self.scheme = scheme
        super().__init__(message)


class NotProven(Refused):
    """A task's or a submission's credential that proves nothing."""


class Forbidden(Refused):
    """A user without the permission; names it. ``why``: a sentence on what he did not expect to need it for."""

    def __init__(self, action: Action, resource: Resource, why: str = "") -> None:
        from admin_views.permissions import ACTION_NAMES

        self.action, self.resource = ACTION_NAMES[action], resource
        needed = f"This needs the permission {self.action} on {self.resource!s}; ask an admin to give it to one of "
        super().__init__(" ".join(filter(None, [why, f"{needed}your roles."])))


class ForbiddenDag(Refused):
    """A user who may not do with a DAG what he asks for; ``deed`` as in "the permission to …"."""

    def __init__(self, dag_id: str, deed: str = "read") -> None:
        self.dag_id, self.deed = dag_id, deed
        super().__init__(f"This needs the permission to {deed} the DAG {dag_id!r}.")


class ChildUnusable(Refused):
    """A DAG that a master's task may not or can't run now; ``reason`` completes "… can't be run: "."""

    def __init__(self, dag_id: str, reason: str) -> None:
        self.dag_id, self.reason = dag_id, reason
        super().__init__(f"The DAG {dag_id!r} can't be run: {reason}.")


class CrossSite(Refused):
    """A change asked for by another web site through the user's cookie."""


class PreconditionMissing(Refused):
    """A save that does not say which revision it was made from."""


class TooLarge(HTTPException, Refused):
    """A body above the limit of its route; ``limit`` in bytes, ``close`` reads no further.

    An HTTPException, because FastAPI turns all others that are raised while it reads a body into "400, can't parse".
    """

    def __init__(self, limit: int, *, close: bool = False) -> None:
        self.limit = limit
        message = f"The body is larger than {limit:,} bytes, the limit of this route; nothing was stored."
        super().__init__(413, message, {"Connection": "close"} if close else None)

    def __str__(self) -> str:
        return self.detail


class RangeNotSatisfiable(Refused):
    """A range that lies outside the content; ``size`` in bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"The range lies outside the {size:,} bytes of the content.")


#: error -> (status, title); the most special class that matches counts.
STATUSES: dict[type[Exception], tuple[int, str]] = {
    errors.InvalidInput: (422, "Invalid input"),
    errors.Unresolvable: (422, "The request contradicts itself"),
    errors.NotRerunnable: (422, "The task can't run again"),
    errors.FinalOverridden: (422, "A final setting may not be overridden"),
    errors.DependencyClash: (422, "Dependencies clash"),
    errors.DigestMismatch: (422, "The content is damaged"),
    errors.Truncated: (422, "The content is incomplete"),
    errors.NotFound: (404, "Not found"),
    errors.UnknownGroup: (404, "Unknown config group"),
    errors.NoDefaultGroup: (404, "No default group"),
    errors.AlreadyExists: (409, "Already exists"),
    errors.NotDeleted: (409, "Not deleted"),
    errors.StaleRevision: (409, "Somebody else saved meanwhile"),
    errors.PlanOutdated: (409, "Somebody else saved meanwhile"),
    errors.DefaultGroupKept: (409, "The default group stays"),
    errors.InUse: (409, "In use"),
    errors.WrongState: (409, "Wrong state"),
    errors.WireVersionMismatch: (409, "Versions do not match"),
    errors.BlobTooLarge: (413, "Too large"),
    errors.StorageFull: (507, "The storage is full"),
    errors.StorageMisconfigured: (500, "The blob storage is not set up"),
    errors.StorageRefused: (500, "The blob storage refuses access"),
    errors.StorageAbsent: (500, "The blob storage is not there"),
    errors.StorageForeign: (500, "The blob storage is another's"),
    errors.StorageUnreachable: (503, "The blob storage does not answer"),
    errors.BlobVanished: (409, "Cleaned away meanwhile"),
    errors.BlobMissing: (500, "A stored file is missing"),
    errors.SecretUnreadable: (500, "A secret can't be decrypted"),
    errors.UnusableDatabase: (500, "The database's URL can't be used"),
    errors.DatabaseBusy: (503, "The database is busy"),
    errors.DatabaseFull: (507, "The database is full"),
    errors.DatabaseAway: (503, "The database can't be reached"),
    NoSecretKey: (503, "No key for secrets"),
    CoutureError: (422, "The task could not be submitted"),
    Unauthenticated: (401, "Not authenticated"),
    NotProven: (403, "Not proven"),
    Forbidden: (403, "Permission missing"),
    ForbiddenDag: (403, "Permission missing"),
    ChildUnusable: (409, "Nothing was started"),
    CrossSite: (403, "Refused from another site"),
    PreconditionMissing: (428, "If-Match is missing"),
    TooLarge: (413, "Too large"),
    RangeNotSatisfiable: (416, "Range not satisfiable"),
}


class _Problem(JSONResponse):
    """A problem as JSON. What a caller sent may be half a surrogate pair, which UTF-8 can't hold: it is escaped."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def problem(
    status: int, title: str, detail: str, name: str = "", headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """A problem details answer; ``members`` carry the objects the error speaks of."""
    content = {"type": f"urn:couture:problem:{name}" if name else "about:blank", "title": title}
    body = {**content, "status": status, "detail": detail, **members}
    return _Problem(body, status, headers=dict(headers or {}))


def install_handlers(app: FastAPI) -> None:
    """Make the app answer every error as a problem."""
    for error in STATUSES:
        app.add_exception_handler(error, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(UnicodeEncodeError, _not_text)
    app.add_exception_handler(SQLAlchemyError, _database)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unforeseen)


def status_of(error: Exception) -> tuple[int, str]:
    """The status and the title of an error that the table knows; raises StopIteration for another."""
    return next(STATUSES[cls] for cls in type(error).__mro__ if cls in STATUSES)


async def _told(request: Request, error: Exception) -> JSONResponse:
    status, title = status_of(error)
    if status >= 500:
        log.error("%s %s: %s", request.method, request.url.path, error)
    return problem(status, title, str(error), type(error).__name__, _headers(error), **_members(error))


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": error.scheme}
    if isinstance(error, errors.DatabaseBusy | errors.DatabaseAway):
        return {"Retry-After": "1"}  # by which workers know that it passes
    if isinstance(error, HTTPException):
        return dict(error.headers or {})
    if isinstance(error, errors.BlobTooLarge):
        return {"Connection": "close"}  # else the server would read gigabytes to throw them away
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.size}"}
    return {}


def _members(error: Exception) -> dict[str, Any]:
    if isinstance(error, errors.InvalidInput):
        return {"errors": [{"where": fault.where, "message": fault.message} for fault in error.told]}
    if isinstance(error, errors.StaleRevision):
        return {
            "current_revision": error.current,
            "saved_by": error.saved_by,
            "saved_at": error.saved_at.isoformat(),
            "note": error.note,
            "changes": [{"where": c.where, "old": c.old, "new": c.new} for c in error.changes],
        }
    if isinstance(error, errors.InUse):
        return {"users": [{"noun": user.noun, "name": user.name} for user in error.users]}
    return _nearest(error)


def _nearest(error: Exception) -> dict[str, Any]:
    if isinstance(error, errors.UnknownGroup):
        return {"nearest": error.nearest, "groups": error.groups}
    if isinstance(error, errors.NotFound):
        return {"nearest": error.nearest}
    if isinstance(error, errors.WireVersionMismatch):
        return {"theirs": error.theirs, "ours": error.ours}
    if isinstance(error, Forbidden):
        return {"permission": error.action, "resource": error.resource}
    return {}


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # a parameter that the route and its guard both read is found wrong twice
    faults = {(_where(fault["loc"]), _message(request, fault)): None for fault in map(_placed, error.errors())}
    return await _told(request, errors.InvalidInput([errors.Fault(where, message) for where, message in faults]))


def _message(request: Request, fault: dict[str, Any]) -> str:
    """What pydantic says, and the way out where it leaves that to be guessed."""
    message, place = str(fault["msg"]), tuple(fault["loc"])
    if place == ("body",) and "json" not in request.headers.get("Content-Type", ""):
        return "is not read as JSON: send Content-Type: application/json"
    if fault.get("type") == "extra_forbidden" and len(place) == 2 and place[0] == "body":
        fields = _fields(request)
        near = nearest(str(place[1]), fields)
        hint = f"; did you mean {near[0]}?" if near else "."
        return f"is no field here{hint} The fields are: {', '.join(fields)}"
    return message


def _fields(request: Request) -> list[str]:
    """The fields of the body that the route reads."""
    body = request.scope["route"].body_field
    return [field.alias or name for name, field in body.field_info.annotation.model_fields.items()]


def _placed(fault: dict[str, Any]) -> dict[str, Any]:
    """A fault as pydantic tells it; of a body that is no JSON FastAPI tells the position in place of the place."""
    if fault["type"] != "json_invalid":
        return fault
    message = f"is not JSON: {fault['ctx']['error']} at character {fault['loc'][-1]}"
    return {"loc": ("body",), "msg": message}


async def _database(request: Request, error: Exception) -> JSONResponse:
    """An error of Airflow's own sessions; the store's say themselves what passes."""
    told = passing_fault(error)
    return await (_told(request, told) if told else _unforeseen(request, error))


async def _not_text(request: Request, error: Exception) -> JSONResponse:
    """Half a surrogate pair, which JSON can say and no database can store."""
    assert isinstance(error, UnicodeEncodeError)
    character = f"\\u{ord(error.object[error.start]):04x}"
    return await _told(
        request, errors.reject("body", f"contains {character}, half a surrogate pair, which is not text")
    )


def _where(location: tuple[str | int, ...]) -> str:
    parts = location[1:] if location and location[0] in ("body", "query", "path", "header") else location
    return ".".join(str(part) for part in parts) or "body"


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    detail = f"{request.method} {request.url.path}" if error.detail == title else str(error.detail)
    return problem(error.status_code, title, detail, headers=error.headers)


async def _gone(request: Request, _: Exception) -> JSONResponse:
    """The caller went away before the whole body was there, as a browser that cancels: nobody reads the answer."""
    log.debug("%s %s: the caller went away before the whole body had come", request.method, request.url.path)
    return problem(400, "The connection ended", "The connection ended before the whole body had come.")


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "The server failed", "This is a fault of the server; its log holds the details.")
