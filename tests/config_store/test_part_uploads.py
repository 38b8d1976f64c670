"""Uploads in parts: nothing that can't be is begun, parts come in any order and again, the whole is what was sent."""

from __future__ import annotations

import hashlib
import json
import random
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from config_store import part_uploads
from config_store.artifacts import ArtifactKind
from config_store.blobs.protocol import PIECE_BYTES
from config_store.errors import BlobTooLarge, DigestMismatch, InvalidInput, NotFound, Truncated
from config_store.part_uploads import PartUpload

if TYPE_CHECKING:
    from config_store.blobs.file_system import FileSystemBlobs

CODE = ArtifactKind.CODE
LIMIT = 100_000_000
CONTENT = b"PK\x03\x04" + random.Random(14).randbytes(2 * PIECE_BYTES)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def begin(blobs: FileSystemBlobs, content: bytes = CONTENT, name: str = "etl.jar", **more: Any) -> PartUpload:
    return part_uploads.begin_upload(blobs, CODE, name, len(content), limit=LIMIT, **more)


def send(blobs: FileSystemBlobs, upload: PartUpload, number: int, content: bytes = CONTENT) -> None:
    part = content[(number - 1) * PIECE_BYTES : number * PIECE_BYTES]
    part_uploads.put_part(blobs, upload, number, part, digest(part))


def find(blobs: FileSystemBlobs, upload: PartUpload) -> PartUpload:
    return part_uploads.find_upload(blobs, upload.kind, upload.name, upload.id)


def test_parts_in_any_order_and_again_are_the_whole(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs, note="why", sha256=digest(CONTENT))
    assert (upload.parts, [upload.size_of(n) for n in (1, 2, 3)]) == (3, [PIECE_BYTES, PIECE_BYTES, 4])
    for number in (3, 1, 1, 2):
        send(blobs, upload, number)
    assert find(blobs, upload) == upload
    blob = part_uploads.put_together(blobs, upload)
    assert (blob.sha256, blob.size) == (digest(CONTENT), len(CONTENT))
    with blobs.open(blob.sha256) as stored:
        assert stored.read() == CONTENT


def test_what_is_there_is_told_for_who_goes_on(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs)
    send(blobs, upload, 3)
    send(blobs, upload, 1)
    assert part_uploads.received_parts(blobs, upload) == [1, 3]
    with pytest.raises(InvalidInput, match="parts: 1 of 3 are missing: 2; send them, then complete again"):
        part_uploads.put_together(blobs, upload)
    assert list(blobs) == []


def test_of_many_missing_parts_some_are_named(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs, b"x" * (PIECE_BYTES * 11 + 1), "job.py")
    with pytest.raises(InvalidInput, match=re.escape("12 of 12 are missing: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 …;")):
        part_uploads.put_together(blobs, upload)


@pytest.mark.parametrize(
    ("name", "size", "more", "told"),
    [
        ("job.exe", 1, {}, "code_artifact: 'job.exe' must end with .jar or .py or .zip or .egg or .whl"),
        ("../job.py", 1, {}, "code_artifact: '../job.py' is refused: a name consists of"),
        ("job.py", 0, {}, "job.py: is empty. Nothing was stored"),
        ("job.py", 1, {"note": "x" * 10_001}, "note: "),
        ("job.py", 1, {"sha256": "abc"}, "sha256: 'abc' is no digest of 64 digits of 0-9 and a-f"),
    ],
)
def test_what_no_bytes_could_make_right_is_not_begun(
    blobs: FileSystemBlobs, name: str, size: int, more: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidInput, match=re.escape(told)):
        part_uploads.begin_upload(blobs, CODE, name, size, limit=LIMIT, **more)
    assert not blobs.root.exists()


def test_a_size_above_the_limit_is_not_begun(blobs: FileSystemBlobs) -> None:
    with pytest.raises(BlobTooLarge, match=r"'job.py' is larger than 100,000,000 bytes"):
        part_uploads.begin_upload(blobs, CODE, "job.py", LIMIT + 1, limit=LIMIT)
    assert not blobs.root.exists()


