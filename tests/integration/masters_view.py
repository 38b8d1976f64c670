"""Masters and their children on a real Airflow: seen, marked, cleared and deleted through its own API."""

from __future__ import annotations

import os
import signal
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.integration.live_airflow import DAEMONS, send_change, wait_for

if TYPE_CHECKING:
    import httpx

    from tests.integration.live_airflow import LiveAirflow

END_S = 360.0


class Masters:
    """Runs of masters, looked at through Airflow's own API."""

    def __init__(self, airflow: LiveAirflow, api: httpx.Client) -> None:
        self.airflow, self.api = airflow, api

    def get(self, path: str) -> Any:
        """The JSON of a path below /api/v2."""
        return self.api.get(f"/api/v2{path}").raise_for_status().json()

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None, logical_date: str | None = None) -> str:
        """Start a run; with a logical date when one is given."""
        if logical_date is None:
            return self.airflow.trigger(dag_id, conf)
        body = {"dag_run_id": f"at__{logical_date}", "logical_date": logical_date, "conf": conf or {}}
        answer = self.api.post(f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        assert answer.status_code in (200, 409), answer.text
        return str(body["dag_run_id"])

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """The task instances of a run by name."""
        found = self.get(f"/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances")["task_instances"]
        return {_label(row): row for row in found}

    def task_state(self, dag_id: str, run_id: str, task_id: str, *states: str) -> str:
        """The state of a task as soon as it is one of these."""

        def look() -> str | None:
            state = self.tasks(dag_id, run_id)[task_id]["state"]
            return state if state in states else None

        return wait_for(f"{task_id} in {states}", look, END_S)

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """What a task has pushed; None when it has not."""
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}/xcomEntries/{key}"
        answer = self.api.get(f"/api/v2{path}", params={"map_index": map_index, "deserialize": True})
        return answer.json()["value"] if answer.is_success else None

    def child_run(self, dag_id: str, run_id: str, task_id: str) -> str:
        """The child's run id, as soon as there is one."""
        return str(wait_for("the child run", lambda: self.xcom(dag_id, run_id, task_id, "child_run_id"), END_S))

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Mark a task as the page of Airflow does."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        send_change(self.api, "PATCH", path, {"new_state": state})

    def clear(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear a task as the page of Airflow does."""
        body = {"dag_run_id": run_id, "task_ids": [task_id], "dry_run": False, "only_failed": False}
        send_change(self.api, "POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", body)

    def mark_run(self, dag_id: str, run_id: str, state: str) -> None:
        """Mark a run as the page of Airflow does."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"
        send_change(self.api, "PATCH", path, {"state": state})

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Delete a run; Airflow deletes none that is running."""
        self.api.delete(f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}").raise_for_status()

    def unpause(self, dag_id: str) -> None:
        """Let Airflow run a DAG."""
        send_change(self.api, "PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def runs(self, dag_id: str) -> list[str]:
        """The ids of the runs of a DAG."""
        found = self.get(f"/dags/{dag_id}/dagRuns?limit=1000")["dag_runs"]
        return sorted(run["dag_run_id"] for run in found)

    def run_times(self, dag_id: str, run_id: str) -> tuple[datetime, datetime]:
        """When an ended run began and ended."""
        run = self.get(f"/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}")
        return datetime.fromisoformat(run["start_date"]), datetime.fromisoformat(run["end_date"])

    def wait_for_log(self, text: str, dag_id: str, task_id: str, run_id: str, attempt: int = 1) -> None:
        """Until the log of a try holds the text."""

        def look() -> bool | None:
            return True if text in self.log(dag_id, task_id, run_id, attempt) else None

        wait_for(f"{text!r} in the log of {task_id}", look, END_S)

    def kill_triggerer(self) -> None:
        """By SIGKILL, with all that it started."""
        triggerer = self.airflow.processes[DAEMONS["triggerer"]]
        os.killpg(triggerer.pid, signal.SIGKILL)
        triggerer.wait(60)

    def log(self, dag_id: str, task_id: str, run_id: str, attempt: int = 1) -> str:
        """The log of a try, the triggerer's part included; empty before there is one."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}/logs/{attempt}"
        answer = self.api.get(path, headers={"Accept": "application/json"})
        entries = answer.json()["content"] if answer.is_success else []
        return "\n".join(f"{entry.get('event')} {_exceptions(entry)}" for entry in entries)


def _label(row: dict[str, Any]) -> str:
    index = row["map_index"]
    return str(row["task_id"]) if index < 0 else f"{row['task_id']}[{index}]"


def _exceptions(entry: dict[str, Any]) -> str:
    return " ".join(str(error["exc_value"]) for error in entry.get("error_detail") or ())
