"""One address before several servers: each new connection goes to the next of them that takes it."""

from __future__ import annotations

import asyncio
import itertools
import threading
from contextlib import closing, suppress

HOST = "127.0.0.1"


class RoundRobin:
    """Passes bytes on and knows nothing of HTTP; what a dead server breaks off breaks off for the client, too."""

    def __init__(self, port: int, backends: list[int]) -> None:
        self._port, self._backends = port, backends
        self._turns = itertools.count()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._started = threading.Event()

    def start(self) -> None:
        """Listen; answers when connections are taken."""
        self._thread.start()
        assert self._started.wait(10), f"nothing listens on port {self._port}"

    def stop(self) -> None:
        """Close every connection."""
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connect, HOST, self._port)
        self._started.set()
        await self._done.wait()
        server.close()

    async def _connect(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        first = next(self._turns)
        for turn in range(len(self._backends)):
            port = self._backends[(first + turn) % len(self._backends)]
            with suppress(OSError):
                server, request = await asyncio.open_connection(HOST, port)
                await asyncio.gather(_pass_on(client, request), _pass_on(server, answer))
                return
        answer.close()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Until one side ends or the balancer stops; then the other side learns of it."""
    with closing(target), suppress(OSError):
        while chunk := await source.read(64 * 1024):
            target.write(chunk)
            await target.drain()
