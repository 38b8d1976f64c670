"""What a request says must be text that every database can hold: checked once, before any route asks the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from fastapi import Request

from config_store.errors import Fault, InvalidInput
from config_store.names import unstorable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A worker's report is kept as one JSON document, in which NUL is escaped: the end of a job counts, whatever its log
#: says.
_REPORTS = "/submissions/{submission_id}/reports"


async def check_text(request: Request) -> None:
    """Raise InvalidInput for NUL, half surrogate pairs and what is not UTF-8, in path, query and JSON body."""
    faults = [*_path_faults(request), *_query_faults(request), *_body_faults(await _document(request))]
    if faults:
        raise InvalidInput(faults)


def _path_faults(request: Request) -> Iterator[Fault]:
    for name, value in request.path_params.items():
        if reason := unstorable(str(value)):
            yield Fault(name, reason)
    if not _is_utf8(request.scope.get("raw_path") or b""):
        yield Fault("path", "is not UTF-8")


def _query_faults(request: Request) -> Iterator[Fault]:
    for name, value in request.query_params.multi_items():
        if reason := unstorable(name + value):
            yield Fault(name, reason)
    if not _is_utf8(request.scope.get("query_string", b"")):
        yield Fault("query", "is not UTF-8")


def _is_utf8(quoted: bytes) -> bool:
    try:
        unquote_to_bytes(quoted).decode()
    except UnicodeDecodeError:
        return False
    return True


async def _document(request: Request) -> Any:
    """The JSON body of a route that takes one, when it can hold what we look for; FastAPI has read it already."""
    route = request.scope["route"]
    if getattr(route, "body_field", None) is None or route.path.endswith(_REPORTS):
        return None
    body = await request.body()
    try:
        text = body.decode()
    except UnicodeDecodeError:  # json would take UTF-16, and bytes that stand for half a surrogate pair
        raise InvalidInput([Fault("body", "is not UTF-8")]) from None
    if "\\u" not in text:  # such characters stand in JSON as escapes only
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None  # which FastAPI tells


def _body_faults(document: Any) -> Iterator[Fault]:
    left: list[tuple[str, Any]] = [("", document)]  # no recursion: a body may be nested as deep as JSON is read
    while left:
        where, value = left.pop()
        if isinstance(value, str) and (reason := unstorable(value)):
            yield Fault(where or "body", reason)
        elif isinstance(value, list):
            left += [(_joined(where, str(index)), item) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            for name, item in value.items():
                place = _joined(where, _shown(name))
                if reason := unstorable(name):
                    yield Fault(place, f"the name {reason}")
                left.append((place, item))


def _joined(where: str, part: str) -> str:
    return f"{where}.{part}" if where else part


def _shown(name: str) -> str:
    return name[:100].encode("unicode_escape").decode() if unstorable(name) else name[:100]
