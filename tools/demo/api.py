"""Airflow's REST API, as far as the demo needs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from tools.demo.errors import RequestFailed, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
TIMEOUT_S = 30.0
NOT_FOUND, CONFLICT = 404, 409
#: Marks by which Airflow's pages fold parts of a log.
FOLDS = ("::group::", "::endgroup::")


@dataclass(frozen=True)
class TaskLog:
    """``lines`` of a try's log, and the lines of its last exception's message."""

    lines: list[str]
    failure: list[str]


@dataclass(frozen=True)
class Task:
    """A task instance; ``map_index`` is -1 for one that is not mapped, ``state`` None before it is scheduled."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int

    @property
    def name(self) -> str:
        """``load``, or ``load[2]`` of a mapped task."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


class AirflowApi:
    """A client with a user's token; ``login`` first, ``close`` last."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_S)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def health(self) -> dict[str, str]:
        """Part -> its state; every part is ``unreachable`` before the server listens."""
        try:
            answer = self._http.get("/api/v2/monitor/health").json()
        except (httpx.HTTPError, ValueError):
            return dict.fromkeys(PARTS, "unreachable")
        return {part: str(answer.get(part, {}).get("status")) for part in PARTS}

    def login(self, username: str, password: str) -> None:
        """Send the user's token from now on."""
        token = self._ask("POST", "/auth/token", {"username": username, "password": password})["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def authorization(self) -> dict[str, str]:
        """The headers of a request as that user, after ``login``."""
        return {"Authorization": self._http.headers["Authorization"]}

    def import_errors(self, since: datetime) -> dict[str, str]:
        """DAG file -> the traceback of its import; errors of a former Airflow may have been mended meanwhile."""
        errors = self._ask("GET", "/api/v2/importErrors")["import_errors"]
        new = [error for error in errors if datetime.fromisoformat(error["timestamp"]) >= since]
        return {error["filename"]: error["stack_trace"] for error in new}

    def has_dag(self, dag_id: str) -> bool:
        """Whether Airflow knows the DAG by now."""
        return self._ask("GET", f"/api/v2/dags/{dag_id}", accepted=NOT_FOUND) is not None

    def tree(self, dag_id: str, run_id: str | None = None) -> Any:
        """The DAG, those that it starts, and the runs that belong to the run (None: its newest), by our own API.

        None when Airflow does not know the DAG yet.
        """
        query = "" if run_id is None else f"?run_id={quote(run_id, safe='')}"
        return self._ask("GET", f"/couture/api/v1/dags/{dag_id}/tree{query}", accepted=NOT_FOUND)

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG."""
        self._ask("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any] | None = None) -> None:
        """Start a run; the same call again makes no second one."""
        body = {"dag_run_id": run_id, "logical_date": None, **({"conf": dict(conf)} if conf else {})}
        self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", body, accepted=CONFLICT)

    def run_state(self, dag_id: str, run_id: str) -> str:
        """The state of a run: queued, running, success or failed."""
        return str(self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        """The task instances of a run."""
        answer = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        return [
            Task(one["task_id"], one["map_index"], one["state"], one["try_number"]) for one in answer["task_instances"]
        ]

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The newest hundred runs of a DAG, as Airflow tells them."""
        path = f"/api/v2/dags/{dag_id}/dagRuns?order_by=-id&limit=100"
        return list(self._ask("GET", path)["dag_runs"])

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Task -> its state; None before it is scheduled."""
        return {task.name: task.state for task in self.tasks(dag_id, run_id)}

    def task_log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1, map_index: int = -1) -> TaskLog:
        """What a try of a task left behind."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
        return read_log(self._ask("GET", f"{path}?full_content=true&map_index={map_index}")["content"])

    def _ask(self, method: str, path: str, body: object = None, accepted: int = 0) -> Any:
        """The answer's document; None for the one error status that is ``accepted``.

        Raises RequestFailed; Unavailable, a kind of it, when the same request may do better a little later.
        """
        headers = {"Accept": "application/json"}  # a log comes as text otherwise
        try:
            answer = self._http.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(f"{method} {path}", 0, str(error) or type(error).__name__) from error
        if answer.is_success:
            return answer.json()
        if answer.status_code == accepted:
            return None
        # SQLite locked, for example
        failure = Unavailable if answer.is_server_error else RequestFailed
        raise failure(f"{method} {path}", answer.status_code, answer.text)


def read_log(events: list[dict[str, Any] | str]) -> TaskLog:
    """A structured log as lines; entries of older formats are plain text."""
    lines: list[str] = []
    failure: list[str] = []
    for event in events:
        text, errors = (event, []) if isinstance(event, str) else (event.get("event"), event.get("error_detail") or [])
        if not str(text).startswith(FOLDS):
            lines += str(text).splitlines()
        for error in errors:
            failure = f"{error.get('exc_type')}: {error.get('exc_value')}".splitlines()
    return TaskLog(lines, failure)
