"""What is kept of a master task's child run: its id, the token that opens it, whose child it is.

It lies in the task's own state store, which outlives tries and clears and goes away with the parent's run. The child's
run id names the row of the parent's run, so that parents are found from children, too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from airflow.models.dagrun import DagRun
from airflow.models.task_state_store import TaskStateStoreModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import State
from sqlalchemy import and_, select

from config_store.wire import CHILD_KEY

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

PREFIX = "couture__"
#: What a run id may take; Airflow's column holds 250 characters.
_MAX_RUN_ID = 250
_CHUNK = 400  # SQLite takes 32,766 parameters in a statement, older ones 999
_TAIL = re.compile(r"__(\d+)-(\d+|x)-[0-9a-f]{10}(?:-\d+)?$")


@dataclass(frozen=True)
class ChildRecord:
    """``max_tries`` of the parent's task when it last asked: Airflow changes it with every clear, not with a retry."""

    dag_id: str
    run_id: str
    max_tries: int
    stop_with_parent: bool
    token_sha256: str
    max_active_children: int | None = None


def child_run_id(parent: TaskInstance, number: int = 0) -> str:
    """The id of the ``number``-th child run of a task: the same for every try of it.

    The digest tells parents apart whose runs were given the same row number, which some databases use again.
    """
    row_id, index = parent.dag_run.id, "x" if parent.map_index < 0 else str(parent.map_index)
    known = json.dumps([parent.dag_id, parent.run_id, parent.task_id, parent.map_index])
    digest = hashlib.sha256(known.encode()).hexdigest()[:10]
    tail = f"__{row_id}-{index}-{digest}" + (f"-{number}" if number else "")
    return f"{PREFIX}{parent.dag_id}.{parent.task_id}"[: _MAX_RUN_ID - len(tail)] + tail


def read_record(session: Session, parent: TaskInstance) -> ChildRecord | None:
    """The record of a task."""
    row = _row(session, parent)
    return None if row is None else _record(row)


def write_record(session: Session, parent: TaskInstance, record: ChildRecord) -> int:
    """Write the record of a task; answers the number of its row, which stays."""
    row = _row(session, parent)
    if row is None:
        row = TaskStateStoreModel(
            dag_run_id=parent.dag_run.id,
            task_id=parent.task_id,
            map_index=parent.map_index,
            key=CHILD_KEY,
            dag_id=parent.dag_id,
            run_id=parent.run_id,
        )
        session.add(row)
    row.value = json.dumps(asdict(record))
    session.flush()
    return row.id


def _row(session: Session, parent: TaskInstance) -> TaskStateStoreModel | None:
    return session.scalar(
        select(TaskStateStoreModel).where(
            TaskStateStoreModel.dag_run_id == parent.dag_run.id,
            TaskStateStoreModel.task_id == parent.task_id,
            TaskStateStoreModel.map_index == parent.map_index,
            TaskStateStoreModel.key == CHILD_KEY,
        )
    )


def _record(row: TaskStateStoreModel) -> ChildRecord | None:
    """What the row says; None when somebody else wrote it, a task into its own store for one."""
    try:
        return ChildRecord(**json.loads(row.value))
    except (TypeError, ValueError):
        return None


def draw_secret() -> tuple[str, str]:
    """A secret for a token, and its sha256 for the record."""
    secret = secrets.token_urlsafe(24)
    return secret, hashlib.sha256(secret.encode()).hexdigest()


def opened_by(session: Session, tokens: list[str]) -> dict[str, ChildRecord]:
    """By token the record that it opens; tokens are ``row number:secret``.

    A task can write into its own store, so a record counts only for a run that is its own by the run's id.
    """
    numbers = {token: int(number) for token in tokens if (number := token.partition(":")[0]).isdecimal()}
    rows = session.scalars(
        select(TaskStateStoreModel).where(
            TaskStateStoreModel.id.in_(set(numbers.values())), TaskStateStoreModel.key == CHILD_KEY
        )
    )
    records = {row.id: record for row in rows if (record := _record(row)) and _is_own(row, record)}
    return {
        token: records[number]
        for token, number in numbers.items()
        if number in records and _opens(token, records[number])
    }


def _opens(token: str, record: ChildRecord) -> bool:
    digest = hashlib.sha256(token.partition(":")[2].encode()).hexdigest()
    return hmac.compare_digest(digest, record.token_sha256)


def _is_own(row: TaskStateStoreModel, record: ChildRecord) -> bool:
    return parent_place(record.run_id) == (row.dag_run_id, row.map_index)


def parent_place(run_id: str) -> tuple[int, int] | None:
    """The row number of the parent's run and the map index of its task; None for a run that no master started."""
    found = _TAIL.search(run_id) if run_id.startswith(PREFIX) else None
    return (int(found[1]), -1 if found[2] == "x" else int(found[2])) if found else None


def given_up(session: Session, children: Collection[tuple[str, str]]) -> list[ChildRecord]:
    """The records of those of these runs, by DAG and id, whose master's task has ended: a few questions for all."""
    above = sorted({place[0] for _, run_id in children if (place := parent_place(run_id))})
    found: list[ChildRecord] = []
    for start in range(0, len(above), _CHUNK):
        rows = session.scalars(
            select(TaskStateStoreModel)
            .join(TaskInstance, _is_of_task())
            .where(
                TaskStateStoreModel.dag_run_id.in_(above[start : start + _CHUNK]),
                TaskStateStoreModel.key == CHILD_KEY,
                TaskInstance.state.in_(State.finished),
            )
        )
        found += [record for row in rows if (record := _record(row)) and _is_own(row, record)]
    return [record for record in found if (record.dag_id, record.run_id) in children]


def _is_of_task() -> ColumnElement[bool]:
    names = ("dag_id", "run_id", "task_id", "map_index")
    return and_(*(getattr(TaskStateStoreModel, name) == getattr(TaskInstance, name) for name in names))


def records_of_run(session: Session, row_id: int) -> dict[tuple[str, int], ChildRecord]:
    """By task and map index the records of a master's run, by its row number, in the order of the map indexes."""
    rows = session.scalars(
        select(TaskStateStoreModel)
        .where(TaskStateStoreModel.dag_run_id == row_id, TaskStateStoreModel.key == CHILD_KEY)
        .order_by(TaskStateStoreModel.map_index)
    )
    return {(row.task_id, row.map_index): record for row in rows if (record := _record(row)) is not None}


def _task(session: Session, row: TaskStateStoreModel) -> TaskInstance | None:
    return session.scalar(
        select(TaskInstance).where(
            TaskInstance.dag_id == row.dag_id,
            TaskInstance.run_id == row.run_id,
            TaskInstance.task_id == row.task_id,
            TaskInstance.map_index == row.map_index,
        )
    )


def masters_above(session: Session, dag_id: str, run_id: str) -> list[str]:
    """The DAGs by whose runs, one below the other, this run was started: its own first, the topmost last."""
    chain, place = [dag_id], parent_place(run_id)
    while place is not None and (run := session.get(DagRun, place[0])) is not None:
        chain.append(run.dag_id)
        place = parent_place(run.run_id)
    return chain


def masters_of_run(session: Session, row_id: int) -> list[TaskInstance]:
    """The tasks of a run, by its row number, that have a child run."""
    rows = session.scalars(
        select(TaskStateStoreModel).where(
            TaskStateStoreModel.dag_run_id == row_id, TaskStateStoreModel.key == CHILD_KEY
        )
    )
    return [parent for row in rows if (parent := _task(session, row)) is not None]
