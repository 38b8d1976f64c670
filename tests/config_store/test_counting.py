"""Counts in words, on the server as in the client."""

from __future__ import annotations

import pytest

from config_store.counting import counted
from couture_ops.cli.texts import counted as counted_by_the_client


@pytest.mark.parametrize(
    ("count", "noun", "plural", "told"),
    [
        (0, "file", None, "0 files"),
        (1, "file", None, "1 file"),
        (2_000, "file", None, "2,000 files"),
        (1, "entry", "entries", "1 entry"),
        (3, "entry", "entries", "3 entries"),
    ],
)
def test_one_is_no_plural(count: int, noun: str, plural: str | None, told: str) -> None:
    assert counted(count, noun, plural) == told
    assert counted_by_the_client(count, noun, plural) == told
