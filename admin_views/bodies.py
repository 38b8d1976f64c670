"""Bodies that come and go in pieces: limits on what is read, downloads with ranges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fastapi.responses import StreamingResponse

from admin_views.problems import RangeNotSatisfiable, TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    from fastapi import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from config_store.blobs.protocol import BlobStorage

#: A group of 1,000 settings has 0.1 MB. JSON is read in the event loop, before it is known who sends it: what it
#: takes, all other requests wait.
MAX_JSON_BYTES = 4_000_000
CHUNK_BYTES = 1024 * 1024

# No content has more digits; Python refuses to read numbers of thousands.
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
#: These stream their bodies and have limits of their own.
_STREAMED = re.compile(
    r"/artifacts/[^/]+/[^/]+/(versions|uploads/[^/]+/parts/[^/]+)$|/groups/[^/]+/(hadoop|kerberos)/[^/]+$|/transfer/(plan|apply|blobs/[^/]+/[^/]+)$"
    r"|/pages/hadoop/[^/]+/(stage|text)/[^/]+$"
)


class LimitBodies:
    """Refuses a JSON body above MAX_JSON_BYTES while it arrives: FastAPI reads bodies before it asks who sends them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its bytes."""
        if scope["type"] != "http" or _STREAMED.search(scope["path"]):
            await self._app(scope, receive, send)
            return
        received = 0

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_JSON_BYTES:
                raise TooLarge(MAX_JSON_BYTES, close=True)
            return message

        await self._app(scope, counted_receive, send)


async def read_limited(request: Request, limit: int) -> bytes:
    """The whole body of a streamed route; raises TooLarge above ``limit`` bytes."""
    if int(request.headers.get("Content-Length", 0)) > limit:
        raise TooLarge(limit, close=True)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(limit)
    return bytes(body)


def download(request: Request, blobs: BlobStorage, sha256: str, name: str, media_type: str) -> Response:
    """The blob as an attachment; a single ``Range: bytes=…`` is honoured, several are answered whole."""
    size, etag = blobs.size(sha256), f'"{sha256}"'
    # a part is of use only to who holds the other parts of the same content (RFC 9110, 13.1.5)
    unchanged = request.headers.get("If-Range", etag) == etag
    span = _span(request.headers.get("Range"), size) if unchanged else None
    first, last = span if span else (0, size - 1)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",  # the next one who asks may have fewer permissions
        # Airflow compresses what names no encoding: that costs time for jars and makes ranges meaningless.
        "Content-Encoding": "identity",
        "Content-Length": str(last - first + 1),
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
    }
    if span:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    blob = blobs.open(sha256)
    chunks = _chunks(blob, first, last - first + 1)
    return _Download(blob, chunks, status_code=206 if span else 200, headers=headers, media_type=media_type)


class _Download(StreamingResponse):
    """Closes the blob however the transfer ends; a generator that is not read to its end leaves that to chance."""

    def __init__(self, blob: BinaryIO, chunks: Iterator[bytes], **more: Any) -> None:
        super().__init__(chunks, **more)
        self._blob = blob

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._blob:
            await super().__call__(scope, receive, send)


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last N bytes
        begin, end = max(size - int(last), 0), size - 1
    else:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
    if begin > end:
        raise RangeNotSatisfiable(size)
    return begin, end


def _chunks(blob: BinaryIO, offset: int, length: int) -> Iterator[bytes]:
    blob.seek(offset)
    while length > 0 and (chunk := blob.read(min(CHUNK_BYTES, length))):
        length -= len(chunk)
        yield chunk
