"""What changed since a task last worked: between the receipts of two tries, with who saved it."""

from __future__ import annotations

from itertools import count, pairwise
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import defer

from config_store.content import SECTIONS, from_document, is_file_list, is_place, split_list, split_version
from config_store.groups import get_revision
from config_store.models import ArtifactRow, GroupRow, RevisionRow, SubmissionRow, VersionRow
from config_store.receipts import artifact_places, diff_receipts, read_receipt, resource_place, setting_place
from config_store.settings import ARGUMENT_OF, twin_key
from config_store.wire import HIDDEN, Outcome, ReceiptChange, ResourceKind, Saved, WhatChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

    from config_store.artifacts import ArtifactKind
    from config_store.content import Content
    from config_store.wire import PlannedArtifact, Receipt, SubmitPlan

#: A group may have been saved thousands of times between two tries; who made the older changes stays untold.
MAX_REVISIONS = 200
#: So many revisions, or submissions, are read at once: mostly the newest few tell all.
_PAGE = 10

#: Differences that most tries have and that explain little.
_NOISE = frozenset({"revision", "host"})

#: What a content says, by the places of receipts, a setting under its twin; values are compared, never shown.
Said = dict[str, tuple[str, str]]


def note_changes(session: Session, row: SubmissionRow) -> None:
    """Write into a failed submission's receipt what changed since its task last worked."""
    success = find_last_success(session, row)
    told = WhatChanged(since=None)
    if success is not None:
        old = read_receipt(success)
        changes = compare_receipts(session, old, read_receipt(row))
        lasting = tuple(change for change in changes if change.where not in _NOISE)
        told = WhatChanged(since=old.submission_id, succeeded_at=old.timeline[-1].at, changes=lasting)
    row.facts = {**row.facts, "changed": told.model_dump(mode="json")}


def find_last_success(session: Session, row: SubmissionRow) -> SubmissionRow | None:
    """The newest submission of the same task (and map index) before ``row`` that succeeded.

    Of the same submitter alone, and of the same Airflow: a caller from outside may name any task.
    """
    return next((success for success in _successes(session, row) if _is_of_same_airflow(success, row)), None)


def _successes(session: Session, row: SubmissionRow) -> Iterator[SubmissionRow]:
    """The successes of that task and submitter before ``row``, newest first."""
    query = (
        select(SubmissionRow)
        .where(
            SubmissionRow.dag_id == row.dag_id,
            SubmissionRow.task_id == row.task_id,
            SubmissionRow.map_index == row.map_index,
            SubmissionRow.outcome == Outcome.SUCCEEDED,
            SubmissionRow.created_at < row.created_at,
            SubmissionRow.submitted_by == row.submitted_by,
        )
        .options(defer(SubmissionRow.plan))
        .order_by(SubmissionRow.created_at.desc(), SubmissionRow.id)
        .limit(_PAGE)
    )
    for page in count():
        found = session.scalars(query.offset(page * _PAGE)).all()
        yield from found
        if len(found) < _PAGE:
            return


def _is_of_same_airflow(one: SubmissionRow, other: SubmissionRow) -> bool:
    """Asked here, not in the query: SQLite would take the index of the task instances, and all outsiders have none."""
    same_side = (one.task_instance_id is None) == (other.task_instance_id is None)
    return same_side and one.request.get("origin") == other.request.get("origin")


def compare_receipts(session: Session, old: Receipt, new: Receipt) -> tuple[ReceiptChange, ...]:
    """Every difference between two receipts, by place; what was saved in between with who saved it.

    A secret that was changed stands there with its values hidden, on both sides.
    """
    changes = [ReceiptChange(where=c.where, old=c.old, new=c.new) for c in diff_receipts(old, new)]
    lasting = _lasting(session, old, new)
    hidden = _secret_places(new.plan) - {change.where for change in changes}
    changes += [ReceiptChange(where=p, old=HIDDEN, new=HIDDEN) for p in hidden if _under_twin(p) in lasting]
    saves = _saves(session, old, new, lasting & {_under_twin(change.where) for change in changes})
    artifacts = {place: (kind, artifact) for place, kind, artifact in artifact_places(new.plan)}

    def saved(place: str) -> Saved | None:
        upload = _upload(session, *artifacts[place], old) if place in artifacts else None
        return upload or saves.get(_under_twin(place))

    changes.sort(key=lambda change: change.where)
    return tuple(change.model_copy(update={"saved": saved(change.where)}) for change in changes)


