"""Submissions: the receipt of one try of one task, written before anything starts, and its states."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, inspect, select, update
from sqlalchemy.orm import defer

from config_store.artifacts import ArtifactKind
from config_store.cleaning import hold_every_blob
from config_store.database import insert_unless_there
from config_store.errors import Fault, InvalidInput, NotFound, WrongState, reject
from config_store.lost import close_earlier_tries
from config_store.models import LARGEST_INTEGER, ArtifactRow, SubmissionFileRow, SubmissionRow, VersionRow
from config_store.names import MAX_LENGTH, check_author, unstorable
from config_store.receipts import Progress, read_progress, read_receipt
from config_store.reruns import find_rerun, fulfil_rerun, pins_of
from config_store.resolution import redact_request, resolve_plan
from config_store.submission_lists import WITHOUT_DOCUMENTS, holds
from config_store.what_changed import compare_receipts, find_last_success, note_changes
from config_store.wire import (
    JobRequest,
    Outcome,
    PlannedArtifact,
    Receipt,
    ReceiptChange,
    Report,
    State,
    StoredFile,
    SubmitPlan,
    TaskIdentity,
    Ticket,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session
    from sqlalchemy.orm.interfaces import ORMOption

    from config_store.secrets import Cipher

_ORDER = list(State)
_ID = re.compile(r"[0-9a-f-]{36}")
#: What a report may add to a receipt, beside its state and outcome.
_FACTS = tuple(name for name in Report.model_fields if name not in ("state", "outcome"))


@dataclass(frozen=True)
class Submitter:
    """Who submits: a task proven by Airflow (``task_instance_id`` set), or a user from outside."""

    name: str
    task: TaskIdentity
    task_instance_id: str | None = None


def submit(session: Session, request: JobRequest, submitter: Submitter, cipher: Cipher) -> Ticket:
    """Resolve a request and write its receipt; answers the plan with its secrets, and the receipt's token.

    A try that asks again (its first answer was lost on the way) gets the same receipt, resolved anew, as
    long as nothing was started. Raises what :func:`~config_store.resolution.resolve_plan` raises, WrongState.
    """
    _check_identity(submitter.task)
    check_author(submitter.name)
    row = _row_of_try(session, submitter)
    again = find_rerun(session, submitter, row)
    if again:  # the old receipt names files that nothing else may need, and may itself be cleaned at this moment
        hold_every_blob(session)
        again = find_rerun(session, submitter, row)
    plan = resolve_plan(session, request, submitter.task, cipher, pins_of(*again) if again else None)
    token = secrets.token_urlsafe(32)
    planned = _planned(request, plan, token)
    if row is None:
        close_earlier_tries(session, submitter, request)
        row = _begin(session, submitter, planned)
    if row.token_sha256 != planned["token_sha256"]:
        _plan_anew(session, row, planned)
    if again:
        fulfil_rerun(session, row, *again)
    session.flush()
    _record_files(session, row.id, plan)
    return Ticket(submission_id=row.id, token=token, plan=plan)


def record_report(session: Session, submission_id: str, report: Report) -> Receipt:
    """Add a report to a receipt; the same report again changes nothing.

    Raises NotFound, WrongState (backwards, or after an end that was told), InvalidInput (an end without outcome).
    """
    row = _row(session, submission_id, lock=True)
    if (report.state is State.ENDED) != (report.outcome is not None):
        raise reject("outcome", "is given with state 'ended', and only then")
    facts = _facts(report)
    if row.state == report.state and row.outcome == report.outcome and facts.items() <= row.facts.items():
        return read_receipt(row)
    if _is_told(row) or _ORDER.index(report.state) < _ORDER.index(State(row.state)):
        raise WrongState(submission_id, row.state, report.state)
    row.facts = {**_known(row), **facts}
    row.outcome = report.outcome
    row.enter(report.state)
    if row.outcome in (Outcome.FAILED, Outcome.KILLED):  # to Airflow a task that timed out has failed, too
        note_changes(session, row)
    session.flush()
    return read_receipt(row)


def _is_told(row: SubmissionRow) -> bool:
    """Whether the end is known; that a try is lost is only presumed."""
    return row.state == State.ENDED and row.outcome != Outcome.LOST


def _known(row: SubmissionRow) -> dict[str, Any]:
    """The facts of a receipt, without what a presumption said that a report corrects."""
    presumed = ("message", "changed") if row.outcome == Outcome.LOST else ()
    return {name: fact for name, fact in row.facts.items() if name not in presumed}


def check_token(session: Session, submission_id: str, token: str, *, ended: bool = False) -> bool:
    """Whether the token opens the submission; after its end only when ``ended``, for a repeated or late report."""
    row = _find(session, submission_id)
    if row is None or (row.state == State.ENDED and not ended):
        return False
    return hmac.compare_digest(row.token_sha256, _sha256(token))


def get_receipt(session: Session, submission_id: str) -> Receipt:
    """What ran; raises NotFound."""
    return read_receipt(_row(session, submission_id))


def get_progress(session: Session, submission_id: str) -> Progress:
    """How far a submission is, without the documents that say what ran; raises NotFound."""
    slim = [defer(SubmissionRow.plan, raiseload=True), defer(SubmissionRow.request, raiseload=True)]
    return read_progress(_row(session, submission_id, options=slim))


def diff_submissions(session: Session, from_id: str | None, to_id: str) -> tuple[str | None, tuple[ReceiptChange, ...]]:
    """What differs between two submissions; without ``from_id`` from the last success of the task before ``to_id``.

    Answers the id compared with, None when no receipt of such a success is kept. Raises NotFound.
    """
    new = _row(session, to_id)
    old = _row(session, from_id) if from_id is not None else find_last_success(session, new)
    if old is None:
        return None, ()
    return old.id, compare_receipts(session, read_receipt(old), read_receipt(new))


def get_file(session: Session, submission_id: str, sha256: str) -> StoredFile:
    """A file that the submission uses; raises NotFound for any other."""
    used = holds(SubmissionFileRow.submission_id, submission_id) & holds(SubmissionFileRow.sha256, sha256)
    row = session.scalars(select(SubmissionFileRow).where(used).limit(1)).first()
    if row is None:
        raise NotFound(f"file of submission {submission_id} with the sha256", sha256)
    return StoredFile(name=row.name, sha256=row.sha256, size=row.size)


def _row(
    session: Session, submission_id: str, *, lock: bool = False, options: Sequence[ORMOption] = ()
) -> SubmissionRow:
    row = _find(session, submission_id, lock=lock, options=options)
    if row is None:
        raise NotFound("submission", submission_id)
    return row


def _find(
    session: Session, submission_id: str, *, lock: bool = False, options: Sequence[ORMOption] = ()
) -> SubmissionRow | None:
    if not _ID.fullmatch(submission_id):
        return None
    return session.get(SubmissionRow, submission_id, with_for_update=lock or None, options=options)


def _row_of_try(session: Session, submitter: Submitter) -> SubmissionRow | None:
    """The receipt of the try, as it stands now and until the transaction's end."""
    if submitter.task_instance_id is None:
        return None
    query = select(SubmissionRow).where(SubmissionRow.task_instance_id == submitter.task_instance_id)
    locked = query.options(*WITHOUT_DOCUMENTS).with_for_update()
    return session.scalar(locked, execution_options={"populate_existing": True})


