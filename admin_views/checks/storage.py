"""Checks of the blob storage itself: whether this server can write there, and how much room is left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from config_store.blobs.file_system import FileSystemBlobs
from config_store.wire import Finding
from couture_ops.checks.disk import check_space, existing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_views.configuration import ServerSettings
    from config_store.blobs.protocol import BlobStorage

_CHECK = "blob storage"


def open_storage(server: ServerSettings) -> BlobStorage:
    """The blob storage that the settings name; touches nothing yet."""
    return FileSystemBlobs(Path(server.blob_root))


def check_storage(server: ServerSettings) -> Iterator[Finding]:
    """Whether a blob can be written, and taken back before anybody sees it."""
    root, subject = Path(server.blob_root), f"[couture] blob_root ({server.blob_root})"
    advice = "Give the user of the API server the right to write there, or name another [couture] blob_root."
    place = existing(root)
    if place != root:
        if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
            yield Finding.ok(_CHECK, subject, f"The first upload will make it in {place}.")
        else:
            yield Finding.fault(_CHECK, subject, f"It does not exist, and this user can't make it in {place}.", advice)
        return
    try:
        with open_storage(server).writer("check") as writer:
            writer.write(b"check")
    except OSError as error:
        yield Finding.fault(_CHECK, subject, f"Nothing can be written there: {error.strerror}.", advice)
    else:
        yield Finding.ok(_CHECK, subject, "This user can write there.")
    yield check_space("blob storage", root, "Free space there, or move [couture] blob_root to a larger disk.")
