"""Whether the blobs that somebody names are there and whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from config_store.artifacts import ArtifactKind
from config_store.counting import counted
from config_store.errors import BlobMissing
from config_store.models import ArtifactRow, VersionRow
from config_store.wire import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from config_store.blobs.protocol import BlobStorage

#: Hears how far a check is, in words.
Progress = Callable[[str], None]

#: Blobs up to this size are read on every check, larger ones on a deep one; bytes.
SMALL = 1_000_000
_CHUNK = 1_000_000
#: A storage that was lost as a whole names this many blobs and counts the rest.
_MOST_NAMED = 20

_AGAIN = "Restore the blob storage from its backup, or put the file there again"


@dataclass(frozen=True)
class NamedBlob:
    """A blob with who names it, in words; ``size`` in bytes. ``way_back``: how to store it once more."""

    named_by: str
    sha256: str
    size: int
    way_back: str


def check_blobs(
    check: str, subject: str, blobs: BlobStorage, named: Sequence[NamedBlob], *, deep: bool, progress: Progress
) -> Iterator[Finding]:
    """One finding for each blob that is missing or damaged, or one for all that are whole.

    Sizes are compared for all of them; the bytes of small ones (SMALL), and of all when ``deep``.
    """
    damaged = 0
    for index, blob in enumerate(named):
        progress(f"{index} of {len(named)} files, now {blob.named_by}")
        if reason := _damage(blobs, blob, deep, progress):
            damaged += 1
            if damaged <= _MOST_NAMED:
                yield Finding.fault(check, subject, f"{blob.named_by} {reason}.", f"{_AGAIN}: {blob.way_back}")
    if damaged > _MOST_NAMED:
        message = f"{counted(damaged - _MOST_NAMED, 'more file')} missing or damaged."
        yield Finding.fault(check, subject, message, f"{_AGAIN}.")
    if not damaged:
        read = sum(1 for blob in named if deep or blob.size <= SMALL)
        message = f"{counted(len(named), 'file')} there, each with its size; {read:,} read and compared by digest."
        yield Finding.ok(check, subject, message)


def _damage(blobs: BlobStorage, blob: NamedBlob, deep: bool, progress: Progress) -> str | None:
    try:
        size = blobs.size(blob.sha256)
        if size != blob.size:
            return f"has {size:,} bytes in the blob storage, not {blob.size:,} (sha256 {blob.sha256})"
        if deep or size <= SMALL:
            found = _digest(blobs, blob, progress)
            return f"is damaged: its bytes have the sha256 {found}, not {blob.sha256}" if found != blob.sha256 else None
    except BlobMissing:
        return f"is missing in the blob storage (sha256 {blob.sha256})"
    return None


def _digest(blobs: BlobStorage, blob: NamedBlob, progress: Progress) -> str:
    digest, done = hashlib.sha256(), 0
    with blobs.open(blob.sha256) as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(f"{blob.named_by}: {done / 1e6:,.0f} of {blob.size / 1e6:,.0f} MB")
    return digest.hexdigest()


def check_artifacts(
    session: Session, blobs: BlobStorage, *, deep: bool = False, progress: Progress = lambda _: None
) -> Iterator[Finding]:
    """Whether the newest version of every artifact is there."""
    named = [_named(*row) for row in _newest(session)]
    yield from check_blobs("artifacts", "the newest versions", blobs, named, deep=deep, progress=progress)


def _newest(session: Session) -> Iterable[tuple[ArtifactRow, VersionRow]]:
    newest = (
        select(VersionRow.artifact_id, func.max(VersionRow.version).label("version"))
        .where(VersionRow.hidden_at.is_(None))
        .group_by(VersionRow.artifact_id)
        .subquery()
    )
    rows = session.execute(
        select(ArtifactRow, VersionRow)
        .join(newest, newest.c.artifact_id == ArtifactRow.id)
        .join(VersionRow, (VersionRow.artifact_id == ArtifactRow.id) & (VersionRow.version == newest.c.version))
        .order_by(ArtifactRow.kind, ArtifactRow.name)
    )
    return [(artifact, version) for artifact, version in rows]


def _named(artifact: ArtifactRow, version: VersionRow) -> NamedBlob:
    kind = ArtifactKind(artifact.kind)
    words = f"{kind.noun} {artifact.name}@{version.version}"
    return NamedBlob(words, version.sha256, version.size, f"couture artifacts upload {kind} {artifact.name}")
