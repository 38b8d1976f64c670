"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config_store.errors import InvalidInput
from config_store.moments import read_moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", None),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T18:30", datetime(2026, 1, 31, 18, 30, tzinfo=UTC)),
        ("2026-01-31T18:30Z", datetime(2026, 1, 31, 18, 30, tzinfo=UTC)),
        ("2026-01-31T18:30+02:00", datetime(2026, 1, 31, 16, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_utc_unless_it_names_a_zone(text: str, moment: datetime | None) -> None:
    assert read_moment("since", text) == moment


@pytest.mark.parametrize("text", ["tomorrow", "2026-02-30", "0001-01-01T00:00+10:00", "9" * 100])
def test_what_is_no_moment_is_refused_by_its_place(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_moment("since", text)
    (fault,) = refused.value.faults
    assert fault.where == "since"
    assert fault.message == f"{text[:50]!r} is no date or time like '2026-01-31' or '2026-01-31T18:00Z'"
