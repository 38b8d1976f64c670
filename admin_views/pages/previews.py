"""Preview: what would run now for a task of a DAG, each setting with its layers; proposals while one types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from admin_views.api import previews as api
from admin_views.api.access import ServicesDep
from admin_views.api.previews import Previewer
from admin_views.pages.names import dag_names, proposals
from admin_views.pages.paging import PageNumber
from admin_views.pages.plan_view import PlanView
from admin_views.pages.rendering import View, render
from admin_views.problems import ForbiddenDag, status_of
from config_store.errors import InvalidInput, StoreError
from config_store.submission_names import matching
from couture_ops.errors import CoutureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from admin_views.services import Caller, Services
    from config_store.errors import Fault

router = APIRouter(prefix="/previews", include_in_schema=False, default_response_class=HTMLResponse)

#: From here on an error is the server's, and told on a page of its own.
_SERVER_FAULT = 500
Name = Annotated[str, Query(max_length=250)]


@dataclass(frozen=True)
class Refusal:
    """Why there is no preview: ``errors`` by place, else a ``detail`` that says what to do."""

    status: int
    title: str
    detail: str
    errors: Sequence[Fault]


@router.get("")
def preview_page(
    request: Request,
    services: ServicesDep,
    caller: Previewer,
    dag: Name = "",
    task: Name = "",
    search: str = "",
    page: PageNumber = 1,
) -> Any:
    """What would run now; what keeps it from running stands below the names, which stay as they were typed."""
    preview, refusal = None, None
    if dag and task:
        try:
            preview = api.preview_task(services, caller, dag, task)
        except (StoreError, CoutureError, ForbiddenDag) as error:
            refusal = _refusal(error)
    return render(
        View(request, caller),
        "previews/preview.html",
        status=refusal.status if refusal else 200,
        dag=dag,
        task=task,
        preview=preview,
        shown=PlanView(preview.plan, search, page) if preview else None,
        refusal=refusal,
        tasks=_tasks(services, caller, dag) if dag and not task else None,
    )


def _refusal(error: Exception) -> Refusal:
    """What the reader is told; raises the error again where it is the server's fault."""
    status, title = status_of(error)
    if status >= _SERVER_FAULT:
        raise error
    return Refusal(status, title, str(error), error.told if isinstance(error, InvalidInput) else ())


@router.get("/dags")
def dags_part(request: Request, services: ServicesDep, caller: Previewer, dag: Name = "") -> Any:
    """The DAGs that what was typed may become, as options of a list box: those alone that the caller may read."""
    return proposals(request, "preview-dag", dag_names(services, caller, dag))


@router.get("/tasks")
def tasks_part(request: Request, services: ServicesDep, caller: Previewer, dag: Name = "", task: Name = "") -> Any:
    """The Spark tasks of the DAG that what was typed may become."""
    return proposals(request, "preview-task", matching(_tasks(services, caller, dag), task))


def _tasks(services: Services, caller: Caller, dag: str) -> list[str]:
    """The Spark tasks of a DAG that the caller may read; none of another."""
    return services.tasks.spark_tasks(dag) if dag and services.identity.may_read_dag(caller, dag) else []
