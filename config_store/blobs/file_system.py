"""Blobs in a local or mounted folder: ``ab/cdef…``, written to a temporary name and renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from config_store.blobs.protocol import Blob
from config_store.errors import BlobMissing, DigestMismatch, StorageFull, Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_DIGEST = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming"
_FULL = {errno.ENOSPC, errno.EDQUOT}


class FileSystemBlobs:
    """A blob storage below one folder, which is made when the first blob comes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def writer(self, name: str) -> Iterator[FileSystemWriter]:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        incoming = self.root / _INCOMING
        try:
            incoming.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=incoming)
        except OSError as error:
            raise _told(error, self.root) from error
        writer = FileSystemWriter(self, name, descriptor, Path(temporary))
        try:
            yield writer
        finally:
            writer.discard()

    def open(self, sha256: str) -> BinaryIO:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError:
            raise BlobMissing(sha256) from None

    def size(self, sha256: str) -> int:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            raise BlobMissing(sha256) from None

    def __iter__(self) -> Iterator[str]:
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            sha256 = path.parent.name + path.name
            if _DIGEST.fullmatch(sha256):  # a mounted folder may hold files of its own, such as .nfs…
                yield sha256

    def delete(self, sha256: str) -> None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        self.path(sha256).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where a blob lies; raises BlobMissing for what is no digest, so that no path escapes the root."""
        if not _DIGEST.fullmatch(sha256):
            raise BlobMissing(sha256)
        return self.root / sha256[:2] / sha256[2:]


class FileSystemWriter:
    """One blob on its way in."""

    def __init__(self, blobs: FileSystemBlobs, name: str, descriptor: int, temporary: Path) -> None:
        self._blobs, self._name, self._temporary = blobs, name, temporary
        self._file = os.fdopen(descriptor, "wb")
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, chunk: bytes) -> None:
        """See :class:`~config_store.blobs.protocol.BlobWriter`."""
        try:
            self._file.write(chunk)
        except OSError as error:
            raise _told(error, self._blobs.root) from error
        self._digest.update(chunk)
        self._size += len(chunk)

    def commit(self, *, sha256: str | None = None, size: int | None = None) -> Blob:
        """See :class:`~config_store.blobs.protocol.BlobWriter`."""
        blob = Blob(self._digest.hexdigest(), self._size)
        if size is not None and size != blob.size:
            raise Truncated(self._name, size, blob.size)
        if sha256 is not None and sha256 != blob.sha256:
            raise DigestMismatch(self._name, sha256, blob.sha256)
        try:
            self._publish(self._blobs.path(blob.sha256))
        except OSError as error:
            raise _told(error, self._blobs.root) from error
        return blob

    def _publish(self, target: Path) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.chmod(0o400)  # configuration files may hold passwords
        target.parent.mkdir(exist_ok=True)
        self._temporary.replace(target)
        directory = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # else a power cut may forget the name of a blob that a row already names
        finally:
            os.close(directory)

    def discard(self) -> None:
        """Drop what was not committed."""
        try:
            self._file.close()  # flushes, which a full disk refuses: the bytes are unwanted anyway
        except OSError as error:
            if error.errno not in _FULL:
                raise
        finally:
            self._temporary.unlink(missing_ok=True)


def _told(error: OSError, root: Path) -> Exception:
    return StorageFull(str(root)) if error.errno in _FULL else error
