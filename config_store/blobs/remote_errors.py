"""What a remote storage's errors mean, in our words and without its secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from config_store.blobs.file_system import FULL
from config_store.errors import StorageFull, StorageRefused, StorageUnreachable, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_REASON = 300
#: Error classes of botocore, google-auth and azure-core for logins that fail, beside Python's PermissionError.
_REFUSALS = re.compile(r"Credential|Auth|Forbidden|Denied|ProfileNotFound|TokenRetrieval")
#: What full storages say, each in its own way: MinIO, HDFS, Ceph, WebDAV.
_FULL_WORDS = re.compile(r"StorageFull|QuotaExceeded|storage.+full|no space left|InsufficientStorage", re.IGNORECASE)
#: Options whose values are no secrets and help in a message.
_PLAIN_OPTIONS = frozenset({"endpoint_url", "region_name", "account_name", "account_host", "project", "host", "user"})
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")


def told(error: Exception, url: str, options: Mapping[str, Any]) -> StoreError:
    """The error of the domain for what an implementation of fsspec raised."""
    reason = _reason(error, options)
    if getattr(error, "errno", None) in FULL or _FULL_WORDS.search(reason):
        return StorageFull(url)
    if isinstance(error, PermissionError) or _REFUSALS.search(type(error).__name__):
        return StorageRefused(url, reason)
    return StorageUnreachable(url, reason)


def _reason(error: Exception, options: Mapping[str, Any]) -> str:
    text = " ".join(str(error).split())
    for value in sorted(_secrets(options), key=len, reverse=True):
        text = text.replace(value, "***")
    name = type(error).__name__
    return f"{name}: {_USERINFO.sub('***@', text)[:_MAX_REASON]}" if text else name


def _secrets(options: Mapping[str, Any]) -> Iterator[str]:
    """Every text among the options, at any depth, but those known to be harmless."""
    for name, value in options.items():
        if isinstance(value, dict):
            yield from _secrets(value)
        elif isinstance(value, str) and name not in _PLAIN_OPTIONS and value:
            yield value
