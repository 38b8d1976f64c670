"""Child runs of master DAGs in Airflow's own tables: one is triggered, gone on with, watched, stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from airflow.api.common.trigger_dag import trigger_dag
from airflow.api_fastapi.core_api.datamodels.dag_run import DagRunMutableStates
from airflow.api_fastapi.core_api.services.public.dag_run import patch_dag_run_state
from airflow.exceptions import DagNotFound, DagRunAlreadyExists, ParamValidationError
from airflow.models.dag import DagModel
from airflow.models.dagbag import DBDagBag
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.models.taskinstance import TaskInstance, clear_task_instances
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, State, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError

from admin_views.child_limit import fill_places, give_place, let_go, lock_places
from admin_views.child_records import (
    PREFIX,
    ChildRecord,
    child_run_id,
    draw_secret,
    given_up,
    masters_above,
    opened_by,
    read_record,
    write_record,
)
from admin_views.problems import ChildUnusable, NotProven
from config_store.errors import NotFound
from config_store.names import nearest
from config_store.wire import ChildDeed, ChildRun, ChildState, OnChildFailed, WhenPaused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy.orm import Session

    from config_store.wire import ChildWish

log = logging.getLogger(__name__)

#: What a run that is resumed runs again. The skipped ones, too: whoever stops a run has Airflow skip what had not
#: begun, and a branch that skips a task skips it again.
_UNDONE = (TaskInstanceState.FAILED, TaskInstanceState.UPSTREAM_FAILED, TaskInstanceState.SKIPPED)
_SWEEP_EVERY_S = 10.0
#: How often a run is tried anew when another one takes its logical date or id at the same moment.
_ATTEMPTS = 20
_CHUNK = 400  # SQLite takes 32,766 parameters in a statement, older ones 999
_TOLD_RUNS = 3


class AirflowChildRuns:
    """Works on Airflow's own rows, with Airflow's own functions."""

    def __init__(self) -> None:
        self._sweep_lock, self._next_sweep = threading.Lock(), 0.0
        self._places_lock = threading.Lock()

    def start(self, task_instance_id: str, wish: ChildWish) -> ChildRun:
        """See :class:`~admin_views.services.ChildRuns`."""
        for attempt in range(_ATTEMPTS):
            try:
                # a session of its own: trigger_dag ends the thread's common one half-way, and our locks with it
                with self._one_at_a_time(wish), create_session(scoped=False) as session:
                    return _start(session, _locked_parent(session, task_instance_id), wish)
            except (IntegrityError, DagRunAlreadyExists) as error:
                log.info("Another run of %s began now (%d); once more: %s", wish.dag_id, attempt + 1, error)
        raise ChildUnusable(wish.dag_id, "too many of its runs begin at the same moment; retry the task")

    def states(self, tokens: Sequence[str]) -> list[ChildState]:
        """See :class:`~admin_views.services.ChildRuns`."""
        self._sweep()
        with self._places_lock, create_session() as session:
            records = opened_by(session, list(tokens))
            found = _states(session, {(record.dag_id, record.run_id) for record in records.values()})
        gone = ChildState(state=None)
        return [
            found.get((records[token].dag_id, records[token].run_id), gone) if token in records else gone
            for token in tokens
        ]

    def opens(self, token: str) -> bool:
        """See :class:`~admin_views.services.ChildRuns`."""
        with create_session() as session:
            return token in opened_by(session, [token])

    def stop(self, token: str) -> None:
        """See :class:`~admin_views.services.ChildRuns`."""
        with create_session() as session:
            record = opened_by(session, [token]).get(token)
            if record is not None:
                stop_child(session, record)

    def _one_at_a_time(self, wish: ChildWish) -> AbstractContextManager[object]:
        """SQLite, which has one API server, knows no locks on rows: places are given away by one thread at a time."""
        return nullcontext() if wish.max_active_children is None else self._places_lock

    def _sweep(self) -> None:
        """Stop, every now and then, the runs for which nobody waits any more."""
        with self._sweep_lock:
            if time.monotonic() < self._next_sweep:
                return
            self._next_sweep = time.monotonic() + _SWEEP_EVERY_S
        with create_session() as session:
            stop_orphans(session)


def _locked_parent(session: Session, task_instance_id: str) -> TaskInstance:
    """The task that asks; a lock on its row keeps a second request of it waiting.

    The row alone: Airflow joins a task's run to it, and MariaDB, which has no FOR UPDATE OF, would lock both.
    """
    row_id = UUID(task_instance_id)
    session.execute(select(TaskInstance.id).where(TaskInstance.id == row_id).with_for_update())
    parent = session.get(TaskInstance, row_id)
    if parent is None:
        raise NotProven("The task that asks has been cleared meanwhile.")
    return parent


def _start(session: Session, parent: TaskInstance, wish: ChildWish) -> ChildRun:
    if wish.max_active_children is not None:
        lock_places(session, parent.dag_run.id)
    _check_chain(session, parent, wish.dag_id)
    _check_dag(session, wish)
    record = read_record(session, parent)
    run = _former_run(session, parent, wish, record)
    deed = ChildDeed.TRIGGERED if run is None else _deed(run, wish, parent, record)
    if run is None or deed is ChildDeed.TRIGGERED:
        run = _trigger(session, parent, wish)
        _stop_former(session, record)
    elif deed is ChildDeed.RESTARTED:
        run.conf = wish.conf
        _run_again(session, run, _tasks(session, run))
    elif deed is ChildDeed.RESUMED:
        undone = [task for task in _tasks(session, run) if task.state in _UNDONE]
        _run_again(session, run, undone or _tasks(session, run))
    if deed is not ChildDeed.ATTACHED:
        give_place(session, parent, run, wish.max_active_children)
    secret, digest = draw_secret()
    kept = ChildRecord(
        wish.dag_id, run.run_id, parent.max_tries, wish.stop_with_parent, digest, wish.max_active_children
    )
    number = write_record(session, parent, kept)
    return ChildRun(
        dag_id=wish.dag_id, run_id=run.run_id, deed=deed, token=f"{number}:{secret}", logical_date=run.logical_date
    )


def _check_chain(session: Session, parent: TaskInstance, dag_id: str) -> None:
    chain = masters_above(session, parent.dag_id, parent.run_id)
    if dag_id in chain:
        path = " -> ".join([*reversed(chain), dag_id])
        reason = f"it would start itself: {path}. Take one of these tasks out"
        raise ChildUnusable(dag_id, reason)


def _check_dag(session: Session, wish: ChildWish) -> None:
    """Raise unless the DAG is there and can be run now; unpauses it where that is wished."""
    dag = session.get(DagModel, wish.dag_id)
    if dag is not None and (error := _import_error(session, dag)):
        raise ChildUnusable(wish.dag_id, error)
    if dag is None or dag.is_stale:
        known = session.scalars(select(DagModel.dag_id).where(~DagModel.is_stale))
        raise NotFound("DAG", wish.dag_id, nearest(wish.dag_id, list(known)))
    if dag.allowed_run_types is not None and DagRunType.OPERATOR_TRIGGERED not in dag.allowed_run_types:
        raise ChildUnusable(wish.dag_id, "its allowed_run_types do not name operator_triggered; add it there")
    if dag.is_paused and wish.when_paused is WhenPaused.UNPAUSE:
        dag.is_paused = False
    elif dag.is_paused and wish.when_paused is WhenPaused.FAIL:
        reason = "it is paused; unpause it, or give the operator when_paused='unpause' or 'wait'"
        raise ChildUnusable(wish.dag_id, reason)


def _import_error(session: Session, dag: DagModel) -> str:
    """That the DAG's file can't be imported, with the last line of what Python said; empty when it can.

    Airflow takes the DAGs of such a file for stale, as those whose file is gone; the error's row tells them apart.
    """
    query = select(ParseImportError.stacktrace).where(
        ParseImportError.bundle_name == dag.bundle_name, ParseImportError.filename == dag.relative_fileloc
    )
    lines = (session.scalar(query) or "").strip().splitlines() if dag.has_import_errors else []
    return f"its file can't be imported: {dag.relative_fileloc}: {lines[-1][:500]}" if lines else ""


def _former_run(session: Session, parent: TaskInstance, wish: ChildWish, record: ChildRecord | None) -> DagRun | None:
    """The run that an earlier try started; None when there is none, or it was another DAG's."""
    run_id = record.run_id if record and record.dag_id == wish.dag_id else child_run_id(parent)
    return _run(session, wish.dag_id, run_id)