def _planned(request: JobRequest, plan: SubmitPlan, token: str) -> dict[str, Any]:
    """What a receipt holds of a plan, by column."""
    return {
        "group_name": plan.group,
        "revision": plan.revision,
        "app_name": plan.app_name,
        "request": redact_request(request, plan),
        "plan": plan.redacted(),
        "token_sha256": _sha256(token),
    }


def _begin(session: Session, submitter: Submitter, planned: dict[str, Any]) -> SubmissionRow:
    """A new receipt; when the same try asks twice at once, the second gets that of the first."""
    row = SubmissionRow(id=str(uuid.uuid4()), created_at=datetime.now(UTC), timeline=[], facts={})
    _fill_identity(row, submitter)
    row.enter(State.PLANNED)
    values = {column.key: getattr(row, column.key) for column in inspect(SubmissionRow).column_attrs}
    insert_unless_there(session, SubmissionRow, **{**values, **planned})
    return _row_of_try(session, submitter) or session.get_one(SubmissionRow, row.id, options=WITHOUT_DOCUMENTS)


def _plan_anew(session: Session, row: SubmissionRow, planned: dict[str, Any]) -> None:
    """Replace what was planned for a try that asks again; raises WrongState when something was started."""
    if row.state != State.PLANNED:
        raise WrongState(row.id, row.state, State.PLANNED)
    session.execute(update(SubmissionRow).where(SubmissionRow.id == row.id).values(planned))
    session.execute(delete(SubmissionFileRow).where(SubmissionFileRow.submission_id == row.id))


