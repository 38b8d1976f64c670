"""A save of a group: read what is current, send the change upon it, tell what came of it."""

from __future__ import annotations

from typing import Any

from couture_ops.cli.connection import Api
from couture_ops.cli.output import emit, say, tell


def current_group(api: Api, group: str) -> dict[str, Any]:
    """The group with its content, as it is now."""
    detail: dict[str, Any] = api.read("groups", group)
    return detail


def patch_content(api: Api, before: dict[str, Any], changes: dict[str, Any], note: str) -> dict[str, Any]:
    """Sends the changes upon the revision ``before``; the group as it is then."""
    detail: dict[str, Any] = api.send(
        "PATCH",
        "groups",
        before["name"],
        "content",
        json={**changes, "note": note},
        revision=before["revision"],
    )
    return detail


def report_save(before: dict[str, Any], after: dict[str, Any], output: str) -> None:
    """The group after a save; for people one line. What is odd about it is told on stderr, whatever the output."""
    emit(after, output, lambda: tell(save_line(before, after)))
    warn_of_remarks(after)


def warn_of_remarks(after: dict[str, Any]) -> None:
    """What the server finds odd about the settings that were just saved; an older one tells nothing."""
    for remark in after.get("remarks", ()):
        say(f"Warning: {remark['where']}: {remark['message']}")


def save_line(before: dict[str, Any], after: dict[str, Any]) -> str:
    """``Saved revision 8 of prod.``, or that nothing changed."""
    if before["revision"] == after["revision"]:
        return f"Nothing changed: {after['name']} stays at revision {after['revision']}."
    return f"Saved revision {after['revision']} of {after['name']}."
