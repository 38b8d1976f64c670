"""Blobs in a local or mounted folder: ``ab/cdef…``, written to a temporary name and renamed."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import tempfile
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from config_store.blobs.naming import INCOMING, check_announced, key_of, piece_key, sha256_of
from config_store.blobs.protocol import GRACE, Blob, Leftover, StoredBlob
from config_store.errors import BlobMissing, BlobVanished, StorageFull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

log = logging.getLogger(__name__)

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
#: A storage looks this often for what dead uploads left, seconds.
_SWEEP_INTERVAL_S = 3600.0


class FileSystemBlobs:
    """A blob storage below one folder, which is made when the first blob comes.

    Folders are of mode 0700 and files 0400, because configuration files may hold passwords.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._sweep_due = 0.0

    @contextmanager
    def writer(self, name: str) -> Iterator[FileSystemWriter]:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        incoming = self.root / INCOMING
        try:
            _make_private(self.root)
            _make_private(incoming)
            self._sweep()
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

    def find(self, sha256: str) -> StoredBlob:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        try:
            stat = self.path(sha256).stat()
        except FileNotFoundError:
            raise BlobMissing(sha256) from None
        return StoredBlob(sha256, stat.st_size, _moment(stat))

    def size(self, sha256: str) -> int:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        return self.find(sha256).size

    def exists(self, sha256: str) -> bool:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        try:
            return self.path(sha256).exists()
        except BlobMissing:
            return False

    def __iter__(self) -> Iterator[str]:
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            # a mounted folder may hold files of its own, such as .nfs…
            if sha256 := sha256_of(f"{path.parent.name}/{path.name}"):
                yield sha256

    def stored(self) -> Iterator[StoredBlob]:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        for sha256 in self:
            with suppress(BlobMissing):  # deleted a moment ago
                yield self.find(sha256)

    def delete(self, sha256: str) -> None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        self.path(sha256).unlink(missing_ok=True)

    def put_piece(self, name: str, content: bytes) -> None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        target = self.root / piece_key(name)
        try:
            _make_private(self.root)
            _make_private(target.parent)
            self._sweep()
            descriptor, temporary = tempfile.mkstemp(dir=target.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())  # else a power cut may leave a piece of the right size without its bytes
                Path(temporary).replace(target)
            finally:
                Path(temporary).unlink(missing_ok=True)
        except OSError as error:
            raise _told(error, self.root) from error

    def read_piece(self, name: str) -> bytes | None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        try:
            return (self.root / piece_key(name)).read_bytes()
        except FileNotFoundError:
            return None

    def pieces(self, upload: str) -> dict[str, int]:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        found = {}
        for path in (self.root / INCOMING).glob(f"{upload}.*"):
            with suppress(FileNotFoundError):  # dropped a moment ago
                found[path.name] = path.stat().st_size
        return found

    def drop_piece(self, name: str) -> None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        (self.root / piece_key(name)).unlink(missing_ok=True)

    def leftovers(self) -> Iterator[Leftover]:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        incoming = self.root / INCOMING
        for path in incoming.iterdir() if incoming.is_dir() else ():
            with suppress(FileNotFoundError):  # committed a moment ago
                stat = path.stat()
                yield Leftover(path.name, stat.st_size, _moment(stat))

    def discard(self, leftover: Leftover) -> None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        (self.root / INCOMING / leftover.name).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where a blob lies; raises BlobMissing for what is no digest, so that no path escapes the root."""
        return self.root / key_of(sha256)

    def _sweep(self) -> None:
        """Remove what killed servers left, now and then. A living upload touches its file with every chunk."""
        if time.monotonic() < self._sweep_due:
            return
        self._sweep_due = time.monotonic() + _SWEEP_INTERVAL_S
        oldest = datetime.now(UTC) - GRACE
        for leftover in self.leftovers():
            if leftover.modified < oldest:
                log.info("Removing %s, %s bytes that an upload left a day ago", leftover.name, leftover.size)
                self.discard(leftover)


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
        check_announced(self._name, blob, sha256, size)
        try:
            self._publish(self._blobs.path(blob.sha256))
        except FileNotFoundError as error:  # not a byte came for a day, and it was swept
            raise BlobVanished(blob.sha256) from error
        except OSError as error:
            raise _told(error, self._blobs.root) from error
        return blob

    def _publish(self, target: Path) -> None:
        self._file.flush()
        os.utime(self._file.fileno())  # now, even if the last byte came long ago: nothing cleans it meanwhile
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.chmod(0o400)
        _make_private(target.parent)
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
            if error.errno not in FULL:
                raise
        finally:
            self._temporary.unlink(missing_ok=True)


def _make_private(directory: Path) -> None:
    """A directory that its owner alone enters; one of ours that older versions left open is closed."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    stat = directory.stat()
    if stat.st_mode & 0o077 and stat.st_uid == os.geteuid():
        directory.chmod(0o700)


def _moment(stat: os.stat_result) -> datetime:
    return datetime.fromtimestamp(stat.st_mtime, UTC)


def _told(error: OSError, root: Path) -> Exception:
    return StorageFull(str(root)) if error.errno in FULL else error
