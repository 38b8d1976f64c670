"""Artifacts: listed, uploaded, downloaded, deleted, restored."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from couture_ops.cli.artifacts import find_version
from couture_ops.cli.errors import UnknownVersionError
from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import StoreServer, problem

MakeFile = Callable[[str, bytes], Path]
JOB = b"print('ratings')\r\n\x00\xff"
SHA256 = hashlib.sha256(JOB).hexdigest()


@pytest.fixture
def ratings(server: StoreServer) -> StoreServer:
    """A store with ratings.py in versions 1 and 2."""
    server.store.bytes_of[SHA256] = JOB
    server.store.add_version("code", "ratings.py", hashlib.sha256(b"old").hexdigest(), 3, "first")
    server.store.add_version("code", "ratings.py", SHA256, len(JOB), "second")
    server.store.bytes_of[hashlib.sha256(b"old").hexdigest()] = b"old"
    return server


def test_list_of_both_kinds(couture: Couture, ratings: StoreServer) -> None:
    ratings.store.add_version("dependencies", "delta.jar", "00", 2_345_678)
    assert couture.ok("artifacts") == (
        "KIND          NAME        NEWEST  SIZE    UPLOADED                 BY    NOTE\n"
        "code          ratings.py  2       20 B    2026-03-01 12:00:05 UTC  anna  second\n"
        "dependencies  delta.jar   1       2.3 MB  2026-03-01 12:00:05 UTC  anna\n"
    )
    assert ratings.lines() == ["GET /artifacts/code", "GET /artifacts/dependencies"]
    assert ratings.asked[0].query == {"limit": "50", "offset": "0"}


def test_list_of_one_kind(couture: Couture, ratings: StoreServer) -> None:
    answer = couture.ok("artifacts", "list", "code", "--hidden", "--search", "rat", "--output", "json")
    assert json.loads(answer) == {"items": [ratings.store.artifact("code", "ratings.py")], "total": 1}
    assert ratings.lines() == ["GET /artifacts/code"]
    assert ratings.asked[0].query == {"search": "rat", "hidden": "true", "limit": "50", "offset": "0"}


def test_show(couture: Couture, ratings: StoreServer) -> None:
    ratings.store.artifacts["code", "ratings.py"][1]["hidden"] = True
    old = hashlib.sha256(b"old").hexdigest()
    assert couture.ok("artifacts", "show", "code", "ratings.py") == (
        "Artifact  ratings.py (code)\n"
        "Newest    2\n"
        f"SHA256    {SHA256}\n"
        "Groups    prod\n"
        "\n"
        "Versions\n"
        "VERSION  SIZE  UPLOADED                 BY    HIDDEN  NOTE    SHA256\n"
        f"2        20 B  2026-03-01 12:00:05 UTC  anna          second  {SHA256}\n"
        f"1        3 B   2026-03-01 12:00:05 UTC  anna  yes     first   {old}\n"
        "\n"
        "DAGs\n"
        "DAG          LAST USED\n"
        "ratings_dag  2026-03-01 12:00:05 UTC\n"
    )
    assert couture.error("artifacts", "show", "code", "rating.py") == (
        "Error: Not found: There is no artifact 'rating.py'.\n"
    )


def test_upload(couture: Couture, server: StoreServer, make_file: MakeFile) -> None:
    make_file("ratings.py", JOB)
    assert couture.ok("artifacts", "upload", "code", "ratings.py", "--note", "first") == (
        f"Uploaded ratings.py version 1 (20 B, sha256 {SHA256}).\n"
    )
    assert couture.ok("artifacts", "upload", "code", "ratings.py") == (
        "ratings.py version 1 has the same content: nothing new was stored.\n"
    )
    assert server.lines() == ["POST /artifacts/code/ratings.py/versions"] * 2
    asked = server.asked[0]
    assert (asked.query, asked.body) == ({"note": "first"}, JOB)
    assert asked.headers["Content-Length"] == "20"
    assert asked.headers["Content-Digest"] == (f"sha-256=:{base64.b64encode(hashlib.sha256(JOB).digest()).decode()}:")
    assert "Transfer-Encoding" not in asked.headers


def test_upload_under_another_name(couture: Couture, server: StoreServer, make_file: MakeFile) -> None:
    make_file("ratings-1.4.jar", b"PK")
    make_file("b.jar", b"")
    answer = couture.ok("artifacts", "upload", "code", "ratings-1.4.jar", "--name", "ratings.jar", "--output", "json")
    assert json.loads(answer) == {
        "items": [
            {
                "kind": "code",
                "name": "ratings.jar",
                "version": 1,
                "sha256": hashlib.sha256(b"PK").hexdigest(),
                "size": 2,
                "uploaded_by": "anna",
                "uploaded_at": "2026-03-01T12:00:05Z",
                "note": "",
                "hidden": False,
                "stored": True,
            }
        ],
        "total": 1,
    }
    assert server.lines() == ["POST /artifacts/code/ratings.jar/versions"]
    refusal = couture.error("artifacts", "upload", "code", "ratings-1.4.jar", "b.jar", "--name", "ratings.jar", code=2)
    assert refusal.endswith("Error: --name names one artifact: give one file.\n")


def test_upload_of_several(couture: Couture, server: StoreServer, make_file: MakeFile) -> None:
    make_file("a.jar", b"")
    make_file("b.jar", b"b")
    answer = couture.ok("artifacts", "upload", "dependencies", "a.jar", "b.jar")
    assert [line.partition(" (")[0] for line in answer.splitlines()] == [
        "Uploaded a.jar version 1",
        "Uploaded b.jar version 1",
    ]
    assert [asked.body for asked in server.asked] == [b"", b"b"]


def test_upload_that_is_refused(couture: Couture, server: StoreServer, make_file: MakeFile) -> None:
    make_file("a.jar", b"PK")
    server.answers["POST /artifacts/code/a.jar/versions"] = problem(413, "Too large", "At most 1 byte.")
    assert couture.error("artifacts", "upload", "code", "a.jar") == "Error: Too large: At most 1 byte.\n"


def test_download_of_the_newest(couture: Couture, ratings: StoreServer) -> None:
    assert couture.ok("artifacts", "download", "code", "ratings.py") == (
        "Downloaded ratings.py version 2 to ratings.py (20 B).\n"
    )
    assert (couture.folder / "ratings.py").read_bytes() == JOB
    assert ratings.lines() == [
        "GET /artifacts/code/ratings.py",
        "GET /artifacts/code/ratings.py/versions/2/content",
    ]


def test_download_of_a_version_to_a_place(couture: Couture, ratings: StoreServer) -> None:
    (couture.folder / "jobs").mkdir()
    couture.ok("artifacts", "download", "code", "ratings.py", "--version", "1", "-o", "jobs")
    assert (couture.folder / "jobs" / "ratings.py").read_bytes() == b"old"
    answer = couture.ok("artifacts", "download", "code", "ratings.py", "-o", "new.py", "--output", "json")
    assert json.loads(answer) == {
        "kind": "code",
        "name": "ratings.py",
        **ratings.store.artifacts["code", "ratings.py"][0],
        "file": "new.py",
    }
    assert couture.ok("artifacts", "download", "code", "ratings.py", "--version", "1", "-o", "-") == "old"


def test_download_of_a_version_that_is_not_there(couture: Couture, ratings: StoreServer) -> None:
    assert couture.error("artifacts", "download", "code", "ratings.py", "--version", "7") == (
        "Error: 'ratings.py' has no version 7. It has: 2, 1\n"
    )
    assert ratings.lines() == ["GET /artifacts/code/ratings.py"]


def test_finding_a_version() -> None:
    artifact = {
        "name": "a.py",
        "version": 2,
        "history": [{"version": 2, "size": 1}, {"version": 1, "size": 0}],
    }
    assert find_version(artifact, None) == {"version": 2, "size": 1}
    assert find_version(artifact, 1) == {"version": 1, "size": 0}
    with pytest.raises(UnknownVersionError, match=r"^'a\.py' has no version 3\. It has: 2, 1$"):
        find_version(artifact, 3)


def test_delete(couture: Couture, ratings: StoreServer) -> None:
    assert couture.ok("artifacts", "delete", "code", "ratings.py", "--yes") == "Deleted ratings.py.\n"
    assert couture.ok("artifacts", "delete", "code", "ratings.py", "--version", "1", "--force", "--yes") == (
        "Deleted ratings.py version 1.\n"
    )
    assert [(asked.line, asked.query) for asked in ratings.asked] == [
        ("DELETE /artifacts/code/ratings.py", {}),
        ("DELETE /artifacts/code/ratings.py/versions/1", {"force": "true"}),
    ]


def test_delete_asks(couture: Couture, ratings: StoreServer) -> None:
    session = couture.at_terminal(
        *("artifacts", "delete", "code", "ratings.py", "--version", "1"),
        typed=[("Delete ratings.py version 1? [y/N]: ", "\n")],
    )
    assert (session.returncode, ratings.asked) == (1, [])


def test_delete_of_what_is_used(couture: Couture, ratings: StoreServer) -> None:
    users = [{"noun": "group", "name": "prod"}, {"noun": "DAG", "name": "ratings_dag"}]
    ratings.answers["DELETE /artifacts/code/ratings.py"] = problem(409, "In use", users=users)
    assert couture.error("artifacts", "delete", "code", "ratings.py", "--yes") == (
        "Error: In use\n  group prod\n  DAG ratings_dag\n  --force deletes it all the same.\n"
    )


def test_restore(couture: Couture, ratings: StoreServer) -> None:
    assert couture.ok("artifacts", "restore", "code", "ratings.py") == "Restored ratings.py, newest version 2.\n"
    assert ratings.lines() == ["POST /artifacts/code/ratings.py/restore"]
