"""Master DAGs: which there are, and the tree of one, with the runs that belong to a run of it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from admin_views.api.access import Limit, Offset, ServicesDep, identified
from admin_views.api.schemas import Page, Shape
from admin_views.problems import ForbiddenDag
from admin_views.services import Caller
from config_store.dag_tree import Kind, Master, Node, grow_tree, list_masters

router = APIRouter(prefix="/dags", tags=["master DAGs"])

#: Any user may ask; what he gets is what Airflow lets him read of each DAG.
Reader = Annotated[Caller, Depends(identified)]


class NodeShape(Shape):
    """A DAG in its place of the tree; durations in seconds, up to now for what still runs.

    `kind` is `master`, `child`, `paused`, `import-errors`, `missing`, `cycle` (it stands above itself), `locked`
    (the caller may not read it) or `templated` (a template, `written`, names it and it has not run). `task_state` is
    that of the parent's task, `state` that of the run. `cut`: its children are left out, the tree is too large.
    """

    dag_id: str | None
    kind: Kind
    task_id: str | None
    map_index: int | None
    mapped: bool
    conditional: bool
    written: str | None
    task_state: str | None
    run_id: str | None
    state: str | None
    start: datetime | None
    end: datetime | None
    duration_s: float | None
    cut: bool
    children: list[NodeShape]


class TreeShape(Shape):
    """The tree of a master; `run_id` is the run of the master that it shows, null when there is none."""

    dag_id: str
    run_id: str | None
    tree: NodeShape


class MasterShape(Shape):
    """A DAG that starts others, with its newest run."""

    dag_id: str
    kind: Kind
    tasks: int
    part_of: list[str]
    run_id: str | None
    state: str | None
    start: datetime | None
    end: datetime | None


@router.get("/masters")
def read_masters(
    services: ServicesDep,
    caller: Reader,
    search: Annotated[str, Query(max_length=250, description="matches anywhere in the name")] = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page[MasterShape]:
    """The DAGs that start others and that the caller may read, by name, each with its newest run."""
    masters, total = list_masters(
        services.dags, partial(services.identity.readable_dags, caller), search, limit, offset
    )
    return Page(items=list(map(_master_shape, masters)), total=total)


@router.get("/{dag_id}/tree")
def read_tree(
    services: ServicesDep,
    caller: Reader,
    dag_id: str,
    run_id: Annotated[str | None, Query(max_length=250, description="a run of the DAG; the newest by default")] = None,
) -> TreeShape:
    """The tree below a DAG: what its tasks start, and how the runs stand that belong to its run."""
    may_read = partial(services.identity.readable_dags, caller)
    if dag_id not in may_read([dag_id]):
        raise ForbiddenDag(dag_id)
    return tree_shape(grow_tree(dag_id, run_id, services.dags, may_read, datetime.now(UTC)))


def tree_shape(root: Node) -> TreeShape:
    """The tree as the API tells it."""
    return TreeShape(dag_id=str(root.dag_id), run_id=root.run_id, tree=_node_shape(root))


def _node_shape(node: Node) -> NodeShape:
    fields = {name: getattr(node, name) for name in NodeShape.model_fields if name != "children"}
    return NodeShape(**fields, children=list(map(_node_shape, node.children)))


def _master_shape(master: Master) -> MasterShape:
    run = master.run
    return MasterShape(
        dag_id=master.dag_id,
        kind=master.kind,
        tasks=master.tasks,
        part_of=list(master.part_of),
        run_id=run.run_id if run else None,
        state=run.state if run else None,
        start=run.start if run else None,
        end=run.end if run else None,
    )
