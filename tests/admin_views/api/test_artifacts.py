"""Artifacts over HTTP: streamed uploads that are whole or nothing, versions, downloads, deletions."""

from __future__ import annotations

import base64
import hashlib
import shutil
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from config_store.blobs.file_system import FileSystemWriter
from config_store.errors import StorageFull
from tests.admin_views.calls import (
    JOB,
    bearer,
    connect,
    done,
    new_group,
    places_of,
    problem_of,
    rows_of,
    upload,
)
from tests.config_store.archives import zipped
from tests.stand_ins import archived, task

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    import httpx
    from fastapi import FastAPI

    from admin_views.services import Services
    from config_store.blobs.file_system import FileSystemBlobs
    from config_store.blobs.protocol import Blob, BlobWriter
    from tests.admin_views.api_process import ApiProcess
    from tests.stand_ins import ListedAudit, RoleIdentity

UPLOAD = "/artifacts/code/job.py/versions"
LIMIT = 1000


def _digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


@pytest.fixture
def limited(api: httpx.Client, app: FastAPI, services: Services) -> httpx.Client:
    """An API that takes artifacts of up to LIMIT bytes."""
    app.state.services = replace(services, max_upload_bytes=LIMIT)
    return api


def assert_nothing_stored(services: Services) -> None:
    """No row, no blob, and nothing on its way."""
    blobs: Any = services.blobs
    assert not any(rows_of(services.database).values())
    assert [path for path in blobs.root.rglob("*") if path.is_file()] == []


# --- uploads ---


def test_an_upload_is_a_version(api: httpx.Client, audit: ListedAudit) -> None:
    answer = api.post(f"{UPLOAD}?note=first+try", content=JOB)
    assert answer.status_code == 201
    version = done(answer)
    uploaded_at = version.pop("uploaded_at")
    assert version == {
        "version": 1,
        "sha256": hashlib.sha256(JOB).hexdigest(),
        "size": len(JOB),
        "uploaded_by": "ada",
        "note": "first try",
        "hidden": False,
    }
    artifact = {**version, "uploaded_at": uploaded_at, "kind": "code", "name": "job.py", "versions": 1}
    assert done(api.get("/artifacts/code")) == {"items": [artifact], "total": 1}
    assert done(api.get("/artifacts/code/job.py")) == {
        **artifact,
        "history": [{**version, "uploaded_at": uploaded_at}],
        "used_by": {"groups": [], "dags": []},
    }
    name, entry = audit.entries[-1]
    assert (name, entry.event, entry.subject) == ("ada", "artifact.upload", "code artifact job.py")
    assert entry.details == {"version": 1, "sha256": version["sha256"], "size": len(JOB), "note": "first try"}


def test_the_same_content_again_adds_nothing(api: httpx.Client, audit: ListedAudit) -> None:
    first = upload(api, "job.py")
    answer = api.post(f"{UPLOAD}?note=again", content=JOB, headers=bearer("Op", "bob"))
    assert (answer.status_code, done(answer)) == (200, first)
    assert len(audit.entries) == 1
    second = api.post(UPLOAD, content=JOB + b"#")
    assert (second.status_code, done(second)["version"]) == (201, 2)
    third = api.post(UPLOAD, content=JOB)  # the newest counts: this is a way back
    assert (third.status_code, done(third)["version"]) == (201, 3)
    assert [version["version"] for version in done(api.get("/artifacts/code/job.py"))["history"]] == [3, 2, 1]


def test_the_kinds_know_nothing_of_each_other(api: httpx.Client) -> None:
    upload(api, "a.jar", b"code")
    upload(api, "a.jar", b"library", "dependencies")
    problem_of(api.get("/artifacts/code/b.jar"), 404, "NotFound")
    assert (
        done(api.get("/artifacts/dependencies/a.jar"))["sha256"]
        == hashlib.sha256(archived("a.jar", b"library")).hexdigest()
    )
    assert places_of(api.get("/artifacts/jars")) == ["kind"]


