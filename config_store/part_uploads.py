"""Uploads in parts: begun with a name that fits, sent in any order and again, put together in the end.

Everything of an unfinished upload lies in the blob storage, so that each part may reach another API server.
Nothing of it stands in the database before it is complete. See docs/adr/015.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from config_store.artifacts import ArtifactKind, check_upload
from config_store.beginnings import BEGINNING, check_beginning
from config_store.blobs.protocol import GRACE, PIECE_BYTES
from config_store.errors import BlobTooLarge, DigestMismatch, NotFound, Truncated, reject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config_store.blobs.protocol import Blob, BlobStorage
    from config_store.errors import InvalidInput

_ID, _DIGEST = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{64}")
#: The piece that says what an upload is; the others are its parts, by number.
_ABOUT = "about"
#: A message names this many missing parts.
_MOST_NAMED = 10


@dataclass(frozen=True)
class PartUpload:
    """An upload that was begun. ``size`` in bytes; ``version``: the number of what it became, None until then."""

    id: str
    kind: ArtifactKind
    name: str
    size: int
    note: str
    sha256: str | None
    begun_at: datetime
    version: int | None = None

    @property
    def expires_at(self) -> datetime:
        """When what came of it goes."""
        return self.begun_at + GRACE

    @property
    def parts(self) -> int:
        """How many parts it has; they are numbered from 1."""
        return -(-self.size // PIECE_BYTES)

    def size_of(self, number: int) -> int:
        """The size of a part in bytes: PIECE_BYTES, but of the last one what is left."""
        return min(PIECE_BYTES, self.size - (number - 1) * PIECE_BYTES)

    def piece(self, what: str | int) -> str:
        """The name of one of its pieces in the blob storage."""
        return f"{self.id}.{what}"


def begin_upload(
    blobs: BlobStorage,
    kind: ArtifactKind,
    name: str,
    size: int,
    *,
    note: str = "",
    sha256: str | None = None,
    limit: int,
) -> PartUpload:
    """Begin an upload of ``size`` bytes, at most ``limit``; ``sha256``: what they must be in the end, if it is known.

    Raises InvalidInput and BlobTooLarge for what no bytes could make right.
    """
    check_upload(kind, name, note)
    if size < 1:
        raise reject(name, "is empty. Nothing was stored")
    if size > limit:
        raise BlobTooLarge(name, limit)
    if sha256 is not None and not _DIGEST.fullmatch(sha256):
        raise reject("sha256", f"{sha256[:100]!r} is no digest of 64 digits of 0-9 and a-f")
    upload = PartUpload(uuid.uuid4().hex, kind, name, size, note, sha256, datetime.now(UTC))
    _write_about(blobs, upload)
    return upload


def find_upload(blobs: BlobStorage, kind: ArtifactKind, name: str, upload_id: str) -> PartUpload:
    """An upload that was begun less than a day ago; raises NotFound."""
    about = blobs.read_piece(f"{upload_id}.{_ABOUT}") if _ID.fullmatch(upload_id) else None
    upload = _read_about(upload_id, about) if about else None
    if upload is None or (upload.kind, upload.name) != (kind, name) or upload.expires_at < datetime.now(UTC):
        raise NotFound(f"unfinished upload of {kind.noun} {name!r}, which is kept for a day,", upload_id[:100])
    return upload


def received_parts(blobs: BlobStorage, upload: PartUpload) -> list[int]:
    """The numbers of the parts that are there as a whole, ascending; all of them when it is complete."""
    if upload.version is not None:
        return list(range(1, upload.parts + 1))
    sizes = blobs.pieces(upload.id)
    return [n for n in range(1, upload.parts + 1) if sizes.get(upload.piece(n)) == upload.size_of(n)]


def put_part(blobs: BlobStorage, upload: PartUpload, number: int, content: bytes, sha256: str) -> None:
    """Keep a part; one that came before is replaced.

    Raises InvalidInput (there is no such part, or the file can't be of its kind), Truncated, DigestMismatch.
    """
    if upload.version is not None:
        raise reject("upload", f"is complete: it became version {upload.version}")
    if not 1 <= number <= upload.parts:
        raise reject("number", f"{number} is none of the {upload.parts} parts")
    what, size = f"{upload.name} (part {number})", upload.size_of(number)
    if len(content) < size:
        raise Truncated(what, size, len(content))
    if len(content) > size:
        raise reject("body", f"has {len(content):,} bytes, part {number} has {size:,}")
    if (actual := hashlib.sha256(content).hexdigest()) != sha256:
        raise DigestMismatch(what, sha256, actual)
    if number == 1:
        check_beginning(upload.name, content[:BEGINNING])
    blobs.put_piece(upload.piece(number), content)


def put_together(blobs: BlobStorage, upload: PartUpload) -> Blob:
    """Store the parts as one blob; they stay until :func:`finish_upload`. Holds one part in memory at a time.

    Raises InvalidInput while parts are missing, DigestMismatch when the whole is not what was announced.
    """
    received = set(received_parts(blobs, upload))
    if missing := [number for number in range(1, upload.parts + 1) if number not in received]:
        raise _incomplete(upload, missing)
    with blobs.writer(upload.name) as writer:
        for content in _contents(blobs, upload):
            writer.write(content)
        return writer.commit(sha256=upload.sha256, size=upload.size)


def _contents(blobs: BlobStorage, upload: PartUpload) -> Iterator[bytes]:
    for number in range(1, upload.parts + 1):
        content = blobs.read_piece(upload.piece(number))
        if content is None:  # it was cancelled, or completed, a moment ago
            raise _incomplete(upload, [number])
        yield content


def _incomplete(upload: PartUpload, missing: list[int]) -> InvalidInput:
    named = ", ".join(map(str, missing[:_MOST_NAMED])) + (" …" if len(missing) > _MOST_NAMED else "")
    return reject("parts", f"{len(missing)} of {upload.parts} are missing: {named}; send them, then complete again")


def finish_upload(blobs: BlobStorage, upload: PartUpload, version: int) -> None:
    """Note what it became, so that to complete it again answers the same; its parts go."""
    _write_about(blobs, replace(upload, version=version))
    _drop(blobs, upload, keep=upload.piece(_ABOUT))


def cancel_upload(blobs: BlobStorage, upload: PartUpload) -> None:
    """Forget the upload; a version that it became stays."""
    blobs.drop_piece(upload.piece(_ABOUT))
    _drop(blobs, upload)


def _drop(blobs: BlobStorage, upload: PartUpload, keep: str | None = None) -> None:
    for name in blobs.pieces(upload.id):
        if name != keep:
            blobs.drop_piece(name)


def _write_about(blobs: BlobStorage, upload: PartUpload) -> None:
    document = {**asdict(upload), "begun_at": upload.begun_at.isoformat()}
    blobs.put_piece(upload.piece(_ABOUT), json.dumps(document).encode())


def _read_about(upload_id: str, about: bytes) -> PartUpload | None:
    """None for what a server wrote in part when it died."""
    try:
        document = json.loads(about)
    except ValueError:
        return None
    begun_at = datetime.fromisoformat(document.pop("begun_at"))
    kind = ArtifactKind(document.pop("kind"))
    return PartUpload(**{**document, "id": upload_id}, kind=kind, begun_at=begun_at)
