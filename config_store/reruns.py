"""Running a task again: with the settings of an old receipt, or with those of the moment.

The wish is written into the old receipt; the next try of that task in that DAG run fulfils it. Retries of a try that
ran as then do so, too, until one succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import defer

from config_store.artifacts import ArtifactKind, find_newest
from config_store.errors import NotFound, NotRerunnable, WrongState
from config_store.models import GroupRow, SubmissionRow
from config_store.receipts import read_receipt, task_of
from config_store.wire import Outcome, Rerun, RerunMode, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from config_store.submissions import Submitter
    from config_store.wire import Receipt, TaskIdentity

#: So many tries of one task in one DAG run are looked at for a wish.
_MAX_TRIES = 100


@dataclass(frozen=True)
class Pins:
    """What a task that runs as then takes from its old receipt; ``versions`` by kind and name of the artifact."""

    submission_id: str
    group: str
    revision: int
    versions: Mapping[tuple[ArtifactKind, str], int]
    asked_by: str


@dataclass(frozen=True)
class Wish:
    """That a task is to run again; ``before``: what the receipts of its tries said of reruns until now, by id."""

    task: TaskIdentity
    before: Mapping[str, Any]


@dataclass(frozen=True)
class ThenAndNow:
    """A version of an artifact in a receipt, and the newest one; ``now`` is None for an artifact that is deleted."""

    name: str
    then: int
    now: int | None


@dataclass(frozen=True)
class LookAhead:
    """What a task would take if it ran again as now; ``revision`` is None when the group of its receipt is gone."""

    revision: int | None
    artifacts: tuple[ThenAndNow, ...]


def look_ahead(session: Session, receipt: Receipt) -> LookAhead:
    """The group's present revision and the newest versions of the receipt's artifacts, beside those of then."""
    versions = versions_of(receipt)
    names: dict[ArtifactKind, list[str]] = {}
    for kind, name in versions:
        names.setdefault(kind, []).append(name)
    newest = find_newest(session, names)
    group = (GroupRow.name == receipt.group) & GroupRow.deleted_at.is_(None)
    return LookAhead(
        revision=session.scalar(select(GroupRow.revision).where(group)),
        artifacts=tuple(
            ThenAndNow(name, then, newest[kind, name].version if (kind, name) in newest else None)
            for (kind, name), then in versions.items()
        ),
    )


def ask_rerun(session: Session, submission_id: str, mode: RerunMode, author: str) -> Wish:
    """Write down that the task of a receipt is to run again; earlier wishes for it that nothing fulfilled are void.

    Raises NotFound, WrongState (it runs still), NotRerunnable (its Airflow is another).
    """
    row = session.get(SubmissionRow, submission_id, with_for_update=True)
    if row is None:
        raise NotFound("submission", submission_id)
    if row.task_instance_id is None:
        raise NotRerunnable(
            "This submission came from outside this Airflow, which can't run its task again; clear the task there."
        )
    if row.state != State.ENDED:
        raise WrongState(submission_id, row.state, State.PLANNED)
    task = task_of(row)
    void = [other for other in _tries(session, task) if (wish := _rerun(other, "rerun")) and not wish.submission_id]
    before = {one.id: one.facts.get("rerun") for one in (row, *void)}
    for other in void:
        _write_wish(other, None)
    asked = Rerun(mode=mode, asked_by=author, asked_at=datetime.now(UTC))
    _write_wish(row, asked.model_dump(mode="json"))
    row.updated_at = asked.asked_at  # else a cleaner could take it before it is fulfilled
    return Wish(task, before)


def withdraw_rerun(session: Session, wish: Wish) -> None:
    """Take the wish back, because the task could not be started: what was wished before counts again."""
    for submission_id, said in wish.before.items():
        row = session.get(SubmissionRow, submission_id, with_for_update=True)
        if row is not None:
            _write_wish(row, said)


def _write_wish(row: SubmissionRow, said: Any) -> None:
    others = {name: fact for name, fact in row.facts.items() if name != "rerun"}
    row.facts = {**others, "rerun": said} if said else others


def find_rerun(session: Session, submitter: Submitter, own: SubmissionRow | None) -> tuple[Receipt, Rerun] | None:
    """The receipt that this try runs again, and how; None for a try like any."""
    if submitter.task_instance_id is None:
        return None
    own_id = own.id if own else None
    earlier = [row for row in _tries(session, submitter.task) if row.id != own_id]
    for row in earlier:
        if (wish := _rerun(row, "rerun")) and wish.submission_id in (None, own_id):
            return read_receipt(row), wish
    if earlier and (former := _rerun(earlier[0], "rerun_of")) and _goes_on(earlier[0], former):
        first = session.get(SubmissionRow, former.submission_id) if former.submission_id else None
        return read_receipt(first or earlier[0]), former  # the first may be cleaned; each retry has the same plan
    return None


def _rerun(row: SubmissionRow, fact: str) -> Rerun | None:
    return Rerun.model_validate(row.facts[fact]) if fact in row.facts else None


def fulfil_rerun(session: Session, row: SubmissionRow, receipt: Receipt, rerun: Rerun) -> None:
    """Name the new submission in the old receipt, and the old one in the new."""
    row.facts = {
        **row.facts,
        "rerun_of": rerun.model_copy(update={"submission_id": receipt.submission_id}).model_dump(mode="json"),
    }
    # as it stands now: its end may be told at this moment
    old = session.get_one(SubmissionRow, receipt.submission_id, with_for_update=True, populate_existing=True)
    told = rerun.model_copy(update={"submission_id": row.id})
    old.facts = {**old.facts, "rerun": told.model_dump(mode="json")}
    old.updated_at = datetime.now(UTC)


def pins_of(receipt: Receipt, rerun: Rerun) -> Pins | None:
    """What is pinned; None for a task that runs as now."""
    if rerun.mode is RerunMode.NOW:
        return None
    return Pins(receipt.submission_id, receipt.group, receipt.revision, versions_of(receipt), rerun.asked_by)


def versions_of(receipt: Receipt) -> dict[tuple[ArtifactKind, str], int]:
    """The artifacts that a receipt names, by kind and name, each with its version."""
    plan = receipt.plan
    versions = {(ArtifactKind.DEPENDENCY, r.artifact.name): r.artifact.version for r in plan.resources if r.artifact}
    if plan.application:
        versions[ArtifactKind.CODE, plan.application.name] = plan.application.version
    return versions


def _goes_on(row: SubmissionRow, former: Rerun) -> bool:
    """Whether the next try is a retry of one that ran as then."""
    return former.mode is RerunMode.THEN and row.outcome != Outcome.SUCCEEDED


def _tries(session: Session, task: TaskIdentity) -> list[SubmissionRow]:
    """The submissions of one task in one DAG run, newest first."""
    return list(
        session.scalars(
            select(SubmissionRow)
            .options(defer(SubmissionRow.plan), defer(SubmissionRow.request))
            .where(
                SubmissionRow.dag_id == task.dag_id,
                SubmissionRow.task_id == task.task_id,
                SubmissionRow.run_id == task.run_id,
                SubmissionRow.map_index == task.map_index,
                SubmissionRow.task_instance_id.is_not(None),
            )
            .order_by(SubmissionRow.created_at.desc())
            .limit(_MAX_TRIES)
        )
    )
