"""Cleaning: what nobody needs any more, found first and removed then, beside servers that run.

A blob is needed by every revision (of deleted groups too), version and receipt that names it. Whoever stores a
blob and then refers to it calls :func:`hold_blobs` in the transaction that refers; the cleaner deletes under the
lock that excludes those. So a blob is either seen to be needed, or its loss is seen before anything names it.
That the loss is ever seen takes a blob that was old and unneeded until an upload brought its content again within
the same milliseconds: blobs written within the last day are never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, column, delete, func, or_, select, table, type_coerce

from config_store.artifacts import ArtifactKind
from config_store.blobs.protocol import GRACE
from config_store.content import FILE_LISTS, from_document
from config_store.database import VERSION_TABLE
from config_store.errors import BlobMissing, BlobVanished, StorageForeign
from config_store.models import ArtifactRow, RevisionRow, SubmissionFileRow, SubmissionRow, VersionRow
from config_store.wire import Outcome, State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from config_store.blobs.protocol import BlobStorage, Leftover, StoredBlob
    from config_store.database import Database

#: Rows of one transaction: other writers wait for it.
_RECEIPTS_AT_ONCE = 500
#: Blobs deleted under one lock: uploads wait for it, on S3 about a second.
_BLOBS_AT_ONCE = 20
#: The one row that every store has; its lock orders those who refer to blobs and those who delete them.
_LOCKED = table(VERSION_TABLE, column("version_num"))


@dataclass(frozen=True)
class Limits:
    """What counts as old, as moments in UTC; None keeps all of that kind."""

    receipts_ended_before: datetime | None
    versions_hidden_before: datetime | None
    blobs_written_before: datetime


@dataclass(frozen=True)
class HiddenVersion:
    """A deleted version that nobody uses."""

    id: int
    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True)
class Litter:
    """What may go. ``open_receipts``: as old, but not ended, so they stay. ``newest_revision``: the last one read."""

    receipts: int
    open_receipts: int
    versions: tuple[HiddenVersion, ...]
    blobs: tuple[StoredBlob, ...]
    leftovers: tuple[Leftover, ...]
    newest_revision: int

    def __bool__(self) -> bool:
        return bool(self.receipts or self.versions or self.blobs or self.leftovers)


@dataclass(frozen=True)
class Removed:
    """What went; ``kept_blobs`` were needed again, or written anew, when their turn came."""

    receipts: int
    versions: int
    blobs: tuple[StoredBlob, ...]
    kept_blobs: int
    leftovers: tuple[Leftover, ...]


def limits_at(
    now: datetime, *, receipts_older_than: timedelta | None = None, hidden_versions_older_than: timedelta | None = None
) -> Limits:
    """The limits for ages; that of blobs and unfinished uploads is always a day."""
    return Limits(
        now - receipts_older_than if receipts_older_than is not None else None,
        now - hidden_versions_older_than if hidden_versions_older_than is not None else None,
        now - GRACE,
    )


def hold_blobs(session: Session, blobs: BlobStorage, digests: Collection[str]) -> None:
    """Keep stored blobs from being cleaned until the transaction, which is about to refer to them, has ended.

    Call it before the rows are written. Raises BlobVanished for one that was cleaned a moment ago.
    """
    hold_every_blob(session)
    for sha256 in digests:
        if not blobs.exists(sha256):
            raise BlobVanished(sha256)


def hold_every_blob(session: Session) -> None:
    """Keep receipts, versions and blobs from being cleaned until the transaction's end; what it names then stays."""
    session.execute(select(_LOCKED).with_for_update(read=True))


