"""Files of the store on a worker's disk: kept by sha256, shared by all tasks, safe between processes.

Below the root lie ``ab/cdef…`` (a file, or a directory of Hadoop files), ``locks/<digest>``, and
``partial/``, where downloads grow. All locks are flocks, which the kernel drops when a process dies, however
it dies:

- ``locks/<digest>`` is held shared by every user, exclusively by whoever removes the entry;
- ``partial/.<digest>.lock`` is held by the one process that makes the entry.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import logging
import os
import re
import shutil
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from couture_ops.errors import DamagedDownload, NoSpaceLeft, UnsafeDirectory, UnsafeFileName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path
    from typing import BinaryIO

    from _typeshed import ReadableBuffer

    from config_store.wire import StoredFile

log = logging.getLogger(__name__)

_CHUNK = 1024 * 1024
#: So many chunks of a transfer (of 1 MiB at most) wait for their hash.
_MAX_UNHASHED = 8
_SCRATCH_LOCK = re.compile(r"^\.(.+)\.lock$")
_MAX_NAME_BYTES = 255  # NAME_MAX of every common Linux file system
_OUT_OF_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


class FileCache:
    """A directory of files by sha256, shared by all tasks of a worker.

    ``limit_bytes``: what the entries may take together; above it the least recently used ones go, never one
    in use. The disk may hold more than the limit while the files in use need more.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.root = root
        self.limit_bytes = limit_bytes

    @contextmanager
    def hold(self, file: StoredFile, fetch: Callable[[BinaryIO, int], None]) -> Iterator[Path]:
        """The path of a file, which stays where it is as long as the context lasts.

        ``fetch(destination, offset)`` writes the bytes from ``offset`` (always 0) on; it is called only when
        the file is not here yet, and by one process at a time. Raises DamagedDownload and NoSpaceLeft, and
        what ``fetch`` raises; then nothing is left behind.
        """
        intact, make = partial(_is_file, file.size), partial(_download, file, fetch)
        with self._hold(_Wanted(file.sha256, file.size, intact, make)) as path:
            yield path

    @contextmanager
    def hold_directory(
        self, digest: str, files: Sequence[StoredFile], fetch: Callable[[StoredFile, BinaryIO, int], None]
    ) -> Iterator[Path]:
        """The path of a directory that holds exactly these files under their names.

        ``digest`` names the set (a plan's ``hadoop_digest``). Raises UnsafeFileName; for the rest see
        :meth:`hold`.
        """
        for file in files:
            check_file_name(file.name)
        sizes = {file.name: file.size for file in files}
        intact, make = partial(_is_directory, sizes), partial(_download_all, files, fetch)
        with self._hold(_Wanted(digest, sum(sizes.values()), intact, make)) as path:
            yield path

    @contextmanager
    def _hold(self, wanted: _Wanted) -> Iterator[Path]:
        path = self._path(wanted.digest)
        make_private(self.root)
        make_private(self.root / "locks")
        with locked(self._lock(wanted.digest), fcntl.LOCK_SH):
            if not wanted.intact(path):
                with space_needed(self.root, wanted.size):
                    self._make(wanted, path)
                self._evict()
            _touch(path)
            yield path

    def _make(self, wanted: _Wanted, path: Path) -> None:
        """Make an entry unless another process does so while this one waits; its lock is held shared."""
        sweep_scratch(self.root / "partial")
        with scratch_directory(self.root / "partial" / wanted.digest) as scratch:
            if wanted.intact(path):
                return
            if path.exists():
                log.warning("%s in the cache does not have its size any more; it is fetched anew", path)
            made = scratch / "entry"
            wanted.make(made)
            _publish(made, path, scratch)

    def _evict(self) -> None:
        """Remove the least recently used entries until the limit is kept; those in use stay."""
        with locked(self.root / "locks" / "evict", fcntl.LOCK_EX):
            entries = sorted(self._entries())
            excess = sum(entry.size for entry in entries) - self.limit_bytes
            for entry in entries:
                if excess <= 0:
                    break
                if self._remove(entry.digest):
                    excess -= entry.size
            self._remove_orphaned_locks()

    def _remove(self, digest: str) -> bool:
        """Remove an entry and its lock, unless somebody uses it; tells whether it did."""
        lock = self._lock(digest)
        with locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
            if not alone:
                return False
            with scratch_directory(self.root / "partial" / digest) as scratch:
                self._path(digest).rename(scratch / "evicted")
            lock.unlink()
        return True

    def _remove_orphaned_locks(self) -> None:
        """Failed downloads leave a lock without an entry."""
        for lock in (self.root / "locks").iterdir():
            if lock.name == "evict" or self._path(lock.name).exists():
                continue
            with locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
                if alone and not self._path(lock.name).exists():
                    lock.unlink()

    def _entries(self) -> Iterator[_Entry]:
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            with suppress(FileNotFoundError):  # damaged, and being replaced by another process
                files = list(path.iterdir()) if path.is_dir() else [path]
                yield _Entry(path.stat().st_mtime_ns, path.parent.name + path.name, sum(map(_size, files)))

    def _path(self, digest: str) -> Path:
        return self.root / digest[:2] / digest[2:]

    def _lock(self, digest: str) -> Path:
        return self.root / "locks" / digest


