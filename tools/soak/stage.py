"""What trials share: scratch folders, and one real Airflow, set up when first needed and ended at the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from config_store.blobs.file_system import FileSystemBlobs
from config_store.database import Database, open_engine
from config_store.secrets import FernetCipher
from tools.bench.side import ALL, API_SERVER
from tools.bench.spark import spark_home
from tools.demo.airflow import ADMIN, PROGRAMS
from tools.demo.home import DemoHome, read_secrets
from tools.ports import free_port
from tools.soak import canary
from tools.soak.airflow import SoakAirflow, SoakSide, variables
from tools.soak.progress import say
from tools.soak.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.soak.scale import Scale
    from tools.soak.server import KillableServer

JOBS = Path(__file__).parent / "jobs"
GROUP = "soak"
CONTENT = {
    "arguments": {"master": "local[1]", "driver-memory": "512m"},
    "configurations": {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1"},
}


@dataclass
class Stage:
    """``folder``: all of its files, absolute. Close it with :meth:`close`."""

    folder: Path
    scale: Scale
    _airflow: SoakSide | None = None
    _has_store: bool = False
    _variables: dict[str, str] = field(default_factory=dict)
    _proxies: list[Proxy] = field(default_factory=list)

    def scratch(self, name: str) -> Path:
        """An empty folder."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    @cached_property
    def proxy(self) -> Proxy:
        """What stands between tasks and the API server."""
        proxy = Proxy(f"http://127.0.0.1:{free_port()}")
        proxy.start()
        self._proxies.append(proxy)
        return proxy

    @cached_property
    def side(self) -> SoakSide:
        """Our Airflow, whose processes :meth:`airflow` starts."""
        home = DemoHome(self.folder / "airflow")
        port = int(self.proxy.target.rpartition(":")[2])
        told = self._variables = variables(spark_home(), canary.VARIABLES)
        side = SoakSide("soak", SoakAirflow(home, port, PROGRAMS, told, True, self.proxy.url, max(self.scale.wave, 4)))
        self._airflow = side
        return side

    def airflow(self) -> SoakSide:
        """All processes of our Airflow, with the jobs in its store."""
        side = self.airflow_without_jobs()
        self._fill_store()
        return side

    def airflow_without_jobs(self) -> SoakSide:
        """All processes of our Airflow."""
        self._prepare()
        self.side.run(ALL)
        return self.side

    @contextmanager
    def killable_servers(self, count: int) -> Iterator[list[KillableServer]]:
        """API servers of our Airflow, of which no other process runs meanwhile."""
        self._prepare()
        self.side.run((API_SERVER,))
        token = self.token()
        self.side.run(())
        servers = [self.side.killable_server(free_port(), token) for _ in range(count)]
        try:
            for server in servers:
                server.start()
            for server in servers:
                server.wait()
            yield servers
        finally:
            for server in servers:
                server.stop()

    def token(self) -> str:
        """A token of the admin."""
        api = self.side.api()
        authorization = api.authorization()["Authorization"]
        api.close()
        return authorization.partition(" ")[2]

    @contextmanager
    def airflow_store(self) -> Iterator[tuple[Database, FileSystemBlobs]]:
        """The store of our Airflow, read directly."""
        database = Database(open_engine(f"sqlite:///{self.side.home.database}"))
        try:
            yield database, FileSystemBlobs(self.side.airflow.blobs)
        finally:
            database.engine.dispose()

    def cipher(self) -> FernetCipher:
        """What opens the secrets of that store."""
        return FernetCipher([read_secrets(self.side.home)["fernet_key"]])

    def close(self) -> None:
        """End all processes and remove what takes room; logs stay."""
        if self._airflow is not None:
            say("ends Airflow's processes")
            self._airflow.stop()
            for taken in ("worker-cache", "couture"):
                shutil.rmtree(self._airflow.home.folder / taken, ignore_errors=True)
        for proxy in self._proxies:
            proxy.stop()

    def _prepare(self) -> None:
        """The database and the admin, whose password the connection `soak_store` holds."""
        self.side.set_up()
        host, _, port = self.side.airflow.url.rpartition("://")[2].partition(":")
        password = self.side.home.password_file.read_text().strip()
        connection = {"conn_type": "couture", "host": host, "port": int(port), "login": ADMIN, "password": password}
        self._variables["AIRFLOW_CONN_SOAK_STORE"] = json.dumps(connection)

    def _fill_store(self) -> None:
        """The jobs and their group, by the client `couture`, once."""
        if self._has_store:
            return
        password = self.side.home.password_file.read_text()
        self.side.call("couture", "login", "--username", ADMIN, "--password-stdin", text_in=password)
        jobs = [*sorted(JOBS.glob("*.py")), _sleeping_jar(self.folder / "jar")]
        self.side.call("couture", "artifacts", "upload", "code", *map(str, jobs))
        file = self.folder / "group.json"  # JSON is YAML
        file.write_text(json.dumps(CONTENT))
        self.side.call("couture", "groups", "create", GROUP)
        self.side.call("couture", "settings", "apply", GROUP, str(file), "--note", "soak")
        self._has_store = True


def _sleeping_jar(folder: Path) -> Path:
    """The jar's job, compiled."""
    folder.mkdir(parents=True, exist_ok=True)
    home = os.environ.get("JAVA_HOME")
    javac, jar = (str(Path(home, "bin", name)) if home else name for name in ("javac", "jar"))
    subprocess.run([javac, "-d", str(folder), str(JOBS / "SoakSleep.java")], check=True)
    target = folder / "soak_sleep.jar"
    subprocess.run([jar, "cf", str(target), "-C", str(folder), "SoakSleep.class"], check=True)
    return target