def _run(session: Session, dag_id: str, run_id: str) -> DagRun | None:
    return session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))


def _is_cleared(parent: TaskInstance, record: ChildRecord | None) -> bool:
    """Whether somebody cleared the task since it last asked; Airflow's own retries leave max_tries as it is."""
    return record is None or record.max_tries != parent.max_tries


def _deed(run: DagRun, wish: ChildWish, parent: TaskInstance, record: ChildRecord | None) -> ChildDeed:
    """What is done with the run of an earlier try.

    Who clears a task that waits has its trigger stop the child; a try that is quicker than the trigger does it itself.
    """
    is_cleared = _is_cleared(parent, record)
    is_over = is_cleared and record is not None and record.stop_with_parent
    if run.state not in State.finished_dr_states and not is_over:
        return ChildDeed.ATTACHED
    if run.state == DagRunState.SUCCESS and not is_cleared:
        return ChildDeed.ATTACHED
    if wish.on_child_failed is OnChildFailed.NEW:
        return ChildDeed.TRIGGERED
    return ChildDeed.RESTARTED if is_cleared or wish.on_child_failed is OnChildFailed.RESTART else ChildDeed.RESUMED


def _stop_former(session: Session, record: ChildRecord | None) -> None:
    """Stop the run that the task had before it was given another one; nobody would find it any more."""
    if record is not None and record.stop_with_parent:
        stop_child(session, record)


