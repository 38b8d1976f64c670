"""Blobs in any storage that fsspec knows: ``s3://bucket/prefix``, ``gs://…``, ``abfs://…``, ``hdfs://…``."""

from __future__ import annotations

import hashlib
import io
import logging
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from config_store.blobs.naming import INCOMING, check_announced, key_of, piece_key, sha256_of
from config_store.blobs.protocol import Blob, Leftover, StoredBlob
from config_store.blobs.remote_errors import told
from config_store.blobs.remote_reader import RangeReader
from config_store.blobs.uploads import PART_BYTES, Way, begin_upload
from config_store.errors import BlobMissing, StorageAbsent, StorageRefused, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

    from fsspec import AbstractFileSystem

log = logging.getLogger(__name__)

#: What fsspec's implementations call the time of a file's last change, the surest first.
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")


class RemoteBlobs:
    """A blob storage below ``url``, on the file system that ``connect`` opens at the first call.

    ``options`` are those of the file system; their secrets are kept out of messages. Names are those of a local
    folder, so that a copy of one is the other. See docs/adr/008 for the ways to upload.
    """

    def __init__(
        self, url: str, way: Way, connect: Callable[[], AbstractFileSystem], options: Mapping[str, Any]
    ) -> None:
        self.url, self.way = url, way
        self._connect, self._options = connect, options

    @cached_property
    def fs(self) -> AbstractFileSystem:
        """The file system. Opened late: fsspec's threads do not survive the fork of a server."""
        with self.told():
            return self._connect()

    @cached_property
    def root(self) -> str:
        """The path of the URL, as the file system spells it: ``bucket/prefix``."""
        root: str = self.fs._strip_protocol(self.url)
        return root.rstrip("/")

    @contextmanager
    def writer(self, name: str) -> Iterator[RemoteWriter]:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        writer = RemoteWriter(self, name)
        try:
            yield writer
        finally:
            writer.discard()

    def open(self, sha256: str) -> BinaryIO:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        path, size = self.path(sha256), self.size(sha256)

        def fetch(start: int, end: int) -> bytes:
            with self.told(sha256):
                content: bytes = self.fs.cat_file(path, start=start, end=end)
                return content

        return io.BufferedReader(RangeReader(fetch, size))

    def find(self, sha256: str) -> StoredBlob:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        path = self.path(sha256)
        with self.told(sha256):
            info = self.fs.info(path)
        return StoredBlob(sha256, int(info["size"]), _moment(info))

    def size(self, sha256: str) -> int:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        return self.find(sha256).size

    def exists(self, sha256: str) -> bool:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        try:
            self.find(sha256)
        except BlobMissing:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return (blob.sha256 for blob in self.stored())

    def stored(self) -> Iterator[StoredBlob]:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        for name, info in self._list(self.root).items():
            # a prefix may hold files of its own
            if sha256 := sha256_of(name.removeprefix(f"{self.root}/")):
                yield StoredBlob(sha256, int(info["size"]), _moment(info))

    def delete(self, sha256: str) -> None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        self.remove(self.path(sha256))

    def put_piece(self, name: str, content: bytes) -> None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        path = f"{self.root}/{piece_key(name)}"
        with self.told():
            if self.way is Way.RENAME:  # object stores have no folders to make
                self.fs.makedirs(f"{self.root}/{INCOMING}", exist_ok=True)
            self.fs.pipe_file(path, content)

    def read_piece(self, name: str) -> bytes | None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        path = f"{self.root}/{piece_key(name)}"
        try:
            with self.told(name):
                content: bytes = self.fs.cat_file(path)
                return content
        except BlobMissing:
            return None

    def pieces(self, upload: str) -> dict[str, int]:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        listed = ((path.rpartition("/")[2], info) for path, info in self._list(f"{self.root}/{INCOMING}").items())
        return {name: int(info["size"]) for name, info in listed if name.startswith(f"{upload}.")}

    def drop_piece(self, name: str) -> None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        self.remove(f"{self.root}/{piece_key(name)}")

    def leftovers(self) -> Iterator[Leftover]:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        for name, info in self._list(f"{self.root}/{INCOMING}").items():
            yield Leftover(name, int(info["size"]), _moment(info))
        yield from self._multipart_uploads()

    def discard(self, leftover: Leftover) -> None:
        """See :class:`~config_store.blobs.protocol.BlobStorage`."""
        if not isinstance(leftover, _MultipartUpload):
            self.remove(leftover.name)
            return
        bucket, key, _version = self.fs.split_path(leftover.name)
        with self.told(), suppress(FileNotFoundError):
            self.fs.abort_mpu(bucket, key, leftover.upload_id)

    def path(self, sha256: str) -> str:
        """Where a blob lies; raises BlobMissing for what is no digest, so that no path escapes the root."""
        return f"{self.root}/{key_of(sha256)}"

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        with self.told(), suppress(FileNotFoundError):
            self.fs.rm_file(path)

    @contextmanager
    def told(self, sha256: str | None = None) -> Iterator[None]:
        """Turn what fsspec raises into our errors; ``sha256`` is the blob that the block reads."""
        try:
            yield
        except StoreError:
            raise
        except FileNotFoundError as error:
            self._check_bucket()
            raise BlobMissing(sha256) if sha256 else told(error, self.url, self._options) from error
        except Exception as error:  # every implementation has a family of its own, botocore.exceptions and such
            raise told(error, self.url, self._options) from error

    def _list(self, folder: str) -> dict[str, dict[str, Any]]:
        with self.told():
            found: dict[str, dict[str, Any]] = self.fs.find(folder, detail=True)
        if not found:  # a bucket that is not there lists as an empty one
            self._check_bucket()
        return found

    def _check_bucket(self) -> None:
        """Raise StorageAbsent when the bucket is not there; in a file system folders are made as they are needed."""
        bucket = self.root.lstrip("/").partition("/")[0]
        if self.way is Way.RENAME or "memory" in self.fs.protocol:
            return
        try:
            self.fs.info(bucket)
        except FileNotFoundError:
            raise StorageAbsent(self.url, bucket) from None
        except Exception as error:
            raise told(error, self.url, self._options) from error

    def _multipart_uploads(self) -> Iterator[_MultipartUpload]:
        """What S3 keeps, unseen and paid for, of uploads that were neither completed nor aborted."""
        if not hasattr(self.fs, "list_multipart_uploads"):
            return
        bucket, prefix, _version = self.fs.split_path(f"{self.root}/{INCOMING}/")
        try:
            with self.told():
                uploads = self.fs.list_multipart_uploads(bucket)
        except StorageRefused as error:
            log.warning("Unfinished multipart uploads can't be listed, and stay: %s", error)
            return
        for upload in uploads:
            if upload["Key"].startswith(prefix):
                name, born = f"{bucket}/{upload['Key']}", _moment({"created": upload["Initiated"]})
                yield _MultipartUpload(name, 0, born, upload["UploadId"])


