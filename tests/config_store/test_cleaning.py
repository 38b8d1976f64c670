"""Cleaning: what goes, what stays, and what happens when it is needed again at that very moment."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from config_store import artifacts
from config_store.artifacts import find_version
from config_store.blobs.file_system import FileSystemBlobs
from config_store.blobs.opening import open_blobs
from config_store.cleaning import Limits, Litter, Removed, find_litter, hold_blobs, limits_at, remove_litter
from config_store.errors import BlobVanished, NotFound, StorageForeign
from config_store.models import ArtifactRow, SubmissionFileRow, SubmissionRow, VersionRow
from config_store.wire import Outcome, State
from tests.config_store.store import CODE, DEPENDENCY, Store
from tests.stand_ins import task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from config_store.blobs.protocol import Blob
    from config_store.database import Database
    from config_store.secrets import FernetCipher
    from tests.s3 import S3

NOW = datetime.now(UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def limits(receipts: timedelta | None = None, hidden: timedelta | None = None) -> Limits:
    """Limits for ages; of blobs every one is old, as S3 lets nobody set the time of an object."""
    found = limits_at(datetime.now(UTC), receipts_older_than=receipts, hidden_versions_older_than=hidden)
    return replace(found, blobs_written_before=datetime.now(UTC) + DAY)


@pytest.fixture(params=["file_system", "memory", "s3"])
def store(request: pytest.FixtureRequest, database: Database, cipher: FernetCipher, tmp_path: Path) -> Store:
    """An empty store on each storage."""
    storage: Any = FileSystemBlobs(tmp_path / "blobs")
    if request.param == "memory":
        storage = open_blobs(f"memory://{tmp_path}/blobs")
    if request.param == "s3":
        s3: S3 = request.getfixturevalue("s3")
        storage = s3.blobs(s3.new_bucket())
    return Store(database, storage, cipher, tmp_path)


def found(store: Store, asked: Limits) -> Litter:
    return find_litter(store.database, store.blobs, asked, lambda _text: None)


def clean(store: Store, asked: Limits, litter: Litter | None = None) -> Removed:
    return remove_litter(store.database, store.blobs, asked, litter or found(store, asked), lambda _text: None)


def digests(litter: Litter | Removed) -> set[str]:
    return {blob.sha256 for blob in litter.blobs}


def run(
    store: Store, *, run_id: str = "manual__0", ended: bool = True, age: timedelta = timedelta(0), **job: Any
) -> str:
    """A submission so old; answers its id."""
    ticket = store.submit(task(run_id=run_id), proof=run_id, **job)
    if ended:
        store.report(ticket.submission_id, State.ENDED)
    then = datetime.now(UTC) - age
    with store.database.writing() as session:
        times = {"created_at": then, "updated_at": then}
        session.execute(update(SubmissionRow).where(SubmissionRow.id == ticket.submission_id).values(**times))
    return ticket.submission_id


def age_hidden(store: Store, name: str, age: timedelta) -> None:
    """Let the hidden versions of an artifact have been hidden that long ago."""
    with store.database.writing() as session:
        artifact = select(ArtifactRow.id).where(ArtifactRow.name == name).scalar_subquery()
        hidden = (VersionRow.artifact_id == artifact) & VersionRow.hidden_at.is_not(None)
        session.execute(update(VersionRow).where(hidden).values(hidden_at=datetime.now(UTC) - age))


def test_an_empty_store_has_nothing_to_clean(store: Store) -> None:
    assert found(store, limits(DAY, DAY)) == Litter(0, 0, (), (), (), 0)
    assert not found(store, limits(DAY, DAY))


def test_blobs_that_nobody_names_go(store: Store) -> None:
    blob = store.keep(b"of an upload whose transaction failed")
    used = store.upload("a.jar")
    litter = found(store, limits())
    assert (digests(litter), litter.blobs[0].size) == ({blob.sha256}, blob.size)
    assert sorted(store.blobs) == sorted([blob.sha256, used.sha256])  # nothing is touched yet
    removed = clean(store, limits(), litter)
    assert (digests(removed), removed.kept_blobs) == ({blob.sha256}, 0)
    assert list(store.blobs) == [used.sha256]
    assert not found(store, limits())


@pytest.mark.parametrize("has_rows", [False, True])
def test_a_storage_of_another_installation_stays_as_it_is(store: Store, has_rows: bool) -> None:
    theirs = [store.keep(b"their jar"), store.keep(b"their file")]
    if has_rows:
        store.blobs.delete(store.upload("ours.jar").sha256)
    with pytest.raises(StorageForeign, match=r"^Of the blobs in the blob storage \(2\) this database names none: "):
        found(store, limits(DAY, DAY))
    assert sorted(store.blobs) == sorted(blob.sha256 for blob in theirs)


def test_the_last_blobs_of_a_store_go_when_its_rows_are_gone(store: Store) -> None:
    store.upload("a.jar")
    store.hide("a.jar")
    age_hidden(store, "a.jar", 2 * DAY)
    litter = found(store, limits(hidden=DAY))
    clean(store, limits(hidden=DAY), replace(litter, blobs=()))  # as if it had been killed before the blobs
    assert len(clean(store, limits()).blobs) == 1
    assert not list(store.blobs)


def test_what_revisions_versions_and_receipts_name_stays(store: Store) -> None:
    core = store.config_file("core-site.xml", "<configuration/>")
    older = store.config_file("a.xml", "<configuration></configuration>")
    krb5 = store.config_file("krb5.conf", "[libdefaults]")
    store.create("prod", hadoop_files=(older,), krb5_conf=krb5)
    store.save("prod", hadoop_files=(core,), krb5_conf=None)
    store.create("gone", hadoop_files=(store.config_file("b.xml", "<configuration> </configuration>"),))
    store.delete("gone")
    store.upload("visible.py", kind=CODE)
    store.upload("hidden.py", kind=CODE)
    store.upload("hidden.py", b"again", kind=CODE)
    store.hide("hidden.py", kind=CODE)
    before = sorted(store.blobs)
    assert len(before) == 7
    assert not clean(store, limits(receipts=timedelta(0))).blobs
    assert sorted(store.blobs) == before


@pytest.mark.parametrize("store", ["file_system"], indirect=True)
def test_what_was_written_within_a_day_stays(store: Store) -> None:
    used = store.upload("a.jar")
    old, young = store.keep(b"old"), store.keep(b"young")
    assert isinstance(store.blobs, FileSystemBlobs)
    for blob, age in ((old, 86400 + 60), (young, 86400 - 60)):
        os.utime(store.blobs.path(blob.sha256), (time.time() - age,) * 2)
    leave(store, 86400 + 60)
    leave(store, 86400 - 60)
    asked = limits_at(datetime.now(UTC))
    removed = clean(store, asked)
    assert (digests(removed), len(removed.leftovers)) == ({old.sha256}, 1)
    assert sorted(store.blobs) == sorted([young.sha256, used.sha256])
    assert len(list(store.blobs.leftovers())) == 1


def leave(store: Store, age_s: float) -> None:
    incoming = store.blobs.root / "incoming"
    (left := incoming / f"left-{age_s}").write_bytes(b"half")
    os.utime(left, (time.time() - age_s,) * 2)


def test_unfinished_uploads_go(store: Store) -> None:
    with store.blobs.writer("x.jar") as writer:
        writer.write(bytes(20_000_000))
        removed = clean(store, limits())
        assert len(removed.leftovers) == 1
        assert list(store.blobs.leftovers()) == []


def test_receipts_go_by_age_with_what_they_alone_needed(store: Store) -> None:
    store.create("prod")
    store.upload("job.py", kind=CODE)
    old = run(store, run_id="old", age=91 * DAY, code_artifact="job.py")
    young = run(store, run_id="young", age=89 * DAY, code_artifact="job.py")
    asked = limits(receipts=90 * DAY)
    assert (found(store, asked).receipts, found(store, asked).open_receipts) == (1, 0)
    assert clean(store, asked).receipts == 1
    with pytest.raises(NotFound):
        store.receipt(old)
    assert store.receipt(young).submission_id == young
    assert store.count(SubmissionFileRow) == 1
    assert found(store, limits()).receipts == 0  # nobody asked


def test_submissions_that_have_not_ended_stay_however_old(store: Store) -> None:
    store.create("prod")
    store.upload("job.py", kind=CODE)
    planned = run(store, run_id="planned", ended=False, age=400 * DAY, code_artifact="job.py")
    running = run(store, run_id="running", ended=False, code_artifact="job.py")
    store.report(running, State.RUNNING)
    with store.database.writing() as session:
        times = {"created_at": NOW - 400 * DAY, "updated_at": NOW - 400 * DAY}
        session.execute(update(SubmissionRow).values(**times))
    store.hide("job.py", kind=CODE, force=True)
    age_hidden(store, "job.py", 399 * DAY)
    asked = limits(receipts=DAY, hidden=DAY)
    litter = found(store, asked)
    assert (litter.receipts, litter.open_receipts, litter.versions, litter.blobs) == (0, 2, (), ())
    assert clean(store, asked, litter) == Removed(0, 0, (), 0, ())
    assert {store.receipt(planned).state, store.receipt(running).state} == {State.PLANNED, State.RUNNING}


@pytest.mark.parametrize("store", ["file_system"], indirect=True)
def test_receipts_of_lost_tries_stay_for_a_day(store: Store) -> None:
    """They may still run, and tell their true end."""
    store.create("prod")
    for run_id, age in (("young", 2 * HOUR), ("old", 25 * HOUR)):
        lost = run(store, run_id=run_id, age=age)
        with store.database.writing() as session:
            session.execute(update(SubmissionRow).where(SubmissionRow.id == lost).values(outcome=Outcome.LOST))
    run(store, run_id="told", age=2 * HOUR)
    asked = limits_at(datetime.now(UTC), receipts_older_than=HOUR)
    assert found(store, asked).receipts == clean(store, asked).receipts == 2


def test_many_receipts_go_in_many_transactions(store: Store) -> None:
    store.create("prod")
    ids = [run(store, run_id=f"run {number}", age=2 * DAY) for number in range(3)]
    with store.database.writing() as session:
        row = session.get(SubmissionRow, ids[0])
        assert row is not None
        values = {column.key: getattr(row, column.key) for column in SubmissionRow.__table__.columns}
        more = [{**values, "id": f"copy {number}", "task_instance_id": None} for number in range(1100)]
        session.bulk_insert_mappings(SubmissionRow.__mapper__, more)
    told: list[str] = []
    asked = limits(receipts=DAY)
    removed = remove_litter(store.database, store.blobs, asked, found(store, asked), told.append)
    assert (removed.receipts, store.count(SubmissionRow)) == (1103, 0)
    assert told == ["Receipts: 500 …", "Receipts: 1,000 …", "Receipts: 1,103 …"]


def test_hidden_versions_go_only_if_asked_and_used_by_nobody(store: Store) -> None:
    store.create("prod")
    for name in ("unused.jar", "pinned.jar", "young.jar", "visible.jar", "listed.jar"):
        store.upload(name)
    store.upload("used.py", kind=CODE)
    store.save("prod", jars=("pinned.jar@1",))
    store.save("prod", jars=(), arguments={"jars": "listed.jar@1"})
    store.save("prod", arguments={})
    run(store, code_artifact="used.py")
    for name in ("unused.jar", "pinned.jar", "young.jar", "listed.jar"):
        store.hide(name)
        age_hidden(store, name, 400 * DAY)
    store.hide("used.py", kind=CODE, force=True)
    age_hidden(store, "used.py", 400 * DAY)
    age_hidden(store, "young.jar", 2 * DAY)
    assert found(store, limits()).versions == ()
    asked = limits(hidden=365 * DAY)
    litter = found(store, asked)
    assert [str(version) for version in litter.versions] == ["unused.jar@1"]
    assert len(litter.blobs) == 1  # its bytes go with it
    assert clean(store, asked, litter).versions == 1
    assert store.count(VersionRow) == 5
    assert len(list(store.blobs)) == 5


def test_a_version_whose_last_receipt_goes_may_go_with_it(store: Store) -> None:
    store.create("prod")
    store.upload("job.py", kind=CODE)
    run(store, age=100 * DAY, code_artifact="job.py")
    store.hide("job.py", kind=CODE)
    age_hidden(store, "job.py", 95 * DAY)
    assert found(store, limits(hidden=90 * DAY)).versions == ()
    removed = clean(store, limits(receipts=90 * DAY, hidden=90 * DAY))
    assert (removed.receipts, removed.versions, len(removed.blobs)) == (1, 1, 1)


def test_the_numbers_of_an_artifact_go_on_after_all_its_versions_went(store: Store) -> None:
    store.upload("job.jar")
    store.upload("job.jar", b"second")
    store.hide("job.jar")
    age_hidden(store, "job.jar", 2 * DAY)
    assert clean(store, limits(hidden=DAY)).versions == 2
    with store.database.reading() as session:
        assert artifacts.list_artifacts(session, DEPENDENCY, hidden=True) == ([], 0)
        with pytest.raises(NotFound):
            artifacts.get_artifact(session, DEPENDENCY, "job.jar")
        with pytest.raises(NotFound):
            find_version(session, DEPENDENCY, "job.jar")
    with pytest.raises(NotFound):
        store.restore("job.jar")
    assert store.upload("job.jar").version == 3


# --- beside servers that run ---


@contextmanager
def between(store: Store, asked: Limits) -> Iterator[list[Removed]]:
    """What happens in the block happens after the litter was found and before it is removed."""
    litter, removed = found(store, asked), list[Removed]()
    yield removed
    removed.append(clean(store, asked, litter))


def test_a_blob_that_is_uploaded_again_meanwhile_stays(store: Store) -> None:
    store.upload("used.jar")
    blob = store.keep(b"classes")
    with between(store, limits()) as removed:
        store.upload("lib.jar", b"classes")
    assert (removed[0].blobs, removed[0].kept_blobs) == ((), 1)
    assert store.blobs.exists(blob.sha256)


def test_a_blob_that_a_group_names_meanwhile_stays(store: Store) -> None:
    store.create("prod")
    store.config_file("core-site.xml", "<configuration/>")
    with between(store, limits()) as removed:
        store.save("prod", hadoop_files=(store.config_file("core-site.xml", "<configuration/>"),))
    assert (removed[0].blobs, removed[0].kept_blobs) == ((), 1)


def test_a_blob_that_a_receipt_names_meanwhile_stays(store: Store) -> None:
    store.create("prod")
    store.upload("job.py", kind=CODE)
    run(store, age=2 * DAY, code_artifact="job.py")
    store.hide("job.py", kind=CODE, force=True)
    age_hidden(store, "job.py", 2 * DAY)
    with between(store, limits(receipts=DAY, hidden=DAY)) as removed:
        store.restore("job.py", CODE)
        run(store, run_id="now", code_artifact="job.py")
    assert (removed[0].receipts, removed[0].versions, removed[0].blobs) == (1, 0, ())
    assert store.plan(code_artifact="job.py").application is not None


@pytest.mark.parametrize("store", ["file_system"], indirect=True)
def test_a_blob_that_is_written_again_meanwhile_stays_before_anything_names_it(store: Store) -> None:
    store.upload("used.jar")
    blob = store.keep(b"classes")
    assert isinstance(store.blobs, FileSystemBlobs)
    os.utime(store.blobs.path(blob.sha256), (time.time() - 2 * 86400,) * 2)
    with between(store, limits_at(datetime.now(UTC))) as removed:
        store.keep(b"classes")
    assert (removed[0].blobs, removed[0].kept_blobs) == ((), 1)
    assert store.blobs.exists(blob.sha256)


def test_who_is_about_to_name_a_blob_that_was_cleaned_hears_of_it(store: Store) -> None:
    store.upload("used.jar")
    blob = store.keep(b"classes")
    clean(store, limits())

    def record() -> None:
        with store.database.writing() as session:
            hold_blobs(session, store.blobs, [blob.sha256])

    with pytest.raises(BlobVanished) as vanished:
        record()
    assert str(vanished.value) == (
        f"The blob {blob.sha256} was cleaned away as unused at the moment it was to be used. Nothing was saved; "
        "send it again."
    )


def test_uploads_and_cleaning_at_once_lose_nothing(store: Store) -> None:
    """Every blob and every upload counts as old here, so that only the lock is between the two."""
    store.upload("used.jar")
    recorded: list[str] = []

    def upload(worker: int) -> None:
        for number in range(15):
            with suppress(BlobVanished):
                blob = store.keep(f"{worker} {number % 3}".encode())
                record(blob, f"job-{worker}-{number}.jar")

    def record(blob: Blob, name: str) -> None:
        with store.database.writing() as session:
            hold_blobs(session, store.blobs, [blob.sha256])
            artifacts.add_version(session, DEPENDENCY, name, blob, author="ada")
        recorded.append(blob.sha256)

    with ThreadPoolExecutor(3) as threads:
        uploads = [threads.submit(upload, worker) for worker in range(3)]
        while not all(uploading.done() for uploading in uploads):
            clean(store, limits())
    assert [uploading.result() for uploading in uploads] == [None] * 3
    assert recorded
    assert [sha256 for sha256 in recorded if not store.blobs.exists(sha256)] == []
