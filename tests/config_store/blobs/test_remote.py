"""Blobs behind a network: what a broken one, a missing bucket, wrong credentials or a killed server leave behind."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from config_store.blobs.remote import RemoteBlobs
from config_store.blobs.uploads import PART_BYTES, Way
from config_store.errors import (
    BlobMissing,
    StorageAbsent,
    StorageFull,
    StorageRefused,
    StorageUnreachable,
)
from tests.config_store.blobs.test_contract import ABC, content, keep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.s3 import S3

#: A client that gives up at once; by default s3fs tries for a dozen of seconds.
IMPATIENT = {"config_kwargs": {"retries": {"max_attempts": 0}}}


class Network:
    """A proxy before an S3 that counts requests, and fails those that the test names with the status it says."""

    def __init__(self, s3: S3) -> None:
        self.requests: list[str] = []
        self.failing: Callable[[str, str], int] = lambda _method, _path: 0
        self.target = s3.endpoint_url
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"network": self}))
        self.server.daemon_threads = True

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    network: Network

    def _pass(self) -> None:
        body = self._body()
        self.network.requests.append(f"{self.command} {self.path}")
        if status := self.network.failing(self.command, self.path):
            code = b"AccessDenied" if status == 403 else b"InvalidRequest"
            self._answer(status, {}, b"<Error><Code>%s</Code><Message>no</Message></Error>" % code)
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "expect")}
        answer = httpx.request(self.command, self.network.target + self.path, content=body, headers=headers)
        self._answer(answer.status_code, dict(answer.headers), answer.content)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while length := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "content-encoding"):
                self.send_header(name, value)
        length = headers.get("content-length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

    def log_message(self, *_: Any) -> None:
        """The test asks ``requests``."""


@pytest.fixture
def network(s3: S3) -> Iterator[Network]:
    network = Network(s3)
    thread = threading.Thread(target=network.server.serve_forever)
    thread.start()
    yield network
    network.server.shutdown()
    thread.join()
    network.server.server_close()


@pytest.fixture
def bucket(s3: S3) -> str:
    return s3.new_bucket()


def objects(s3: S3, bucket: str) -> list[str]:
    """Every key of the bucket, whatever it is."""
    found: list[str] = s3.blobs(bucket).fs.find(bucket)
    return [key.removeprefix(f"{bucket}/") for key in found]


def unfinished(s3: S3, bucket: str) -> list[str]:
    uploads = s3.blobs(bucket).fs.list_multipart_uploads(bucket)
    return [upload["Key"] for upload in uploads]


def test_blobs_lie_where_a_local_folder_has_them(s3: S3, bucket: str) -> None:
    keep(s3.blobs(bucket), b"abc")
    keep(s3.blobs(bucket), bytes(PART_BYTES), b"abc")
    assert len(objects(s3, bucket)) == 2
    assert f"blobs/{ABC[:2]}/{ABC[2:]}" in objects(s3, bucket)


def test_other_objects_of_the_prefix_are_no_blobs(s3: S3, bucket: str) -> None:
    blobs = s3.blobs(bucket)
    keep(blobs, b"abc")
    for key in ("README", f"{ABC[:2]}/short", f"copy/{ABC[:2]}/{ABC[2:]}"):
        blobs.fs.pipe_file(f"{bucket}/blobs/{key}", b"x")
    blobs.fs.pipe_file(f"{bucket}/beside", b"x")
    assert list(blobs) == [ABC]
    assert list(blobs.leftovers()) == []


def test_what_fits_into_one_part_is_one_request(s3: S3, bucket: str, network: Network) -> None:
    keep(s3.blobs(bucket, endpoint_url=network.endpoint_url), b"abc")
    assert network.requests == [f"PUT /{bucket}/blobs/{ABC[:2]}/{ABC[2:]}"]


def test_a_network_that_fails_in_the_middle_of_an_upload_leaves_nothing(s3: S3, bucket: str, network: Network) -> None:
    blobs = s3.blobs(bucket, endpoint_url=network.endpoint_url, **IMPATIENT)
    network.failing = lambda _method, path: 400 if "partNumber=3" in path else 0
    with pytest.raises(StorageUnreachable):
        keep(blobs, *[bytes(PART_BYTES)] * 4)
    gc.collect()
    assert any("partNumber=2" in request for request in network.requests)
    assert objects(s3, bucket) == unfinished(s3, bucket) == []


def test_an_upload_that_cannot_be_completed_leaves_nothing(s3: S3, bucket: str, network: Network) -> None:
    blobs = s3.blobs(bucket, endpoint_url=network.endpoint_url, **IMPATIENT)
    network.failing = lambda method, path: 400 if method == "POST" and "uploadId" in path else 0
    with pytest.raises(StorageUnreachable):
        keep(blobs, bytes(2 * PART_BYTES))
    gc.collect()
    assert objects(s3, bucket) == unfinished(s3, bucket) == []


def test_an_upload_that_cannot_be_copied_leaves_nothing(s3: S3, bucket: str, network: Network) -> None:
    blobs = s3.blobs(bucket, endpoint_url=network.endpoint_url, **IMPATIENT)
    network.failing = lambda method, path: 400 if method == "PUT" and "incoming" not in path else 0
    with pytest.raises(StorageUnreachable):
        keep(blobs, bytes(2 * PART_BYTES))
    assert objects(s3, bucket) == unfinished(s3, bucket) == []


def test_what_a_dead_network_keeps_from_being_dropped_is_left_to_clean(
    s3: S3, bucket: str, network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    blobs = s3.blobs(bucket, endpoint_url=network.endpoint_url, **IMPATIENT)

    def chunks() -> Iterator[bytes]:
        yield bytes(2 * PART_BYTES)
        network.failing = lambda _method, _path: 400
        yield bytes(2 * PART_BYTES)

    def write() -> None:
        with blobs.writer("x.jar") as writer:
            for chunk in chunks():
                writer.write(chunk)

    with pytest.raises(StorageUnreachable):
        write()
    gc.collect()
    assert [record.getMessage().partition(" clean")[0] for record in caplog.records] == [
        "x.jar: what was sent of it could not be dropped; `airflow couture"
    ]
    assert objects(s3, bucket) == []
    (left,) = s3.blobs(bucket).leftovers()
    s3.blobs(bucket).discard(left)
    assert unfinished(s3, bucket) == []


WRITE_AND_WAIT = """
import sys
from config_store.blobs.opening import open_blobs

