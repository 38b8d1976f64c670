"""An S3 on the loopback for tests (moto's server in a thread), with a bucket for each."""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from moto.server import ThreadedMotoServer

from config_store.blobs.opening import open_blobs
from config_store.blobs.remote import RemoteBlobs

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class S3:
    """The address of a running S3; its credentials are no secret, and every request passes."""

    endpoint_url: str

    @property
    def options(self) -> dict[str, Any]:
        """What the file system needs to reach it."""
        return {
            "endpoint_url": self.endpoint_url,
            "key": "a-key-id",
            "secret": "a-secret-key",
            "client_kwargs": {"region_name": "us-east-1"},
        }

    def new_bucket(self) -> str:
        """The name of an empty bucket."""
        name = f"couture-{uuid.uuid4()}"
        assert httpx.put(f"{self.endpoint_url}/{name}").is_success
        return name

    def blobs(self, bucket: str, **more: Any) -> RemoteBlobs:
        """The storage below the prefix ``blobs`` of a bucket."""
        opened = open_blobs(f"s3://{bucket}/blobs", json.dumps({**self.options, **more}))
        assert isinstance(opened, RemoteBlobs)
        return opened


def running_s3() -> Iterator[S3]:
    """A server on a free port, until the generator goes on."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it tells every request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3(f"http://{host}:{port}")
    finally:
        server.stop()
