"""Tries whose worker went away without a word: found and closed, so that every receipt has an end.

``lost`` is a presumption. The worker's own word, should it come after all, takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import defer

from config_store.models import SubmissionRow
from config_store.submission_lists import is_open
from config_store.what_changed import note_changes
from config_store.wire import Outcome, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from config_store.submissions import Submitter
    from config_store.wire import JobRequest

_LATER_TRY = "its worker went away without a word; a later try of the task has begun"
_GONE = "its worker went away without a word; {}"


def close_earlier_tries(session: Session, submitter: Submitter, request: JobRequest) -> None:
    """A new try of a task begins: whatever an earlier one left open will never be told the end of.

    Of the same submitter alone, and of the same Airflow: a caller from outside may name any task. Never the same
    try, which may be asking twice at once.
    """
    task = submitter.task
    for row in session.scalars(
        select(SubmissionRow)
        .options(defer(SubmissionRow.plan))
        .where(
            SubmissionRow.dag_id == task.dag_id,
            SubmissionRow.task_id == task.task_id,
            SubmissionRow.run_id == task.run_id,
            SubmissionRow.map_index == task.map_index,
            is_open(),
            SubmissionRow.submitted_by == submitter.name,
        )
        .order_by(SubmissionRow.id)
        .with_for_update()  # an end that its worker tells at this moment counts
    ):
        if _is_other_try(row, submitter) and row.request.get("origin") == request.origin:
            _close(session, row, _LATER_TRY)


def _is_other_try(row: SubmissionRow, submitter: Submitter) -> bool:
    """Asked here, not in the query: SQLite would take the index of the task instances, and all outsiders have none."""
    if submitter.task_instance_id is None:
        return row.task_instance_id is None
    return row.task_instance_id not in (None, submitter.task_instance_id)


def open_tries(session: Session, submission_id: str | None = None) -> list[str]:
    """The task instances of this Airflow whose submissions (or the one named) have no end yet."""
    query = select(SubmissionRow.task_instance_id).where(is_open())
    if submission_id is not None:
        query = query.where(SubmissionRow.id == submission_id)
    return [key for key in session.scalars(query) if key is not None]


def close_gone(session: Session, gone: Mapping[str, str]) -> None:
    """Close the submissions of task instances that run no more; ``gone`` says of each how Airflow has it."""
    rows = select(SubmissionRow).where(SubmissionRow.task_instance_id.in_(gone), is_open())
    for row in session.scalars(rows.order_by(SubmissionRow.id).with_for_update()):
        assert row.task_instance_id is not None
        _close(session, row, _GONE.format(gone[row.task_instance_id]))


def _close(session: Session, row: SubmissionRow, message: str) -> None:
    row.outcome = Outcome.LOST
    row.facts = {**row.facts, "message": message}
    row.enter(State.ENDED)
    note_changes(session, row)