with open_blobs(sys.argv[1], sys.argv[2]).writer("x.jar") as writer:
    for _ in range(int(sys.argv[3])):
        writer.write(b"abcdefgh" * (1 << 17))
    print("written", flush=True)
    sys.stdin.read()
    writer.commit()

# ru_maxrss would count what the process that started this one had
(peak,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(int(peak.split()[1]) // 1024, flush=True)
"""


def writing(s3: S3, bucket: str, megabytes: int) -> subprocess.Popen[bytes]:
    """A process that has written so much, and commits at the end of its input."""
    command = [sys.executable, "-c", WRITE_AND_WAIT, f"s3://{bucket}/blobs", json.dumps(s3.options), str(megabytes)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"written\n"
    return writer


def finish(writer: subprocess.Popen[bytes]) -> int:
    """Let a writer commit; answers the most memory it had, in MiB."""
    told, _ = writer.communicate()
    assert writer.returncode == 0
    return int(told)


def test_a_killed_writer_leaves_no_blob(s3: S3, bucket: str) -> None:
    with writing(s3, bucket, 20) as writer:
        writer.kill()
    blobs = s3.blobs(bucket)
    assert objects(s3, bucket) == []
    for left in list(blobs.leftovers()):
        blobs.discard(left)
    assert unfinished(s3, bucket) == []


def test_processes_write_one_content_at_once(s3: S3, bucket: str) -> None:
    writers = [writing(s3, bucket, 20) for _ in range(3)]
    assert list(s3.blobs(bucket)) == []
    for writer in writers:
        finish(writer)
    (digest,) = s3.blobs(bucket)
    assert content(s3.blobs(bucket), digest) == b"abcdefgh" * (20 << 17)
    assert len(objects(s3, bucket)) == 1


def test_memory_does_not_grow_with_the_blob(s3: S3, bucket: str) -> None:
    small, large = finish(writing(s3, bucket, 20)), finish(writing(s3, bucket, 200))
    assert large - small < 32


def test_a_bucket_that_is_not_there_is_named(s3: S3) -> None:
    blobs = s3.blobs("no-such-bucket")
    for call in (lambda: keep(blobs, b"abc"), lambda: blobs.find(ABC), lambda: blobs.open(ABC), lambda: list(blobs)):
        with pytest.raises(StorageAbsent) as absent:
            call()
        assert str(absent.value) == (
            "The blob storage s3://no-such-bucket/blobs is not there: create 'no-such-bucket', or mend "
            "[couture] blob_root on every API server."
        )


@pytest.mark.parametrize("error", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "ExpiredToken"])
def test_credentials_that_are_refused_are_told_without_them(error: str) -> None:
    blobs = failing(PermissionError(f"{error}: the key a-key-id with a-secret-key is refused"))
    with pytest.raises(StorageRefused) as refused:
        keep(blobs, b"abc")
    assert str(refused.value) == (
        f"The blob storage memory://there refuses access (PermissionError: {error}: the key *** with *** is refused). "
        "Check the credentials in [couture] blob_storage_options or in the server's environment; they must allow to "
        "read, write, list and delete there."
    )


def test_a_denied_request_is_a_refusal(s3: S3, bucket: str, network: Network) -> None:
    blobs = s3.blobs(bucket, endpoint_url=network.endpoint_url, **IMPATIENT)
    network.failing = lambda _method, _path: 403
    for call in (lambda: keep(blobs, b"abc"), lambda: blobs.find(ABC), lambda: list(blobs)):
        with pytest.raises(StorageRefused):
            call()


def test_without_any_credentials(s3: S3, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StorageRefused) as refused:
        keep(s3.blobs(bucket, key=None, secret=None), b"abc")
    assert refused.value.reason == "NoCredentialsError: Unable to locate credentials"


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        OSError(122, "Disk quota exceeded"),
        OSError(5, "XMinioStorageFull: Storage backend has reached its minimum free drive threshold."),
        OSError(5, "org.apache.hadoop.hdfs.protocol.DSQuotaExceededException: the quota of /couture is exceeded"),
    ],
)
def test_a_full_storage_says_so(error: OSError) -> None:
    with pytest.raises(StorageFull) as full:
        keep(failing(error), b"abc")
    assert str(full.value) == (
        "No space is left in the blob storage memory://there. Nothing was stored; "
        "free space or move [couture] blob_root."
    )


def test_any_other_error_names_the_storage_and_no_secret() -> None:
    blobs = failing(ValueError("http://ada:a-password@proxy:3128 said\n no to a-secret-key"))
    with pytest.raises(StorageUnreachable) as unreachable:
        keep(blobs, b"abc")
    assert str(unreachable.value) == (
        "The blob storage memory://there does not answer as it should (ValueError: http://***@proxy:3128 said no to "
        "***). Try again; if it stays so, look at the network and at that storage."
    )
    assert isinstance(unreachable.value.__cause__, ValueError)


def test_a_renamed_blob_that_another_writer_has_stored_first_is_no_error(tmp_path_factory: Any) -> None:
    class NeverReplaces(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
        """Like HDFS, whose rename fails when the target is there; and another writer is always first."""

        cachable = False

        def mv(self, path1: str, path2: str, **_: Any) -> None:
            self.cp_file(path1, path2)
            raise OSError(f"{path2} is there")

    blobs = RemoteBlobs(f"/{tmp_path_factory.mktemp('renamed').name}", Way.RENAME, NeverReplaces, {})
    assert keep(blobs, b"abc").sha256 == ABC
    assert content(blobs, ABC) == b"abc"
    assert list(blobs.leftovers()) == []


def failing(error: Exception) -> RemoteBlobs:
    """A storage that answers every write with the error."""

    class Failing(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
        cachable = False

        def pipe_file(self, *_: Any, **__: Any) -> None:
            raise error

    options = {"key": "a-key-id", "client_kwargs": {"aws_secret_access_key": "a-secret-key", "endpoint_url": "http"}}
    return RemoteBlobs("memory://there", Way.COPY, Failing, options)


def test_nothing_is_connected_before_the_first_call() -> None:
    def connect() -> Any:
        raise AssertionError("connected")

    blobs = RemoteBlobs("memory://there", Way.COPY, connect, {})
    assert (blobs.url, blobs.way) == ("memory://there", Way.COPY)
    with pytest.raises(BlobMissing):
        RemoteBlobs("memory://there", Way.COPY, MemoryFileSystem, {}).find(ABC)
