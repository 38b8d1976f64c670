"""Checks of the blob storage itself: whether this server can write there, and how much room is left."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from config_store.blobs.file_system import FileSystemBlobs
from config_store.blobs.opening import open_blobs
from config_store.errors import StoreError
from config_store.wire import Finding
from couture_ops.checks.disk import check_space, existing, write_fault
from couture_ops.shown_url import shown_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from admin_views.configuration import ServerSettings
    from config_store.blobs.protocol import BlobStorage

_CHECK = "blob storage"


def open_storage(server: ServerSettings) -> BlobStorage:
    """The blob storage that the settings name; touches nothing yet. Raises StorageMisconfigured."""
    return open_blobs(server.blob_root, server.blob_storage_options)


def check_storage(server: ServerSettings) -> Iterator[Finding]:
    """Whether a blob can be written and taken back, and on a disk how much room is left."""
    subject = f"[couture] blob_root ({shown_url(server.blob_root)})"
    try:
        storage = open_storage(server)
    except StoreError as error:
        yield Finding.fault(_CHECK, subject, str(error), "Correct [couture] blob_root or blob_storage_options.")
        return
    if isinstance(storage, FileSystemBlobs):
        yield from _check_folder(storage, storage.root, subject)
    else:
        yield _check_remote(storage, subject)


def _check_folder(storage: BlobStorage, root: Path, subject: str) -> Iterator[Finding]:
    advice = "Give the user of the API server the right to write there, or name another [couture] blob_root."
    place = existing(root)
    if place != root:
        if reason := write_fault(place):
            message = f"It does not exist, and this user can't make it in {place}: {reason}."
            yield Finding.fault(_CHECK, subject, message, advice)
        else:
            yield Finding.ok(_CHECK, subject, f"The first upload will make it in {place}.")
        return
    try:
        with storage.writer("check") as writer:
            writer.write(b"check")
    except OSError as error:
        yield Finding.fault(_CHECK, subject, f"Nothing can be written there: {error.strerror}.", advice)
    else:
        yield Finding.ok(_CHECK, subject, "This user can write there.")
    yield check_space("blob storage", root, "Free space there, or move [couture] blob_root to a larger disk.")


def _check_remote(storage: BlobStorage, subject: str) -> Finding:
    """Store a blob that nobody else can have, and delete it: object stores say no only when bytes arrive."""
    try:
        with storage.writer("check") as writer:
            writer.write(secrets.token_bytes(32))
            blob = writer.commit()
        storage.delete(blob.sha256)
    except StoreError as error:
        return Finding.fault(_CHECK, subject, str(error), "Correct the storage, its credentials or the settings.")
    return Finding.ok(_CHECK, subject, "This server can write and delete there.")
