"""A real Airflow for tests: its processes with FabAuthManager on a database of their own, on the loopback."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from cryptography.fernet import Fernet

from tests.integration.round_robin import RoundRobin
from tools.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Found = TypeVar("Found")

HERE = Path(__file__).parent
ROLES = ("Admin", "Op", "Couture Developer", "User", "Viewer", "Couture Worker", "Public")
#: The processes beside the API servers, by the names that Airflow's own health check gives them.
DAEMONS = {"scheduler": "scheduler -s", "dag_processor": "dag-processor", "triggerer": "triggerer -s"}
READY_S, RUN_S = 600.0, 480.0
SENDS = 3

_LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"

#: Several commands in one process, because each `airflow` call costs seconds.
_SET_UP = """
import json, sys
from airflow.cli.cli_parser import get_parser
for command in json.loads(sys.argv[1]):
    arguments = get_parser().parse_args(command)
    arguments.func(arguments)
"""


def wait_for(what: str, look: Callable[[], Found | None], timeout_s: float) -> Found:
    """What ``look`` answers as soon as it answers something; AssertionError after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"{what} did not come within {timeout_s:.0f} s"
        time.sleep(0.2)
    return found


def ending_with_us(*argv: str) -> list[str]:
    """A command that gets a SIGTERM when this process is gone, were it by kill -9: no Airflow outlives its tests."""
    return ["setpriv", "--pdeathsig", "TERM", "--", *argv] if sys.platform == "linux" else list(argv)


