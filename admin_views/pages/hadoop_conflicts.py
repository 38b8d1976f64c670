"""A save of Hadoop files that came too late: what was saved meanwhile beside what it meets of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from config_store import groups
from config_store.diff import diff_contents
from config_store.wire import HIDDEN, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from admin_views.pages.hadoop_draft import Draft
    from admin_views.services import Services
    from config_store.diff import Change
    from config_store.errors import StaleRevision
    from config_store.groups import Group
    from config_store.hadoop.edit import PropertyEdit

_PLACE = "hadoop_files."


class Met(NamedTuple):
    """One change of the others; ``mine`` is the user's word on the same, "" where he has none.

    Of a property both edited, ``edit`` is the token of the user's row, and ``file`` and ``key`` say where it stands.
    """

    change: Change
    mine: str
    edit: str = ""
    file: str = ""
    key: str = ""


def stale_with_files(services: Services, session: Session, group: Group, parent: int) -> StaleRevision:
    """What the others did, told inside files as well: who edits files may read them."""
    told = groups.stale_revision(session, group.name, parent)
    if told.changes:
        base = groups.get_revision(session, group.name, parent)
        told.changes = tuple(diff_contents(base.content, group.content, services.read_blob))
    return told


def meetings(stale: StaleRevision, draft: Draft) -> list[Met]:
    """The changes of the others, each with what it meets of the draft."""
    return [_met(change, draft) for change in stale.changes]


def _met(change: Change, draft: Draft) -> Met:
    for file, key, edit in _edits(draft):
        if change.where == f"{_PLACE}{file}.{key}":
            return Met(change, _told(key, edit), draft.tokens[file, key], file, key)
    for file, staged in draft.files.items():
        if change.where == f"{_PLACE}{file}":
            return Met(change, "the whole file replaced" if staged else "the file deleted")
    return Met(change, "")


def _edits(draft: Draft) -> Iterator[tuple[str, str, PropertyEdit]]:
    for file, edits in draft.properties.items():
        for key, edit in edits.items():
            yield file, key, edit


def _told(key: str, edit: PropertyEdit) -> str:
    if edit.delete:
        return "deleted"
    if edit.value is None:
        return "final" if edit.final else "not final"
    return HIDDEN if is_secret_name(key) else edit.value or "empty"