def _check_identity(task: TaskIdentity) -> None:
    """Raise InvalidInput for what is no try of a task; callers outside this Airflow name theirs themselves."""
    if faults := list(_identity_faults(task)):
        raise InvalidInput(faults)


def _identity_faults(task: TaskIdentity) -> Iterator[Fault]:
    for field in ("dag_id", "task_id", "run_id"):
        name: str = getattr(task, field)
        if not name.strip() or len(name) > MAX_LENGTH or unstorable(name):
            yield Fault(f"task.{field}", f"must be a name of at most {MAX_LENGTH} characters")
    for field, least in (("try_number", 0), ("map_index", -1)):
        if not least <= getattr(task, field) <= LARGEST_INTEGER:
            yield Fault(f"task.{field}", f"must be a number from {least} to {LARGEST_INTEGER:,}")


def _fill_identity(row: SubmissionRow, submitter: Submitter) -> None:
    task = submitter.task
    row.task_instance_id, row.submitted_by = submitter.task_instance_id, submitter.name
    row.dag_id, row.task_id, row.run_id = task.dag_id, task.task_id, task.run_id
    row.map_index, row.try_number = task.map_index, task.try_number


def _record_files(session: Session, submission_id: str, plan: SubmitPlan) -> None:
    files = list(dict.fromkeys(_files(plan)))
    version_ids = _version_ids(session, [file for file, _ in files])
    rows = [
        {
            "submission_id": submission_id,
            "sha256": file.sha256,
            "name": file.name,
            "size": file.size,
            "version_id": version_ids.get((kind, file.name, file.version))
            if isinstance(file, PlannedArtifact)
            else None,
        }
        for file, kind in files
    ]
    if rows:
        session.execute(insert(SubmissionFileRow), rows)


def _files(plan: SubmitPlan) -> Iterator[tuple[StoredFile, ArtifactKind | None]]:
    """Every file by each of its names: one content may be two artifacts, and both are used."""
    for file in plan.hadoop_files:
        yield file, None
    if plan.krb5_conf:
        yield plan.krb5_conf, None
    if plan.application:
        yield plan.application, ArtifactKind.CODE
    for resource in plan.resources:
        if resource.artifact:
            yield resource.artifact, ArtifactKind.DEPENDENCY


def _version_ids(session: Session, files: Iterable[StoredFile]) -> dict[tuple[str | None, str, int], int]:
    """The ids of the artifact versions among the files, by kind, name and number: one query for all."""
    digests = {file.sha256 for file in files if isinstance(file, PlannedArtifact)}
    rows = session.execute(
        select(ArtifactRow.kind, ArtifactRow.name, VersionRow.version, VersionRow.id)
        .join(VersionRow.artifact)
        .where(VersionRow.sha256.in_(digests))
    )
    return {(kind, name, version): id_ for kind, name, version, id_ in rows}


def _facts(report: Report) -> dict[str, Any]:
    told = report.model_dump(mode="json", exclude_none=True)
    return {name: told[name] for name in _FACTS if name in told}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
