"""An API server in a process of its own: ``python -m tests.admin_views.api_process DIRECTORY``."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The largest artifact that this server takes.
MAX_UPLOAD_BYTES = 400_000_000


@dataclass(frozen=True)
class ApiProcess:
    """A running server: its address, its process id, and the directory of its store."""

    url: str
    pid: int
    directory: Path

    def peak_memory(self) -> int:
        """The most memory that the process ever held, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None, status
        return int(found.group(1)) * 1024


@contextmanager
def started(directory: Path) -> Iterator[ApiProcess]:
    """Start a server on an empty store in the directory; ends it with the block."""
    arguments = [sys.executable, "-m", __name__, str(directory)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(arguments, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), "the server ended before it was ready"
        try:
            yield ApiProcess(url, process.pid, directory)
        finally:
            process.stdin.close()  # the sign to end


def main(directory: Path) -> None:
    """Serve, tell the address on standard output, and end when standard input does."""
    from cryptography.fernet import Fernet

    from admin_views.app import API_PREFIX, create_app
    from config_store.database import migrate
    from tests.admin_views.furnished import services_in
    from tests.conftest import serving

    migrate(f"sqlite:///{directory / 'store.db'}")
    services = services_in(directory, Fernet.generate_key().decode(), max_upload_bytes=MAX_UPLOAD_BYTES)
    with serving(create_app(services)) as url:
        print(url + API_PREFIX, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
