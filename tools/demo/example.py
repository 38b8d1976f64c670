"""Runs the example DAG and tells how it goes."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, TypeVar

from tools.demo.airflow import ADMIN
from tools.demo.api import AirflowApi
from tools.demo.errors import DagBroken, ExampleFailed, Interrupted, TooSlow
from tools.demo.progress import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from tools.demo.airflow import Airflow

Found = TypeVar("Found")

DAG_ID = "couture_ratings"
#: How the lines begin that its jobs print.
RESULTS = ("ratings: ", "top movies: ")
POLL_S = 0.5
HEALTHY_S, DAG_S, TRIGGER_S, RUN_S = 180.0, 120.0, 30.0, 420.0


def new_run_id() -> str:
    """A name that no other run has."""
    return f"demo__{time.strftime('%Y%m%dT%H%M%S')}_{secrets.token_hex(2)}"


class Example:
    """The DAG's way in one Airflow; every wait ends when ``stopping`` is set."""

    def __init__(self, airflow: Airflow, stopping: threading.Event) -> None:
        self._airflow = airflow
        self._api = AirflowApi(airflow.url)
        self._stopping = stopping

    def wait_until_healthy(self) -> None:
        """Until all four processes say that they are well."""

        def healthy() -> tuple[bool | None, str]:
            states = self._api.health()
            unwell = [f"{part} {state}" for part, state in states.items() if state != "healthy"]
            return (None if unwell else True), ", ".join(unwell)

        self._wait("A healthy Airflow", healthy, HEALTHY_S)
        self._api.login(ADMIN, self._airflow.home.password_file.read_text().strip())

    def run(self) -> None:
        """Start a run, show how its tasks go, and what they found out. Raises ExampleFailed."""
        run_id = new_run_id()
        self._wait(f"The DAG {DAG_ID}", self._find_dag, DAG_S)
        self._api.unpause(DAG_ID)
        self._wait("A new run", lambda: (self._api.trigger(DAG_ID, run_id) or None, "database busy"), TRIGGER_S)
        say(f"run {run_id} of {DAG_ID}")
        state = self._watch(run_id)
        for task_id, task_state in self._api.task_states(DAG_ID, run_id).items():
            lines = self._api.task_log(DAG_ID, run_id, task_id)
            if state != "success" and task_state == "failed":
                raise ExampleFailed(task_id, task_state, lines)
            for line in lines:
                if line.startswith(RESULTS):
                    say(f"  {line}")
        if state != "success":
            raise ExampleFailed(None, state, [])

    def _find_dag(self) -> tuple[bool | None, str]:
        for path, trace in self._api.import_errors().items():
            raise DagBroken(path, trace)
        return self._api.has_dag(DAG_ID) or None, "not parsed yet"

    def _watch(self, run_id: str) -> str:
        seen: dict[str, str | None] = {}

        def final_state() -> tuple[str | None, str]:
            state = self._api.run_state(DAG_ID, run_id)
            for task_id, task_state in self._api.task_states(DAG_ID, run_id).items():
                if task_state != seen.get(task_id):
                    say(f"  {task_id}: {task_state}")
                seen[task_id] = task_state
            return (state if state in ("success", "failed") else None), f"{state}, tasks {seen}"

        return self._wait("The end of the run", final_state, RUN_S)

    def _wait(self, what: str, look: Callable[[], tuple[Found | None, str]], timeout_s: float) -> Found:
        """What ``look`` finds; beside it, it says what there is to see. Raises TooSlow and Interrupted."""
        deadline = time.monotonic() + timeout_s
        while True:
            found, seen = look()
            if found is not None:
                return found
            if self._stopping.wait(POLL_S):
                raise Interrupted
            if time.monotonic() > deadline:
                raise TooSlow(what, timeout_s, seen, self._airflow.home.logs)
