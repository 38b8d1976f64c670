"""Uploads in parts over HTTP: what breaks off goes on, what comes twice counts once, memory stays small."""

from __future__ import annotations

import hashlib
import random
import shutil
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from config_store.blobs.protocol import PIECE_BYTES
from tests.admin_views.calls import (
    bearer,
    begin_upload,
    connect,
    content_digest,
    done,
    places_of,
    problem_of,
    rows_of,
    send_part,
)

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from admin_views.services import Services
    from tests.admin_views.api_process import ApiProcess
    from tests.stand_ins import ListedAudit

UPLOADS = "/artifacts/code/etl.jar/uploads"
CONTENT = b"PK\x03\x04" + random.Random(6).randbytes(2 * PIECE_BYTES + 10)


def begin(api: httpx.Client, **more: Any) -> str:
    """Begin an upload of CONTENT; answers its path."""
    return f"{UPLOADS}/{done(api.post(UPLOADS, json={'size': len(CONTENT), **more}))['id']}"


def test_parts_become_a_version(api: httpx.Client, audit: ListedAudit) -> None:
    answer = api.post(UPLOADS, json={"size": len(CONTENT), "note": "release 1.4"})
    begun = done(answer)
    upload_id, expires_at = begun.pop("id"), begun.pop("expires_at")
    assert (answer.status_code, begun) == (
        201,
        {"size": len(CONTENT), "part_size": PIECE_BYTES, "parts": 3, "received": [], "version": None},
    )
    path = f"{UPLOADS}/{upload_id}"
    for number in (2, 1, 3):
        send_part(api, path, number, CONTENT)
    assert done(api.get(path)) == {**begun, "id": upload_id, "expires_at": expires_at, "received": [1, 2, 3]}
    assert audit.entries == []
    answer = api.post(f"{path}/complete")
    version = done(answer)
    assert (answer.status_code, version["version"], version["note"]) == (201, 1, "release 1.4")
    assert (version["sha256"], version["size"]) == (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert api.get("/artifacts/code/etl.jar/versions/1/content").content == CONTENT
    assert [(name, entry.event, entry.subject) for name, entry in audit.entries] == [
        ("ada", "artifact.upload", "code artifact etl.jar")
    ]


def test_to_complete_again_answers_the_same_version(api: httpx.Client, audit: ListedAudit, services: Services) -> None:
    begun = begin_upload(api, "etl.jar", CONTENT)
    path = f"{UPLOADS}/{begun['id']}"
    first, again = api.post(f"{path}/complete"), api.post(f"{path}/complete")
    assert (first.status_code, again.status_code, done(again)) == (201, 200, done(first))
    assert done(api.get(path))["version"] == 1
    assert len(audit.entries) == 1
    assert [left.name for left in services.blobs.leftovers()] == [f"{begun['id']}.about"]


def test_the_newest_versions_content_again_adds_none(api: httpx.Client) -> None:
    for status in (201, 200):
        begun = begin_upload(api, "etl.jar", CONTENT)
        answer = api.post(f"{UPLOADS}/{begun['id']}/complete")
        assert (answer.status_code, done(answer)["version"]) == (status, 1)


def test_missing_parts_are_named(api: httpx.Client, services: Services) -> None:
    path = begin(api)
    send_part(api, path, 2, CONTENT)
    answer = api.post(f"{path}/complete")
    assert places_of(answer) == ["parts"]
    assert "2 of 3 are missing: 1, 3; send them, then complete again" in answer.text
    assert not any(rows_of(services.database).values())


def test_a_part_that_breaks_off_leaves_nothing_and_the_upload_goes_on(api: httpx.Client) -> None:
    path = begin(api)
    address = urlsplit(str(api.base_url))
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 80), timeout=10) as connection:
        head = f"PUT {address.path.rstrip('/')}{path}/parts/1 HTTP/1.1\r\nHost: {address.netloc}\r\n"
        digest = content_digest(CONTENT[:PIECE_BYTES])
        more = f"Authorization: Bearer ada:Admin\r\nContent-Digest: {digest}\r\nContent-Length: {PIECE_BYTES}\r\n\r\n"
        connection.sendall((head + more).encode() + CONTENT[: PIECE_BYTES // 2])
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1024):
            pass
    assert done(api.get(path))["received"] == []
    for number in (1, 2, 3):
        send_part(api, path, number, CONTENT)
    assert done(api.post(f"{path}/complete"))["sha256"] == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    ("headers", "content", "name", "told"),
    [
        ({}, b"x", "InvalidInput", "is missing: a part says its digest, sha-256=:<base64 of 32 bytes>:"),
        ({"Content-Digest": "md5=:x:"}, b"x", "InvalidInput", "is not of the form sha-256="),
        ({"Content-Digest": content_digest(b"y")}, b"x" * PIECE_BYTES, "DigestMismatch", "the transfer was damaged"),
        ({"Content-Digest": content_digest(b"x")}, b"x", "Truncated", "ended after 1 of 8,388,608 bytes"),
    ],
)
def test_a_part_that_is_not_what_it_should_be_is_refused(
    api: httpx.Client, headers: dict[str, str], content: bytes, name: str, told: str
) -> None:
    path = begin(api)
    answer = api.put(f"{path}/parts/1", content=content, headers=headers)
    problem_of(answer, 422, name)
    assert told in answer.text
    assert done(api.get(path))["received"] == []


