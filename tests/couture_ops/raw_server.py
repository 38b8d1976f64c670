"""A server that answers with bytes which a test writes down, broken ones included."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What is said of a server that is none of ours, behind its address and status.
NO_STORE = (
    "and not as a config store: the API server there does not have the couture plugin, or the address is that of "
    "something else. Install couture-ops there and look at `airflow plugins`; or set [couture] api_url, or the "
    "connection, to the right address."
)


def answer(
    status: int, body: bytes | dict[str, Any], content_type: str = "application/json", *headers: str, cut: int = 0
) -> bytes:
    """A whole HTTP answer; ``cut`` leaves so many bytes of its end out."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(content)}",
        "Connection: close",
        *headers,
    ]
    whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + content
    return whole[: len(whole) - cut]


class RawServer:
    """``url`` leads to it; ``requests`` are the heads and bodies of what came, as text."""

    def __init__(self, listening: socket.socket, answers: tuple[bytes, ...]) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.requests: list[str] = []
        self._listening = listening
        self._answers = list(answers)

    def serve(self) -> None:
        """Answer one connection after the other, until the socket is shut down."""
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, suppress(ConnectionError):
                self.requests.append(_read_request(connection))
                connection.sendall(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])

    def header(self, number: int, name: str) -> str | None:
        """A header of a request; None when it has none of that name."""
        for line in self.requests[number].partition("\r\n\r\n")[0].split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None


def _read_request(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode()


@contextmanager
def raw_server(*answers: bytes) -> Iterator[RawServer]:
    """Serve these answers one after the other, each on a connection of its own; the last one stays."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = RawServer(listening, answers)
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
