"""A proxy between tasks and the API, which can go away in the middle of a step and hears the proofs of tasks."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tools.ports import HOST
from tools.soak.progress import complain

HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "host", "date", "server"})


@dataclass
class Outage:
    """From the first request on of which all that is named holds, nobody is there for ``seconds``."""

    step: str
    seconds: float
    path_end: str = ""
    path_part: str = ""
    body_part: bytes = b""
    refused: int = 0

    def begins(self, path: str, body: bytes) -> bool:
        """Whether a request is the one."""
        return path.endswith(self.path_end) and self.path_part in path and self.body_part in body


class Proxy:
    """Passes requests on to ``target``; outages happen in their order, each once."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.credentials: set[str] = set()
        self.happened: list[Outage] = []
        self._waiting: list[Outage] = []
        self._back_at = 0.0
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server((HOST, 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()

    def plan(self, *outages: Outage) -> None:
        """Let these happen."""
        with self._lock:
            self._waiting, self.happened = list(outages), []

    def is_away(self, path: str, body: bytes) -> bool:
        """Whether this request meets nobody; it may begin the next outage."""
        with self._lock:
            if time.monotonic() >= self._back_at and self._waiting and self._waiting[0].begins(path, body):
                self.happened.append(self._waiting.pop(0))
                self._back_at = time.monotonic() + self.happened[-1].seconds
            away = time.monotonic() < self._back_at
            if away:
                self.happened[-1].refused += 1
            return away


class _Server(ThreadingHTTPServer):
    """Says nothing of connections that the other side closed."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Tasks that are killed leave their connections."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):
            complain(f"the proxy met {type(error).__name__}: {error}")


class _Handler(BaseHTTPRequestHandler):
    """One connection; an outage closes it without an answer."""

    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if credential := self.headers.get("Authorization"):
            self.proxy.credentials.add(credential)
        if self.proxy.is_away(self.path, body):
            self.close_connection = True
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            answer = httpx.request(
                self.command, self.proxy.target + self.path, content=body, headers=headers, timeout=60
            )
        except httpx.TransportError:
            self.close_connection = True  # as the server behind it did
            return
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP | {"content-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Silent: the soak tells what matters."""
