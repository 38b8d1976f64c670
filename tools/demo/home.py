"""Where the demo's files lie, its secrets, and that only one demo at a time uses them."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.demo.errors import AlreadyRunning

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
OWNER_ONLY = 0o600


@dataclass(frozen=True)
class DemoHome:
    """The demo's folder and what lies in it; ``folder`` is absolute. It is AIRFLOW_HOME, too."""

    folder: Path

    @property
    def logs(self) -> Path:
        """A log for each process; the tasks' logs lie below ``tasks``."""
        return self.folder / "logs"

    @property
    def database(self) -> Path:
        """Airflow's SQLite database, which holds the store's tables, too."""
        return self.folder / "airflow.db"

    @property
    def password_file(self) -> Path:
        """The admin's password."""
        return self.folder / "admin-password"

    @property
    def ratings(self) -> Path:
        """Input and output of the example."""
        return self.folder / "ratings"

    @property
    def worker_cache(self) -> Path:
        """[couture] cache_dir: downloaded files, running tries, class archives."""
        return self.folder / "worker-cache"

    @property
    def installed(self) -> Path:
        """Says which state of the code set up the database."""
        return self.folder / "installed"

    @property
    def pids(self) -> Path:
        """A file for each of Airflow's processes, which leads a session of that number."""
        return self.folder / "pids"

    @property
    def client_config(self) -> Path:
        """COUTURE_CONFIG_DIR: the login of the client."""
        return self.folder / "couture-client"

    def make(self) -> None:
        """Make the folders, readable by their owner alone."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.logs, self.pids, self.client_config, self.ratings / "input"):
            folder.mkdir(parents=True, exist_ok=True)

    def shown(self, path: Path) -> str:
        """A path as it is typed from the checkout."""
        return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)


def read_secrets(home: DemoHome) -> dict[str, str]:
    """The keys of this demo, drawn once and kept: ``fernet_key``, ``jwt_secret``, ``secret_key``."""
    path = home.folder / "secrets.json"
    if not path.exists():
        from cryptography.fernet import Fernet

        drawn = {"fernet_key": Fernet.generate_key().decode()}
        drawn |= {name: secrets.token_hex(32) for name in ("jwt_secret", "secret_key")}
        write_privately(path, json.dumps(drawn))
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def write_privately(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w") as file:
        file.write(text)
    part.replace(path)


@contextmanager
def only_demo(home: DemoHome, url: str) -> Iterator[None]:
    """Hold the folder as long as this process lives. Raises AlreadyRunning.

    A lock of POSIX, because it is not inherited: it goes with this process however that ends.
    """
    path = home.folder / "running"
    with path.open("a+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid, other_url = [*path.read_text().split(), "?", ""][:2]
            raise AlreadyRunning(home.folder, pid, other_url) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n{url}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