@pytest.mark.parametrize("content", [b"\n", b"\x00" * 100, bytes(range(256)) * 40_000], ids=["a byte", "NUL", "10 MB"])
@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_whatever_is_sent_is_what_is_stored(api: httpx.Client, content: bytes, chunked: bool) -> None:
    body = (content[at : at + 100_000] for at in range(0, len(content), 100_000)) if chunked else content
    version = done(api.post(UPLOAD, content=body, headers={"Content-Digest": _digest(content)}))
    assert (version["size"], version["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert api.get(f"{UPLOAD}/1/content").content == content


@pytest.mark.parametrize(
    "header",
    [
        _digest(JOB),
        f"sha-512=:{base64.b64encode(b'x' * 64).decode()}:, {_digest(JOB)}",
        f"{_digest(JOB)},unixsum=:AAAAAA==:",
    ],
)
def test_the_announced_digest_of_the_content_is_taken(api: httpx.Client, header: str) -> None:
    assert api.post(UPLOAD, content=JOB, headers={"Content-Digest": header}).status_code == 201


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha-256",
        "sha-256=",
        "sha-256=::",
        f"sha-256={hashlib.sha256(JOB).hexdigest()}",
        f"sha-256=:{hashlib.sha256(JOB).hexdigest()}:",
        "sha-256=:" + "A" * 44 + ":",  # 33 bytes
        "sha-256=:" + "A" * 42 + "==:",  # 31 bytes
        "sha-256=:" + "=" * 44 + ":",
        "sha-256=:" + "*" * 43 + "=:",
        f"sha-512=:{base64.b64encode(b'x' * 64).decode()}:",
        f"not-{_digest(JOB)}",
    ],
)
def test_a_digest_that_is_none_is_refused(api: httpx.Client, services: Services, header: str) -> None:
    answer = api.post(UPLOAD, content=JOB, headers={"Content-Digest": header})
    assert places_of(answer) == ["Content-Digest"]
    assert_nothing_stored(services)


def test_a_damaged_upload_leaves_nothing(api: httpx.Client, services: Services) -> None:
    answer = api.post(UPLOAD, content=JOB + b"!", headers={"Content-Digest": _digest(JOB)})
    problem = problem_of(answer, 422, "DigestMismatch")
    sent, announced = hashlib.sha256(JOB + b"!").hexdigest(), hashlib.sha256(JOB).hexdigest()
    assert problem["detail"] == (
        f"The sha256 of 'job.py' is {sent}, announced was {announced}: the transfer was damaged. "
        "Nothing was stored; send it again."
    )
    assert_nothing_stored(services)


# --- uploads that break off ---


TRUNCATED = {
    "10 of 1000 bytes": (b"Content-Length: 1000\r\n", b"x" * 10),
    "none of 1000 bytes": (b"Content-Length: 1000\r\n", b""),
    "a chunk without an end": (b"Transfer-Encoding: chunked\r\n", b"3e8\r\nxxxxxxxxxx"),
    "chunks without a last one": (b"Transfer-Encoding: chunked\r\n", b"a\r\nxxxxxxxxxx\r\n"),
}


@pytest.mark.parametrize(("header", "body"), TRUNCATED.values(), ids=TRUNCATED)
def test_an_upload_that_breaks_off_leaves_nothing(
    api: httpx.Client, services: Services, audit: ListedAudit, header: bytes, body: bytes
) -> None:
    with _raw_upload(api, header) as connection:
        connection.sendall(body)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1024):  # until the server has let go of it
            pass
    done(api.get("/version"))
    _wait_until_nothing_is_on_its_way(services)
    assert_nothing_stored(services)
    assert audit.entries == []
    problem_of(api.get("/artifacts/code/job.py"), 404, "NotFound")
    assert upload(api, "job.py")["version"] == 1


def _raw_upload(api: httpx.Client, header: bytes, query: str = "") -> socket.socket:
    address = urlsplit(str(api.base_url))
    assert address.hostname is not None
    connection = socket.create_connection((address.hostname, address.port or 80), timeout=10)
    target = f"POST {address.path.rstrip('/')}{UPLOAD}{query} HTTP/1.1"
    head = f"{target}\r\nHost: {address.netloc}\r\nAuthorization: Bearer ada:Admin\r\n"
    connection.sendall(head.encode() + header + b"\r\n")
    return connection


