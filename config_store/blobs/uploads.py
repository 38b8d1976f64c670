"""The ways in which bytes reach a remote storage so that nobody sees half of them (docs/adr/008)."""

from __future__ import annotations

import tempfile
import uuid
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fsspec import AbstractFileSystem

#: What goes over the network at once, bytes. S3 takes 10,000 parts: a blob may have 78 GiB.
PART_BYTES = 8 * 1024 * 1024


class Way(Enum):
    """How a storage makes bytes visible in one step."""

    #: Puts and copies are atomic, as on S3: to a temporary key in parts, then copied there by the storage itself.
    COPY = "copy"
    #: Renames are atomic, puts are not, as on HDFS: to a temporary file, then renamed.
    RENAME = "rename"
    #: Puts are atomic, copies go on in the background, as on Azure: to a temporary file here, then put.
    SPOOL = "spool"


class Upload(Protocol):
    """The bytes of one blob on their way."""

    def write(self, chunk: bytes) -> None:
        """Append at most PART_BYTES."""

    def publish(self, path: str) -> None:
        """Make all that was written visible at ``path``, in one step; replaces what is there, which is equal."""

    def drop(self) -> None:
        """Remove every trace but what was published."""


def begin_upload(way: Way, connect: Callable[[], AbstractFileSystem], incoming: str) -> Upload:
    """An upload of the kind; ``incoming`` is the folder of temporary files. Sends nothing yet."""
    temporary = f"{incoming}/{uuid.uuid4()}"
    if way is Way.COPY:
        return _Copied(connect, temporary)
    if way is Way.RENAME:
        return _Renamed(connect, temporary)
    return _Spooled(connect)


class _Streamed:
    """Goes to a temporary file of the storage as it comes."""

    def __init__(self, connect: Callable[[], AbstractFileSystem], temporary: str) -> None:
        self._connect, self._temporary = connect, temporary
        self._file: Any = None
        self._begun = False

    def write(self, chunk: bytes) -> None:
        """See :class:`Upload`."""
        if not self._begun:
            self._begun = True
            self._file = self._open()
        self._file.write(chunk)

    def _open(self) -> Any:
        return self._connect().open(self._temporary, "wb", block_size=PART_BYTES)

    def drop(self) -> None:
        """See :class:`Upload`."""
        file, self._file = self._file, None
        if file is not None:
            _abandon(file)
        if self._begun:
            with suppress(FileNotFoundError):
                self._connect().rm_file(self._temporary)

    def _finish(self) -> None:
        self._file.close()
        self._file = None


class _Copied(_Streamed):
    """What fits into one part is put at once, when its digest is known; the rest is copied by the storage."""

    def __init__(self, connect: Callable[[], AbstractFileSystem], temporary: str) -> None:
        super().__init__(connect, temporary)
        self._held = bytearray()

    def write(self, chunk: bytes) -> None:
        """See :class:`Upload`."""
        if not self._begun and len(self._held) + len(chunk) <= PART_BYTES:
            self._held += chunk
            return
        if self._held:
            super().write(bytes(self._held))
            self._held.clear()
        super().write(chunk)

    def publish(self, path: str) -> None:
        """See :class:`Upload`."""
        if not self._begun:
            self._connect().pipe_file(path, bytes(self._held))
            return
        self._finish()
        self._connect().cp_file(self._temporary, path)


class _Renamed(_Streamed):
    """Folders are made before, and content that is there already stays: not every rename replaces."""

    def _open(self) -> Any:
        fs = self._connect()
        fs.makedirs(self._temporary.rpartition("/")[0], exist_ok=True)
        return super()._open()

    def publish(self, path: str) -> None:
        """See :class:`Upload`."""
        self.write(b"")  # makes the file of an empty blob
        self._finish()
        fs = self._connect()
        if fs.exists(path):
            return
        fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            fs.mv(self._temporary, path)
        except Exception:
            if not fs.exists(path):  # else another writer of the same content was quicker
                raise


class _Spooled:
    """Waits in an unnamed file of this machine until its digest is known."""

    def __init__(self, connect: Callable[[], AbstractFileSystem]) -> None:
        self._connect = connect
        self._file = tempfile.NamedTemporaryFile(prefix="couture-upload-")  # noqa: SIM115  # closed by drop

    def write(self, chunk: bytes) -> None:
        """See :class:`Upload`."""
        self._file.write(chunk)

    def publish(self, path: str) -> None:
        """See :class:`Upload`."""
        self._file.flush()
        self._connect().put_file(self._file.name, path)

    def drop(self) -> None:
        """See :class:`Upload`."""
        self._file.close()


def _abandon(file: Any) -> None:
    """End a file without completing it: to close it would, and so would the garbage collector."""
    from fsspec.spec import AbstractBufferedFile

    if not isinstance(file, AbstractBufferedFile):
        file.close()
        return
    try:
        with suppress(FileNotFoundError):  # completed after all, and only the answer was lost
            file.discard()  # on S3 this aborts the multipart upload
    finally:
        file.closed = True