def _lasting(session: Session, old: Receipt, new: Receipt) -> set[str]:
    """The places where the two revisions of the group differ, whatever lies between them; none for two groups."""
    if old.group != new.group or old.revision == new.revision:
        return set()
    before, after = (_said(get_revision(session, r.group, r.revision).content) for r in (old, new))
    return {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}


def _saves(session: Session, old: Receipt, new: Receipt, places: set[str]) -> dict[str, Saved]:
    """The newest save of each place after the one receipt and up to the other; no save led to an older revision."""
    saves: dict[str, Saved] = {}
    if not places or old.revision > new.revision:
        return saves
    newest_first = _revisions(session, new.group, old.revision, new.revision)
    for (row, after), (_, before) in pairwise((row, _said(from_document(row.content))) for row in newest_first):
        changed = {place for place in places - saves.keys() if before.get(place) != after.get(place)}
        saves |= dict.fromkeys(changed, Saved(by=row.author, at=row.created_at, revision=row.number))
        if saves.keys() == places:
            break
    return saves


def _revisions(session: Session, group: str, first: int, last: int) -> Iterator[RevisionRow]:
    """The revisions of a group, newest first, read as they are asked for; MAX_REVISIONS saves at most."""
    query = (
        select(RevisionRow)
        .join(GroupRow, GroupRow.id == RevisionRow.group_id)
        .where(GroupRow.name == group)
        .order_by(RevisionRow.number.desc())
    )
    oldest = max(first, last - MAX_REVISIONS)
    for number in range(last, oldest - 1, -_PAGE):
        lowest = max(number - _PAGE + 1, oldest)
        yield from session.scalars(query.where(RevisionRow.number.between(lowest, number)))


def _said(content: Content) -> Said:
    said: Said = {}
    for section, kind, name, setting in content.settings():
        if not is_file_list(kind, name):
            said[setting_place(*twin_key(kind, name))] = (section, setting.value)
        elif not setting.secret:
            said |= _listed(ResourceKind(ARGUMENT_OF.get(name, name)), split_list(setting.value))
    said |= _listed(ResourceKind.JAR, map(str, content.jars))
    said |= _listed(ResourceKind.PY_FILE, map(str, content.py_files))
    said |= {f"hadoop_files.{file.name}": ("", file.sha256) for file in content.hadoop_files}
    if content.principal:
        said[_under_twin("arguments.principal")] = ("principal", content.principal)
    if content.keytab:
        said["keytab"] = (content.keytab.name, content.keytab.sha256)
    if content.krb5_conf:
        said["krb5_conf"] = ("", content.krb5_conf.sha256)
    if content.spark_home:
        said["spark_home"] = ("", content.spark_home)
    return said


def _listed(kind: ResourceKind, entries: Iterable[str]) -> Said:
    """The entries of a list of files, each at its place; a dependency without its version."""
    names = {entry: entry if is_place(entry) else split_version(kind, entry)[0] for entry in entries}
    return {resource_place(kind, name): ("", entry) for entry, name in names.items()}


def _under_twin(place: str) -> str:
    """The place of a setting under its twin: an argument that is secret stands there in receipts, others may move."""
    section, _, name = place.partition(".")
    kind = SECTIONS.get(section)
    return setting_place(*twin_key(kind, name)) if kind else place


def _upload(session: Session, kind: ArtifactKind, artifact: PlannedArtifact, since: Receipt) -> Saved | None:
    """Who uploaded the artifact, when that was after the other receipt; else a choice of a version made the change."""
    row = session.scalar(
        select(VersionRow)
        .join(ArtifactRow)
        .where(
            ArtifactRow.kind == kind,
            ArtifactRow.name == artifact.name,
            VersionRow.version == artifact.version,
            VersionRow.sha256 == artifact.sha256,
            VersionRow.uploaded_at > since.timeline[0].at,
        )
        .limit(1)
    )
    return Saved(by=row.uploaded_by, at=row.uploaded_at) if row else None


def _secret_places(plan: SubmitPlan) -> set[str]:
    """The places of what a plan hides."""
    secret = {setting_place(s.kind, s.name) for s in plan.settings if s.secret}
    return secret | ({"keytab"} if plan.keytab else set())