def _trigger(session: Session, parent: TaskInstance, wish: ChildWish) -> DagRun:
    try:
        run = trigger_dag(
            dag_id=wish.dag_id,
            run_id=_free_run_id(session, parent, wish.dag_id),
            conf=wish.conf,
            logical_date=_free_logical_date(session, wish.dag_id, parent.dag_run.logical_date),
            run_type=DagRunType.OPERATOR_TRIGGERED,
            triggered_by=DagRunTriggeredByType.OPERATOR,
            triggering_user_name=parent.dag_run.triggering_user_name,
            replace_microseconds=False,
            session=session,
        )
        assert run is not None
        session.flush()
    except (ValueError, ParamValidationError, DagNotFound) as error:
        raise ChildUnusable(wish.dag_id, f"Airflow refuses a run of it: {error}") from error
    return run


def _free_run_id(session: Session, parent: TaskInstance, dag_id: str) -> str:
    number = 0
    while _run(session, dag_id, run_id := child_run_id(parent, number)) is not None:
        number += 1
    return run_id


def _free_logical_date(session: Session, dag_id: str, wanted: datetime | None) -> datetime | None:
    """The parent's logical date; of a DAG that has a run with it, the next free microsecond.

    Airflow lets a DAG have one run with a logical date, and two masters or a mapped task may want several.
    """
    if wanted is None:
        return None
    query = select(DagRun.logical_date).where(
        DagRun.dag_id == dag_id, DagRun.logical_date >= wanted, DagRun.logical_date < wanted + timedelta(seconds=1)
    )
    taken = set(session.scalars(query))
    while wanted in taken:
        wanted += timedelta(microseconds=1)
    return wanted


def _tasks(session: Session, run: DagRun) -> list[TaskInstance]:
    query = select(TaskInstance).where(TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id)
    return list(session.scalars(query))


def _run_again(session: Session, run: DagRun, tasks: list[TaskInstance]) -> None:
    clear_task_instances(tasks, session)
    if run.state in State.finished_dr_states:  # a run without tasks, which the above does not touch
        run.state = DagRunState.QUEUED
    session.flush()


