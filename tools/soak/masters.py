"""Masters on the soak's Airflow: started, watched in its database, and judged at their end."""

from __future__ import annotations

import secrets
import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.demo.errors import RequestFailed
from tools.soak.errors import TooLate
from tools.soak.server import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.demo.api import AirflowApi

TASK = "child"
ENDS = frozenset({"success", "failed"})
BEGIN_S, END_S = 300.0, 900.0
LOCKED_S = 60.0


@dataclass(frozen=True)
class TaskRow:
    """A try of a master's task; ``worker`` is how its process calls itself."""

    state: str | None
    try_number: int
    worker: str


@dataclass(frozen=True)
class ChildRow:
    """A child run; ``task_states``: of its tasks, as they are stored."""

    run_id: str
    state: str
    task_states: tuple[str | None, ...]


class AirflowRows:
    """Reads Airflow's SQLite database: hundreds of runs take one question each, and no API server."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """The state of a run."""
        found = self._ask("SELECT state FROM dag_run WHERE dag_id = ? AND run_id = ?", dag_id, run_id)
        return found[0][0] if found else None

    def tasks(self, dag_id: str, run_id: str) -> list[TaskRow]:
        """The instances of the master's task, by map index."""
        query = (
            "SELECT state, try_number, id FROM task_instance"
            " WHERE dag_id = ? AND run_id = ? AND task_id = ? ORDER BY map_index"
        )
        rows = self._ask(query, dag_id, run_id, TASK)
        return [TaskRow(state, tries, f"airflow worker -- {uuid.UUID(key)}") for state, tries, key in rows]

    def children(self, dag_id: str, run_id: str) -> list[ChildRow]:
        """All runs that were ever triggered for a master's run: their ids hold the number of its row."""
        query = (
            "SELECT child.dag_id, child.run_id, child.state FROM dag_run AS child JOIN dag_run AS parent"
            " ON child.run_id GLOB 'couture__*__' || parent.id || '-*' WHERE parent.dag_id = ? AND parent.run_id = ?"
        )
        states = "SELECT state FROM task_instance WHERE dag_id = ? AND run_id = ?"
        return [
            ChildRow(child_run, state, tuple(row[0] for row in self._ask(states, child_dag, child_run)))
            for child_dag, child_run, state in self._ask(query, dag_id, run_id)
        ]

    def newest_job(self, kind: str) -> int:
        """The number of the newest process of a kind (``SchedulerJob``, ``TriggererJob``) that runs; 0 for none."""
        query = "SELECT coalesce(max(id), 0) FROM job WHERE job_type = ? AND state = 'running'"
        return int(self._ask(query, kind)[0][0])

    def untaken_waits(self, triggerer: int) -> int:
        """How many waits no triggerer, or another one, has."""
        query = "SELECT count(*) FROM trigger WHERE triggerer_id IS NULL OR triggerer_id != ?"
        return int(self._ask(query, triggerer)[0][0])

    def _ask(self, query: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(self._database, timeout=LOCKED_S)) as connection:
            return connection.execute(query, values).fetchall()


@dataclass
class MasterRun:
    """One run of a master DAG."""

    dag_id: str
    run_id: str = field(default_factory=lambda: f"soak-{secrets.token_hex(6)}")


class Masters:
    """Starts runs of masters and says what is wrong with them at their end; ``folder``: where children look."""

    def __init__(self, api: AirflowApi, database: Path, folder: Path) -> None:
        self.rows = AirflowRows(database)
        self._api, self._folder = api, folder

    def begin(self, dag_id: str, **conf: int) -> MasterRun:
        """Trigger a run as soon as the DAG is parsed; SQLite may be locked for a moment."""
        run = MasterRun(dag_id)
        handed_over = {"release": str(self._folder / run.run_id), **conf}

        def started() -> bool | None:
            try:
                self._api.trigger(dag_id, run.run_id, handed_over)
            except RequestFailed:
                return None
            return True

        wait_for(f"the DAG {dag_id}", started, BEGIN_S, 1.0)
        return run

    def wait_until_waiting(self, runs: Sequence[MasterRun], state: str = "deferred") -> None:
        """Until the tasks of these masters wait for children that run."""

        def waiting() -> bool | None:
            return True if all(self._waits(run, state) for run in runs) else None

        wait_for(f"{len(runs)} masters that wait", waiting, BEGIN_S)

    def release(self, runs: Sequence[MasterRun]) -> None:
        """Let the children of these masters end."""
        for run in runs:
            (self._folder / run.run_id).touch()

    def _waits(self, run: MasterRun, state: str) -> bool:
        tasks, children = self.rows.tasks(run.dag_id, run.run_id), self.rows.children(run.dag_id, run.run_id)
        return {task.state for task in tasks} == {state} and any("running" in child.task_states for child in children)

    def wait_for_ends(self, runs: Sequence[MasterRun], longest_s: float = END_S) -> None:
        """Until all of them have ended, or it takes too long: then :meth:`faults` tells which are stuck."""

        def ended() -> bool | None:
            return True if all(self.rows.run_state(run.dag_id, run.run_id) in ENDS for run in runs) else None

        try:
            wait_for(f"the end of {len(runs)} masters", ended, longest_s, 0.5)
        except TooLate:
            return

    def faults(self, run: MasterRun, children: int = 1, most_tries: int | None = None) -> list[str]:
        """What is not as it must be: the end, the number of child runs and their ends, the tries that it took."""
        state = self.rows.run_state(run.dag_id, run.run_id)
        faults = [] if state == "success" else [f"it is {state}" + ("" if state in ENDS else ", stuck")]
        found = self.rows.children(run.dag_id, run.run_id)
        if len(found) != children:
            faults.append(f"it has {len(found)} child runs, not {children}")
        faults += [f"its child run {child.run_id} is {child.state}" for child in found if child.state != "success"]
        tasks = self.rows.tasks(run.dag_id, run.run_id)
        if most_tries is not None and (tried := max(task.try_number for task in tasks)) > most_tries:
            faults.append(f"it took {tried} tries, not {most_tries}")
        return [f"{run.dag_id} {run.run_id}: {fault}" for fault in faults]