def find_litter(database: Database, blobs: BlobStorage, limits: Limits, told: Callable[[str], None]) -> Litter:
    """What may go, and nothing is changed. ``told`` hears what is being looked at. Raises StorageForeign."""
    newest = _newest_revision(database)
    told("Reading revisions …")
    with database.reading() as session:
        used = _read_revisions(session)
        told("Counting receipts and hidden versions …")
        versions = tuple(_unused_versions(session, limits, used.pins))
        needed = used.digests | _needed_by_rows(session, limits, versions)
        known = used.digests | _named_by_rows(session)
        is_new = session.scalar(select(ArtifactRow.id).limit(1)) is None and newest == 0
        receipts, open_receipts = _count_receipts(session, limits)
    told("Listing blobs …")
    stored = list(blobs.stored())
    # rows of artifacts and revisions stay for ever: only a store that was never used has none
    if stored and (known or is_new) and known.isdisjoint(blob.sha256 for blob in stored):
        raise StorageForeign(len(stored))
    unneeded = (blob for blob in stored if blob.sha256 not in needed)
    return Litter(
        receipts=receipts,
        open_receipts=open_receipts,
        versions=versions,
        blobs=tuple(blob for blob in unneeded if blob.modified < limits.blobs_written_before),
        leftovers=tuple(_old_leftovers(blobs, limits)),
        newest_revision=newest,
    )


def remove_litter(
    database: Database, blobs: BlobStorage, limits: Limits, litter: Litter, told: Callable[[str], None]
) -> Removed:
    """Remove what :func:`find_litter` found with the same limits, as far as it still may go."""
    receipts = _remove_receipts(database, limits, told)
    versions = _remove_versions(database, limits, litter.versions)
    gone: list[StoredBlob] = []
    for start in range(0, len(litter.blobs), _BLOBS_AT_ONCE):
        told(f"Blobs: {start:,} of {len(litter.blobs):,} …")
        batch = litter.blobs[start : start + _BLOBS_AT_ONCE]
        gone += _remove_blobs(database, blobs, limits, batch, litter.newest_revision)
    leftovers = tuple(_old_leftovers(blobs, limits))
    for leftover in leftovers:
        blobs.discard(leftover)
    return Removed(receipts, versions, tuple(gone), len(litter.blobs) - len(gone), leftovers)


# --- what is used ---


@dataclass(frozen=True)
class _Used:
    """What revisions name: digests of files, and dependencies pinned to a version."""

    digests: set[str]
    pins: set[tuple[str, int]]


def _newest_revision(database: Database) -> int:
    """The newest revision of all. Who held blobs before has committed now, who holds some later gets a higher one."""
    with database.writing() as session:
        session.execute(select(_LOCKED).with_for_update())
        return session.scalar(select(func.max(RevisionRow.id))) or 0


def _read_revisions(session: Session, after: int = 0) -> _Used:
    used = _Used(set(), set())
    text = type_coerce(RevisionRow.content, Text)
    named = ['"sha256":"', '"version":', *(f'"{name}":' for name in FILE_LISTS)]
    names_something = or_(*[text.contains(name) for name in named])
    found = select(RevisionRow.content).where(RevisionRow.id > after, names_something)
    for content in session.scalars(found.execution_options(yield_per=50)):  # each may have a megabyte
        used.digests.update(_digests(content))
        chosen = [dependency for _, dependency in from_document(content).dependencies()]
        used.pins.update((one.name, one.version) for one in chosen if one.version is not None)
    return used


def _digests(content: dict[str, Any]) -> Iterator[str]:
    for file in content["hadoop_files"]:
        yield file["sha256"]
    if content["krb5_conf"]:
        yield content["krb5_conf"]["sha256"]


def _needed_by_rows(session: Session, limits: Limits, without: Sequence[HiddenVersion]) -> set[str]:
    """The digests of all versions and receipts but those that are about to go."""
    gone = {version.id for version in without}
    versions = session.execute(select(VersionRow.id, VersionRow.sha256))
    files = session.scalars(
        select(SubmissionFileRow.sha256)
        .distinct()
        .join(SubmissionRow, SubmissionRow.id == SubmissionFileRow.submission_id)
        .where(~_may_go(limits))
    )
    return {sha256 for number, sha256 in versions if number not in gone} | set(files)


def _named_by_rows(session: Session) -> set[str]:
    """The digests of all versions and receipts."""
    return {
        sha256 for row in (VersionRow, SubmissionFileRow) for sha256 in session.scalars(select(row.sha256).distinct())
    }


def _may_go(limits: Limits) -> ColumnElement[bool]:
    """Whether a receipt may be removed: never that of a submission that has not ended."""
    if limits.receipts_ended_before is None:
        return SubmissionRow.id.is_(None)
    ended = (SubmissionRow.state == State.ENDED) & (SubmissionRow.updated_at < limits.receipts_ended_before)
    # that one is lost is only presumed: for a day it may still run, and tell its end
    return ended & or_(SubmissionRow.outcome != Outcome.LOST, SubmissionRow.updated_at < limits.blobs_written_before)


