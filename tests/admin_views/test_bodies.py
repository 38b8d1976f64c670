"""Bodies that come and go in pieces: limits on what is read, downloads with ranges."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from config_store.artifacts import ArtifactKind, add_version
from tests.admin_views.calls import bearer, connect, done, new_group, problem_of, save_file, upload, upon

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from admin_views.services import Services
    from config_store.blobs.file_system import FileSystemBlobs
    from tests.admin_views.api_process import ApiProcess

JSON = {"Content-Type": "application/json"}
MAX_JSON = 4_000_000
CONTENT = b"0123456789"
PATH = "/artifacts/code/digits.py/versions/1/content"
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


def _json_of(size: int) -> bytes:
    """A JSON object of so many bytes."""
    frame = b'{"name": "x", "note": ""}'
    return frame[:-2] + b"x" * (size - len(frame)) + frame[-2:]


def _pieces(body: bytes) -> Iterator[bytes]:
    """The body for a chunked transfer: nobody knows its length beforehand."""
    for at in range(0, len(body), 1_000_000):
        yield body[at : at + 1_000_000]


# --- JSON ---


JSON_ROUTES = [
    ("POST", "/groups"),
    ("PATCH", "/groups/prod"),
    ("PUT", "/groups/prod/content"),
    # groups whose names are those of routes that stream
    ("PUT", "/groups/hadoop/content"),
    ("PATCH", "/groups/kerberos/content"),
    ("POST", "/groups/hadoop/rollback"),
    ("POST", "/submissions"),
    ("POST", "/submissions/some-id/reports"),
    ("POST", "/previews"),
]


@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
def test_json_above_the_limit_is_refused_whoever_sends_it(api: httpx.Client, method: str, path: str) -> None:
    new_group(api, "hadoop")
    new_group(api, "kerberos")
    body = _json_of(MAX_JSON + 1)
    for content in (body, _pieces(body)):
        with connect(str(api.base_url)) as nobody:
            answer = nobody.request(method, path, content=content, headers=JSON)
        problem = problem_of(answer, 413, "TooLarge")
        assert problem["title"] == "Too large"
        assert problem["detail"] == (
            "The body is larger than 4,000,000 bytes, the limit of this route; nothing was stored."
        )
        assert answer.headers["Connection"] == "close"  # the rest of it is not read


def test_json_up_to_the_limit_is_read(api: httpx.Client) -> None:
    answer = api.post("/groups", content=_json_of(MAX_JSON), headers=JSON)
    assert [fault["where"] for fault in problem_of(answer, 422, "InvalidInput")["errors"]] == ["note"]


def test_an_endless_json_body_costs_little_memory(api_process: ApiProcess) -> None:
    with connect(api_process.url) as nobody:
        problem_of(nobody.post("/groups", json={"name": "x"}), 401, "Unauthenticated")
        before = api_process.peak_memory()
        endless = (b"x" * 1_000_000 for _ in range(1_000))
        for path in ("/groups", "/groups/hadoop/content"):
            answer = nobody.request("POST" if path == "/groups" else "PUT", path, content=endless, headers=JSON)
            problem_of(answer, 413, "TooLarge")
    assert api_process.peak_memory() - before <= 96 * 1024 * 1024


# --- files of a group ---


@pytest.mark.parametrize(
    ("file", "limit"),
    [("hadoop/core-site.xml", 20_000_000), ("kerberos/keytab", 1_000_000), ("kerberos/krb5.conf", 1_000_000)],
)
def test_a_file_above_its_limit_is_refused(api: httpx.Client, blobs: FileSystemBlobs, file: str, limit: int) -> None:
    new_group(api)
    body = b"\x05" + b"x" * limit
    for content in (body, _pieces(body)):
        answer = api.put(f"/groups/prod/{file}", content=content, headers=upon(1))
        problem = problem_of(answer, 413, "TooLarge")
        assert problem["detail"] == (
            f"The body is larger than {limit:,} bytes, the limit of this route; nothing was stored."
        )
    assert done(api.get("/groups/prod"))["revision"] == 1
    assert list(blobs) == []


def test_files_up_to_their_limits_are_taken(api: httpx.Client) -> None:
    new_group(api)
    for revision, (file, first) in enumerate((("keytab", b"\x05"), ("krb5.conf", b"[")), start=1):
        saved = save_file(api, "prod", revision, first.ljust(1_000_000, b"x"), f"kerberos/{file}")
        assert saved["content"][file.replace(".", "_")]["size"] == 1_000_000
    site = b"<configuration>" + b" " * (20_000_000 - 31) + b"</configuration>"
    assert save_file(api, "prod", 3, site)["content"]["hadoop_files"][0]["size"] == 20_000_000


# --- downloads ---


@pytest.fixture
def digits(api: httpx.Client) -> httpx.Client:
    """The API with an artifact of ten digits."""
    upload(api, "digits.py", CONTENT)
    return api


def test_a_download_is_whole(digits: httpx.Client) -> None:
    answer = digits.get(PATH)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    shown = {name: value for name, value in answer.headers.items() if name not in ("date", "server")}
    assert shown == {
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": 'attachment; filename="digits.py"',
        "content-encoding": "identity",
        "content-length": "10",
        "content-type": "application/octet-stream",
        "etag": ETAG,
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize(
    ("asked", "content", "span"),
    [
        ("bytes=0-0", b"0", "0-0"),
        ("bytes=0-", CONTENT, "0-9"),
        ("bytes=5-", b"56789", "5-9"),
        ("bytes=9-9", b"9", "9-9"),
        ("bytes=2-4", b"234", "2-4"),
        ("bytes=8-100", b"89", "8-9"),
        ("bytes=-3", b"789", "7-9"),
        ("bytes=-10", CONTENT, "0-9"),
        ("bytes=-100", CONTENT, "0-9"),
        ("bytes=007-0008", b"78", "7-8"),
        ("bytes=9-" + "9" * 18, b"9", "9-9"),
    ],
)
def test_a_range_is_answered_with_that_part(digits: httpx.Client, asked: str, content: bytes, span: str) -> None:
    answer = digits.get(PATH, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["Content-Range"] == f"bytes {span}/10"
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["ETag"] == ETAG


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=x-y",
        "bytes=0-1,3-4",
        "bytes=0-0,-1",
        "bytes=--3",
        "bytes=0x0-0x1",
        "bytes= 0-0",
        "items=0-0",
        "0-0",
        "garbage",
        "bytes=0-" + "9" * 5000,
        "bytes=-" + "9" * 5000,
        "bytes=" + "9" * 5000 + "-",
    ],
    ids=lambda asked: asked[:20],
)
def test_ranges_that_are_several_or_none_are_answered_whole(digits: httpx.Client, asked: str) -> None:
    answer = digits.get(PATH, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert "Content-Range" not in answer.headers


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=999999999999999999-", "bytes=5-3", "bytes=-0"])
def test_a_range_outside_the_content_is_refused(digits: httpx.Client, asked: str) -> None:
    answer = digits.get(PATH, headers={"Range": asked})
    problem = problem_of(answer, 416, "RangeNotSatisfiable")
    assert problem["detail"] == "The range lies outside the 10 bytes of the content."
    assert answer.headers["Content-Range"] == "bytes */10"


def test_an_empty_file(digits: httpx.Client, services: Services) -> None:
    """Uploads of none are refused; a store may hold one from before."""
    with services.blobs.writer("empty.py") as writer:
        blob = writer.commit()
    with services.database.writing() as session:
        add_version(session, ArtifactKind.CODE, "empty.py", blob, author="ada")
    path = PATH.replace("digits", "empty")
    answer = digits.get(path)
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")
    for asked in ("bytes=0-0", "bytes=0-", "bytes=-1"):
        answer = digits.get(path, headers={"Range": asked})
        problem_of(answer, 416, "RangeNotSatisfiable")
        assert answer.headers["Content-Range"] == "bytes */0"


@pytest.mark.parametrize(
    ("condition", "status", "content"),
    [
        (ETAG, 206, b"5"),
        ('"of another content"', 200, CONTENT),
        (f"W/{ETAG}", 200, CONTENT),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 200, CONTENT),
    ],
)
def test_a_part_is_given_only_of_the_content_that_the_caller_holds_the_rest_of(
    digits: httpx.Client, condition: str, status: int, content: bytes
) -> None:
    answer = digits.get(PATH, headers={"Range": "bytes=5-5", "If-Range": condition})
    assert (answer.status_code, answer.content) == (status, content)


def test_an_interrupted_download_is_put_together_from_parts(digits: httpx.Client) -> None:
    content = bytes(range(256)) * 20_000
    upload(digits, "large.py", content)
    path, parts = "/artifacts/code/large.py/versions/1/content", b""
    while len(parts) < len(content):
        answer = digits.get(path, headers={"Range": f"bytes={len(parts)}-{len(parts) + 1_999_999}"})
        assert answer.status_code == 206
        parts += answer.content
    assert parts == content


def test_a_reader_who_goes_away_leaves_the_server_well(digits: httpx.Client, api_url: str) -> None:
    upload(digits, "large.py", b"x" * 30_000_000)
    path = "/artifacts/code/large.py/versions/1/content"
    for _ in range(5):
        with connect(api_url, bearer("Admin")) as reader, reader.stream("GET", path) as answer:
            assert next(answer.iter_raw(1000)) == b"x" * 1000
    assert digits.get(PATH).content == CONTENT


def test_content_that_is_lost_is_told(digits: httpx.Client, blobs: FileSystemBlobs) -> None:
    blobs.delete(hashlib.sha256(CONTENT).hexdigest())
    ranges: list[dict[str, Any]] = [{}, {"Range": "bytes=0-0"}]
    for headers in ranges:
        problem_of(digits.get(PATH, headers=headers), 500, "BlobMissing")