def test_a_part_is_of_its_size_and_digest_or_it_is_none(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs)
    part = CONTENT[:PIECE_BYTES]
    with pytest.raises(Truncated, match=r"'etl.jar \(part 1\)' ended after 10 of 8,388,608 bytes"):
        part_uploads.put_part(blobs, upload, 1, part[:10], digest(part))
    with pytest.raises(InvalidInput, match="body: has 8,388,609 bytes, part 1 has 8,388,608"):
        part_uploads.put_part(blobs, upload, 1, part + b"x", digest(part))
    with pytest.raises(DigestMismatch, match=r"The sha256 of 'etl.jar \(part 1\)' is "):
        part_uploads.put_part(blobs, upload, 1, part, digest(b"other"))
    assert part_uploads.received_parts(blobs, upload) == []


@pytest.mark.parametrize("number", [0, -1, 4, 10**20])
def test_a_part_that_is_none_of_them_is_refused(blobs: FileSystemBlobs, number: int) -> None:
    with pytest.raises(InvalidInput, match=f"number: {number} is none of the 3 parts"):
        part_uploads.put_part(blobs, begin(blobs), number, b"x", digest(b"x"))


def test_the_first_part_shows_whether_it_can_be_of_its_kind(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs, b"print()")
    with pytest.raises(InvalidInput, match=r"etl.jar: is no .jar file: it does not begin like a zip archive"):
        send(blobs, upload, 1, b"print()")
    assert part_uploads.received_parts(blobs, upload) == []


def test_the_whole_is_what_was_announced_or_nothing(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs, b"print()", "job.py", sha256=digest(b"other"))
    send(blobs, upload, 1, b"print()")
    with pytest.raises(DigestMismatch):
        part_uploads.put_together(blobs, upload)
    assert list(blobs) == []
    assert part_uploads.received_parts(blobs, upload) == [1]


def test_a_part_that_a_dying_server_wrote_in_part_is_asked_for_again(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs)
    send(blobs, upload, 1)
    blobs.put_piece(upload.piece(1), CONTENT[:100])
    assert part_uploads.received_parts(blobs, upload) == []


def test_what_a_dying_server_wrote_of_its_beginning_is_no_upload(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs)
    blobs.put_piece(upload.piece("about"), b'{"kind": "co')
    with pytest.raises(NotFound):
        find(blobs, upload)


def test_it_became_a_version_and_its_parts_are_gone(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs)
    for number in (1, 2, 3):
        send(blobs, upload, number)
    part_uploads.finish_upload(blobs, upload, 7)
    found = find(blobs, upload)
    assert (found.version, part_uploads.received_parts(blobs, found)) == (7, [1, 2, 3])
    assert list(blobs.pieces(upload.id)) == [upload.piece("about")]
    with pytest.raises(InvalidInput, match="upload: is complete: it became version 7"):
        send(blobs, found, 1)


def test_a_cancelled_upload_leaves_nothing(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs)
    send(blobs, upload, 1)
    part_uploads.cancel_upload(blobs, upload)
    assert list(blobs.leftovers()) == []
    with pytest.raises(NotFound):
        find(blobs, upload)


def test_after_a_day_it_is_no_more(blobs: FileSystemBlobs) -> None:
    upload = begin(blobs)
    about = json.loads(blobs.read_piece(upload.piece("about")) or b"")
    for age, is_there in ((timedelta(hours=23), True), (timedelta(hours=25), False)):
        about["begun_at"] = (datetime.now(UTC) - age).isoformat()
        blobs.put_piece(upload.piece("about"), json.dumps(about).encode())
        if is_there:
            assert find(blobs, upload).expires_at > datetime.now(UTC)
        else:
            with pytest.raises(NotFound, match=re.escape("There is no unfinished upload of code artifact 'etl.jar', ")):
                find(blobs, upload)


@pytest.mark.parametrize(
    ("kind", "name"), [(ArtifactKind.DEPENDENCY, "etl.jar"), (CODE, "other.jar")], ids=["another kind", "another name"]
)
def test_it_goes_on_under_its_own_name_alone(blobs: FileSystemBlobs, kind: ArtifactKind, name: str) -> None:
    upload = begin(blobs)
    with pytest.raises(NotFound):
        part_uploads.find_upload(blobs, kind, name, upload.id)


@pytest.mark.parametrize("upload_id", ["", "x", "../" * 10 + "ab", "a" * 32, "a" * 32 + "\n", "A" * 32, "\x00"])
def test_an_id_that_nobody_was_given_is_told(blobs: FileSystemBlobs, upload_id: str) -> None:
    with pytest.raises(NotFound):
        part_uploads.find_upload(blobs, CODE, "etl.jar", upload_id)