class _Wanted(NamedTuple):
    """An entry somebody asks for: how to see that it is whole, and how to make it. ``size`` in bytes."""

    digest: str
    size: int
    intact: Callable[[Path], bool]
    make: Callable[[Path], None]


class _Entry(NamedTuple):
    """What the cache holds; sorts by last use. ``used`` in ns since 1970, ``size`` in bytes."""

    used: int
    digest: str
    size: int


class _HashingFile(io.FileIO):
    """A new file that computes its sha256 while it is written; appends only, whatever the position.

    A thread of its own hashes, which takes as long as the transfer does.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "a+")
        self._sha256 = hashlib.sha256()
        self._hasher = ThreadPoolExecutor(1, "sha256")
        self._unhashed: deque[Future[None]] = deque()

    def write(self, chunk: ReadableBuffer, /) -> int:
        """Write all of the chunk; plain FileIO may write a part of it."""
        kept = bytes(chunk)
        view = memoryview(kept)
        self._unhashed.append(self._hasher.submit(self._sha256.update, kept))
        done = 0
        while done < len(view):
            done += super().write(view[done:])
        self._await_hashes(_MAX_UNHASHED)
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Cut the file, for a transfer that starts again; the digest follows."""
        self._await_hashes(0)
        length = super().truncate(size)
        self._sha256 = hashlib.sha256()
        self.seek(0)
        while chunk := self.read(_CHUNK):
            self._sha256.update(chunk)
        return length

    def settle(self, file: StoredFile) -> None:
        """Check digest and size, make the file read-only and durable. Raises DamagedDownload."""
        self._await_hashes(0)
        size, sha256 = os.fstat(self.fileno()).st_size, self._sha256.hexdigest()
        if (size, sha256) != (file.size, file.sha256):
            raise DamagedDownload(file.name, file.sha256, sha256, file.size, size)
        os.fchmod(self.fileno(), 0o444)
        os.fsync(self.fileno())

    def close(self) -> None:
        """Let the thread end."""
        self._hasher.shutdown()
        super().close()

    def _await_hashes(self, left: int) -> None:
        while len(self._unhashed) > left:
            self._unhashed.popleft().result()


def check_file_name(name: str) -> str:
    """Return a name fit for a file of its own in a directory, or raise UnsafeFileName."""
    if not name.strip() or name in (".", "..") or "/" in name or "\x00" in name:
        raise UnsafeFileName(name)
    if len(name.encode(errors="surrogatepass")) > _MAX_NAME_BYTES:
        raise UnsafeFileName(name)
    return name


@contextmanager
def locked(path: Path, operation: int) -> Iterator[bool]:
    """Hold a flock on a lock file, which is made when absent and may be unlinked by who holds it exclusively.

    ``operation``: LOCK_SH or LOCK_EX of fcntl. With LOCK_NB it yields False when another one holds the lock.
    """
    descriptor = _lock(path, operation)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(path: Path, operation: int) -> int | None:
    while True:
        # Python's descriptors are closed in the programs we start, so no driver keeps a lock alive.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, operation)
            if _is_at(descriptor, path):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        # Its last holder unlinked the file while this process waited: that lock guards nothing any more.
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


