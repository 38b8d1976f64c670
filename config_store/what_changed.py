"""What changed since a task last worked: between the receipts of two tries, with who saved it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import select

from config_store.content import SECTIONS, from_document
from config_store.diff import diff_contents
from config_store.models import ArtifactRow, GroupRow, RevisionRow, SubmissionRow, VersionRow
from config_store.receipts import diff_receipts, read_receipt
from config_store.wire import HIDDEN, Outcome, ReceiptChange, Saved, WhatChanged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from config_store.wire import PlannedArtifact, Receipt, SubmitPlan

#: A group may have been saved thousands of times between two tries; who made the older changes stays untold.
MAX_REVISIONS = 200


#: Differences that most tries have and that explain little.
_NOISE = frozenset({"revision", "host"})


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
    """The newest submission of the same task (and map index) before ``row`` that succeeded."""
    return session.scalar(
        select(SubmissionRow)
        .where(
            SubmissionRow.dag_id == row.dag_id,
            SubmissionRow.task_id == row.task_id,
            SubmissionRow.map_index == row.map_index,
            SubmissionRow.outcome == Outcome.SUCCEEDED,
            SubmissionRow.created_at < row.created_at,
        )
        .order_by(SubmissionRow.created_at.desc())
        .limit(1)
    )


def compare_receipts(session: Session, old: Receipt, new: Receipt) -> tuple[ReceiptChange, ...]:
    """Every difference between two receipts, by place; what was saved in between with who saved it.

    A secret that was changed stands there with its values hidden, on both sides.
    """
    saves = _saves(session, old, new)
    artifacts = dict(_artifacts(new.plan))
    changes = [
        ReceiptChange(
            where=change.where,
            old=change.old,
            new=change.new,
            saved=_upload(session, artifacts.get(change.where), old) or saves.get(_content_place(change.where)),
        )
        for change in diff_receipts(old, new)
    ]
    known = {change.where for change in changes}
    hidden = [
        ReceiptChange(where=place, old=HIDDEN, new=HIDDEN, saved=saved)
        for place, saved in saves.items()
        if place not in known and place in _secret_places(new.plan)
    ]
    return tuple(sorted([*changes, *hidden], key=lambda change: change.where))


def _saves(session: Session, old: Receipt, new: Receipt) -> dict[str, Saved]:
    """The places of the group's content that differ between the two revisions, each with its newest save."""
    if old.group != new.group or old.revision >= new.revision:
        return {}
    rows = session.scalars(
        select(RevisionRow)
        .join(GroupRow, GroupRow.id == RevisionRow.group_id)
        .where(GroupRow.name == new.group, RevisionRow.number.between(old.revision, new.revision))
        .order_by(RevisionRow.number.desc())
        .limit(MAX_REVISIONS + 1)
    )
    revisions = [(row, from_document(row.content)) for row in reversed(list(rows))]
    saves: dict[str, Saved] = {}
    for (_, before), (row, after) in pairwise(revisions):
        saved = Saved(by=row.author, at=row.created_at, revision=row.number)
        saves |= dict.fromkeys((change.where for change in diff_contents(before, after)), saved)
    if not revisions:
        return {}
    lasting = {change.where for change in diff_contents(revisions[0][1], revisions[-1][1])}
    return {place: saved for place, saved in saves.items() if place in lasting}


def _content_place(place: str) -> str:
    """Where a group's content says what stands at a place of a receipt: the list that a resource is in."""
    head = place.partition(".")[0].replace("-", "_")
    return head if head in ("jars", "py_files") else place


def _artifacts(plan: SubmitPlan) -> Iterator[tuple[str, PlannedArtifact]]:
    """The uploaded files of a plan by their places in a receipt."""
    if plan.application:
        yield "code_artifact", plan.application
    for resource in plan.resources:
        if resource.artifact:
            yield f"{resource.kind}.{resource.artifact.name}", resource.artifact


def _upload(session: Session, artifact: PlannedArtifact | None, since: Receipt) -> Saved | None:
    """Who uploaded the artifact, when that was after the other receipt; else a choice of a version made the change."""
    if artifact is None:
        return None
    row = session.scalar(
        select(VersionRow)
        .join(ArtifactRow)
        .where(
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
    sections = {kind: section for section, kind in SECTIONS.items()}
    secret = {f"{sections[s.kind]}.{s.name}" for s in plan.settings if s.secret}
    return secret | ({"keytab"} if plan.keytab else set())
