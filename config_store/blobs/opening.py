"""From the settings ``blob_root`` and ``blob_storage_options`` to a blob storage."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config_store.blobs.file_system import FileSystemBlobs
from config_store.blobs.remote import RemoteBlobs
from config_store.blobs.uploads import Way
from config_store.errors import StorageMisconfigured

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from config_store.blobs.protocol import BlobStorage

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_LOCAL = frozenset({"file", "local"})

#: Scheme -> how its storage makes bytes visible in one step. Other schemes are refused: not every storage can.
WAYS: dict[str, Way] = {
    **dict.fromkeys(("s3", "s3a", "gs", "gcs", "memory"), Way.COPY),
    **dict.fromkeys(("hdfs", "webhdfs", "sftp", "ssh"), Way.RENAME),
    **dict.fromkeys(("abfs", "abfss", "az"), Way.SPOOL),
}


def open_blobs(blob_root: str, storage_options: str = "") -> BlobStorage:
    """The storage at a local folder or an fsspec URL; opens no connection and imports no implementation yet.

    ``storage_options``: a JSON object for the implementation (``endpoint_url``, ``key`` …), empty for none.
    Raises StorageMisconfigured.
    """
    match = _URL.fullmatch(blob_root)
    scheme, rest = (match.group(1).lower(), match.group(2)) if match else ("", "")
    if not scheme or scheme in _LOCAL:
        return FileSystemBlobs(Path(rest if scheme else blob_root).expanduser())
    if scheme not in WAYS:
        raise StorageMisconfigured(
            f"[couture] blob_root has the scheme {scheme!r}, in which no blob can be made visible in one step; use a "
            f"folder or one of: {', '.join(f'{known}://' for known in WAYS)}."
        )
    _check_rest(scheme, rest)
    options = _parse_options(storage_options)
    url = f"{scheme}://{rest.rstrip('/')}"
    return RemoteBlobs(url, WAYS[scheme], partial(_connect, scheme, url, options), options)


def _check_rest(scheme: str, rest: str) -> None:
    if not rest.strip("/"):
        raise StorageMisconfigured(f"[couture] blob_root {scheme}:// names no place; write {scheme}://bucket/folder.")
    if re.match(r"[^/@]*:[^/@]*@", rest):
        raise StorageMisconfigured(
            f"[couture] blob_root {scheme}://… holds a password, which messages would show; "
            "put it into [couture] blob_storage_options."
        )


def _parse_options(text: str) -> dict[str, Any]:
    try:
        options = json.loads(text) if text.strip() else {}
    except ValueError as error:  # its text shows no value, only where the reader stopped
        raise StorageMisconfigured(f"[couture] blob_storage_options is no JSON: {error}.") from None
    if not isinstance(options, dict):
        raise StorageMisconfigured('[couture] blob_storage_options must be a JSON object, such as {"anon": true}.')
    return options


def _connect(scheme: str, url: str, options: dict[str, Any]) -> AbstractFileSystem:
    from fsspec import get_filesystem_class

    try:
        implementation = get_filesystem_class(scheme)
    except ImportError as error:
        missing = getattr(error.__cause__, "name", None) or str(error)
        raise StorageMisconfigured(
            f"The blob storage {url} needs the Python package {missing}; run `pip install {missing}` on every API "
            "server and restart it."
        ) from error
    in_url = implementation._get_kwargs_from_urls(url)  # HDFS's host and port, for one
    # what another API server has stored must be seen at once
    return implementation(**{**in_url, **options, "use_listings_cache": False, "skip_instance_cache": True})