@contextmanager
def scratch_directory(path: Path) -> Iterator[Path]:
    """An empty directory (0700) of this process alone; it goes away at the end.

    A process that asks for the same path waits. After a crash it stays, unlocked, for :func:`sweep_scratch`.
    """
    make_private(path.parent)
    lock = _scratch_lock(path)
    with locked(lock, fcntl.LOCK_EX):
        try:
            remove_tree(path)  # what a dead process left
            path.mkdir(0o700)
            yield path
        finally:
            remove_tree(path)
            lock.unlink(missing_ok=True)


def sweep_scratch(parent: Path) -> tuple[Path, ...]:
    """Remove the scratch directories whose process is gone, and return their paths; the living ones stay."""
    if not parent.is_dir():
        return ()
    names = {_SCRATCH_LOCK.sub(r"\1", entry.name) for entry in parent.iterdir()}
    return tuple(path for name in sorted(names) if _swept(path := parent / name))


def _swept(path: Path) -> bool:
    lock = _scratch_lock(path)
    try:
        with locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
            if not alone:
                return False
            there = path.is_dir()
            remove_tree(path)
            lock.unlink(missing_ok=True)
            return there and not path.exists()
    except OSError as error:  # another user's; sweeping never fails a task
        log.warning("Could not sweep %s: %s", path, error)
        return False


def _scratch_lock(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def remove_tree(path: Path) -> None:
    """Remove a directory with all that can be removed; warns of what stays, raises nothing."""
    shutil.rmtree(path, ignore_errors=True)
    if path.is_dir():
        log.warning("Could not remove all of %s; the next task tries again", path)


@contextmanager
def space_needed(directory: Path, needed: int) -> Iterator[None]:
    """Turn a full disk (or quota) into NoSpaceLeft; ``needed`` in bytes."""
    try:
        yield
    except OSError as error:
        if error.errno not in _OUT_OF_SPACE:
            raise
        raise NoSpaceLeft(directory, needed) from error


def _download(file: StoredFile, fetch: Callable[[BinaryIO, int], None], path: Path) -> None:
    with _HashingFile(path) as destination:
        fetch(destination, 0)
        destination.settle(file)


def _download_all(files: Sequence[StoredFile], fetch: Callable[[StoredFile, BinaryIO, int], None], path: Path) -> None:
    path.mkdir(0o700)
    for file in files:
        _download(file, partial(fetch, file), path / file.name)


def _publish(made: Path, path: Path, scratch: Path) -> None:
    """Give a finished entry its place in one step."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.is_dir():  # a directory can't be replaced in one step
        path.rename(scratch / "damaged")
    made.replace(path)


def _is_file(size: int, path: Path) -> bool:
    return path.is_file() and path.stat().st_size == size


def _is_directory(sizes: dict[str, int], path: Path) -> bool:
    return path.is_dir() and {entry.name: _size(entry) for entry in path.iterdir()} == sizes


def _size(path: Path) -> int:
    return path.stat().st_size


def _touch(path: Path) -> None:
    now = time.time_ns()  # the kernel's own "now" stands still for some ms
    os.utime(path, ns=(now, now))


def make_private(directory: Path) -> None:
    """Make a directory that only its user enters: Hadoop files may hold passwords.

    One of ours that others may read is closed. Raises UnsafeDirectory for one that others could have written to,
    because what lies there is taken by its name and size.
    """
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700, parents=True)
    found = directory.stat()
    if found.st_uid != os.geteuid():
        raise UnsafeDirectory(directory, f"belongs to the user {found.st_uid}, and this task runs as {os.geteuid()}")
    if found.st_mode & 0o022:
        raise UnsafeDirectory(directory, f"may be written by others (its mode is {found.st_mode & 0o7777:04o})")
    if found.st_mode & 0o055:
        directory.chmod(0o700)
