"""The blob storage of a server."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from admin_views.checks.storage import check_storage, open_storage
from admin_views.configuration import read_server_settings
from config_store.blobs.file_system import FileSystemBlobs
from config_store.wire import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def look(root: Path) -> list[Finding]:
    """What is found on a storage below a folder."""
    return list(check_storage(replace(read_server_settings(), blob_root=str(root))))


def test_a_storage_that_can_be_written(tmp_path: Path) -> None:
    storage, disk = look(tmp_path)
    subject = f"[couture] blob_root ({tmp_path})"
    assert storage == Finding.ok("blob storage", subject, "This user can write there.")
    assert (disk.check, disk.subject) == ("disk", f"blob storage ({tmp_path})")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_storage_that_is_not_there_yet(tmp_path: Path) -> None:
    root = tmp_path / "not" / "yet"
    [found] = look(root)
    assert (found.verdict, found.message) == (Verdict.OK, f"The first upload will make it in {tmp_path}.")
    assert not root.exists()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [found] = look(tmp_path / "file" / "blobs")
    assert found.verdict is Verdict.FAULT
    assert found.message == f"It does not exist, and this user can't make it in {tmp_path / 'file'}: Not a directory."


def test_a_storage_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def refuse(_blobs: FileSystemBlobs, _name: str) -> Iterator[None]:
        raise OSError(errno.EROFS, "Read-only file system")
        yield

    monkeypatch.setattr(FileSystemBlobs, "writer", refuse)  # root writes everywhere
    found = look(tmp_path)[0]
    assert (found.verdict, found.message) == (Verdict.FAULT, "Nothing can be written there: Read-only file system.")
    assert found.advice == (
        "Give the user of the API server the right to write there, or name another [couture] blob_root."
    )


def test_a_storage_elsewhere() -> None:
    [found] = check_storage(replace(read_server_settings(), blob_root="memory://checked/blobs"))
    assert found == Finding.ok(
        "blob storage", "[couture] blob_root (memory://checked/blobs)", "This server can write and delete there."
    )
    assert list(open_storage(replace(read_server_settings(), blob_root="memory://checked/blobs"))) == []


@pytest.mark.parametrize(
    ("blob_root", "options", "words"),
    [
        ("ftp://host/blobs", "", "[couture] blob_root has the scheme 'ftp', in which no blob can be made visible"),
        ("s3://bucket/x", "{", "[couture] blob_storage_options"),
    ],
)
def test_a_storage_that_can_not_be(blob_root: str, options: str, words: str) -> None:
    server = replace(read_server_settings(), blob_root=blob_root, blob_storage_options=options)
    [found] = check_storage(server)
    assert found.verdict is Verdict.FAULT
    assert found.message.startswith(words)
