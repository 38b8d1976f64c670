"""Airflow's REST API, as far as the demo needs it."""

from __future__ import annotations

from typing import Any

import httpx

from tools.demo.errors import RequestFailed

PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
TIMEOUT_S = 30.0


class AirflowApi:
    """A client with a user's token; ``login`` first."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_S)

    def health(self) -> dict[str, str]:
        """Part -> its state; every part is ``unreachable`` before the server listens."""
        try:
            answer = self._http.get("/api/v2/monitor/health").json()
        except (httpx.HTTPError, ValueError):
            return dict.fromkeys(PARTS, "unreachable")
        return {part: str(answer.get(part, {}).get("status")) for part in PARTS}

    def login(self, username: str, password: str) -> None:
        """Send the user's token from now on."""
        answer = self._http.post("/auth/token", json={"username": username, "password": password})
        self._http.headers["Authorization"] = f"Bearer {_checked('log in', answer).json()['access_token']}"

    def has_dag(self, dag_id: str) -> bool:
        """Whether Airflow knows the DAG by now."""
        answer = self._http.get(f"/api/v2/dags/{dag_id}")
        return answer.status_code != httpx.codes.NOT_FOUND and bool(_checked("read a DAG", answer))

    def import_errors(self) -> dict[str, str]:
        """DAG file -> the traceback of its import."""
        answer = _checked("read import errors", self._http.get("/api/v2/importErrors"))
        return {error["filename"]: error["stack_trace"] for error in answer.json()["import_errors"]}

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG."""
        _checked("unpause a DAG", self._http.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": False}))

    def trigger(self, dag_id: str, run_id: str) -> bool:
        """Start a run; False when the database was busy: then call it again, which makes one run at most."""
        body = {"dag_run_id": run_id, "logical_date": None}
        answer = self._http.post(f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            return False
        if answer.status_code != httpx.codes.CONFLICT:
            _checked("start a run", answer)
        return True

    def run_state(self, dag_id: str, run_id: str) -> str:
        """The state of a run: queued, running, success or failed."""
        answer = _checked("read a run", self._http.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"))
        return str(answer.json()["state"])

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Task -> its state; None before it is scheduled."""
        answer = self._http.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        return {task["task_id"]: task["state"] for task in _checked("read tasks", answer).json()["task_instances"]}

    def task_log(self, dag_id: str, run_id: str, task_id: str) -> list[str]:
        """The lines of a task's first try."""
        answer = self._http.get(
            f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/1",
            params={"full_content": "true"},
            headers={"Accept": "application/json"},
        )
        events = _checked("read a task's log", answer).json()["content"]
        return [line for event in events for line in log_lines(event)]


def log_lines(event: dict[str, Any] | str) -> list[str]:
    """The lines of one entry of a structured log, with the message of its exception."""
    if isinstance(event, str):
        return event.splitlines()
    lines = str(event.get("event", "")).splitlines()
    for error in event.get("error_detail") or ():
        lines += f"{error.get('exc_type')}: {error.get('exc_value')}".splitlines()
    return lines


def _checked(what: str, answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise RequestFailed(what, answer.status_code, answer.text)
    return answer
