"""Blobs in a folder: where they lie, and what a full disk or a killed writer leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from config_store.blobs.file_system import FileSystemBlobs
from config_store.errors import BlobMissing, BlobVanished, StorageFull
from tests.config_store.blobs.test_contract import ABC, NO_DIGESTS, content, keep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEGABYTE = 1024 * 1024


def stored_files(blobs: FileSystemBlobs) -> list[str]:
    return sorted(str(path.relative_to(blobs.root)) for path in blobs.root.rglob("*") if path.is_file())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte and 50 files."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=50", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"this machine mounts no tmpfs: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_blob_lies_below_the_first_two_digits_and_nobody_writes_it_again(blobs: FileSystemBlobs) -> None:
    keep(blobs, b"abc")
    assert stored_files(blobs) == [f"{ABC[:2]}/{ABC[2:]}"]
    assert (blobs.root / ABC[:2] / ABC[2:]).stat().st_mode & 0o777 == 0o400


def test_nobody_else_enters_the_folders(blobs: FileSystemBlobs) -> None:
    umask = os.umask(0)
    try:
        keep(blobs, b"abc")
    finally:
        os.umask(umask)
    folders = [blobs.root, blobs.root / "incoming", blobs.root / ABC[:2]]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 3


def test_folders_that_were_left_open_are_closed(blobs: FileSystemBlobs) -> None:
    for folder in (blobs.root, blobs.root / ABC[:2]):
        folder.mkdir()
        folder.chmod(0o755)
    keep(blobs, b"abc")
    assert [folder.stat().st_mode & 0o777 for folder in (blobs.root, blobs.root / ABC[:2])] == [0o700] * 2


def leave(blobs: FileSystemBlobs, name: str, age_s: float) -> Path:
    """What an upload left whose server died so long ago."""
    left = blobs.root / "incoming" / name
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    os.utime(left, (time.time() - age_s,) * 2)
    return left


def test_what_dead_uploads_left_a_day_ago_goes_with_the_next_upload(blobs: FileSystemBlobs) -> None:
    old, young = leave(blobs, "old", 86400 + 60), leave(blobs, "young", 86400 - 60)
    keep(blobs, b"abc")
    assert (old.exists(), young.exists()) == (False, True)
    again = leave(blobs, "again", 2 * 86400)
    keep(blobs, b"abc")
    assert again.exists()  # a storage looks once an hour
    keep(FileSystemBlobs(blobs.root), b"abc")
    assert not again.exists()


def test_a_slow_upload_is_not_swept_while_it_writes(blobs: FileSystemBlobs) -> None:
    with blobs.writer("x.jar") as writer:
        writer.write(b"abc" * MEGABYTE)
        (left,) = (blobs.root / "incoming").iterdir()
        os.utime(left, (time.time() - 2 * 86400,) * 2)
        writer.write(b"abc" * MEGABYTE)
        keep(FileSystemBlobs(blobs.root), b"abc")
        blob = writer.commit()
    assert blobs.find(blob.sha256).modified.timestamp() > time.time() - 60


def test_an_upload_that_was_swept_after_all_says_so(blobs: FileSystemBlobs) -> None:
    with blobs.writer("x.jar") as writer:
        writer.write(b"abc")
        (left,) = blobs.leftovers()
        blobs.discard(left)
        with pytest.raises(BlobVanished):
            writer.commit()
    assert stored_files(blobs) == []


def test_an_abandoned_blob_leaves_no_file(blobs: FileSystemBlobs) -> None:
    with blobs.writer("x.jar") as writer:
        writer.write(b"abc")
    assert stored_files(blobs) == []


def test_a_storage_is_empty_before_its_folder_exists(blobs: FileSystemBlobs) -> None:
    assert list(blobs) == []
    assert not blobs.root.exists()


def test_files_that_are_no_blobs_are_not_listed(blobs: FileSystemBlobs) -> None:
    keep(blobs, b"abc")
    (blobs.root / ABC[:2] / ".nfs0001").touch()
    (blobs.root / "README").touch()
    assert list(blobs) == [ABC]


@pytest.mark.parametrize("sha256", NO_DIGESTS)
def test_deleting_what_is_no_digest_touches_nothing(blobs: FileSystemBlobs, sha256: str) -> None:
    keep(blobs, b"abc")
    with suppress(BlobMissing):
        blobs.delete(sha256)
    assert list(blobs) == [ABC]


@pytest.mark.parametrize("chunk", [1000, MEGABYTE // 4, 2 * MEGABYTE], ids=["small", "quarter", "whole"])
def test_a_full_disk_says_so_and_keeps_nothing(small_disk: Path, chunk: int) -> None:
    blobs = FileSystemBlobs(small_disk / "blobs")
    keep(blobs, b"abc")
    with pytest.raises(StorageFull) as full:
        keep(blobs, *[bytes(chunk)] * (2 * MEGABYTE // chunk))
    assert str(full.value) == (
        f"No space is left in the blob storage {blobs.root}. Nothing was stored; "
        "free space or move [couture] blob_root."
    )
    assert stored_files(blobs) == [f"{ABC[:2]}/{ABC[2:]}"]
    assert content(blobs, ABC) == b"abc"
    assert keep(blobs, b"fits").size == 4


def test_a_disk_that_is_full_at_the_last_flush_keeps_nothing(small_disk: Path) -> None:
    blobs = FileSystemBlobs(small_disk / "blobs")
    with blobs.writer("x.jar") as writer:
        writer.write(b"stays in the buffer")
        with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while filler.write(bytes(4096)):
                pass
        with pytest.raises(StorageFull):
            writer.commit()
    assert stored_files(blobs) == []


def test_a_full_disk_is_told_before_the_first_byte(small_disk: Path) -> None:
    blobs = FileSystemBlobs(small_disk / "blobs")
    with suppress(OSError):
        for number in range(100):
            (small_disk / str(number)).touch()
    with pytest.raises(StorageFull), blobs.writer("x.jar"):
        pass


WRITE_AND_WAIT = """
import sys
from pathlib import Path
from config_store.blobs.file_system import FileSystemBlobs

with FileSystemBlobs(Path(sys.argv[1])).writer("x.jar") as writer:
    writer.write(b"abc" * 1_000_000)
    print("written", flush=True)
    sys.stdin.read()
    writer.commit()
"""


def test_a_killed_writer_leaves_no_blob(blobs: FileSystemBlobs) -> None:
    command = [sys.executable, "-c", WRITE_AND_WAIT, str(blobs.root)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        writer.kill()
    assert list(blobs) == []
    assert keep(blobs, b"abc" * 1_000_000).size == 3_000_000
    assert len(list(blobs)) == 1


def test_processes_write_one_content_at_once(blobs: FileSystemBlobs) -> None:
    command = [sys.executable, "-c", WRITE_AND_WAIT, str(blobs.root)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    writers = [subprocess.Popen(command, env=environment, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    for writer in writers:
        assert writer.stdout.readline() == b"written\n"
    for writer in writers:
        writer.stdin.close()
    for writer in writers:
        assert writer.wait() == 0
        writer.stdout.close()
    (digest,) = blobs
    assert content(blobs, digest) == b"abc" * 1_000_000
