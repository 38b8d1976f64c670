"""A save of Hadoop files that came too late: what was saved meanwhile beside what it meets of the user's own."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from config_store import groups
from config_store.diff import Change, diff_contents
from config_store.shown_values import shown_value

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from admin_views.pages.hadoop_draft import Draft
    from admin_views.services import Services
    from config_store.errors import StaleRevision
    from config_store.groups import Group
    from config_store.hadoop.edit import PropertyEdit

_PLACE = "hadoop_files."
#: So many changes of the others are shown that meet nothing of the user's own.
MAX_ALONE = 500
_NOTHING = Change("", None, None)


class Met(NamedTuple):
    """One change of the others; ``mine`` is the user's word on the same, "" where he has none.

    Of a property both edited, ``edit`` is the token of the user's row, and ``file`` and ``key`` say where it stands.
    """

    change: Change
    mine: str = ""
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
    """The changes of the others, each with what it meets of the draft; what meets nothing is MAX_ALONE at most."""
    mine = _words(draft)
    met = [
        mine[change.where]._replace(change=change) if change.where in mine else Met(change) for change in stale.changes
    ]
    alone = (place for place, one in enumerate(met) if not one.mine)
    left_out = set(islice(alone, MAX_ALONE, None))
    return [one for place, one in enumerate(met) if place not in left_out]


def _words(draft: Draft) -> dict[str, Met]:
    """The user's word on each place that the draft touches."""
    words = {}
    for file, staged in draft.files.items():
        words[f"{_PLACE}{file}"] = Met(_NOTHING, "the whole file replaced" if staged else "the file deleted")
    for file, edits in draft.properties.items():
        for key, edit in edits.items():
            words[f"{_PLACE}{file}.{key}"] = Met(_NOTHING, _told(key, edit), draft.tokens[file, key], file, key)
    return words


def _told(key: str, edit: PropertyEdit) -> str:
    if edit.delete:
        return "deleted"
    if edit.value is None:
        return "final" if edit.final else "not final"
    return shown_value(key, edit.value) or "empty"
