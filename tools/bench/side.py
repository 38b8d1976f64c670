"""One side of a comparison: a real Airflow on this machine, with its own programs, folder, database and processes."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.errors import AirflowDown, ProgramFailed, RunFailed
from tools.bench.progress import say
from tools.demo.airflow import ADMIN, PROCESSES, Airflow, choose_port
from tools.demo.api import AirflowApi
from tools.demo.errors import RequestFailed, Unavailable
from tools.demo.home import DemoHome, write_privately
from tools.demo.processes import end_processes
from tools.ports import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API_SERVER = "api-server"
ALL = tuple(PROCESSES)
READY_S, RUN_S, STOP_S, POLL_S = 180.0, 600.0, 20.0, 0.2
DAGS = Path(__file__).parent / "dags"

#: Several commands in one process, because each call of `airflow` costs seconds.
_SET_UP = """
import json, sys
from airflow.cli.cli_parser import get_parser
for command in json.loads(sys.argv[1]):
    asked = get_parser().parse_args(command)
    asked.func(asked)
"""


@dataclass(frozen=True)
class BenchAirflow(Airflow):
    """An Airflow as the demo's, with the programs of any virtual environment.

    ``programs``: the folder of `airflow` and `python`. ``variables``: added to every process' environment;
    their PATH begins with that folder.
    """

    programs: Path
    variables: Mapping[str, str]
    is_ours: bool

    def environment(self) -> dict[str, str]:
        """For all that this side starts."""
        return {**super().environment(), "BENCH_TIMES": str(self.times), **self.variables}

    def settings(self) -> dict[str, dict[str, str]]:
        """The demo's, less what the peer does not know; the DAG files are parsed once, and only one task runs."""
        settings = super().settings()
        settings["core"] |= {"dags_folder": str(self.dags), "parallelism": "1"}
        settings["dag_processor"] = {"refresh_interval": "3600", "min_file_process_interval": "3600"}
        if not self.is_ours:
            del settings["couture"]
        return settings

    @property
    def dags(self) -> Path:
        """Its DAG files."""
        return self.home.folder / "dags"

    @property
    def times(self) -> Path:
        """Where the timed operators leave how long `execute` took."""
        return self.home.folder / "times"


