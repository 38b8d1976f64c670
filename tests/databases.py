"""Private PostgreSQL and MariaDB servers for tests, from the system's programs, on the loopback.

Their data lie in a folder of their own and are kept safe from no crash: nobody needs them afterwards. They run as
an unprivileged user (``nobody`` when root runs the tests) and end with the process that started them, however it ends.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tools.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "couture"
READY_S = 60.0


class NotInstalled(Exception):
    """The server's programs are not on this machine; says what to install."""


class DatabaseServer(ABC):
    """One private server, made and started by :meth:`running`."""

    #: The URL scheme, and the package that holds the programs on Debian.
    driver: ClassVar[str]
    package: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.port = folder, folder / "data", free_port()
        self.password = secrets.token_urlsafe(12)

    def url(self, database: str) -> str:
        """The URL of one of the server's databases, password included."""
        return URL.create(self.driver, USER, self.password, "127.0.0.1", self.port, database).render_as_string(
            hide_password=False
        )

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[DatabaseServer]:
        """A started server, gone at the end of the block; raises NotInstalled."""
        with tempfile.TemporaryDirectory(prefix="couture-db-", ignore_cleanup_errors=True) as folder:
            server = cls(Path(folder))
            if os.geteuid() == 0:
                shutil.chown(folder, "nobody")
            server.make()
            with (server.folder / "server.log").open("wb") as log:
                process = subprocess.Popen(
                    [*_as_user(server.stop_signal), *server.command()],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is for pytest, which ends the server itself
                    cwd=folder,
                )
            try:
                server.wait(process)
                yield server
            finally:
                process.send_signal(server.stop_signal)
                process.wait(30)

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        """Until the server lets us in."""
        engine = create_engine(self.url(self.first_database), poolclass=NullPool)
        deadline = time.monotonic() + READY_S
        while True:
            assert process.poll() is None, (self.folder / "server.log").read_text(errors="replace")[-3000:]
            try:
                engine.connect().close()
                return
            except OperationalError:
                assert time.monotonic() < deadline, (self.folder / "server.log").read_text(errors="replace")[-3000:]
                time.sleep(0.05)

    def create_database(self, name: str) -> str:
        """Make an empty database; answers its URL."""
        engine = create_engine(self.url(self.first_database), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(self.creation.format(name=name)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        engine = create_engine(self.url(self.first_database), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(self.removal.format(name=name)))

    def run(self, *command: str | Path) -> None:
        """Run one of the server's set-up programs as the server's user."""
        argv = [*_as_user(), *map(str, command)]
        ended = subprocess.run(
            argv,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        assert ended.returncode == 0, ended.stdout[-3000:]

    def write(self, name: str, content: str) -> Path:
        """A file that the server's user alone can read."""
        path = self.folder / name
        path.touch(0o600)
        path.write_text(content)
        if os.geteuid() == 0:
            shutil.chown(path, "nobody")
        return path

    #: How the server is asked to end at once.
    stop_signal: ClassVar[signal.Signals]
    first_database: ClassVar[str]
    creation: ClassVar[str]
    removal: ClassVar[str]

    @abstractmethod
    def make(self) -> None:
        """Make the data folder; raises NotInstalled."""

    @abstractmethod
    def command(self) -> list[str | Path]:
        """How to start it in the foreground."""


class PostgreSQL(DatabaseServer):
    """Sorts as en-US does, like many a server in production, and unlike SQLite."""

    driver, package = "postgresql+psycopg2", "postgresql"
    stop_signal, first_database = signal.SIGINT, "postgres"
    creation, removal = "CREATE DATABASE {name}", "DROP DATABASE {name} WITH (FORCE)"

    def make(self) -> None:
        """See :class:`DatabaseServer`."""
        initdb = self._program("initdb")
        password = self.write("password", self.password)
        how = f"-U {USER} -E UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US --auth=scram-sha-256"
        self.run(initdb, "-D", self.data, *how.split(), f"--pwfile={password}", "--no-sync", "--no-instructions")

    def command(self) -> list[str | Path]:
        """See :class:`DatabaseServer`."""
        quick = "fsync=off synchronous_commit=off full_page_writes=off shared_buffers=32MB max_connections=200"
        local = f"listen_addresses=127.0.0.1 unix_socket_directories={self.folder}"
        options = [part for setting in f"{quick} {local}".split() for part in ("-c", setting)]
        return [self._program("postgres"), "-D", self.data, "-p", str(self.port), *options]

    def _program(self, name: str) -> Path:
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
        return found[-1] if found else _on_path(name, self.package)


class MariaDB(DatabaseServer):
    """With the isolation and the strictness that a MariaDB has by itself."""

    driver, package = "mysql+pymysql", "mariadb-server-core mariadb-client-core"
    stop_signal, first_database = signal.SIGTERM, "couture"
    creation = "CREATE DATABASE {name} CHARACTER SET utf8mb4"
    removal = "DROP DATABASE {name}"

    def make(self) -> None:
        """See :class:`DatabaseServer`."""
        for program in ("mariadbd", "my_print_defaults"):
            _on_path(program, self.package)
        how = ["--no-defaults", "--auth-root-authentication-method=socket", "--skip-test-db", "--skip-name-resolve"]
        self.run(_on_path("mariadb-install-db", self.package), *how, f"--datadir={self.data}")
        self.write(
            "first.sql",
            f"CREATE DATABASE {self.first_database} CHARACTER SET utf8mb4;\n"
            f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO {USER}@'127.0.0.1';\n",
        )

    def command(self) -> list[str | Path]:
        """See :class:`DatabaseServer`."""
        quick = "--innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --innodb-log-file-size=16M --skip-log-bin"
        local = f"--bind-address=127.0.0.1 --port={self.port} --socket={self.folder}/mariadb.sock --skip-name-resolve"
        files = f"--datadir={self.data} --init-file={self.folder}/first.sql"
        program = _on_path("mariadbd", self.package)
        return [program, "--no-defaults", *f"{quick} {local} {files} --innodb-buffer-pool-size=64M".split()]


SERVERS: dict[str, type[DatabaseServer]] = {"postgresql": PostgreSQL, "mariadb": MariaDB}


def _as_user(death: signal.Signals | None = None) -> list[str]:
    """The prefix of a command that runs unprivileged and, with ``death``, gets that signal when we are gone."""
    if sys.platform != "linux":
        return []
    ending = ["--pdeathsig", death.name.removeprefix("SIG")] if death else []
    nobody = pwd.getpwnam("nobody")  # its group has another name on each distribution
    user = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *ending, *user, "--"] if ending or user else []


def _on_path(name: str, package: str) -> Path:
    """Debian keeps servers in /usr/sbin, which is not on every user's PATH."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NotInstalled(f"{name} is not installed; on Debian or Ubuntu: apt-get install {package}")
    return Path(found)
