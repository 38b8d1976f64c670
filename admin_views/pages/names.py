"""Names that are proposed while one types: the options of a list box, and the DAGs among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from admin_views.pages.rendering import View, render
from config_store.submission_names import matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request
    from fastapi.responses import HTMLResponse

    from admin_views.services import Caller, Services

#: So many names are proposed at once; so many DAGs are asked for whether the caller may read them.
MAX_PROPOSED, _MAX_ASKED = 12, 100


def dag_names(services: Services, caller: Caller, typed: str) -> list[str]:
    """Airflow's DAGs that what was typed may become: those alone that the caller may read."""
    found = matching(services.dags.heads(), typed)[:_MAX_ASKED] if typed else []
    readable = services.identity.readable_dags(caller, found) if found else set()
    return [name for name in found if name in readable]


def proposals(request: Request, list_id: str, names: Sequence[str]) -> HTMLResponse:
    """The first of the names as the options of the list box with that id."""
    return render(View(request), "names_part.html", list=list_id, names=names[:MAX_PROPOSED])