@dataclass
class LiveAirflow:
    """Start with :meth:`start`, end with :meth:`stop`; everything lies below ``home``.

    ``database_url`` None: SQLite below ``home``. Several ``api_servers`` stand behind one address, taking turns.
    ``daemons``: keys of DAEMONS.
    """

    home: Path
    database_url: str | None = None
    api_servers: int = 1
    daemons: tuple[str, ...] = tuple(DAEMONS)
    extra: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    balancer: RoundRobin | None = None

    @property
    def url(self) -> str:
        """The address of the API server."""
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def server_ports(self) -> list[int]:
        """The port of each API server: our own address when there is one, else those behind it."""
        return [self.port] if self.api_servers == 1 else [free_port() for _ in range(self.api_servers)]

    @property
    def records(self) -> Path:
        """Where the recording spark-submit writes."""
        return self.home / "records"

    @property
    def written_dags(self) -> Path:
        """A folder of DAG files that tests write."""
        return self.home / "written-dags"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every Airflow process."""
        if not self.extra:
            self.extra = self._settings()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        path = f"{Path(sys.executable).parent}:{inherited.get('PATH', '')}"
        return {**inherited, "PATH": path, "COUTURE_TEST_RECORDS": str(self.records), **self.extra}

    def _settings(self) -> dict[str, str]:
        fab = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
        settings = {
            "core": {
                "auth_manager": fab,
                "dags_folder": str(HERE / "dags"),
                "load_examples": "False",
                "parallelism": "2",
                "fernet_key": Fernet.generate_key().decode(),
                "execution_api_server_url": f"{self.url}/execution/",
            },
            "api": {
                "host": "127.0.0.1",
                "port": str(self.port),
                "base_url": self.url,
                "workers": "1",
                "secret_key": secrets.token_hex(32),
            },
            "api_auth": {"jwt_secret": secrets.token_hex(32)},
            # the first request makes the API server's execution API, which takes a busy machine half a minute, not 5 s
            "workers": {"min_heartbeat_interval": "1", "execution_api_timeout": "60"},
            "dag_processor": {
                "refresh_interval": "5",
                # what changed is parsed at once all the same; parsing all every 5 s took a third of a core
                "min_file_process_interval": "30",
                "dag_bundle_config_list": json.dumps(
                    [
                        {"name": "dags-folder", "classpath": _LOCAL_BUNDLE, "kwargs": {}},
                        {"name": "written", "classpath": _LOCAL_BUNDLE, "kwargs": {"path": str(self.written_dags)}},
                    ]
                ),
            },
            "couture": {
                "cache_dir": str(self.home / "cache"),
                "spark_homes": json.dumps({"recording": str(HERE / "recording_spark")}),
                "store_timeout": "60",
            },
        }
        if self.database_url is not None:
            settings["database"] = {"sql_alchemy_conn": self.database_url}
        named = {
            f"AIRFLOW__{section.upper()}__{name.upper()}": value
            for section, options in settings.items()
            for name, value in options.items()
        }
        return {"AIRFLOW_HOME": str(self.home), **named}

    def start(self) -> None:
        """Make the database, the users (name and password are the role in lower case) and start the processes."""
        self.records.mkdir(parents=True)
        self.written_dags.mkdir()
        users = [
            [*f"users create -f x -l x -u {_user(role)} -p {_user(role)} -e {_user(role)}@x.org -r".split(), role]
            for role in ROLES
        ]
        commands = json.dumps([["db", "migrate"], ["couture", "init"], *users])
        argv = ending_with_us(sys.executable, "-c", _SET_UP, commands)
        set_up = subprocess.run(argv, env=self.environment, capture_output=True)
        assert set_up.returncode == 0, set_up.stderr.decode()[-2000:]
        if self.api_servers > 1:
            self.balancer = RoundRobin(self.port, self.server_ports)
            self.balancer.start()
        for port in self.server_ports:
            self.start_process(f"api-server --port {port}")
        for name in self.daemons:
            self.start_process(DAEMONS[name])
        wait_for("a healthy Airflow", self._healthy, READY_S)

    def start_process(self, name: str) -> None:
        """Start a command of ``airflow``, in a session of its own."""
        log = (self.home / f"{name.split()[0]}.log").open("ab")
        argv = ending_with_us(str(Path(sys.executable).parent / "airflow"), *name.split())
        self.processes[name] = subprocess.Popen(
            argv, env=self.environment, stdout=log, stderr=log, start_new_session=True
        )
        log.close()

    def stop(self) -> None:
        """End every process, workers included."""
        if self.balancer is not None:
            self.balancer.stop()
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(60)

    @contextmanager
    def second_api_server(self) -> Iterator[str]:
        """One more API server on the same database; yields its address."""
        port = free_port()
        argv = ending_with_us(str(Path(sys.executable).parent / "airflow"), "api-server", "--port", str(port))
        with (self.home / "second-api-server.log").open("wb") as log:
            process = subprocess.Popen(argv, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for("the second API server", lambda: _answers(url), READY_S)
            yield url
        finally:
            process.terminate()
            process.wait(60)

    def _healthy(self) -> bool | None:
        for name, process in self.processes.items():
            assert process.poll() is None, f"{name} ended: {(self.home / f'{name.split()[0]}.log').read_text()[-3000:]}"
        try:
            health = httpx.get(f"{self.url}/api/v2/monitor/health").json()
        except (httpx.TransportError, ValueError):
            return None
        parts = ("metadatabase", *self.daemons)
        return True if all(health[part]["status"] == "healthy" for part in parts) else None

    def client(self, role: str = "Admin") -> httpx.Client:
        """A client with the token of the user who has the role."""
        login = {"username": _user(role), "password": _user(role)}
        token = httpx.post(f"{self.url}/auth/token", json=login, timeout=120).raise_for_status().json()["access_token"]
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=120)

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run as soon as the DAG is parsed; answers the run's id."""
        run_id = f"test__{secrets.token_hex(4)}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        with self.client() as client:

            def post() -> bool | None:
                # SQLite answers some posts with 500; the run may exist all the same (then 409)
                answer = client.post(f"/api/v2/dags/{dag_id}/dagRuns", json=body)
                return True if answer.status_code in (200, 409) else None

            wait_for(f"the DAG {dag_id}", post, READY_S)
        return run_id

    def wait_for_run(self, dag_id: str, run_id: str) -> str:
        """The final state of a run."""
        with self.client() as client:

            def state() -> str | None:
                answer = client.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
                found = answer.json().get("state") if answer.is_success else None
                return found if found in ("success", "failed") else None

            return wait_for(f"the end of {dag_id}", state, RUN_S)

    def run(self, dag_id: str, conf: dict[str, Any] | None = None) -> tuple[str, str]:
        """Trigger and wait; answers the run's id and final state."""
        run_id = self.trigger(dag_id, conf)
        return run_id, self.wait_for_run(dag_id, run_id)

    def receipts(self, dag_id: str, task_id: str, run_id: str) -> list[dict[str, Any]]:
        """The receipts of a task in a run, first try first."""
        query = {"dag_id": dag_id, "task_id": task_id, "run_id": run_id}
        with self.client() as client:
            found = client.get("/couture/api/v1/submissions", params=query).raise_for_status().json()["items"]
            ids = [item["submission_id"] for item in reversed(found)]
            return [client.get(f"/couture/api/v1/submissions/{i}").raise_for_status().json() for i in ids]

    def recorded(self, dag_id: str, task_id: str, run_id: str | None = None) -> list[dict[str, Any]]:
        """What the recording spark-submit wrote for a task (of one run: other tests run it, too), oldest first."""
        paths = sorted(self.records.glob(f"{dag_id}.{task_id}.*.json"), key=lambda path: path.stat().st_mtime_ns)
        records = [json.loads(path.read_text()) for path in paths]
        return [one for one in records if run_id in (None, one["environment"]["AIRFLOW_CTX_DAG_RUN_ID"])]

    def task_log(self, dag_id: str, task_id: str, run_id: str, attempt: int = 1) -> str:
        """The log of a try as lines of text, the errors' messages included; empty before there is one."""
        path = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        log = path / f"attempt={attempt}.log"
        entries = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return "\n".join(text for entry in entries for text in _texts(entry))

    def save(self, group: str, **change: Any) -> None:
        """Change a group by the API."""
        with self.client() as client:
            etag = client.get(f"/couture/api/v1/groups/{group}").raise_for_status().headers["ETag"]
            path = f"/couture/api/v1/groups/{group}/content"
            client.patch(path, json=change, headers={"If-Match": etag}).raise_for_status()


def send_change(client: httpx.Client, method: str, path: str, body: dict[str, Any]) -> None:
    """Send a change to Airflow's own API, and again where Airflow gave it up.

    Airflow writes the audit row of a change on its event loop. On SQLite it waits there for a lock whose holder,
    another request, may wait for the loop: after 5 s that ends with a 500, and nothing was changed.
    """
    for _ in range(SENDS):
        answer = client.request(method, path, json=body)
        if answer.status_code != HTTPStatus.INTERNAL_SERVER_ERROR:
            break
    answer.raise_for_status()


def _answers(url: str) -> bool | None:
    try:
        return httpx.get(f"{url}/api/v2/monitor/health").is_success or None
    except httpx.TransportError:
        return None


def _texts(entry: dict[str, Any]) -> list[str]:
    return [str(entry.get("event", "")), *(str(error["exc_value"]) for error in entry.get("error_detail") or ())]


def _user(role: str) -> str:
    return role.lower().replace(" ", "-")
