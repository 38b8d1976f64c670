"""Archives behind a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store.blobs.file_system import FileSystemBlobs
from config_store.errors import InvalidInput
from config_store.script_front import check_behind_script, script_fault
from tests.config_store.archives import zipped

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = b'#!/bin/sh\nexec java -jar "$0"\n'
ARCHIVE = zipped({"a.txt": b"hello"})


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("etl.jar", SCRIPT + ARCHIVE, None),
        ("etl.JAR", ARCHIVE, None),
        ("job.py", SCRIPT, None),
        (
            "etl.zip",
            SCRIPT,
            "is no .zip file: it begins as a script, and no archive follows (it has no end of a zip archive; was it "
            "cut off?)",
        ),
    ],
)
def test_what_stands_behind_a_script(tmp_path: Path, name: str, content: bytes, told: str | None) -> None:
    blobs = FileSystemBlobs(tmp_path)
    with blobs.writer(name) as writer:
        writer.write(content)
        sha256 = writer.commit().sha256
    assert script_fault(blobs, name, sha256) == told
    if told is None:
        check_behind_script(blobs, name, sha256)
    else:
        with pytest.raises(InvalidInput) as refused:
            check_behind_script(blobs, name, sha256)
        assert str(refused.value) == f"{name}: {told}. No version was made"
