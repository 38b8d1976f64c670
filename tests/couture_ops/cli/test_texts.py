"""Times, sizes and texts that come from elsewhere."""

from __future__ import annotations

import pytest

from couture_ops.cli.texts import one_line, printable, quoted, shortened, size_text, time_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (999_949_999, "999.9 MB"),
        (999_950_000, "1.0 GB"),
        (2_000_000_000_000, "2000.0 GB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("stamp", "text"),
    [
        ("2026-03-01T12:00:05Z", "2026-03-01 12:00:05 UTC"),
        ("2026-03-01T13:00:05.999999+01:00", "2026-03-01 12:00:05 UTC"),
        ("2026-03-01T12:00:05", "2026-03-01 12:00:05 UTC"),
        (None, "-"),
        ("", "-"),
    ],
)
def test_times(stamp: str | None, text: str) -> None:
    assert time_text(stamp) == text


def test_control_characters_are_shown() -> None:
    assert printable("a\tb\nc\x1b[2Jd\x00\x7f\x9b\r") == "a\tb\nc\\x1b[2Jd\\x00\\x7f\\x9b\\r"
    assert one_line("a\tb\nc") == "a\\tb\\nc"
    assert printable("ä €•😀") == "ä €•😀"
    assert quoted("x\ny") == "'x\\ny'"


@pytest.mark.parametrize(
    ("text", "short"), [(None, None), ("", ""), ("a\n  b", "a b"), ("123456", "123456"), ("12345 7", "12345…")]
)
def test_long_texts_are_cut(text: str | None, short: str | None) -> None:
    assert shortened(text, 6) == short
