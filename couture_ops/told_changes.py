"""What changed since a task last worked, as lines for its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config_store.wire import ReceiptChange, Saved, WhatChanged

#: More lines would hide the driver's own; the receipt has them all.
_MOST = 40
_LONGEST = 200


def told_changes(changed: WhatChanged | None) -> str:
    """A heading and a line for each change; empty when the store did not tell."""
    if changed is None:
        return ""
    if changed.since is None:
        return "No receipt of an earlier success of this task is kept: there is nothing to compare it with."
    when = f"{changed.succeeded_at:%Y-%m-%d %H:%M} UTC" if changed.succeeded_at else "an unknown time"
    last = f"submission {changed.since}, {when}"
    if not changed.changes:
        return f"Nothing that the suite knows of changed since this task last succeeded ({last})."
    lines = [_told(change) for change in changed.changes[:_MOST]]
    if more := len(changed.changes) - _MOST:
        lines += [f"  and {more} more, in the receipt"] if more > 0 else []
    return "\n".join([f"What changed since this task last succeeded ({last}):", *lines])


def _told(change: ReceiptChange) -> str:
    saved = f", {_saver(change.saved)}" if change.saved else ""
    return f"  {change.where}: {_value(change.old)} -> {_value(change.new)}{saved}"


def _saver(saved: Saved) -> str:
    deed = f"saved as revision {saved.revision}" if saved.revision is not None else "uploaded"
    return f"{deed} by {saved.by} at {saved.at:%Y-%m-%d %H:%M} UTC"


def _value(value: str | None) -> str:
    if value is None:
        return "(not set)"
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
