"""The raw server gives a file's bytes, and ends with its context."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest

from tools.bench.measurements.artifact import copy_raw
from tools.bench.raw_server import raw_server

if TYPE_CHECKING:
    from pathlib import Path


def test_a_raw_copy_is_the_file(tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    (served / "a.jar").write_bytes(bytes(range(256)) * 20_000)
    with raw_server(served) as address:
        assert copy_raw(f"{address}/a.jar", tmp_path / "copy") > 0
    assert (tmp_path / "copy").read_bytes() == bytes(range(256)) * 20_000
    with pytest.raises(URLError):
        copy_raw(f"{address}/a.jar", tmp_path / "copy")
