"""What every blob storage promises, on each of them."""

from __future__ import annotations

import gc
import hashlib
import io
import random
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from fsspec.implementations.local import LocalFileSystem

from config_store.blobs.file_system import FileSystemBlobs
from config_store.blobs.opening import open_blobs
from config_store.blobs.remote import RemoteBlobs
from config_store.blobs.uploads import Way
from config_store.errors import BlobMissing, DigestMismatch, Truncated

if TYPE_CHECKING:
    from pathlib import Path

    from config_store.blobs.protocol import Blob, BlobStorage
    from tests.s3 import S3

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
NO_DIGESTS = [
    "",
    "ab",
    ABC[:-1],
    ABC + "0",
    ABC.upper(),
    "g" * 64,
    "../" + ABC[3:],
    "/etc/passwd",
    "\x00" * 64,
    ABC + "\n",
]
PART = 8 * 1024 * 1024

#: Every way in which bytes become visible. "renamed" stands for HDFS: its file system is a folder behind fsspec.
BACKENDS = ("file_system", "memory", "renamed", "s3", "s3_spooled")


@pytest.fixture(params=BACKENDS)
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStorage:
    """An empty storage of each backend."""
    if request.param == "file_system":
        return FileSystemBlobs(tmp_path / "blobs")
    if request.param == "memory":
        return open_blobs(f"memory://{tmp_path}/blobs")
    if request.param == "renamed":
        return RemoteBlobs(str(tmp_path / "blobs"), Way.RENAME, LocalFileSystem, {})
    s3: S3 = request.getfixturevalue("s3")
    stored = s3.blobs(s3.new_bucket())
    if request.param == "s3_spooled":
        stored.way = Way.SPOOL
    return stored


def keep(blobs: BlobStorage, *chunks: bytes, sha256: str | None = None, size: int | None = None) -> Blob:
    with blobs.writer("x.jar") as writer:
        for chunk in chunks:
            writer.write(chunk)
        return writer.commit(sha256=sha256, size=size)


def content(blobs: BlobStorage, sha256: str) -> bytes:
    with blobs.open(sha256) as blob:
        return blob.read()


@pytest.mark.parametrize(
    ("chunks", "sha256"), [((b"abc",), ABC), ((b"a", b"", b"bc"), ABC), ((), EMPTY), ((b"", b""), EMPTY)]
)
def test_bytes_come_back_under_their_digest(blobs: BlobStorage, chunks: tuple[bytes, ...], sha256: str) -> None:
    blob = keep(blobs, *chunks)
    assert (blob.sha256, blob.size) == (sha256, sum(map(len, chunks)))
    assert content(blobs, sha256) == b"".join(chunks)
    assert blobs.size(sha256) == blob.size
    assert list(blobs) == [sha256]


def test_nothing_is_seen_before_the_commit(blobs: BlobStorage) -> None:
    with blobs.writer("x.jar") as writer:
        writer.write(b"abc")
        assert list(blobs) == []
        with pytest.raises(BlobMissing):
            blobs.open(ABC)
        writer.commit()
        assert content(blobs, ABC) == b"abc"


def test_what_is_not_committed_is_gone(blobs: BlobStorage) -> None:
    with blobs.writer("x.jar") as writer:
        writer.write(b"abc")
    assert list(blobs) == []


def test_a_writer_that_fails_keeps_nothing(blobs: BlobStorage) -> None:
    def write_and_fail() -> None:
        with blobs.writer("x.jar") as writer:
            writer.write(b"abc")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        write_and_fail()
    assert list(blobs) == []


def test_what_was_announced_is_kept(blobs: BlobStorage) -> None:
    assert keep(blobs, b"abc", sha256=ABC, size=3).sha256 == ABC
    assert content(blobs, ABC) == b"abc"


def test_another_digest_than_announced_keeps_nothing(blobs: BlobStorage) -> None:
    with pytest.raises(DigestMismatch) as damaged:
        keep(blobs, b"abc", sha256=EMPTY)
    assert str(damaged.value) == (
        f"The sha256 of 'x.jar' is {ABC}, announced was {EMPTY}: the transfer was damaged. "
        "Nothing was stored; send it again."
    )
    assert list(blobs) == []


@pytest.mark.parametrize("announced", [0, 2, 1234567])
def test_another_size_than_announced_keeps_nothing(blobs: BlobStorage, announced: int) -> None:
    with pytest.raises(Truncated) as truncated:
        keep(blobs, b"abc", sha256=ABC, size=announced)
    assert str(truncated.value) == (f"'x.jar' ended after 3 of {announced:,} bytes. Nothing was stored; send it again.")
    assert list(blobs) == []


