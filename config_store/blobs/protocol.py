"""What a blob storage promises; every backend passes tests/config_store/blobs/test_contract.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import BinaryIO

#: What is younger may belong to an upload in flight: nothing cleans it.
GRACE = timedelta(days=1)

#: The largest piece of an upload that is sent in parts, bytes: what a server holds in memory of it.
PIECE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Blob:
    """Stored bytes: sha256 in lower-case hex, size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class StoredBlob(Blob):
    """A blob with the moment (UTC, by the storage's clock) of the last time that its content was written."""

    modified: datetime


@dataclass(frozen=True)
class Leftover:
    """The bytes of an upload that was never committed; ``name`` is the storage's own, ``size`` in bytes."""

    name: str
    size: int
    modified: datetime


class BlobWriter(Protocol):
    """Takes the bytes of one blob; nobody sees them before :meth:`commit`."""

    def write(self, chunk: bytes) -> None:
        """Append; raises StorageFull, and StorageUnreachable where a network is between."""

    def commit(self, *, sha256: str | None = None, size: int | None = None) -> Blob:
        """Make the bytes visible under their digest, all at once.

        Raises DigestMismatch or Truncated when they are not what was announced, and then keeps nothing.
        Content that is stored already is stored once, and counts as written now.
        """


class BlobStorage(Protocol):
    """Bytes by their sha256. Safe between threads and processes.

    A storage behind a network raises StorageMisconfigured, StorageUnreachable and StorageFull from every method.
    """

    def writer(self, name: str) -> AbstractContextManager[BlobWriter]:
        """A writer; leaving the block without a commit drops the bytes. ``name`` is for messages only."""

    def open(self, sha256: str) -> BinaryIO:
        """A seekable reader; raises BlobMissing.

        A blob that is deleted while it is read gives its bytes or BlobMissing, never others.
        """

    def find(self, sha256: str) -> StoredBlob:
        """What is known of a blob; raises BlobMissing."""

    def size(self, sha256: str) -> int:
        """Size in bytes; raises BlobMissing."""

    def exists(self, sha256: str) -> bool:
        """Whether the blob is stored."""

    def __iter__(self) -> Iterator[str]:
        """Every digest stored, in no order."""

    def stored(self) -> Iterator[StoredBlob]:
        """Every blob stored, in no order."""

    def delete(self, sha256: str) -> None:
        """Remove a blob; one that is not there is no error."""

    def put_piece(self, name: str, content: bytes) -> None:
        """Keep a piece of an upload that goes on later, in place of one of that name; PIECE_BYTES at most.

        ``name``: 32 hex digits of the upload, a dot, what it is. It counts as a leftover, and goes when it is old.
        """

    def read_piece(self, name: str) -> bytes | None:
        """The bytes of a piece; None when it is not there."""

    def pieces(self, upload: str) -> dict[str, int]:
        """The pieces of an upload by name, each with its size in bytes: less than it was given if it is damaged."""

    def drop_piece(self, name: str) -> None:
        """Remove a piece; one that is not there is no error."""

    def leftovers(self) -> Iterator[Leftover]:
        """What unfinished uploads left, those in flight included, in no order."""

    def discard(self, leftover: Leftover) -> None:
        """Remove a leftover; one that is not there is no error."""
