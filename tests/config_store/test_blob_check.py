"""Blobs that somebody names: there, of their size, with their digest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from config_store import blob_check
from config_store.blob_check import NamedBlob, check_artifacts, check_blobs
from config_store.wire import Finding, Verdict
from tests.config_store.store import CODE

if TYPE_CHECKING:
    from tests.config_store.store import Store


def look(store: Store, *, deep: bool = False) -> tuple[list[Finding], list[str]]:
    """What is found on the newest versions, and what was told of progress."""
    told: list[str] = []
    with store.database.reading() as session:
        return list(check_artifacts(session, store.blobs, deep=deep, progress=told.append)), told


def overwrite(store: Store, sha256: str, content: bytes) -> None:
    """Damage a blob, which is read-only."""
    path = store.blobs.path(sha256)
    path.unlink()
    path.write_bytes(content)


def test_the_newest_versions_are_there(store: Store) -> None:
    store.upload("a.jar", b"old")
    store.upload("a.jar", b"new")
    store.upload("job.py", b"code", kind=CODE)
    store.blobs.delete(hashlib.sha256(b"old").hexdigest())  # no newest one
    findings, told = look(store)
    assert findings == [
        Finding.ok(
            "artifacts",
            "the newest versions",
            "2 files there, each with its size; 2 read and compared by digest.",
        )
    ]
    assert told[:2] == ["0 of 2 files, now code artifact job.py@1", "code artifact job.py@1: 0 of 0 MB"]


def test_missing_cut_and_damaged_blobs_are_named(store: Store) -> None:
    versions = {name: store.upload(name, name.encode()) for name in ("cut.jar", "gone.jar", "ok.jar", "torn.jar")}
    store.blobs.delete(versions["gone.jar"].sha256)
    overwrite(store, versions["cut.jar"].sha256, b"cut")
    overwrite(store, versions["torn.jar"].sha256, b"TORN.jar")
    findings, _ = look(store)
    assert [finding.verdict for finding in findings] == [Verdict.FAULT] * 3
    gone, torn = versions["gone.jar"].sha256, versions["torn.jar"].sha256
    assert [finding.message for finding in findings] == [
        f"dependency cut.jar@1 has 3 bytes in the blob storage, not 7 (sha256 {versions['cut.jar'].sha256}).",
        f"dependency gone.jar@1 is missing in the blob storage (sha256 {gone}).",
        f"dependency torn.jar@1 is damaged: its bytes have the sha256 {hashlib.sha256(b'TORN.jar').hexdigest()}, "
        f"not {torn}.",
    ]
    assert findings[1].advice == (
        "Restore the blob storage from its backup, or put the file there again: "
        "couture artifacts upload dependencies gone.jar"
    )


def test_deleted_versions_are_no_ones(store: Store) -> None:
    version = store.upload("a.jar", b"old")
    store.hide("a.jar")
    store.blobs.delete(version.sha256)
    findings, _ = look(store)
    assert [finding.message for finding in findings] == [
        "0 files there, each with its size; 0 read and compared by digest."
    ]


def test_large_blobs_are_read_when_asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_check, "SMALL", 4)
    version = store.upload("a.jar", b"large")
    overwrite(store, version.sha256, b"LARGE")
    findings, _ = look(store)
    assert [finding.message for finding in findings] == [
        "1 file there, each with its size; 0 read and compared by digest."
    ]
    findings, told = look(store, deep=True)
    assert findings[0].message.startswith("dependency a.jar@1 is damaged: ")
    assert told[-1] == "dependency a.jar@1: 0 of 0 MB"


def test_a_lost_storage_names_some_and_counts_the_rest(store: Store) -> None:
    named = [NamedBlob(f"file {n}", f"{n:064x}", 1, "put it") for n in range(30)]
    findings = list(check_blobs("files", "x", store.blobs, named, deep=False, progress=lambda _: None))
    assert len(findings) == 21
    assert findings[-1] == Finding.fault(
        "files",
        "x",
        "10 more files missing or damaged.",
        "Restore the blob storage from its backup, or put the file there again.",
    )