def _count_receipts(session: Session, limits: Limits) -> tuple[int, int]:
    if limits.receipts_ended_before is None:
        return 0, 0
    count = select(func.count()).select_from(SubmissionRow)
    still_open = (SubmissionRow.state != State.ENDED) & (SubmissionRow.created_at < limits.receipts_ended_before)
    return session.scalar(count.where(_may_go(limits))) or 0, session.scalar(count.where(still_open)) or 0


def _unused_versions(session: Session, limits: Limits, pins: set[tuple[str, int]]) -> Iterator[HiddenVersion]:
    if limits.versions_hidden_before is None:
        return
    used = (
        select(SubmissionFileRow.version_id)
        .join(SubmissionRow, SubmissionRow.id == SubmissionFileRow.submission_id)
        .where(SubmissionFileRow.version_id.is_not(None), ~_may_go(limits))
    )
    rows = session.execute(
        select(VersionRow.id, ArtifactRow.kind, ArtifactRow.name, VersionRow.version)
        .join(ArtifactRow)
        .where(VersionRow.hidden_at < limits.versions_hidden_before, VersionRow.id.not_in(used))
        .order_by(ArtifactRow.name, VersionRow.version)
    )
    for number, kind, name, version in rows:
        if kind == ArtifactKind.CODE or (name, version) not in pins:
            yield HiddenVersion(number, name, version)


def _old_leftovers(blobs: BlobStorage, limits: Limits) -> Iterator[Leftover]:
    return (left for left in blobs.leftovers() if left.modified < limits.blobs_written_before)


# --- what goes ---


def _remove_receipts(database: Database, limits: Limits, told: Callable[[str], None]) -> int:
    removed = 0
    while limits.receipts_ended_before is not None:
        with database.writing() as session:
            session.execute(select(_LOCKED).with_for_update())
            ids = list(session.scalars(select(SubmissionRow.id).where(_may_go(limits)).limit(_RECEIPTS_AT_ONCE)))
            session.execute(delete(SubmissionFileRow).where(SubmissionFileRow.submission_id.in_(ids)))
            session.execute(delete(SubmissionRow).where(SubmissionRow.id.in_(ids)))
        if not ids:
            break
        removed += len(ids)
        told(f"Receipts: {removed:,} …")
    return removed


def _remove_versions(database: Database, limits: Limits, versions: Sequence[HiddenVersion]) -> int:
    """The artifact's row stays and goes on counting: a version's number never means two contents."""
    removed = 0
    for version in versions:
        used = select(SubmissionFileRow.id).where(SubmissionFileRow.version_id == version.id)
        with database.writing() as session:
            session.execute(select(_LOCKED).with_for_update())
            gone = session.execute(
                delete(VersionRow).where(
                    VersionRow.id == version.id,
                    VersionRow.hidden_at < limits.versions_hidden_before,  # restored ones have none
                    ~used.exists(),
                ),
                execution_options={"synchronize_session": False},
            )
            removed += gone.rowcount  # type: ignore[attr-defined]
    return removed


def _remove_blobs(
    database: Database, blobs: BlobStorage, limits: Limits, batch: Sequence[StoredBlob], newest_revision: int
) -> list[StoredBlob]:
    """Delete those that are still old and unneeded; nobody begins to refer to any of them meanwhile."""
    digests = [blob.sha256 for blob in batch]
    with database.writing() as session:
        session.execute(select(_LOCKED).with_for_update())
        needed = _read_revisions(session, after=newest_revision).digests
        for row in (VersionRow, SubmissionFileRow):
            needed |= set(session.scalars(select(row.sha256).where(row.sha256.in_(digests))))
        gone = [blob for blob in batch if blob.sha256 not in needed and _is_old(blobs, blob.sha256, limits)]
        for blob in gone:
            blobs.delete(blob.sha256)
    return gone


def _is_old(blobs: BlobStorage, sha256: str, limits: Limits) -> bool:
    """Whether a blob is still there and was not written again meanwhile."""
    try:
        return blobs.find(sha256).modified < limits.blobs_written_before
    except BlobMissing:
        return False