def _states(session: Session, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], ChildState]:
    """The states of the runs that exist."""
    tasks: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    runs: list[DagRun] = []
    for chunk in _chunks(sorted(wanted)):
        named = TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state
        ours = tuple_(TaskInstance.dag_id, TaskInstance.run_id).in_(chunk)
        for row in session.execute(select(TaskInstance.dag_id, TaskInstance.run_id, *named).where(ours)):
            if row.state is not None:
                tasks[row.dag_id, row.run_id][_label(row.task_id, row.map_index)] = str(row.state)
        runs += session.scalars(select(DagRun).where(tuple_(DagRun.dag_id, DagRun.run_id).in_(chunk)))
    held = fill_places(session, runs)
    reasons = {dag_id: _reason_to_wait(session, dag_id) for dag_id in {run.dag_id for run in runs if _is_queued(run)}}
    return {
        (run.dag_id, run.run_id): ChildState(
            state=str(run.state),
            tasks=tasks[run.dag_id, run.run_id],
            waits_for=held.get((run.dag_id, run.run_id), reasons[run.dag_id]) if _is_queued(run) else "",
            duration_s=_duration(run),
        )
        for run in runs
    }


def _chunks(wanted: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for start in range(0, len(wanted), _CHUNK):
        yield wanted[start : start + _CHUNK]


def _label(task_id: str, map_index: int) -> str:
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


def _is_queued(run: DagRun) -> bool:
    return bool(run.state == DagRunState.QUEUED)


def _reason_to_wait(session: Session, dag_id: str) -> str:
    """Why queued runs of a DAG do not start; empty when the scheduler has just not come to them yet."""
    dag = session.get(DagModel, dag_id)
    if dag is not None and (error := _import_error(session, dag)):
        return f"the DAG {dag_id!r}: {error}"
    if dag is None or dag.is_stale:
        return f"the DAG {dag_id!r} is gone"
    if dag.is_paused:
        return f"the DAG {dag_id!r} is paused"
    query = select(DagRun.run_id).where(DagRun.dag_id == dag_id, DagRun.state == DagRunState.RUNNING)
    running = list(session.scalars(query.order_by(DagRun.id)))
    if dag.max_active_runs is None or len(running) < dag.max_active_runs:
        return ""
    more = f" and {len(running) - _TOLD_RUNS:,} more" if len(running) > _TOLD_RUNS else ""
    told = ", ".join(running[:_TOLD_RUNS]) + more
    return f"max_active_runs of the DAG {dag_id!r} is {dag.max_active_runs}, and there run {told}"


def _duration(run: DagRun) -> float | None:
    if run.state not in State.finished_dr_states or run.start_date is None or run.end_date is None:
        return None
    return (run.end_date - run.start_date).total_seconds()


def stop_child(session: Session, record: ChildRecord) -> None:
    """Mark the run failed as Airflow's own button does: its tasks are killed; children of children follow."""
    query = select(DagRun).where(DagRun.dag_id == record.dag_id, DagRun.run_id == record.run_id)
    run = session.scalar(query.with_for_update(of=DagRun))
    if run is None or run.state in State.finished_dr_states:
        return
    log.info("Stopping the run %s of %s: nobody waits for it any more", run.run_id, run.dag_id)
    let_go(run)
    dag = DBDagBag().get_dag_for_run(run, session=session)
    if dag is None:
        run.set_state(DagRunState.FAILED)
    else:
        patch_dag_run_state(dag=dag, dag_run=run, state=DagRunMutableStates.FAILED, session=session)
    session.flush()


def stop_child_of(session: Session, parent: TaskInstance) -> None:
    """Stop the child run of a task that has ended, unless it was to outlive the task."""
    record = read_record(session, parent)
    if record is not None and record.stop_with_parent and parent.state in State.finished:
        stop_child(session, record)


def stop_orphans(session: Session) -> None:
    """Stop the children whose parents ended while no triggerer was there to be told."""
    query = select(DagRun.dag_id, DagRun.run_id).where(
        DagRun.state.in_(State.unfinished_dr_states), DagRun.run_id.startswith(PREFIX, autoescape=True)
    )
    children = {(dag_id, run_id) for dag_id, run_id in session.execute(query)}
    for record in given_up(session, children):
        if record.stop_with_parent:
            stop_child(session, record)
