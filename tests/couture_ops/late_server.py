"""Servers that are not there, or not yet."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from couture_ops import client as client_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI


@contextmanager
def bound_socket() -> Iterator[tuple[socket.socket, str]]:
    """A socket and the address that leads to it; it does not listen, so connections are refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound, f"http://127.0.0.1:{bound.getsockname()[1]}"


class LateServer(logging.Handler):
    """Serves at ``url`` from the moment when a client says for the first time that nobody is there.

    ``said`` is what the client's log says.
    """

    def __init__(self, url: str, bound: socket.socket, app: FastAPI) -> None:
        super().__init__()
        self.url = url
        self.said: list[str] = []
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        self._thread = threading.Thread(target=self._server.run, args=([bound],))

    def emit(self, record: logging.LogRecord) -> None:
        """Note what is said."""
        self.said.append(record.getMessage())
        if len(self.said) == 1:
            self._thread.start()

    def stop(self) -> None:
        """End the server, if it ever started."""
        self._server.should_exit = True
        if self.said:
            self._thread.join()


@contextmanager
def late_server(app: FastAPI) -> Iterator[LateServer]:
    """A server that comes up while a client waits for it."""
    with bound_socket() as (bound, url):
        server = LateServer(url, bound, app)
        client_module.log.addHandler(server)
        try:
            yield server
        finally:
            client_module.log.removeHandler(server)
            server.stop()
