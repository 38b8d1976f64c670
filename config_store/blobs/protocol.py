"""What a blob storage promises; every backend passes tests/config_store/blobs/test_contract.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import BinaryIO


@dataclass(frozen=True)
class Blob:
    """Stored bytes: sha256 in lower-case hex, size in bytes."""

    sha256: str
    size: int


class BlobWriter(Protocol):
    """Takes the bytes of one blob; nobody sees them before :meth:`commit`."""

    def write(self, chunk: bytes) -> None:
        """Append; raises StorageFull."""

    def commit(self, *, sha256: str | None = None, size: int | None = None) -> Blob:
        """Make the bytes visible under their digest, all at once.

        Raises DigestMismatch or Truncated when they are not what was announced, and then keeps nothing.
        Content that is stored already is stored once.
        """


class BlobStorage(Protocol):
    """Bytes by their sha256. Safe between threads and processes."""

    def writer(self, name: str) -> AbstractContextManager[BlobWriter]:
        """A writer; leaving the block without a commit drops the bytes. ``name`` is for messages only."""

    def open(self, sha256: str) -> BinaryIO:
        """A seekable reader; raises BlobMissing."""

    def size(self, sha256: str) -> int:
        """Size in bytes; raises BlobMissing."""

    def __iter__(self) -> Iterator[str]:
        """Every digest stored, in no order."""

    def delete(self, sha256: str) -> None:
        """Remove a blob; one that is not there is no error."""
