"""A server of HTTP on the loopback whose answers a test writes down; it keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class ScriptedServer:
    """``answers``: "METHOD /path" -> (status, document) one after the other; the last one stays."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        self.bodies: dict[str, list[Any]] = defaultdict(list)
        self.headers: dict[str, list[str | None]] = defaultdict(list)

    def answer(self, request: str, *documents: Any, status: int = 200) -> None:
        """Answer these, one after the other."""
        self.answers.setdefault(request, []).extend((status, document) for document in documents)

    def take(self, request: str) -> tuple[int, Any]:
        """The next answer to a request; 404 for one that nobody wrote down."""
        waiting = self.answers.get(request)
        if not waiting:
            return 404, {"detail": f"nobody wrote down {request}"}
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """Serve on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            request = f"{self.command} {self.path.partition('?')[0]}"
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.bodies[request].append(json.loads(body) if body else None)
            script.headers[request].append(self.headers.get("Authorization"))
            status, document = script.take(request)
            answer = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = _handle

        def log_message(self, *_: object) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script = ScriptedServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
