"""A plain HTTP server of one folder: what the loopback and the disk give at best, to compare downloads with.

Each GET is answered by the kernel's sendfile, and nothing else is done: no permission, no Python loop.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator


class SendFile(SimpleHTTPRequestHandler):
    """Serves the files of its directory."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Let the kernel copy; the headers are on their way already."""
        self.wfile.flush()
        self.connection.sendfile(cast("IO[bytes]", source))

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  # the library's name
        """Say nothing."""


@contextmanager
def raw_server(folder: Path) -> Iterator[str]:
    """A process that serves a folder on the loopback; yields its address."""
    argv = (sys.executable, "-m", "tools.bench.raw_server", str(folder))
    with Popen(argv, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def serve(folder: Path) -> None:
    """Serve until this process is ended; prints the port first."""

    def handle(*arguments: Any) -> SendFile:
        return SendFile(*arguments, directory=str(folder))

    with ThreadingHTTPServer(("127.0.0.1", 0), handle) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