def _wait_until_nothing_is_on_its_way(services: Services) -> None:
    """The server notices a broken connection in its own time: until its temporary file is gone."""
    blobs: Any = services.blobs
    deadline = time.monotonic() + 10
    incoming = blobs.root / "incoming"  # made by the first byte that is stored
    while incoming.exists() and any(incoming.iterdir()):
        assert time.monotonic() < deadline, "the temporary file is still there"


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: garbage\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 1_0\r\n",
        b"Content-Length: 0x10\r\n",
        b"Content-Length: 10\r\nContent-Length: 11\r\n",
        b"Content-Length: 99999999999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 10\r\n",
    ],
)
def test_a_length_that_is_none_is_refused(api: httpx.Client, services: Services, header: bytes) -> None:
    with _raw_upload(api, header) as connection:
        connection.sendall(b"0123456789")
        answer = connection.recv(1024)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert_nothing_stored(services)


# --- limits ---


@pytest.mark.parametrize("size", [1, LIMIT - 1, LIMIT])
def test_content_up_to_the_limit_is_taken(limited: httpx.Client, size: int) -> None:
    assert upload(limited, "job.py", b"x" * size)["size"] == size


@pytest.mark.parametrize("length", [LIMIT + 1, 10**15])
def test_an_announced_length_above_the_limit_is_refused_before_the_body_comes(
    limited: httpx.Client, services: Services, length: int
) -> None:
    with _raw_upload(limited, f"Content-Length: {length}\r\n".encode()) as connection:
        answer = connection.makefile("rb").read()  # to its end: the connection is closed
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"nothing was stored" in answer
    assert_nothing_stored(services)


@pytest.mark.parametrize("name", ["a.jar", "a.zip", "a.egg", "a.whl"])
@pytest.mark.parametrize("content", [b"P", b"PK", b"no archive", b"# PK\x03\x04"])
def test_what_is_no_archive_is_refused(api: httpx.Client, services: Services, name: str, content: bytes) -> None:
    problem = problem_of(api.post(f"/artifacts/code/{name}/versions", content=content), 422, "InvalidInput")
    assert (
        problem["detail"] == f"{name}: is no {name[1:]} file: it does not begin like a zip archive. Nothing was stored"
    )
    assert_nothing_stored(services)


SCRIPT = b'#!/bin/sh\nexec java -jar "$0" "$@"\n'


def test_an_archive_behind_a_script_is_taken_and_looked_into(api: httpx.Client) -> None:
    content = SCRIPT + zipped({"com/example/Etl.class": b"", "META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\r\n"})
    version = done(api.post("/artifacts/code/etl.jar/versions", content=content))
    assert version["sha256"] == hashlib.sha256(content).hexdigest()
    inside = done(api.get("/artifacts/code/etl.jar/versions/1/inside"))
    assert [member["name"] for member in inside["members"]] == ["META-INF/MANIFEST.MF", "com/example/Etl.class"]


def test_a_script_without_an_archive_is_refused(api: httpx.Client) -> None:
    for content in (SCRIPT, SCRIPT + zipped({"a": b"a"})[:-1]):
        problem = problem_of(api.post("/artifacts/code/etl.jar/versions", content=content), 422, "InvalidInput")
        assert problem["detail"] == (
            "etl.jar: is no .jar file: it begins as a script, and no archive follows (it has no end of a zip archive; "
            "was it cut off?). No version was made"
        )
        problem_of(api.get("/artifacts/code/etl.jar"), 404, "NotFound")
    done(api.post("/artifacts/code/job.py/versions", content=SCRIPT))


