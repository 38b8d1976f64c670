"""How many children of a mapped task run at once: the others are held in the queue, and let go as places get free."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.models.dagrun import DagRun
from airflow.utils.state import DagRunState, State
from sqlalchemy import select

from admin_views.child_records import PREFIX, parent_place, records_of_run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy.orm import Session

    from admin_views.child_records import ChildRecord

    #: A run by its DAG and its id.
    RunKey = tuple[str, str]

#: The scheduler starts no run before its time has come. That of a held one comes when a place is free. Airflow's column
#: is a TIMESTAMP in MySQL, which ends in January of this year.
HELD_UNTIL = datetime(2038, 1, 1, tzinfo=UTC)


def lock_places(session: Session, row_id: int) -> None:
    """Let nobody else give away places of this run of a master, by its row number; before places are counted."""
    session.execute(select(DagRun.id).where(DagRun.id == row_id).with_for_update())


def give_place(session: Session, parent: TaskInstance, run: DagRun, limit: int | None) -> None:
    """Let a queued run of a task go, or hold it when as many of its siblings as may have places already."""
    if run.state != DagRunState.QUEUED:
        return
    siblings = [_key(record) for record in _records(session, parent.dag_run.id)[parent.task_id]]
    if limit is not None and len(_active(session, {*siblings} - {(run.dag_id, run.run_id)})) >= limit:
        run.run_after = HELD_UNTIL
    else:
        let_go(run)


def is_held(run: DagRun) -> bool:
    """Whether a run waits for a place, or waited for one when it ended."""
    return bool(run.run_after == HELD_UNTIL)


def let_go(run: DagRun) -> None:
    """Let a run begin, if it is held."""
    if is_held(run):
        run.run_after = datetime.now(UTC)


def fill_places(session: Session, runs: Iterable[DagRun]) -> dict[RunKey, str]:
    """Let go as many of those of these runs that are held as there are places; answers why the others wait on."""
    held: dict[int, dict[RunKey, DagRun]] = defaultdict(dict)
    for run in runs:
        if run.state == DagRunState.QUEUED and is_held(run) and (place := parent_place(run.run_id)):
            held[place[0]][run.dag_id, run.run_id] = run
    reasons: dict[RunKey, str] = {}
    for row_id in sorted(held):
        lock_places(session, row_id)
        for task_id, records in _records(session, row_id).items():
            if any(_key(record) in held[row_id] for record in records):
                reasons |= _fill(session, task_id, records, held[row_id])
    session.flush()
    return reasons


def _fill(session: Session, task_id: str, records: list[ChildRecord], held: dict[RunKey, DagRun]) -> dict[RunKey, str]:
    """The same for one task."""
    active = _active(session, {_key(record) for record in records})
    reasons: dict[RunKey, str] = {}
    for record in records:
        if (run := held.get(_key(record))) is None:
            continue
        limit = record.max_active_children
        if limit is None or len(active) < limit:
            let_go(run)
            active.add(_key(record))
        else:
            # which run now is left out: the logs of all that wait would get a line whenever one of them ends
            reasons[_key(record)] = f"max_active_children of the task {task_id!r} is {limit}"
    return reasons


def _key(record: ChildRecord) -> RunKey:
    return record.dag_id, record.run_id


def _records(session: Session, row_id: int) -> dict[str, list[ChildRecord]]:
    """By task the records of a master's run, in the order of the map indexes."""
    by_task: dict[str, list[ChildRecord]] = defaultdict(list)
    for (task_id, _), record in records_of_run(session, row_id).items():
        by_task[task_id].append(record)
    return by_task


def _active(session: Session, keys: set[RunKey]) -> set[RunKey]:
    """Those of these runs that have a place."""
    query = select(DagRun.dag_id, DagRun.run_id).where(
        DagRun.state.in_(State.unfinished_dr_states),
        DagRun.run_after < HELD_UNTIL,
        DagRun.run_id.startswith(PREFIX, autoescape=True),
    )
    return {(dag_id, run_id) for dag_id, run_id in session.execute(query)} & keys
