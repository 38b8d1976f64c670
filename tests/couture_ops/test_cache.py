"""The cache of a worker: what it fetches, keeps and removes, alone and among processes."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import couture_ops
from config_store.wire import StoredFile
from couture_ops.cache import FileCache, check_file_name, locked, scratch_directory, sweep_scratch
from couture_ops.errors import DamagedDownload, NoSpaceLeft, UnsafeDirectory, UnsafeFileName

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

REPOSITORY = Path(couture_ops.__file__).parents[1]
MEGABYTE = 1_000_000

#: Downloads one file in two halves with a stop between, then holds it until a line comes in.
HOLD_IN_HALVES = """
import sys
from pathlib import Path
from config_store.wire import StoredFile
from couture_ops.cache import FileCache

root, file, content = Path(sys.argv[1]), StoredFile.model_validate_json(sys.argv[2]), sys.argv[3].encode()

def fetch(destination, offset):
    destination.write(content[:len(content) // 2])
    print("half", flush=True)
    sys.stdin.readline()
    destination.write(content[len(content) // 2:])

with FileCache(root, 1_000_000).hold(file, fetch) as path:
    print("held", flush=True)
    sys.stdin.readline()
"""

#: Holds every file in turn, many times over, and proves each time that what it holds is whole.
HOLD_MANY = """
import hashlib, os, sys
from pathlib import Path
from config_store.wire import StoredFile
from couture_ops.cache import FileCache

root, fetches, limit, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
contents = [bytes([number]) * 50_000 for number in range(20)]

def fetch_content(content, destination):
    (fetches / f"{content[0]}-{os.getpid()}-{os.urandom(4).hex()}").touch()
    for start in range(0, len(content), 10_000):
        destination.write(content[start:start + 10_000])

cache = FileCache(root, limit)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(rounds):
    for content in contents:
        file = StoredFile(name="a.jar", sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        with cache.hold(file, lambda destination, offset: fetch_content(content, destination)) as path:
            assert path.read_bytes() == content
            assert path.stat().st_mode & 0o777 == 0o444
"""


def stored(content: bytes, name: str = "job.jar") -> StoredFile:
    return StoredFile(name=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


class Source:
    """Where the cache fetches from; counts."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {hashlib.sha256(content).hexdigest(): content for content in contents}
        self.fetched: list[str] = []

    def fetch(self, file: StoredFile, destination: BinaryIO, offset: int) -> None:
        self.fetched.append(file.name)
        destination.write(self.contents[file.sha256][offset:])


class Writer:
    """Fetches the same bytes for whatever is asked; counts."""

    def __init__(self, content: bytes) -> None:
        self.content, self.calls = content, 0

    def __call__(self, destination: BinaryIO, offset: int) -> None:
        self.calls += 1
        destination.write(self.content[offset:])


def place(root: Path, file: StoredFile) -> Path:
    return root / file.sha256[:2] / file.sha256[2:]


def files_below(root: Path) -> set[Path]:
    """All files but the empty locks."""
    return {path for path in root.rglob("*") if path.is_file() and path.parent.name not in ("locks", "partial")}


def put(cache: FileCache, content: bytes) -> Path:
    with cache.hold(stored(content), Writer(content)) as path:
        return path


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def send_line(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.fixture
def halves(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has downloaded half of ``b"half of it is there"`` into tmp_path."""
    content = b"half of it is there"
    process = start(HOLD_IN_HALVES, str(tmp_path), stored(content).model_dump_json(), content.decode())
    with process:
        assert read_line(process) == "half"
        yield process
        process.kill()


class TestHold:
    def test_fetches_once_and_then_moves_nothing(self, tmp_path: Path) -> None:
        cache, content = FileCache(tmp_path / "cache", MEGABYTE), b"bytes of a jar"
        file, first, second = stored(content), Writer(content), Writer(content)
        with cache.hold(file, first) as path:
            assert path == place(tmp_path / "cache", file)
            assert path.read_bytes() == content
            assert path.stat().st_mode & 0o777 == 0o444
        with FileCache(tmp_path / "cache", MEGABYTE).hold(file, second) as path:
            assert path.read_bytes() == content
        assert (first.calls, second.calls) == (1, 0)

    def test_only_its_user_enters(self, tmp_path: Path) -> None:
        put(FileCache(tmp_path / "cache", MEGABYTE), b"a")
        assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700

    def test_holds_an_empty_file(self, tmp_path: Path) -> None:
        assert put(FileCache(tmp_path, MEGABYTE), b"").read_bytes() == b""

    def test_wrong_digest_names_both_and_leaves_nothing(self, tmp_path: Path) -> None:
        with (
            pytest.raises(DamagedDownload) as caught,
            FileCache(tmp_path, MEGABYTE).hold(stored(b"right"), Writer(b"wrong")),
        ):
            pass
        assert str(caught.value) == (
            "'job.jar' came with 5 bytes and sha256 "
            "8810ad581e59f2bc3928b261707a71308f7e139eb04820366dc4d5c18d980225, announced were 5 bytes and "
            "sha256 "
            "27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9. Nothing was kept; run the "
            "task again, and if it repeats, upload the file to the store again."
        )
        assert files_below(tmp_path) == set()

    def test_wrong_size_names_both(self, tmp_path: Path) -> None:
        with (
            pytest.raises(DamagedDownload, match=r"came with 4 bytes .* announced were 5 bytes"),
            FileCache(tmp_path, MEGABYTE).hold(stored(b"right"), Writer(b"righ")),
        ):
            pass
        assert files_below(tmp_path) == set()

    def test_failed_fetch_passes_and_leaves_nothing(self, tmp_path: Path) -> None:
        def fetch(destination: BinaryIO, offset: int) -> None:
            destination.write(b"some")
            raise ConnectionResetError("the server went away")

        cache, content = FileCache(tmp_path, MEGABYTE), b"something"
        with pytest.raises(ConnectionResetError), cache.hold(stored(content), fetch):
            pass
        assert files_below(tmp_path) == set()
        assert put(cache, content).read_bytes() == content

    def test_fetch_may_start_again(self, tmp_path: Path) -> None:
        def fetch(destination: BinaryIO, offset: int) -> None:
            destination.write(b"keep this, not that")
            destination.truncate(len(b"keep this"))
            destination.write(b" and this")

        content = b"keep this and this"
        with FileCache(tmp_path, MEGABYTE).hold(stored(content), fetch) as path:
            assert path.read_bytes() == content

    def test_cached_file_of_wrong_size_is_fetched_anew(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        cache, content = FileCache(tmp_path, MEGABYTE), b"all of it"
        path = put(cache, content)
        path.chmod(0o644)
        path.write_bytes(b"all")
        again = Writer(content)
        with caplog.at_level(logging.WARNING), cache.hold(stored(content), again) as path:
            assert path.read_bytes() == content
        assert again.calls == 1
        assert caplog.messages == [f"{path} in the cache does not have its size any more; it is fetched anew"]

    def test_full_disk_names_directory_and_bytes(self, tmp_path: Path) -> None:
        def fetch(destination: BinaryIO, offset: int) -> None:
            destination.write(b"a few")
            with Path("/dev/full").open("wb") as full:  # the kernel's own "No space left on device"
                os.dup2(full.fileno(), destination.fileno())
            destination.write(b"bytes more")

        cache, content = FileCache(tmp_path, MEGABYTE), b"x" * 123_456
        with pytest.raises(NoSpaceLeft) as caught, cache.hold(stored(content), fetch):
            pass
        assert str(caught.value) == (
            f"No space is left in {tmp_path}, where 123,456 bytes are needed. Nothing half-written was kept; "
            "free space there, or move the directory to a larger disk."
        )
        assert files_below(tmp_path) == set()

    def test_full_disk_of_the_caller_is_not_the_caches(self, tmp_path: Path) -> None:
        cache, content = FileCache(tmp_path, MEGABYTE), b"content"
        with (
            pytest.raises(OSError, match="No space left on device"),
            cache.hold(stored(content), Writer(content)),
            Path("/dev/full").open("wb", buffering=0) as full,
        ):
            full.write(b"a log line")


class TestEviction:
    def test_least_recently_used_go_first(self, tmp_path: Path) -> None:
        cache = FileCache(tmp_path, 300)
        oldest, older, newer = (put(cache, bytes([number]) * 100) for number in range(3))
        put(cache, bytes([0]) * 100)  # used again
        newest = put(cache, b"n" * 100)
        assert files_below(tmp_path) == {oldest, newer, newest}
        assert not older.exists()

    def test_goes_down_to_the_limit_and_no_further(self, tmp_path: Path) -> None:
        cache = FileCache(tmp_path, 300)
        paths = [put(cache, bytes([number]) * 100) for number in range(3)]
        large = put(cache, b"l" * 101)
        assert files_below(tmp_path) == {paths[2], large}

    def test_never_removes_what_is_in_use(self, tmp_path: Path) -> None:
        cache = FileCache(tmp_path, 100)
        with cache.hold(stored(b"u" * 100), Writer(b"u" * 100)) as used:
            put(cache, b"1" * 100)
            last = put(cache, b"2" * 100)
            assert files_below(tmp_path) == {used, last}
        after = put(cache, b"3" * 100)
        assert files_below(tmp_path) == {after}

    def test_a_file_above_the_limit_works(self, tmp_path: Path) -> None:
        cache, content = FileCache(tmp_path, 10), b"more than ten bytes"
        path = put(cache, content)
        assert path.read_bytes() == content
        again = Writer(content)
        with cache.hold(stored(content), again) as path:
            assert path.read_bytes() == content
        assert again.calls == 0

    def test_leaves_no_locks_of_what_is_gone(self, tmp_path: Path) -> None:
        cache = FileCache(tmp_path, 100)
        with pytest.raises(DamagedDownload), cache.hold(stored(b"never came"), Writer(b"")):
            pass
        for number in range(5):
            put(cache, bytes([number]) * 100)
        last = stored(bytes([4]) * 100)
        assert {path.name for path in (tmp_path / "locks").iterdir()} == {"evict", last.sha256}
        assert list((tmp_path / "partial").iterdir()) == []


class TestProcesses:
    @pytest.mark.parametrize(("limit", "rounds"), [(100 * MEGABYTE, 3), (300_000, 5)], ids=["roomy", "evicting"])
    def test_eight_at_once(self, tmp_path: Path, limit: int, rounds: int) -> None:
        """20 files of 50 kB: where all have room each is fetched once; else all that is held is whole."""
        fetches = tmp_path / "fetches"
        fetches.mkdir()
        arguments = (str(tmp_path / "cache"), str(fetches), str(limit), str(rounds))
        with ExitStack() as running:
            processes = [running.enter_context(start(HOLD_MANY, *arguments)) for _ in range(8)]
            assert [read_line(process) for process in processes] == ["ready"] * 8
            for process in processes:
                send_line(process)
            assert [process.wait() for process in processes] == [0] * 8
        fetched = sorted(int(path.name.split("-")[0]) for path in fetches.iterdir())
        if limit > MEGABYTE:
            assert fetched == list(range(20))
            assert len(files_below(tmp_path / "cache")) == 20
        else:
            assert len(fetched) > len(set(fetched)) == 20
            put(FileCache(tmp_path / "cache", limit), b"the last one evicts what they held to the end")
            assert sum(path.stat().st_size for path in files_below(tmp_path / "cache")) <= limit

    def test_half_a_download_is_not_visible(self, tmp_path: Path, halves: subprocess.Popen[str]) -> None:
        path = place(tmp_path, stored(b"half of it is there"))
        assert not path.exists()
        send_line(halves)
        assert read_line(halves) == "held"
        assert path.read_bytes() == b"half of it is there"

    def test_a_killed_download_is_taken_up(self, tmp_path: Path, halves: subprocess.Popen[str]) -> None:
        halves.kill()
        halves.wait()
        assert len(files_below(tmp_path)) == 1
        path = put(FileCache(tmp_path, MEGABYTE), b"half of it is there")
        assert path.read_bytes() == b"half of it is there"
        assert files_below(tmp_path) == {path}
        assert list((tmp_path / "partial").iterdir()) == []

    def test_any_download_sweeps_dead_ones_only(self, tmp_path: Path, halves: subprocess.Popen[str]) -> None:
        cache = FileCache(tmp_path, MEGABYTE)
        first = put(cache, b"while the other lives")
        assert len(files_below(tmp_path)) == 2
        halves.kill()
        halves.wait()
        second = put(cache, b"after its death")
        assert files_below(tmp_path) == {first, second}

    def test_held_by_another_process(self, tmp_path: Path, halves: subprocess.Popen[str]) -> None:
        cache, held = FileCache(tmp_path, 5), place(tmp_path, stored(b"half of it is there"))
        send_line(halves)
        assert read_line(halves) == "held"
        put(cache, b"1" * 5)
        assert held.exists()
        halves.kill()
        halves.wait()
        last = put(cache, b"2" * 5)
        assert files_below(tmp_path) == {last}


class TestHoldDirectory:
    CORE, YARN = b"<configuration/>", b"<configuration></configuration>"
    FILES = (stored(CORE, "core-site.xml"), stored(YARN, "yarn-site.xml"))
    DIGEST = "ab" * 32

    def test_holds_the_files_under_their_names(self, tmp_path: Path) -> None:
        cache, source = FileCache(tmp_path / "cache", MEGABYTE), Source(self.CORE, self.YARN)
        for _ in range(2):
            with cache.hold_directory(self.DIGEST, self.FILES, source.fetch) as directory:
                assert directory == tmp_path / "cache" / "ab" / ("ab" * 31)
                assert {path.name: path.read_bytes() for path in directory.iterdir()} == {
                    "core-site.xml": self.CORE,
                    "yarn-site.xml": self.YARN,
                }
        assert source.fetched == ["core-site.xml", "yarn-site.xml"]

    @pytest.mark.parametrize("damage", ["missing", "shorter", "additional"])
    def test_a_damaged_one_is_made_anew(self, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
        cache, source = FileCache(tmp_path, MEGABYTE), Source(self.CORE, self.YARN)
        with cache.hold_directory(self.DIGEST, self.FILES, source.fetch) as directory:
            core = directory / "core-site.xml"
        core.chmod(0o644)
        if damage == "missing":
            core.unlink()
        elif damage == "shorter":
            core.write_bytes(b"")
        else:
            (directory / "hdfs-site.xml").touch()
        with caplog.at_level(logging.WARNING), cache.hold_directory(self.DIGEST, self.FILES, source.fetch):
            assert files_below(tmp_path) == {directory / "core-site.xml", directory / "yarn-site.xml"}
            assert core.read_bytes() == self.CORE
        assert len(caplog.messages) == 1
        assert source.fetched == ["core-site.xml", "yarn-site.xml"] * 2

    def test_a_failure_leaves_nothing(self, tmp_path: Path) -> None:
        source = Source(self.CORE)  # lacks the second file
        cache = FileCache(tmp_path, MEGABYTE)
        with pytest.raises(KeyError), cache.hold_directory(self.DIGEST, self.FILES, source.fetch):
            pass
        assert files_below(tmp_path) == set()
        assert not (tmp_path / "ab").exists()

    def test_is_evicted_as_a_whole(self, tmp_path: Path) -> None:
        cache, source = FileCache(tmp_path, 10), Source(self.CORE, self.YARN)
        with cache.hold_directory(self.DIGEST, self.FILES, source.fetch) as directory:
            put(cache, b"in use meanwhile")
            assert len(list(directory.iterdir())) == 2
        last = put(cache, b"afterwards")
        assert files_below(tmp_path) == {last}
        assert not directory.exists()

    def test_refuses_names_with_a_path(self, tmp_path: Path) -> None:
        files, source = (stored(self.CORE, "../core-site.xml"),), Source(self.CORE)
        with (
            pytest.raises(UnsafeFileName),
            FileCache(tmp_path, 1).hold_directory(self.DIGEST, files, source.fetch),
        ):
            pass
        assert list(tmp_path.iterdir()) == []


class TestCheckFileName:
    @pytest.mark.parametrize("name", ["a.jar", "..a", "größe.py", "a b", "x" * 255, "-rf"])
    def test_passes(self, name: str) -> None:
        assert check_file_name(name) == name

    @pytest.mark.parametrize("name", ["", " \t", ".", "..", "a/b", "/a", "a\x00b", "ä" * 128])
    def test_refuses(self, name: str) -> None:
        with pytest.raises(UnsafeFileName) as caught:
            check_file_name(name)
        assert str(caught.value) == (
            f"{name!r} is no file name: empty and blank names, '.', '..', '/', NUL and more than 255 bytes "
            "are refused. Nothing was written; upload the file to the store under a plain name."
        )


class TestLocked:
    def test_one_alone_or_many_together(self, tmp_path: Path) -> None:
        lock = tmp_path / "lock"
        with locked(lock, fcntl.LOCK_SH), locked(lock, fcntl.LOCK_SH) as second:
            assert second
            with locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
                assert not alone
        with locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
            assert alone

    def test_a_removed_lock_file_guards_nothing(self, tmp_path: Path) -> None:
        lock = tmp_path / "lock"
        with locked(lock, fcntl.LOCK_EX):
            lock.unlink()
            with locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
                assert alone
                assert lock.exists()


class TestScratch:
    def test_goes_away_on_exceptions(self, tmp_path: Path) -> None:
        def work() -> None:
            with scratch_directory(tmp_path / "a" / "try") as directory:
                assert directory.stat().st_mode & 0o777 == 0o700
                (directory / "secret").write_text("s")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            work()
        assert list((tmp_path / "a").iterdir()) == []

    def test_starts_empty(self, tmp_path: Path) -> None:
        (tmp_path / "try").mkdir()
        (tmp_path / "try" / "of a dead process").touch()
        with scratch_directory(tmp_path / "try") as directory:
            assert list(directory.iterdir()) == []

    def test_sweep_takes_the_dead_and_spares_the_living_and_the_strange(self, tmp_path: Path) -> None:
        (tmp_path / "dead" / "below").mkdir(parents=True)
        (tmp_path / ".gone.lock").touch()
        (tmp_path / "a file").touch()
        (tmp_path / "a link").symlink_to(tmp_path)
        with scratch_directory(tmp_path / "living") as living:
            assert sweep_scratch(tmp_path) == (tmp_path / "dead",)
            assert living.is_dir()
            assert sorted(p.name for p in tmp_path.iterdir()) == [
                ".living.lock",
                "a file",
                "a link",
                "living",
            ]

    def test_sweep_of_nothing(self, tmp_path: Path) -> None:
        assert sweep_scratch(tmp_path / "absent") == ()


# --- whose directory it is ---


def hold_one(root: Path) -> None:
    file = stored(b"classes")

    def fetch(destination: BinaryIO, _offset: int) -> None:
        destination.write(b"classes")

    with FileCache(root, MEGABYTE).hold(file, fetch):
        pass


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775, 0o702])
def test_a_directory_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    root = tmp_path / "cache"
    root.mkdir()
    root.chmod(mode)
    with pytest.raises(UnsafeDirectory) as unsafe:
        hold_one(root)
    assert str(unsafe.value) == (
        f"The directory '{root}' may be written by others (its mode is {mode:04o}), so its files could be exchanged. "
        "Remove it, or set [couture] cache_dir to a folder that is not there yet (inside a mounted volume, for one): "
        "it is made for this user alone."
    )
    assert list(root.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    root.mkdir(mode=0o700)
    os.chown(root, 4711, 4711)
    with pytest.raises(UnsafeDirectory) as unsafe:
        hold_one(root)
    assert unsafe.value.reason == "belongs to the user 4711, and this task runs as 0"


def test_a_directory_that_others_may_read_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    root.mkdir()
    root.chmod(0o755)
    hold_one(root)
    assert root.stat().st_mode & 0o777 == 0o700


def test_a_folder_inside_an_open_volume_is_fine(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    volume.chmod(0o777)
    hold_one(volume / "files")
    assert (volume / "files").stat().st_mode & 0o777 == 0o700
