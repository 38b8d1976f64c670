"""Master DAGs: the list of them, and the tree of one with the runs that belong to a run of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from admin_views.api import dags as api
from admin_views.api.access import ServicesDep
from admin_views.api.dags import Reader
from admin_views.pages.paging import PageNumber, count_pages
from admin_views.pages.rendering import View, render
from config_store.dag_tree import Kind, masters_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_views.api.dags import NodeShape, TreeShape
    from admin_views.services import Services
    from config_store.dag_tree import RunHead

router = APIRouter(prefix="/masters", include_in_schema=False, default_response_class=HTMLResponse)

PAGE_SIZE = 50
#: The selector offers this many runs.
_RUNS = 50
#: A tree with more nodes is shown with its lower levels closed, and refreshed less often.
_LARGE = 300
_UNFINISHED = ("queued", "running")

#: What is said of a node beside its state.
MARKS = {
    Kind.PAUSED: "paused",
    Kind.IMPORT_ERRORS: "its file can't be imported",
    Kind.MISSING: "there is no such DAG",
    Kind.CYCLE: "would start itself",
    Kind.LOCKED: "locked: you may not read this DAG",
    Kind.TEMPLATED: "named by a template",
}
#: Nodes without a page of Airflow that the reader could open.
_CLOSED = (Kind.MISSING, Kind.LOCKED, Kind.TEMPLATED)

#: The page stands in a tab of Airflow's page of a DAG, or of a DAG run; empty: in a frame of its own.
Tab = Literal["", "dag", "run"]


@router.get("")
def list_page(
    request: Request,
    services: ServicesDep,
    caller: Reader,
    search: Annotated[str, Query(max_length=250)] = "",
    page: PageNumber = 1,
) -> Any:
    """The masters that the caller may read, by name; htmx gets the list alone."""
    found = api.read_masters(services, caller, search, PAGE_SIZE, (page - 1) * PAGE_SIZE)
    view = View(request, caller)
    return render(
        view,
        "masters/list_part.html" if view.is_part else "masters/list.html",
        search=search,
        found=found.items,
        total=found.total,
        page=page,
        pages=count_pages(found.total, PAGE_SIZE),
        live="3s" if any(master.state in _UNFINISHED for master in found.items) else "",
        marks=MARKS,
        run_path=run_path,
    )


@router.get("/{dag_id}")
def tree_page(
    request: Request,
    services: ServicesDep,
    caller: Reader,
    dag_id: str,
    run: Annotated[str, Query(max_length=250)] = "",
    tab: Tab = "",
) -> Any:
    """The tree below a DAG with the run's states (empty: its newest run); htmx gets the tree alone."""
    tree = api.read_tree(services, caller, dag_id, run or None)
    view = View(request, caller)
    size = sum(1 for _ in _nodes(tree.tree))
    names: dict[str, Any] = {
        "tree": tree,
        "run": run,
        "tab": tab,
        "live": _refreshes(tree, size),
        "is_large": size > _LARGE,
        "marks": MARKS,
        "node_path": node_path,
    }
    if view.is_part:
        return render(view, "masters/tree_part.html", **names)
    part_of = masters_of(dag_id, services.dags, partial(services.identity.readable_dags, caller))
    return render(view, "masters/tree.html", **names, part_of=part_of, runs=_runs(services, tree))


def _nodes(node: NodeShape) -> Iterator[NodeShape]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _refreshes(tree: TreeShape, size: int) -> str:
    """How often the tree is asked for anew: as long as anything in it runs."""
    if not any(node.state in _UNFINISHED for node in _nodes(tree.tree)):
        return ""
    return "15s" if size > _LARGE else "3s"


def _runs(services: Services, tree: TreeShape) -> list[RunHead]:
    """The newest runs, and the one that is shown where it is none of them."""
    runs = services.dags.latest_runs(tree.dag_id, _RUNS)
    if tree.run_id is None or any(run.run_id == tree.run_id for run in runs):
        return runs
    shown = (tree.dag_id, tree.run_id)
    return [*runs, *services.dags.runs([shown]).values()]


def run_path(dag_id: str, run_id: str | None) -> str:
    """Where Airflow shows a run, else the DAG, behind its address."""
    dag = f"dags/{quote(dag_id, safe='')}"
    return f"{dag}/runs/{quote(run_id, safe='')}" if run_id else dag


def node_path(node: NodeShape) -> str:
    """Where Airflow shows what the node stands for; empty where there is nothing to be seen."""
    return "" if node.dag_id is None or node.kind in _CLOSED else run_path(node.dag_id, node.run_id)