@dataclass
class Side:
    """``name``: ours or peer. Starts and ends the processes of its Airflow, and runs DAGs there."""

    name: str
    airflow: BenchAirflow
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _is_set_up: bool = False
    _began: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def home(self) -> DemoHome:
        """Its folder."""
        return self.airflow.home

    def run(self, wanted: Sequence[str]) -> None:
        """Have exactly these of Airflow's processes run, and be healthy. Raises AirflowDown, ProgramFailed."""
        for name in [name for name in self._processes if name not in wanted]:
            self._end(name)
        if not wanted:
            return
        self._set_up()
        missing = [name for name in wanted if name not in self._processes]
        for name in missing:
            self._start(name, PROCESSES[name], {})
        if missing:
            say(f"{self.name}: waits for {', '.join(missing)}")
            self._wait_until_healthy(wanted)

    def stop(self) -> None:
        """End all processes, the tasks' too; nothing is left."""
        for name in list(self._processes):
            self._end(name)
        if self._is_set_up:
            end_processes(self.home)

    def start_api_server(self, name: str, settings: Mapping[str, str]) -> str:
        """One more API server of this Airflow with other settings (environment variables); answers its address."""
        self._set_up()
        port = choose_port(None)
        self._start(name, (*PROCESSES[API_SERVER], "--port", str(port)), settings)
        url = f"http://{HOST}:{port}"
        self._wait_for_api(name, url)
        return url

    def pid(self, name: str) -> int:
        """The number of a process, which leads a session of that number."""
        return self._processes[name].pid

    def call(self, *argv: str, text_in: str = "") -> str:
        """Run a program of this side to its end; answers what it printed. Raises ProgramFailed."""
        environment = self.airflow.environment()
        program = shutil.which(argv[0], path=environment["PATH"]) or argv[0]
        ended = subprocess.run(
            (program, *argv[1:]),
            env=environment,
            input=text_in,
            capture_output=True,
            text=True,
            start_new_session=True,  # no terminal to ask passwords at
            check=False,
        )
        if ended.returncode != 0:
            raise ProgramFailed(argv[:3], ended.returncode, ended.stdout + ended.stderr)
        return ended.stdout

    def api(self, url: str = "") -> AirflowApi:
        """Airflow's REST API as the admin."""
        api = AirflowApi(url or self.airflow.url)
        api.login(ADMIN, self.home.password_file.read_text().strip())
        return api

    def time_run(self, dag_id: str) -> float:
        """Run a DAG of one task; answers the seconds of its `execute`. Raises RunFailed."""
        run_id = f"bench-{secrets.token_hex(6)}"
        api = self.api()
        try:
            self._trigger(api, dag_id, run_id)
            state = self._final_state(api, dag_id, run_id)
            if state != "success":
                log = api.task_log(dag_id, run_id, "job")
                raise RunFailed(self.name, dag_id, state, [*log.lines, *log.failure])
        finally:
            api.close()
        return float(json.loads((self.airflow.times / f"{run_id}.json").read_text())["seconds"])

    def task_logs(self, dag_id: str) -> list[Path]:
        """The log files of all runs of a DAG, in the order of their runs."""
        found = (self.home.logs / "tasks" / f"dag_id={dag_id}").rglob("attempt=1.log")
        return sorted(found, key=lambda path: path.stat().st_mtime)

    def dag_files(self) -> tuple[Path, ...]:
        """The DAG files of this side."""
        return DAGS / "timed.py", DAGS / f"{self.name}.py"

    def _set_up(self) -> None:
        """Make the folder, the database and the admin, once."""
        if self._is_set_up:
            return
        say(f"{self.name}: sets up an Airflow in {self.home.shown(self.home.folder)}")
        shutil.rmtree(self.home.folder, ignore_errors=True)
        self.home.make()
        self._is_set_up = True
        for folder in (self.airflow.dags, self.airflow.times):
            folder.mkdir()
        for file in self.dag_files():
            shutil.copy(file, self.airflow.dags)
        password = secrets.token_urlsafe(12)
        write_privately(self.home.password_file, password + "\n")
        self.airflow.write_settings()
        self.call("python", "-c", _SET_UP, json.dumps(self._commands()), text_in=f"{password}\n" * 2)

    def _commands(self) -> list[list[str]]:
        names = ("--firstname", "First", "--lastname", "Admin", "--email", "admin@example.com")
        user = ["users", "create", "--role", "Admin", "--username", ADMIN, *names]
        return [["db", "migrate"], *([["couture", "init"]] if self.airflow.is_ours else []), user]

    def _start(self, name: str, argv: Sequence[str], settings: Mapping[str, str]) -> None:
        environment = {**self.airflow.environment(), **settings}
        program = str(self.airflow.programs / argv[0])
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                (program, *argv[1:]), env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self._processes[name] = process
        (self.home.pids / f"{name}.pid").write_text(str(process.pid))

    def _end(self, name: str) -> None:
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _log(self, name: str) -> Path:
        return self.home.logs / f"{name}.log"

    def _wait_until_healthy(self, wanted: Sequence[str]) -> None:
        parts = {"metadatabase", *(name.replace("-", "_") for name in wanted if name != API_SERVER)}
        api = AirflowApi(self.airflow.url)
        try:
            deadline = time.monotonic() + READY_S
            while any((health := api.health())[part] != "healthy" for part in parts):
                self._check_processes()
                if time.monotonic() > deadline:
                    raise AirflowDown(f"{self.name}: {API_SERVER}", f"health is {health}", self._log(API_SERVER))
                time.sleep(POLL_S)
        finally:
            api.close()

    def _wait_for_api(self, name: str, url: str) -> None:
        api = AirflowApi(url)
        try:
            deadline = time.monotonic() + READY_S
            while api.health()["metadatabase"] != "healthy":
                self._check_processes()
                if time.monotonic() > deadline:
                    raise AirflowDown(f"{self.name}: {name}", "it did not become healthy", self._log(name))
                time.sleep(POLL_S)
        finally:
            api.close()

    def _check_processes(self) -> None:
        for name, process in self._processes.items():
            if (code := process.poll()) is not None:
                raise AirflowDown(f"{self.name}: {name}", f"it ended with {code}", self._log(name))

    def _trigger(self, api: AirflowApi, dag_id: str, run_id: str) -> None:
        """Start a run as soon as the DAG is parsed; SQLite may be locked for a moment."""
        deadline = time.monotonic() + READY_S
        while True:
            try:
                api.trigger(dag_id, run_id)
                return
            except RequestFailed as error:
                if time.monotonic() > deadline:
                    failed = "\n".join(api.import_errors(self._began).values())
                    raise RunFailed(self.name, dag_id, str(error), failed.splitlines()) from error
                time.sleep(1)

    def _final_state(self, api: AirflowApi, dag_id: str, run_id: str, seconds: float = RUN_S) -> str:
        deadline = time.monotonic() + seconds
        state = "unknown"
        while time.monotonic() < deadline:
            self._check_processes()
            try:
                state = api.run_state(dag_id, run_id)
            except Unavailable:
                continue
            if state in ("success", "failed"):
                return state
            time.sleep(POLL_S)
        return f"{state} after {seconds:.0f} s"