class RemoteWriter:
    """One blob on its way in."""

    def __init__(self, blobs: RemoteBlobs, name: str) -> None:
        self._blobs, self._name = blobs, name
        self._upload = begin_upload(blobs.way, lambda: blobs.fs, f"{blobs.root}/{INCOMING}")
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, chunk: bytes) -> None:
        """See :class:`~config_store.blobs.protocol.BlobWriter`."""
        with self._blobs.told():
            for start in range(0, len(chunk), PART_BYTES):
                self._upload.write(chunk[start : start + PART_BYTES])
        self._digest.update(chunk)
        self._size += len(chunk)

    def commit(self, *, sha256: str | None = None, size: int | None = None) -> Blob:
        """See :class:`~config_store.blobs.protocol.BlobWriter`."""
        blob = Blob(self._digest.hexdigest(), self._size)
        check_announced(self._name, blob, sha256, size)
        with self._blobs.told():
            self._upload.publish(self._blobs.path(blob.sha256))
        return blob

    def discard(self) -> None:
        """Drop what was not committed, and what the way to the commit left."""
        try:
            with self._blobs.told():
                self._upload.drop()
        except StoreError as error:  # the upload's own end is what the caller has to hear of
            log.warning(
                "%s: what was sent of it could not be dropped; `airflow couture clean` will. %s", self._name, error
            )


@dataclass(frozen=True)
class _MultipartUpload(Leftover):
    """An upload in parts that S3 still waits for; what it holds already, S3 does not tell."""

    upload_id: str


def _moment(info: Mapping[str, Any]) -> datetime:
    """When a file was last changed, in UTC; now when the storage does not say, so that nothing cleans it."""
    told_time = next((info[name] for name in _TIMES if info.get(name)), None)
    if isinstance(told_time, str):
        told_time = datetime.fromisoformat(told_time)
    if isinstance(told_time, int | float):
        return datetime.fromtimestamp(told_time, UTC)
    if not isinstance(told_time, datetime):
        return datetime.now(UTC)
    return told_time.replace(tzinfo=UTC) if told_time.tzinfo is None else told_time.astimezone(UTC)
