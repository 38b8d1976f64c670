"""What an audit row holds: valid JSON of bounded size, which says what was left out."""

from __future__ import annotations

import json
from operator import mul
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admin_views.audit import MAX_ROW_BYTES, bounded_extra
from admin_views.services import MAX_AUDITED_CHANGES, Caller, Deed
from config_store.diff import Change


def extra_of(changes: list[Change], **details: Any) -> dict[str, Any]:
    """The row of a save with these changes, as it is read back."""
    deed = Deed(session=None, caller=Caller("ada", "10.0.0.1", None))  # type: ignore[arg-type]  # nothing is written
    deed.note_changes("group.save", "group prod", changes, **details)
    [entry] = deed.entries
    text = bounded_extra(entry.subject, entry.details, deed.caller.address)
    assert len(text.encode()) <= MAX_ROW_BYTES
    extra: dict[str, Any] = json.loads(text)
    assert (extra["subject"], extra["ip"]) == ("group prod", "10.0.0.1")
    return extra


def change(number: int, old: str | None = "1", new: str | None = "2", name: str = "spark.key") -> Change:
    """One changed setting."""
    return Change(f"configurations.{name}.{number}", old, new)


def test_a_small_row_is_whole() -> None:
    assert extra_of([change(1, None, "é")], note="why", revision=2) == {
        "subject": "group prod",
        "changes": [{"where": "configurations.spark.key.1", "old": None, "new": "é"}],
        "changed": 1,
        "note": "why",
        "revision": 2,
        "ip": "10.0.0.1",
    }


def test_a_value_of_a_megabyte_is_cut_and_says_so() -> None:
    extra = extra_of([change(1, "x" * 1_000_000, "y" * 200)], note="n" * 10_000)
    assert extra["changes"][0]["old"] == f"{'x' * 200}… (1,000,000 characters)"
    assert extra["changes"][0]["new"] == "y" * 200
    assert extra["note"] == f"{'n' * 200}… (10,000 characters)"
    assert "left_out" not in extra


def test_five_thousand_changes_of_short_values() -> None:
    extra = extra_of([change(number) for number in range(5_000)])
    assert extra["changed"] == 5_000
    assert [c["where"] for c in extra["changes"]] == [
        f"configurations.spark.key.{number}" for number in range(MAX_AUDITED_CHANGES)
    ]
    assert "left_out" not in extra


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600", '"', "\n"])
def test_five_thousand_changes_of_long_values(letter: str) -> None:
    changes = [change(number, letter * 1_000, letter * 2_000, "spark." + letter * 500) for number in range(5_000)]
    extra = extra_of(changes, revision=7)
    kept = len(extra["changes"])
    assert 10 <= kept < MAX_AUDITED_CHANGES
    assert extra["left_out"] == {"changes": MAX_AUDITED_CHANGES - kept}
    assert (extra["changed"], extra["revision"]) == (5_000, 7)
    assert extra["changes"][0]["where"] == f"configurations.spark.{letter * 179}… (523 characters)"


def test_details_that_nothing_makes_small_are_named() -> None:
    text = bounded_extra("group prod", {"odd": {f"key {number}": "x" * 200 for number in range(1_000)}}, "::1")
    assert json.loads(text) == {"subject": "group prod", "ip": "::1", "left_out": ["odd"]}


#: Texts of every length and of one to four bytes a letter.
TEXTS = st.builds(mul, st.sampled_from(["x", "é", "€", "\U0001f600", '"', "\n", "\x00"]), st.integers(0, 2_000))


@settings(max_examples=100, database=None)
@given(
    st.dictionaries(
        st.sampled_from(["changes", "versions", "note", "old"]),
        TEXTS | st.none() | st.lists(TEXTS | st.integers(), max_size=5).map(lambda items: items * 100),
    )
)
def test_every_row_is_valid_and_fits(details: dict[str, Any]) -> None:
    text = bounded_extra("s" * 300, details, "::1")
    assert len(text.encode(errors="surrogatepass")) <= MAX_ROW_BYTES
    assert json.loads(text)["ip"] == "::1"
