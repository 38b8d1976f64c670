"""Archives behind a script, such as jars that start themselves: Java and Python read them, and so does the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config_store.beginnings import SCRIPT, ZIP_SUFFIXES
from config_store.errors import reject
from config_store.zip_directory import DamagedArchive, read_entries

if TYPE_CHECKING:
    from config_store.blobs.protocol import BlobStorage


def check_behind_script(blobs: BlobStorage, name: str, sha256: str) -> None:
    """Raise InvalidInput for a stored file whose name says archive, which begins as a script and is nothing else."""
    if fault := script_fault(blobs, name, sha256):
        raise reject(name, f"{fault}. No version was made")


def script_fault(blobs: BlobStorage, name: str, sha256: str) -> str | None:
    """What is wrong with a stored file of the name; None for nothing, and for one that is no script.

    What stands in front of an archive shifts its offsets or is counted in them; either is fine (zip_directory.py).
    Raises BlobMissing.
    """
    suffix = name[name.rfind(".") :].lower()
    if suffix not in ZIP_SUFFIXES:
        return None
    with blobs.open(sha256) as content:
        if content.read(len(SCRIPT)) != SCRIPT:
            return None
        try:
            next(read_entries(content), None)
        except DamagedArchive as damage:
            return f"is no {suffix} file: it begins as a script, and no archive follows ({damage})"
    return None
