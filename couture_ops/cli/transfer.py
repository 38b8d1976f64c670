"""Moves artifacts, a block at a time: any size costs the same small memory."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from couture_ops.cli.connection import Api
from couture_ops.cli.errors import DigestMismatchError
from couture_ops.cli.progress import progress_bar

BLOCK = 1 << 20


def upload_file(api: Api, kind: str, name: str, path: Path, note: str) -> dict[str, Any]:
    """Uploads a file as a version of an artifact; the API's Version, with kind, name and ``stored``.

    The digest goes ahead as Content-Digest (RFC 9530), so that a damaged upload is refused by the server.
    """
    size = path.stat().st_size
    headers = {
        "Content-Type": "application/octet-stream",
        # With a length the request is not chunked: servers and gateways can refuse it before it is sent.
        "Content-Length": str(size),
        "Content-Digest": f"sha-256=:{base64.b64encode(file_digest(path, size)).decode()}:",
    }
    with path.open("rb") as file, progress_bar(f"Upload {path.name}", size) as moved:
        status, version = api.upload(
            *("artifacts", kind, name, "versions"),
            params={"note": note or None},
            blocks=blocks_of(file, moved),
            headers=headers,
        )
    return {"kind": kind, "name": name, **version, "stored": status == 201}


def file_digest(path: Path, size: int) -> bytes:
    """The sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file, progress_bar(f"Digest {path.name}", size) as moved:
        for block in blocks_of(file, moved):
            digest.update(block)
    return digest.digest()


def blocks_of(file: BinaryIO, moved: Callable[[int], None]) -> Iterator[bytes]:
    """The rest of a file in blocks; ``moved`` hears of each."""
    while block := file.read(BLOCK):
        yield block
        moved(len(block))


def download_file(api: Api, kind: str, name: str, version: dict[str, Any], target: Path) -> None:
    """Downloads a version to ``target``: to a temporary name beside it, checked by its digest, then renamed.

    Raises DigestMismatchError, and leaves what was there before, when something else arrived.
    """
    target = target.resolve()
    if target.exists() and not target.is_file():
        # A pipe or a device is written to; a rename would put a file in its place.
        with target.open("wb") as special:
            _copy(api, kind, name, version, special)
        return
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}-")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o666 & ~_umask())
            _copy(api, kind, name, version, file)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def print_file(api: Api, kind: str, name: str, version: dict[str, Any]) -> None:
    """Downloads a version to standard output; a wrong digest is told after the bytes."""
    _copy(api, kind, name, version, sys.stdout.buffer)


def _copy(api: Api, kind: str, name: str, version: dict[str, Any], file: BinaryIO) -> None:
    digest = hashlib.sha256()
    route = ("artifacts", kind, name, "versions", version["version"], "content")
    with progress_bar(f"Download {name}", version["size"]) as moved, api.download(*route) as blocks:
        for block in blocks:
            digest.update(block)
            file.write(block)
            moved(len(block))
    file.flush()
    if digest.hexdigest() != version["sha256"]:
        raise DigestMismatchError(name, version["sha256"], digest.hexdigest())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
