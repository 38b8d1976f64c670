"""A storage that can't be: every use says why."""

from __future__ import annotations

import inspect

import pytest

from config_store.blobs.misconfigured import MisconfiguredBlobs
from config_store.blobs.protocol import BlobStorage
from config_store.errors import StorageMisconfigured

NAMES = [*sorted(name for name in vars(BlobStorage) if not name.startswith("_")), "__iter__"]


@pytest.mark.parametrize("name", NAMES)
def test_every_use_says_why(name: str) -> None:
    blobs: BlobStorage = MisconfiguredBlobs(StorageMisconfigured("[couture] blob_root has the scheme 'ftp'."))
    method = getattr(blobs, name)
    with pytest.raises(StorageMisconfigured, match=r"^\[couture\] blob_root has the scheme 'ftp'\.$"):
        method(*["x"] * len(inspect.signature(method).parameters))