def test_one_content_is_stored_once(blobs: BlobStorage) -> None:
    assert keep(blobs, b"abc") == keep(blobs, b"abc")
    assert list(blobs) == [ABC]


def test_a_failed_writer_leaves_what_is_stored(blobs: BlobStorage) -> None:
    keep(blobs, b"abc")
    with pytest.raises(DigestMismatch):
        keep(blobs, b"abc", sha256=EMPTY)
    assert content(blobs, ABC) == b"abc"


def test_content_that_comes_again_counts_as_written_now(blobs: BlobStorage) -> None:
    if isinstance(blobs, RemoteBlobs) and blobs.way is Way.RENAME:
        pytest.skip("not every rename replaces, so what is there stays as it is")
    before = keep_at_another_second(blobs)
    assert keep(blobs, b"abc").sha256 == ABC
    assert blobs.find(ABC).modified > before


def keep_at_another_second(blobs: BlobStorage) -> datetime:
    """S3 tells whole seconds."""
    keep(blobs, b"abc")
    written = blobs.find(ABC).modified
    while datetime.now(UTC) - written < timedelta(seconds=1.1):
        time.sleep(0.05)
    return written


def test_what_is_known_of_a_blob(blobs: BlobStorage) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    keep(blobs, b"abc")
    (stored,) = blobs.stored()
    assert stored == blobs.find(ABC)
    assert (stored.sha256, stored.size) == (ABC, 3)
    assert before < stored.modified < datetime.now(UTC) + timedelta(seconds=2)
    assert blobs.exists(ABC)
    assert not blobs.exists(EMPTY)


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 17])
def test_every_number_of_parts(blobs: BlobStorage, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    blob = keep(blobs, *(data[start : start + 3_000_000] for start in range(0, size, 3_000_000)), size=size)
    assert blob.sha256 == hashlib.sha256(data).hexdigest()
    assert content(blobs, blob.sha256) == data
    assert list(blobs.leftovers()) == []


def test_an_upload_of_parts_that_is_abandoned_leaves_nothing(blobs: BlobStorage) -> None:
    with blobs.writer("x.jar") as writer:
        writer.write(bytes(2 * PART))
        writer.write(b"abc")
        assert list(blobs) == []
    gc.collect()  # what is still open would be closed now, and so completed
    assert list(blobs) == []
    assert list(blobs.leftovers()) == []


def test_a_damaged_upload_of_parts_leaves_nothing(blobs: BlobStorage) -> None:
    with pytest.raises(DigestMismatch):
        keep(blobs, bytes(PART), b"abc", sha256=ABC)
    gc.collect()
    assert list(blobs) == []
    assert list(blobs.leftovers()) == []


def test_what_a_dead_upload_left_is_found_and_discarded(blobs: BlobStorage) -> None:
    if isinstance(blobs, RemoteBlobs) and blobs.way is Way.SPOOL:
        pytest.skip("what waits on the server's own disk goes with its process")
    with blobs.writer("x.jar") as writer:
        writer.write(bytes(2 * PART))
        (left,) = blobs.leftovers()
        blobs.discard(left)
        blobs.discard(left)
        assert list(blobs.leftovers()) == []
    keep(blobs, b"abc")
    assert list(blobs) == [ABC]


def test_readers_seek(blobs: BlobStorage) -> None:
    keep(blobs, b"0123456789")
    with blobs.open(hashlib.sha256(b"0123456789").hexdigest()) as blob:
        assert blob.seek(4) == 4
        assert blob.read(3) == b"456"
        assert blob.seek(-2, io.SEEK_END) == 8
        assert blob.read() == b"89"


def test_what_is_not_stored_is_missing(blobs: BlobStorage) -> None:
    for ask in (blobs.open, blobs.size):
        with pytest.raises(BlobMissing) as missing:
            ask(ABC)
        assert str(missing.value) == (
            f"The blob {ABC} is not in the blob storage; restore [couture] blob_root from its backup."
        )


@pytest.mark.parametrize("sha256", NO_DIGESTS)
def test_what_is_no_digest_is_missing(blobs: BlobStorage, sha256: str) -> None:
    for ask in (blobs.open, blobs.size):
        with pytest.raises(BlobMissing):
            ask(sha256)


def test_a_deleted_blob_is_gone_alone(blobs: BlobStorage) -> None:
    keep(blobs, b"abc")
    keep(blobs, b"")
    blobs.delete(ABC)
    blobs.delete(ABC)
    assert list(blobs) == [EMPTY]
    assert keep(blobs, b"abc").sha256 == ABC


def test_writers_at_once_do_not_disturb_each_other(blobs: BlobStorage) -> None:
    together = threading.Barrier(8)

    def write(number: int) -> str:
        together.wait()
        data = [bytes([number % 4]) * 1000 for _ in range(100)]
        return keep(blobs, *data).sha256

    with ThreadPoolExecutor(8) as threads:
        digests = list(threads.map(write, range(8)))
    assert sorted(blobs) == sorted(set(digests))
    assert len(set(digests)) == 4
    assert [content(blobs, digest)[0] for digest in digests] == [0, 1, 2, 3, 0, 1, 2, 3]


@pytest.mark.parametrize(("start", "length"), [(0, 10), (PART - 5, 10), (2 * PART, 10), (2 * PART + 7, 100), (1, PART)])
def test_readers_find_every_range_of_a_large_blob(blobs: BlobStorage, start: int, length: int) -> None:
    data = random.Random(1).randbytes(2 * PART + 40)
    sha256 = keep(blobs, data).sha256
    with blobs.open(sha256) as blob:
        blob.seek(start)
        assert blob.read(length) == data[start : start + length]
        assert blob.read(3) == data[start + length : start + length + 3]
        blob.seek(0)
        assert blob.read(4) == data[:4]


def test_a_reader_keeps_its_bytes_while_others_write(blobs: BlobStorage) -> None:
    keep(blobs, b"abc")
    with blobs.open(ABC) as reader:
        keep(blobs, b"abc")
        assert reader.read() == b"abc"


def test_a_reader_of_a_deleted_blob_gets_its_bytes_or_none(blobs: BlobStorage) -> None:
    keep(blobs, b"abc")
    with blobs.open(ABC) as reader:
        blobs.delete(ABC)
        if isinstance(blobs, FileSystemBlobs):
            assert reader.read() == b"abc"
        else:
            with pytest.raises(BlobMissing):
                reader.read()


def test_a_large_blob_is_never_held_in_memory(blobs: BlobStorage) -> None:
    chunk = bytes(1024 * 1024)
    if isinstance(blobs, RemoteBlobs) and blobs.way is not Way.RENAME:
        pytest.skip("its server holds the blob in the memory of this very process; test_remote.py measures S3's")
    tracemalloc.start()
    with blobs.writer("x.jar") as writer:
        for _ in range(64):
            writer.write(chunk)
        assert writer.commit().size == 64 * 1024 * 1024
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024  # servers of other tests may run in threads of this process


# --- pieces of unfinished uploads ---

UPLOAD, OTHER = "0" * 31 + "a", "0" * 31 + "b"


def test_a_piece_comes_back_and_is_no_blob(blobs: BlobStorage) -> None:
    assert blobs.pieces(UPLOAD) == {}
    for name, content in ((f"{UPLOAD}.about", b"{}"), (f"{UPLOAD}.1", b"x" * PART), (f"{OTHER}.1", b"other")):
        blobs.put_piece(name, content)
    assert blobs.read_piece(f"{UPLOAD}.1") == b"x" * PART
    assert blobs.pieces(UPLOAD) == {f"{UPLOAD}.about": 2, f"{UPLOAD}.1": PART}
    assert list(blobs) == []
    assert sorted(left.size for left in blobs.leftovers()) == [2, 5, PART]


def test_a_piece_takes_the_place_of_the_one_before(blobs: BlobStorage) -> None:
    for content in (b"longer than the other", b"short"):
        blobs.put_piece(f"{UPLOAD}.1", content)
    assert blobs.read_piece(f"{UPLOAD}.1") == b"short"
    assert blobs.pieces(UPLOAD) == {f"{UPLOAD}.1": 5}


def test_a_dropped_piece_is_gone_and_may_be_dropped_again(blobs: BlobStorage) -> None:
    blobs.put_piece(f"{UPLOAD}.1", b"x")
    for _ in range(2):
        blobs.drop_piece(f"{UPLOAD}.1")
    assert blobs.read_piece(f"{UPLOAD}.1") is None
    assert blobs.pieces(UPLOAD) == {}


def test_a_piece_is_cleaned_as_what_unfinished_uploads_leave(blobs: BlobStorage) -> None:
    blobs.put_piece(f"{UPLOAD}.1", b"x")
    (left,) = blobs.leftovers()
    blobs.discard(left)
    assert blobs.read_piece(f"{UPLOAD}.1") is None


@pytest.mark.parametrize("name", ["", UPLOAD, f"../{UPLOAD}.1", f"{UPLOAD}.1/x", f"{UPLOAD}./", "x.1", f"{UPLOAD}.1\n"])
def test_no_piece_lies_elsewhere(blobs: BlobStorage, name: str) -> None:
    for deed in (blobs.read_piece, blobs.drop_piece, lambda name: blobs.put_piece(name, b"x")):
        with pytest.raises(ValueError, match="names no piece"):
            deed(name)
