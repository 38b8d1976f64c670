"""A line to a server that may be cut in the middle of what it carries, and mended."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tools.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


class CutLine:
    """Passes bytes on to a port, and counts those of the client; knows nothing of HTTP."""

    def __init__(self, backend: int) -> None:
        self.port = free_port()
        self.sent = 0
        self._backend = backend
        self._cut_at: int | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def url(self) -> str:
        """The address before the line."""
        return f"http://{HOST}:{self.port}"

    def cut_after(self, size: int) -> None:
        """Cut every connection when the clients have sent so many bytes more, and take none until it is mended."""
        self._cut_at = self.sent + size

    def mend(self) -> None:
        """Carry everything again."""
        self._cut_at = None

    @contextmanager
    def running(self) -> Iterator[CutLine]:
        """Carry while the block runs."""
        self._thread.start()
        assert self._started.wait(10), f"nothing listens on port {self.port}"
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._done.set)
            self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connect, HOST, self.port)
        self._started.set()
        await self._done.wait()
        self._cut()
        server.close()

    @property
    def _is_cut(self) -> bool:
        return self._cut_at is not None and self.sent >= self._cut_at

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()  # as a cable does: nobody says goodbye

    async def _connect(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            answer.transport.abort()
            return
        server, request = await asyncio.open_connection(HOST, self._backend)
        self._open |= {answer, request}
        await asyncio.gather(self._carry(client, request, counts=True), self._carry(server, answer, counts=False))
        self._open -= {answer, request}

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, counts: bool) -> None:
        with suppress(OSError):
            while chunk := await source.read(64 * 1024):
                if counts:
                    self.sent += len(chunk)
                    if self._is_cut:
                        self._cut()
                        return
                target.write(chunk)
                await target.drain()
        target.close()