@pytest.mark.parametrize("content", [b"PK\x03\x04" + b"x" * 50, b"PK\x05\x06" + bytes(18)])
@pytest.mark.parametrize("step", [1, 3, 100])
def test_an_archive_is_known_however_it_is_cut(api: httpx.Client, content: bytes, step: int) -> None:
    body = (content[at : at + step] for at in range(0, len(content), step))
    version = done(api.post("/artifacts/code/a.jar/versions", content=body))
    assert version["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("name", ["job.py", "a.jar"])
def test_an_empty_file_is_refused(api: httpx.Client, services: Services, name: str) -> None:
    problem = problem_of(api.post(f"/artifacts/code/{name}/versions", content=b""), 422, "InvalidInput")
    assert problem["detail"] == f"{name}: is empty. Nothing was stored"
    assert_nothing_stored(services)


@pytest.mark.parametrize("size", [LIMIT + 1, 20_000_000])
@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_larger_content_is_refused(limited: httpx.Client, services: Services, size: int, chunked: bool) -> None:
    body: bytes | Iterable[bytes] = (b"x" * 1001 for _ in range(size // 1001)) if chunked else b"x" * size
    problem = problem_of(limited.post(UPLOAD, content=body), 413, "BlobTooLarge")
    assert problem["detail"] == (
        "'job.py' is larger than 1,000 bytes, the limit of [couture] max_upload_bytes; nothing was stored."
    )
    assert_nothing_stored(services)


def test_a_large_upload_costs_little_memory(api_process: ApiProcess, tmp_path: Any) -> None:
    size = 300_000_000
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.write(b"PK\x03\x04")
        sparse.truncate(size)
    with connect(api_process.url, bearer("Admin")) as api:
        upload(api, "small.py")
        before = api_process.peak_memory()
        with (tmp_path / "sparse").open("rb") as body:
            assert done(api.post("/artifacts/code/large.py/versions", content=body))["size"] == size
        with api.stream("GET", "/artifacts/code/large.py/versions/1/content") as answer:
            assert sum(len(chunk) for chunk in answer.iter_raw()) == size
    shutil.rmtree(api_process.directory / "blobs")
    assert api_process.peak_memory() - before <= 64 * 1024 * 1024


class FullBlobs:
    """A blob storage whose disk is full."""

    def __init__(self, blobs: FileSystemBlobs) -> None:
        self.root = blobs.root

    def writer(self, name: str) -> AbstractContextManager[BlobWriter]:
        """Fail."""
        raise StorageFull(str(self.root))


def test_a_full_disk_is_told(api: httpx.Client, app: FastAPI, services: Services, blobs: FileSystemBlobs) -> None:
    full: Any = FullBlobs(blobs)
    app.state.services = replace(services, blobs=full)
    problem = problem_of(api.post(UPLOAD, content=JOB), 507, "StorageFull")
    assert problem["detail"] == (
        f"No space is left in the blob storage {blobs.root}. Nothing was stored; "
        "free space or move [couture] blob_root."
    )
    assert_nothing_stored(services)


# --- names ---


@pytest.mark.parametrize("kind", ["code", "dependencies"])
@pytest.mark.parametrize(
    "name",
    [
        "%20",
        "%20%20.jar",
        "a%20b.jar",
        "x" * 300 + ".jar",
        "%2E%2E%5Cx.jar",
        "%252E%252E%252Fx.jar",
        ".hidden.jar",
        "a,b.jar",
        "a%23b.jar",
        "a%0Ab.jar",
        "na%C3%AFve.jar",
        "job",
        "job.exe",
        "job.jar.sh",
    ],
)
def test_names_that_are_refused(api: httpx.Client, services: Services, kind: str, name: str) -> None:
    answer = api.post(f"/artifacts/{kind}/{name}/versions", content=JOB)
    assert places_of(answer) == [{"code": "code_artifact", "dependencies": "dependency"}[kind]]
    assert_nothing_stored(services)


@pytest.mark.parametrize("name", ["..%2Fx.jar", "%2E%2E%2Fx.jar", "%2Fetc%2Fx.jar", "a%2Fb.jar", "a/b.jar"])
def test_directories_are_no_part_of_a_name(api: httpx.Client, services: Services, name: str) -> None:
    problem_of(api.post(f"/artifacts/code/{name}/versions", content=JOB), 404, "")
    assert_nothing_stored(services)


@pytest.mark.parametrize(
    "name", ["a.py", "A.JAR", "my_job-1.2+3@4=(5)~6.whl", "x" * 246 + ".jar", "a.tar.zip", "1.egg"]
)
def test_names_that_are_taken(api: httpx.Client, name: str) -> None:
    assert upload(api, name)["version"] == 1
    assert api.get(f"/artifacts/code/{name}/versions/1/content").content == archived(name, JOB)


def test_what_can_be_known_before_is_told_before_the_body_is_read(api: httpx.Client, services: Services) -> None:
    """The body never comes; the answer does."""
    with _raw_upload(api, b"Content-Length: 1000000\r\n", query="?note=%00") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 422 ")
    assert not (services.blobs.root / "incoming").exists()  # type: ignore[attr-defined]  # it lies in a folder here


def test_an_upload_whose_bytes_are_cleaned_away_at_that_moment_is_to_be_repeated(
    api: httpx.Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = FileSystemWriter.commit

    def commit_and_clean(writer: FileSystemWriter, **announced: Any) -> Blob:
        blob: Blob = commit(writer, **announced)
        services.blobs.delete(blob.sha256)
        return blob

    with monkeypatch.context() as patched:
        patched.setattr(FileSystemWriter, "commit", commit_and_clean)
        problem_of(api.post(UPLOAD, content=JOB), 409, "BlobVanished")
    problem_of(api.get("/artifacts/code/job.py"), 404, "NotFound")
    done(api.post(UPLOAD, content=JOB))


def test_a_note_that_can_not_be_stored_is_refused(api: httpx.Client, services: Services) -> None:
    for note in ("x" * 10_001, "%00"):
        assert places_of(api.post(f"{UPLOAD}?note={note}", content=JOB)) == ["note"]
    assert not any(rows_of(services.database).values())


# --- lists ---


@pytest.fixture
def shelf(api: httpx.Client) -> httpx.Client:
    """The API with three artifacts, of which b.py has two versions and c.py is deleted."""
    for name in ("a_1.py", "b.py", "c.py"):
        upload(api, name)
    upload(api, "b.py", b"second")
    api.delete("/artifacts/code/c.py")
    return api


@pytest.mark.parametrize(
    ("query", "names", "total"),
    [
        ("", ["a_1.py", "b.py"], 2),
        ("hidden=true", ["a_1.py", "b.py", "c.py"], 3),
        ("search=B", ["b.py"], 1),
        ("search=c", [], 0),
        ("search=_", ["a_1.py"], 1),
        ("search=%25", [], 0),
        ("limit=1&offset=1&hidden=true", ["b.py"], 3),
    ],
)
def test_the_list_is_searched_and_paged(shelf: httpx.Client, query: str, names: list[str], total: int) -> None:
    page = done(shelf.get(f"/artifacts/code?{query}"))
    assert ([artifact["name"] for artifact in page["items"]], page["total"]) == (names, total)


def test_the_list_shows_the_newest_version(shelf: httpx.Client) -> None:
    shown = {artifact["name"]: artifact for artifact in done(shelf.get("/artifacts/code?hidden=true"))["items"]}
    assert (shown["b.py"]["version"], shown["b.py"]["versions"]) == (2, 2)
    assert [shown[name]["hidden"] for name in ("b.py", "c.py")] == [False, True]


def test_who_uses_an_artifact_is_told(api: httpx.Client, identity: RoleIdentity) -> None:
    upload(api, "lib.jar", kind="dependencies")
    upload(api, "job.py")
    new_group(api, jars=[{"name": "lib.jar"}])
    new_group(api, "pinned", jars=[{"name": "lib.jar", "version": 1}])
    new_group(api, "other")
    headers = identity.add_task("ti:secret", task("sales"))
    done(api.post("/submissions", json={"language": "python", "code_artifact": "job.py"}, headers=headers))
    used = done(api.get("/artifacts/dependencies/lib.jar"))["used_by"]
    assert (used["groups"], [dag["dag_id"] for dag in used["dags"]]) == (["pinned", "prod"], ["sales"])
    used = done(api.get("/artifacts/code/job.py"))["used_by"]
    assert (used["groups"], [dag["dag_id"] for dag in used["dags"]]) == ([], ["sales"])


def test_an_unknown_artifact_is_told_with_the_nearest(shelf: httpx.Client) -> None:
    problem = problem_of(shelf.get("/artifacts/code/bb.py"), 404, "NotFound")
    assert problem["nearest"] == ["b.py", "a_1.py"]
    assert problem["detail"] == "There is no code artifact 'bb.py'. Did you mean: b.py, a_1.py?"


# --- deletions ---


def test_a_deletion_hides_and_is_taken_back(shelf: httpx.Client, audit: ListedAudit) -> None:
    deleted = done(shelf.get("/artifacts/code/c.py"))
    assert (deleted["hidden"], [version["hidden"] for version in deleted["history"]]) == (True, [True])
    assert shelf.get("/artifacts/code/c.py/versions/1/content").content == JOB  # who used it still reads it
    problem_of(shelf.delete("/artifacts/code/c.py"), 404, "NotFound")
    restored = done(shelf.post("/artifacts/code/c.py/restore"))
    assert (restored["hidden"], restored["version"]) == (False, 1)
    assert [(entry.event, entry.details) for _, entry in audit.entries[-2:]] == [
        ("artifact.delete", {"versions": [1], "force": False}),
        ("artifact.restore", {}),
    ]


def test_one_version_is_deleted_without_the_others(shelf: httpx.Client) -> None:
    assert shelf.delete("/artifacts/code/b.py/versions/2").status_code == 204
    artifact = done(shelf.get("/artifacts/code/b.py"))
    assert (artifact["version"], artifact["hidden"]) == (1, False)
    assert [(v["version"], v["hidden"]) for v in artifact["history"]] == [(2, True), (1, False)]
    problem_of(shelf.delete("/artifacts/code/b.py/versions/2"), 404, "NotFound")


def test_what_is_in_use_is_deleted_only_by_force(api: httpx.Client, identity: RoleIdentity, audit: ListedAudit) -> None:
    upload(api, "lib.jar", kind="dependencies")
    upload(api, "job.py")
    new_group(api, jars=[{"name": "lib.jar"}])
    headers = identity.add_task("ti:secret", task("sales"))
    done(api.post("/submissions", json={"language": "python", "code_artifact": "job.py"}, headers=headers))
    group, dag = {"noun": "group", "name": "prod"}, {"noun": "DAG", "name": "sales"}
    before = len(audit.entries)
    for path, users in (
        ("/artifacts/dependencies/lib.jar", [group, dag]),
        ("/artifacts/dependencies/lib.jar/versions/1", [group, dag]),
        ("/artifacts/code/job.py", [dag]),
        ("/artifacts/code/job.py/versions/1", [dag]),
    ):
        assert problem_of(api.delete(path), 409, "InUse")["users"] == users
    assert len(audit.entries) == before
    assert api.delete("/artifacts/dependencies/lib.jar?force=true").status_code == 204
    assert api.delete("/artifacts/code/job.py/versions/1?force=true").status_code == 204
    assert [entry.details["force"] for _, entry in audit.entries[before:]] == [True, True]


@pytest.mark.parametrize("version", ["0", "-1", "3", "2147483648", "99999999999999999999"])
def test_a_version_that_does_not_exist(shelf: httpx.Client, version: str) -> None:
    path = f"/artifacts/code/b.py/versions/{version}"
    for answer in (shelf.get(f"{path}/content"), shelf.delete(path)):
        problem = problem_of(answer, 404, "NotFound")
        assert problem["detail"].startswith(f"There is no version of code artifact 'b.py' with number '{version}'.")
        assert problem["nearest"] == ["2", "1"]


def test_a_version_that_is_no_number(shelf: httpx.Client) -> None:
    assert places_of(shelf.get("/artifacts/code/b.py/versions/newest/content")) == ["version"]
    assert places_of(shelf.delete("/artifacts/code/b.py/versions/1.5")) == ["version"]
    assert places_of(shelf.delete("/artifacts/code/b.py?force=perhaps")) == ["force"]
