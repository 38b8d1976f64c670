"""How blobs are named in every storage, so that one may be copied to another; and what their digests must be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from config_store.errors import BlobMissing, DigestMismatch, Truncated

if TYPE_CHECKING:
    from config_store.blobs.protocol import Blob

#: The folder of uploads that are not committed.
INCOMING = "incoming"

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PIECE = re.compile(r"[0-9a-f]{32}\.[0-9a-z]{1,10}")
_KEY = re.compile(r"([0-9a-f]{2})/([0-9a-f]{62})")


def key_of(sha256: str) -> str:
    """Where a blob lies below its root, ``ab/cdef…``; raises BlobMissing for what is no digest."""
    if not _DIGEST.fullmatch(sha256):
        raise BlobMissing(sha256)
    return f"{sha256[:2]}/{sha256[2:]}"


def sha256_of(key: str) -> str | None:
    """The digest of the blob that lies there; None for any other file."""
    match = _KEY.fullmatch(key)
    return match.group(1) + match.group(2) if match else None


def piece_key(name: str) -> str:
    """Where a piece of an unfinished upload lies below the root; raises ValueError for what is no name of one."""
    if not _PIECE.fullmatch(name):
        raise ValueError(f"{name!r} names no piece: 32 digits of the upload, a dot, what it is")
    return f"{INCOMING}/{name}"


def check_announced(name: str, blob: Blob, sha256: str | None, size: int | None) -> None:
    """Raise Truncated or DigestMismatch unless the blob is what was announced; None announces nothing."""
    if size is not None and size != blob.size:
        raise Truncated(name, size, blob.size)
    if sha256 is not None and sha256 != blob.sha256:
        raise DigestMismatch(name, sha256, blob.sha256)
