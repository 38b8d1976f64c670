"""Runs of masters and of their children, as Airflow's API tells them; and what a user may do to them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import psutil

from tools.demo.errors import RequestFailed
from tools.soak.errors import SoakError, TooLate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.demo.api import AirflowApi

#: The one task of every master.
TASK = "run"
ENDS = ("success", "failed")
TRIES, PAUSE_S, WAIT_S = 20, 1.0, 300.0


@dataclass(frozen=True)
class Run:
    """A run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    begin: datetime | None
    end: datetime | None

    @property
    def path(self) -> str:
        """Its place in Airflow's API."""
        return f"/api/v2/dags/{self.dag_id}/dagRuns/{quote(self.run_id, safe='')}"


class NoWorker(SoakError):
    """A task runs in a process that is no worker's."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"Process {pid}, or the one above it, is no Airflow worker; it is not killed.")


class Masters:
    """A client of the real Airflow; close it with :meth:`close`."""

    def __init__(self, url: str, api: AirflowApi) -> None:
        self._api = api
        self._http = httpx.Client(base_url=url, headers=api.authorization(), timeout=60)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()
        self._api.close()

    def begin(self, dag_id: str) -> Run:
        """Start a run as soon as the DAG is parsed."""
        run_id = f"soak-{secrets.token_hex(6)}"
        self.wait(f"the DAG {dag_id}", lambda: self._http.get(f"/api/v2/dags/{dag_id}").is_success)
        self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None}, (409,))
        return self.look(Run(dag_id, run_id, "queued", None, None))

    def look(self, run: Run) -> Run:
        """The run as it is now."""
        return _run(self._ask("GET", run.path))

    def end_of(self, run: Run) -> Run:
        """The run when it has ended. Raises TooLate."""
        self.wait(f"the end of {run.dag_id}", lambda: self.look(run).state in ENDS)
        return self.look(run)

    def children(self, child: str, parent: Run) -> list[Run]:
        """The runs of a DAG that a master's run has started, the oldest first."""
        found = self._ask("GET", f"/api/v2/dags/{child}/dagRuns?order_by=id&limit=100")["dag_runs"]
        return [_run(row) for row in found if (row["conf"] or {}).get("parent") == parent.run_id]

    def running_child(self, child: str, parent: Run) -> Run:
        """The first of them, once its first task runs. Raises TooLate."""

        def runs() -> bool:
            begun = self.children(child, parent)
            return bool(begun) and "running" in (row["state"] for row in self.tasks(begun[0]).values())

        self.wait(f"a child of {parent.dag_id}", runs)
        return self.children(child, parent)[0]

    def tasks(self, run: Run) -> dict[str, dict[str, Any]]:
        """The task instances of a run by name: state, try_number, pid."""
        return {row["task_id"]: row for row in self._ask("GET", f"{run.path}/taskInstances")["task_instances"]}

    def wait_for_task(self, run: Run, state: str) -> None:
        """Wait until a master's task is in a state. Raises TooLate."""
        self.wait(f"{run.dag_id}.{TASK} {state}", lambda: self.tasks(run)[TASK]["state"] == state)

    def kill_worker(self, run: Run) -> None:
        """`kill -9` of the process of a master's task and of the supervisor above it. Raises NoWorker."""
        process = psutil.Process(self.tasks(run)[TASK]["pid"])
        above = process.parent()
        if above is None or not all("airflow worker" in " ".join(one.cmdline()) for one in (above, process)):
            raise NoWorker(process.pid)
        above.kill()
        process.kill()

    def mark_task_failed(self, run: Run) -> None:
        """What the button *Mark as failed* does to a master's task."""
        self._ask("PATCH", f"{run.path}/taskInstances/{TASK}", {"new_state": "failed"})

    def stop(self, run: Run) -> None:
        """End a run, if it has not ended."""
        if self.look(run).state not in ENDS:
            self._ask("PATCH", run.path, {"state": "failed"})

    def log(self, run: Run) -> str:
        """The log of the first try of a master's task."""
        log = self._api.task_log(run.dag_id, run.run_id, TASK)
        return "\n".join([*log.lines, *log.failure])

    def failure(self, run: Run) -> str:
        """The message of the exception that ended the first try."""
        return " ".join(self._api.task_log(run.dag_id, run.run_id, TASK).failure)

    def wait(self, what: str, look: Callable[[], bool]) -> None:
        """Wait until it is so. Raises TooLate."""
        deadline = time.monotonic() + WAIT_S
        while not look():
            if time.monotonic() > deadline:
                raise TooLate(what, WAIT_S)
            time.sleep(PAUSE_S)

    def _ask(self, method: str, path: str, body: object = None, accepted: Sequence[int] = ()) -> Any:
        """The answer's document; asks again when the database was locked, as SQLite is at times."""
        for _ in range(TRIES):
            answer = self._http.request(method, path, json=body)
            if answer.is_success or answer.status_code in accepted:
                return answer.json()
            if not answer.is_server_error:
                break
            time.sleep(PAUSE_S)
        raise RequestFailed(f"{method} {path}", answer.status_code, answer.text)


def _run(row: dict[str, Any]) -> Run:
    return Run(row["dag_id"], row["dag_run_id"], row["state"], _time(row["start_date"]), _time(row["end_date"]))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
