"""From two settings to a storage: what is understood, and what is refused with which words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config_store.blobs.file_system import FileSystemBlobs
from config_store.blobs.opening import WAYS, open_blobs
from config_store.blobs.remote import RemoteBlobs
from config_store.blobs.uploads import Way
from config_store.errors import StorageMisconfigured
from tests.config_store.blobs.test_contract import ABC, content, keep


@pytest.mark.parametrize(
    ("blob_root", "folder"),
    [("/srv/blobs", "/srv/blobs"), ("file:///srv/blobs", "/srv/blobs"), ("local:///srv/blobs", "/srv/blobs")],
)
def test_a_folder(blob_root: str, folder: str) -> None:
    blobs = open_blobs(blob_root)
    assert isinstance(blobs, FileSystemBlobs)
    assert blobs.root == Path(folder)


def test_a_folder_in_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/airflow")
    blobs = open_blobs("~/blobs")
    assert isinstance(blobs, FileSystemBlobs)
    assert blobs.root == Path("/home/airflow/blobs")


@pytest.mark.parametrize(
    ("blob_root", "url", "way"),
    [
        ("s3://bucket/couture/", "s3://bucket/couture", Way.COPY),
        ("S3://bucket", "s3://bucket", Way.COPY),
        ("gs://bucket/a/b", "gs://bucket/a/b", Way.COPY),
        (
            "abfs://container@account.dfs.core.windows.net/c",
            "abfs://container@account.dfs.core.windows.net/c",
            Way.SPOOL,
        ),
        ("hdfs://etl@namenode:8020/couture", "hdfs://etl@namenode:8020/couture", Way.RENAME),
        ("hdfs:///couture", "hdfs:///couture", Way.RENAME),
    ],
)
def test_a_url(blob_root: str, url: str, way: Way) -> None:
    blobs = open_blobs(blob_root)
    assert isinstance(blobs, RemoteBlobs)
    assert (blobs.url, blobs.way) == (url, way)


@pytest.mark.parametrize(
    ("blob_root", "options", "message"),
    [
        (
            "ftp://host/x",
            "",
            "[couture] blob_root has the scheme 'ftp', in which no blob can be made visible in one step; use a folder "
            "or one of: " + ", ".join(f"{scheme}://" for scheme in WAYS) + ".",
        ),
        ("s3://", "", "[couture] blob_root s3:// names no place; write s3://bucket/folder."),
        (
            "s3://key:very-secret@bucket/x",
            "",
            "[couture] blob_root s3://… holds a password, which messages would show; put it into [couture] "
            "blob_storage_options.",
        ),
        (
            "s3://bucket",
            '{"secret": "very-secret"',
            "[couture] blob_storage_options is no JSON: Expecting ',' delimiter: line 1 column 25 (char 24).",
        ),
        (
            "s3://bucket",
            '["very-secret"]',
            '[couture] blob_storage_options must be a JSON object, such as {"anon": true}.',
        ),
    ],
)
def test_what_is_refused(blob_root: str, options: str, message: str) -> None:
    with pytest.raises(StorageMisconfigured) as refused:
        open_blobs(blob_root, options)
    assert str(refused.value) == message
    assert "very-secret" not in str(refused.value)


@pytest.mark.parametrize(("url", "package"), [("gs://bucket/x", "gcsfs"), ("abfs://container/x", "adlfs")])
def test_a_missing_implementation_is_named(url: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(StorageMisconfigured) as missing:
        open_blobs(url).size(ABC)
    assert str(missing.value) == (
        f"The blob storage {url} needs the Python package {package}; run `pip install {package}` on every API server "
        "and restart it."
    )


def test_memory(tmp_path: Path) -> None:
    keep(open_blobs(f"memory://{tmp_path}"), b"abc")
    assert content(open_blobs(f"memory://{tmp_path}/"), ABC) == b"abc"


def test_no_implementation_is_imported_before_it_is_used() -> None:
    code = (
        "import sys; from config_store.blobs.opening import open_blobs; open_blobs('s3://bucket/x', sys.argv[1]); "
        "print(sorted({'fsspec', 's3fs', 'botocore', 'aiohttp'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    ran = subprocess.run(
        [sys.executable, "-c", code, json.dumps({"anon": True})], cwd=root, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"
