"""Archives in and out: a tar.gz that is the same for the same files, and a reader that nothing escapes from."""

from __future__ import annotations

import tarfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from config_store.errors import Fault, InvalidInput, reject
from config_store.transfer.layout import is_hidden, max_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

_GZIP = 31  # window bits by which zlib writes and demands gzip's frame
_BLOCK = tarfile.BLOCKSIZE
_SLICE = 65_536
_MODE = 0o644
_HEADERS = frozenset({tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK})
#: What a header of one member may take; a path of any length that a file system knows fits.
_MAX_HEADER_BYTES = 64 * 1024
WHERE = "archive"

_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}


@dataclass(frozen=True)
class Entry:
    """A file on its way into an archive: ``size`` in bytes, and the bytes in pieces."""

    path: str
    size: int
    chunks: Iterable[bytes]


@dataclass(frozen=True)
class Limits:
    """What an archive may hold: how many members, and how many bytes when it is unpacked, headers included."""

    members: int = 10_000
    unpacked_bytes: int = 100_000_000


def write_archive(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The pieces of a tar.gz with the entries in the given order; owner, times and modes say nothing."""
    packer = zlib.compressobj(level=6, wbits=_GZIP)  # gzip's header then holds no name and no time
    for entry in entries:
        yield from filter(None, map(packer.compress, _member(entry)))
    yield packer.compress(bytes(2 * _BLOCK)) + packer.flush()


def _member(entry: Entry) -> Iterator[bytes]:
    info = tarfile.TarInfo(entry.path)
    info.size, info.mode, info.mtime = entry.size, _MODE, 0
    yield info.tobuf(tarfile.PAX_FORMAT)
    written = 0
    for chunk in entry.chunks:
        written += len(chunk)
        yield chunk
    if written != entry.size:  # to go on would write an archive that nobody can read
        raise OSError(f"{entry.path} has {written:,} bytes in the storage, {entry.size:,} are recorded")
    yield bytes(-entry.size % _BLOCK)


def read_archive(archive: bytes, limits: Limits = Limits()) -> dict[str, bytes]:  # immutable
    """The files of a tar.gz by path, nothing of it ever written to a disk.

    Raises InvalidInput: for what is no such archive, for a member that is no plain file in a plain place, for a
    path that comes twice, and as soon as a limit is passed.
    """
    unpacked = _Unpacked(archive, limits.unpacked_bytes)
    try:
        with tarfile.open(fileobj=cast("BinaryIO", unpacked), mode="r|", tarinfo=_Member) as tar:
            files = _Members(limits).read(tar)
        unpacked.check_end()
    # RecursionError: the standard library reads chained extension headers by recursion
    except (tarfile.TarError, zlib.error, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise reject(WHERE, f"is no tar.gz that can be read: {error}") from None
    return files


class _Member(tarfile.TarInfo):
    """A member whose extension headers stay small and are its own.

    The standard library reads such headers whole, and gives a copy of global ones to every member behind them.
    """

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if self.type == tarfile.XGLTYPE:
            raise tarfile.ReadError("it has a header for all members (pax, type g)")
        if self.type in _HEADERS and self.size > _MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"it has a header of {self.size:,} bytes")
        return super()._proc_member(tar)  # type: ignore[misc]


class _Unpacked:
    """The tar inside the gzip, unpacked as it is read and never beyond the limit."""

    def __init__(self, archive: bytes, limit: int) -> None:
        self._inflater = zlib.decompressobj(wbits=_GZIP)
        self._slices = (archive[start : start + _SLICE] for start in range(0, len(archive), _SLICE))
        self._pending = b""
        self._left = self._limit = limit

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes, none at the end; raises InvalidInput, EOFError, zlib.error."""
        while not self._inflater.eof:
            packed = self._pending or next(self._slices, b"")
            chunk = self._inflater.decompress(packed, size)
            self._pending = self._inflater.unconsumed_tail
            if chunk:
                return self._counted(chunk)
            if not packed and not self._inflater.eof:
                raise EOFError("it ends too soon")
        return b""

    def _counted(self, chunk: bytes) -> bytes:
        self._left -= len(chunk)
        if self._left < 0:
            raise reject(WHERE, f"unpacks to more than {self._limit:,} bytes")
        return chunk

    def check_end(self) -> None:
        """Raise unless the gzip is whole, its checksum included, and the last thing."""
        while self.read(_SLICE):
            pass
        if self._inflater.unused_data or next(self._slices, b""):
            raise ValueError("something follows behind its end")


class _Members:
    """Takes the members of one tar, and notes what is wrong with each."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._files: dict[str, bytes] = {}
        self._faults: list[Fault] = []

    def read(self, tar: tarfile.TarFile) -> dict[str, bytes]:
        for number, member in enumerate(tar, 1):
            tar.members.clear()  # type: ignore[attr-defined]  # it would keep each with its headers
            if number > self._limits.members:
                raise reject(WHERE, f"holds more than {self._limits.members:,} members")
            self._take(tar, member)
        if self._faults:
            raise InvalidInput(self._faults)
        return self._files

    def _take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = member.name.removeprefix("./")
        if fault := path_fault(path, is_folder=member.isdir()) or _kind_fault(member):
            self._faults.append(Fault(shown(member.name), fault))
        elif member.isdir() or is_hidden(path):
            return
        elif path in self._files:
            self._faults.append(Fault(path, "comes twice; which one counts would be a guess"))
        else:
            self._files[path] = self._content(tar, member, path)

    def _content(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> bytes:
        limit = max_bytes(path)
        if member.size > limit:
            self._faults.append(Fault(path, f"has {member.size:,} bytes, at most {limit:,} are allowed"))
            return b""
        file = tar.extractfile(member)
        return file.read() if file else b""


def path_fault(path: str, *, is_folder: bool = False) -> str | None:
    """What is wrong with the path of a file in an archive; None for a plain one."""
    if not path.isprintable() or "\\" in path or ":" in path:
        return "has a name with characters that file systems read in different ways"
    if path.startswith("/"):
        return "has an absolute path"
    if ".." in path.split("/"):
        return "leads out of its folder by '..'"
    parts = path.removesuffix("/").split("/")
    if not is_folder and any(part in ("", ".") for part in parts):
        return "has a path that can be written shorter"
    return None


def _kind_fault(member: tarfile.TarInfo) -> str | None:
    if member.isdir() or (member.isreg() and not member.issparse() and member.size >= 0):
        return None
    return f"is {_KINDS.get(member.type, 'no plain file')}; only plain files are taken"


def shown(name: str) -> str:
    """A name out of an archive as it may stand in a message."""
    return name[:200].encode("unicode_escape").decode("ascii")
