"""A save that came too late: both changes side by side, and which of the two to take where they collide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from admin_views.pages.rendering import View, render
from config_store import groups
from config_store.content import SECTIONS
from config_store.merging import find_meetings

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse
    from starlette.requests import Request

    from admin_views.pages.edits import Edits
    from admin_views.services import Services
    from config_store.content import Content
    from config_store.merging import Meeting


class Side(NamedTuple):
    """A meeting as the page shows it: ``edit`` is the row's token, or the part; ``now`` shows what was saved."""

    meeting: Meeting
    edit: str
    now: str


def conflict_part(request: Request, services: Services, name: str, parent: int, edits: Edits) -> HTMLResponse:
    """Mine and what was saved meanwhile; nothing is saved. Raises NotFound for a parent that never was."""
    with services.database.reading() as session:
        base = groups.get_revision(session, name, parent).content
        group = groups.get_group(session, name)
        stale = groups.stale_revision(session, name, parent)
    view = View(request)
    meetings = find_meetings(base, edits.apply(base, services.cipher), group.content)
    sides = [_side(view, name, edits, group.content, meeting) for meeting in meetings]
    collisions = sum(side.meeting.collides for side in sides)
    names: dict[str, Any] = {"stale": stale, "sides": sides, "collisions": collisions}
    return render(view, "groups/conflict_part.html", status=409, **names)


def _side(view: View, group: str, edits: Edits, content: Content, meeting: Meeting) -> Side:
    field, key = meeting.field, meeting.name
    if field not in SECTIONS:
        return Side(meeting, field, view.page(f"groups/{group}/part", field=field))
    # a setting that was deleted meanwhile has no row to show
    now = view.page(f"groups/{group}/row", section=field, key=key) if key in getattr(content, field) else ""
    return Side(meeting, edits.tokens.get((field, key), ""), now)
