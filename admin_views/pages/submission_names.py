"""Spark Submissions while somebody types into a filter: the names that it may become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from admin_views.api.access import ServicesDep
from admin_views.api.artifacts import RESOURCES
from admin_views.api.submissions import Reader
from admin_views.pages.names import MAX_PROPOSED, dag_names, proposals
from admin_views.pages.submissions import AskedDep
from admin_views.permissions import Resource
from config_store import submission_names

if TYPE_CHECKING:
    from admin_views.pages.submissions import Asked
    from admin_views.services import Caller, Services

router = APIRouter(prefix="/submissions/names", include_in_schema=False, default_response_class=HTMLResponse)

#: The filters that know their names.
Field = Literal["dag", "task", "group", "artifact", "by"]


@router.get("/{field}")
def names_part(request: Request, services: ServicesDep, caller: Reader, field: Field, asked: AskedDep) -> Any:
    """What the text of a field may become, as options of a list box; the list shows the caller these names, too."""
    names = dag_names(services, caller, asked.dag) if field == "dag" else _stored(services, caller, field, asked)
    return proposals(request, f"filter-{field}", names)


def _stored(services: Services, caller: Caller, field: Field, asked: Asked) -> list[str]:
    """Names that the store knows."""
    permits = services.identity.permits
    with services.database.reading() as session:
        if field == "task":
            return submission_names.task_names(session, asked.dag, asked.task, MAX_PROPOSED)
        if field == "by":
            return submission_names.submitter_names(session, asked.by, MAX_PROPOSED)
        if field == "artifact":
            kinds = [kind for kind, resource in RESOURCES.items() if permits(caller, "GET", resource)]
            return submission_names.artifact_names(session, kinds, asked.artifact, MAX_PROPOSED)
        may_read = permits(caller, "GET", Resource.GROUPS)
        return submission_names.group_names(session, asked.group, MAX_PROPOSED) if may_read else []