def test_a_part_that_is_too_large_is_refused_before_it_is_read(api: httpx.Client) -> None:
    path = begin(api)
    large = b"x" * (PIECE_BYTES + 1)
    answer = api.put(f"{path}/parts/1", content=large, headers={"Content-Digest": content_digest(large)})
    assert problem_of(answer, 413, "TooLarge")["detail"] == (
        "The body is larger than 8,388,608 bytes, the limit of this route; nothing was stored."
    )


@pytest.mark.parametrize(
    ("path", "body", "status", "name"),
    [
        ("/artifacts/code/etl.exe/uploads", {"size": 1}, 422, "InvalidInput"),
        ("/artifacts/code/etl.jar/uploads", {"size": 0}, 422, "InvalidInput"),
        ("/artifacts/code/etl.jar/uploads", {"size": 2**70}, 422, "InvalidInput"),
        ("/artifacts/code/etl.jar/uploads", {"size": 10**12}, 413, "BlobTooLarge"),
        ("/artifacts/code/etl.jar/uploads", {"size": 1, "note": "x" * 100_000}, 422, "InvalidInput"),
        ("/artifacts/code/etl.jar/uploads", {"size": 1, "sha256": "x"}, 422, "InvalidInput"),
    ],
)
def test_before_the_first_byte_it_is_known_whether_it_may_come(
    api: httpx.Client, services: Services, path: str, body: dict[str, Any], status: int, name: str
) -> None:
    problem_of(api.post(path, json=body), status, name)
    assert list(services.blobs.leftovers()) == []


def test_the_limit_is_that_of_all_uploads(api: httpx.Client, app: FastAPI, services: Services) -> None:
    app.state.services = replace(services, max_upload_bytes=1000)
    assert api.post(UPLOADS, json={"size": 1000}).status_code == 201
    problem_of(api.post(UPLOADS, json={"size": 1001}), 413, "BlobTooLarge")


def test_a_cancelled_upload_is_gone(api: httpx.Client, services: Services) -> None:
    path = begin(api)
    send_part(api, path, 1, CONTENT)
    assert api.delete(path).status_code == 204
    problem_of(api.get(path), 404, "NotFound")
    part = CONTENT[:PIECE_BYTES]
    answer = api.put(f"{path}/parts/1", content=part, headers={"Content-Digest": content_digest(part)})
    problem_of(answer, 404, "NotFound")
    assert list(services.blobs.leftovers()) == []


def test_who_may_upload_code_may_not_upload_dependencies(api: httpx.Client) -> None:
    developer = bearer("Couture Developer", "dev")
    assert api.post(UPLOADS, json={"size": 1}, headers=developer).status_code == 201
    refused = api.post("/artifacts/dependencies/etl.jar/uploads", json={"size": 1}, headers=developer)
    assert problem_of(refused, 403, "Forbidden")["resource"] == "Couture Dependencies"
    problem_of(api.post(UPLOADS, json={"size": 1}, headers=bearer("Viewer")), 403, "Forbidden")


def test_a_large_upload_in_parts_costs_little_memory(api_process: ApiProcess) -> None:
    size = 40 * PIECE_BYTES  # what it costs does not grow with it
    first, other = b"# code\n" + bytes(PIECE_BYTES - 7), bytes(PIECE_BYTES)
    with connect(api_process.url, bearer("Admin")) as api:
        begin_upload(api, "small-parts.py", b"print()")
        before = api_process.peak_memory()
        uploads = "/artifacts/code/parts.py/uploads"
        path = f"{uploads}/{done(api.post(uploads, json={'size': size}))['id']}"
        for number in range(1, 41):
            part = first if number == 1 else other
            digest = {"Content-Digest": content_digest(part)}
            done(api.put(f"{path}/parts/{number}", content=part, headers=digest, timeout=300))
        assert done(api.post(f"{path}/complete", timeout=300))["size"] == size  # a copy, on whatever disk
    shutil.rmtree(api_process.directory / "blobs")
    assert api_process.peak_memory() - before <= 64 * 1024 * 1024
