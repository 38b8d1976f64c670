"""Runs the example DAG and tells how it goes."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self, TypeVar

from tools.demo.airflow import ADMIN
from tools.demo.api import PARTS, AirflowApi, TaskLog
from tools.demo.errors import DagBroken, ExampleFailed, Interrupted, TooSlow, Unavailable
from tools.demo.processes import listens
from tools.demo.progress import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from tools.demo.airflow import Airflow

Found = TypeVar("Found")

DAG_ID = "couture_ratings"
#: How the lines begin that its jobs print.
RESULTS = ("ratings: ", "top movies: ")
ENDED = ("success", "failed")
POLL_S = 0.5
HEALTHY_S, START_S, RUN_S, ANSWER_S = 180.0, 120.0, 420.0, 30.0


def new_run_id() -> str:
    """A name that no other run has."""
    return f"demo__{time.strftime('%Y%m%dT%H%M%S')}_{secrets.token_hex(2)}"


class Example:
    """The DAG's way in one Airflow; every wait ends when ``stopping`` is set. ``with`` closes its connections."""

    def __init__(self, airflow: Airflow, stopping: threading.Event) -> None:
        self._airflow = airflow
        self._api = AirflowApi(airflow.url)
        self._stopping = stopping
        self._begun = datetime.now(UTC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def wait_until_served(self) -> None:
        """Until the API server answers, and reaches the database."""
        self._wait("The API server", lambda: self._unwell(("metadatabase",)), HEALTHY_S)

    def wait_until_healthy(self) -> None:
        """Until all four processes say that they are well; logs in."""
        self._wait("A healthy Airflow", lambda: self._unwell(PARTS), HEALTHY_S)
        password = self._airflow.home.password_file.read_text().strip()
        self._get("the admin's token", lambda: self._api.login(ADMIN, password))

    def _unwell(self, parts: tuple[str, ...]) -> tuple[bool | None, str]:
        if not listens(self._airflow.home, self._airflow.port):
            return None, "the API server does not listen"
        states = self._api.health()
        unwell = [f"{part} {states[part]}" for part in parts if states[part] != "healthy"]
        return (None if unwell else True), ", ".join(unwell)

    def run(self) -> None:
        """Start a run, show how its tasks go, and what they found out. Raises ExampleFailed."""
        run_id = new_run_id()
        self._wait(f"A run of {DAG_ID}", lambda: self._start(run_id), START_S)
        say(f"run {run_id} of {DAG_ID}")
        state, tasks = self._watch(run_id)
        logs = {task_id: self._read_log(run_id, task_id) for task_id, task in tasks.items() if task in ENDED}
        if state != "success":
            failed = next((task_id for task_id, task in tasks.items() if task == "failed"), None)
            log = logs[failed] if failed else TaskLog([], [])
            raise ExampleFailed(failed, log.failure or log.lines)
        for line in (line for log in logs.values() for line in log.lines if line.startswith(RESULTS)):
            say(f"  {line}")

    def _start(self, run_id: str) -> tuple[bool | None, str]:
        for path, trace in self._api.import_errors(self._begun).items():
            raise DagBroken(path, trace)
        if not self._api.has_dag(DAG_ID):
            return None, "not parsed yet"
        self._api.unpause(DAG_ID)
        self._api.trigger(DAG_ID, run_id)
        return True, "started"

    def _watch(self, run_id: str) -> tuple[str, dict[str, str | None]]:
        """The final states of the run and of its tasks."""
        tasks: dict[str, str | None] = {}

        def final_state() -> tuple[str | None, str]:
            state = self._api.run_state(DAG_ID, run_id)
            for task_id, task_state in self._api.task_states(DAG_ID, run_id).items():
                if task_state != tasks.get(task_id):
                    say(f"  {task_id}: {task_state}")
                tasks[task_id] = task_state
            return (state if state in ENDED else None), f"{state}, tasks {tasks}"

        return self._wait("The end of the run", final_state, RUN_S), tasks

    def _read_log(self, run_id: str, task_id: str) -> TaskLog:
        return self._get(f"the log of {task_id}", lambda: self._api.task_log(DAG_ID, run_id, task_id))

    def _get(self, what: str, ask: Callable[[], Found]) -> Found:
        """What ``ask`` answers, as soon as Airflow can."""
        return self._wait(what, lambda: ((ask(),), ""), ANSWER_S)[0]

    def _wait(self, what: str, look: Callable[[], tuple[Found | None, str]], timeout_s: float) -> Found:
        """What ``look`` finds; beside it, it says what there is to see. Raises TooSlow and Interrupted."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                found, seen = look()
            except Unavailable as error:
                found, seen = None, str(error)
            if found is not None:
                return found
            if self._stopping.wait(POLL_S):
                raise Interrupted
            if time.monotonic() > deadline:
                raise TooSlow(what, timeout_s, seen, self._airflow.home.logs)
