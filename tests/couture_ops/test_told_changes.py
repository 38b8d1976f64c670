"""What changed, as lines of a log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config_store.wire import ReceiptChange, Saved, WhatChanged
from couture_ops.told_changes import told_changes

AT = datetime(2026, 1, 31, 10, 5, 59, tzinfo=UTC)


def change(where: str, old: str | None, new: str | None, saved: Saved | None = None) -> ReceiptChange:
    return ReceiptChange(where=where, old=old, new=new, saved=saved)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (None, ""),
        (
            WhatChanged(since=None),
            "No receipt of an earlier success of this task is kept: there is nothing to compare it with.",
        ),
        (
            WhatChanged(since="id-1", succeeded_at=AT),
            "Nothing that the suite knows of changed since this task last succeeded (submission id-1, 2026-01-31 10:05 "
            "UTC).",
        ),
    ],
)
def test_without_a_change(changed: WhatChanged | None, told: str) -> None:
    assert told_changes(changed) == told


def test_a_line_for_each_change() -> None:
    changes = (
        change("arguments.executor-memory", "4g", "8g", Saved(by="ada", at=AT, revision=7)),
        change("code_artifact", "a@1", "a@2", Saved(by="eve", at=AT)),
        change("class_path", None, "a.B"),
        change("application_arguments", "x" * 300, "y"),
    )
    assert told_changes(WhatChanged(since="id-1", succeeded_at=AT, changes=changes)).splitlines() == [
        "What changed since this task last succeeded (submission id-1, 2026-01-31 10:05 UTC):",
        "  arguments.executor-memory: 4g -> 8g, saved as revision 7 by ada at 2026-01-31 10:05 UTC",
        "  code_artifact: a@1 -> a@2, uploaded by eve at 2026-01-31 10:05 UTC",
        "  class_path: (not set) -> a.B",
        f"  application_arguments: {'x' * 200}… -> y",
    ]


def test_many_changes_do_not_hide_the_log() -> None:
    changes = tuple(change(f"c{number}", "a", "b") for number in range(50))
    lines = told_changes(WhatChanged(since="id-1", succeeded_at=AT, changes=changes)).splitlines()
    assert (len(lines), lines[-1]) == (42, "  and 10 more, in the receipt")
