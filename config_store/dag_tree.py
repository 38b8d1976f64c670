"""The tree below a master DAG: what its tasks start, and how the runs stand that belong to the master's run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from config_store.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from config_store.master_dags import DagHead, DagTask

#: A DAG that is reached by many ways stands in the tree once for each: beyond these bounds a node is cut.
MAX_NODES, MAX_DEPTH = 5_000, 50

RunKey = tuple[str, str]


@dataclass(frozen=True)
class RunHead:
    """A DAG run as Airflow has it; times are None before its start and end."""

    dag_id: str
    run_id: str
    state: str
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class TaskRun:
    """One instance of a task that starts a DAG; ``map_index`` is -1 for one that is not mapped (or not yet).

    ``told_run_id``: the run that it says it started, None when it said nothing. ``rendered_child``: the DAG that its
    template came to, None for a task without a template, and before it starts.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None
    told_run_id: str | None = None
    rendered_child: str | None = None


class DagCatalogue(Protocol):
    """Airflow's DAGs and runs, read in batches: one question for any number of DAGs."""

    def heads(self, dag_ids: Collection[str] | None = None) -> dict[str, DagHead]:
        """Those of the DAGs that Airflow knows (None: all there are)."""

    def tasks(self, dag_ids: Collection[str] | None = None) -> dict[str, list[DagTask]]:
        """The tasks that start DAGs, of those of the DAGs (None: of all there are) that have some."""

    def newest_runs(self, dag_ids: Collection[str]) -> dict[str, RunHead]:
        """The newest run of each DAG that has one."""

    def latest_runs(self, dag_id: str, limit: int) -> list[RunHead]:
        """So many runs of the DAG, the newest first."""

    def runs(self, runs: Collection[RunKey]) -> dict[RunKey, RunHead]:
        """Those of the runs that there are."""

    def task_runs(self, runs: Collection[RunKey], tasks: Collection[DagTask]) -> list[TaskRun]:
        """The instances of these tasks in these runs, by map index."""


class Kind(StrEnum):
    """What a node stands for."""

    MASTER = "master"
    CHILD = "child"
    PAUSED = "paused"
    IMPORT_ERRORS = "import-errors"
    MISSING = "missing"
    CYCLE = "cycle"
    LOCKED = "locked"
    TEMPLATED = "templated"


#: Nodes whose own children are looked for.
_OPEN = frozenset({Kind.MASTER, Kind.CHILD, Kind.PAUSED, Kind.IMPORT_ERRORS})


@dataclass
class Node:
    """A DAG in its place of the tree. ``task_id``: the parent's task that starts it, None for the master.

    ``dag_id`` is None where only a template names it (``written``) and nothing runs yet. ``map_index`` is None for
    what is not mapped, or not expanded yet. ``task_state`` is that of the parent's task; the other states and times
    are those of the run. ``duration_s``: seconds, up to now for what still runs. ``cut``: its children are left out
    because the tree is too large.
    """

    dag_id: str | None
    kind: Kind
    task_id: str | None = None
    map_index: int | None = None
    mapped: bool = False
    conditional: bool = False
    written: str | None = None
    task_state: str | None = None
    run_id: str | None = None
    state: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    duration_s: float | None = None
    cut: bool = False
    children: list[Node] = field(default_factory=list)
    parent: Node | None = field(default=None, repr=False, compare=False)

    def lineage(self) -> Iterator[Node]:
        """The node, its parent, and so on up to the master."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent


def grow_tree(
    master: str,
    run_id: str | None,
    catalogue: DagCatalogue,
    may_read: Callable[[Collection[str]], Collection[str]],
    now: datetime,
) -> Node:
    """The tree of the master, whom the caller may read; raises NotFound for an unknown DAG or run.

    ``run_id`` None: the newest run. ``may_read`` answers those of the DAGs that the caller may read; of others the
    tree holds no more than what the task of their parent says.
    """
    head = catalogue.heads([master]).get(master)
    if head is None:
        raise NotFound("DAG", master)
    root = Node(master, _kind(head, Kind.MASTER))
    _take_run(root, _run_of_master(master, run_id, catalogue), now)
    grower = _Grower(catalogue, may_read, now)
    level = [root]
    while level:
        level = grower.grow(level)
    return root


def _run_of_master(master: str, run_id: str | None, catalogue: DagCatalogue) -> RunHead | None:
    if run_id is None:
        return catalogue.newest_runs([master]).get(master)
    run = catalogue.runs([(master, run_id)]).get((master, run_id))
    if run is None:
        raise NotFound(f"run of DAG {master!r} named", run_id)
    return run


class _Grower:
    """Grows a tree level by level, with the same few questions for each level."""

    def __init__(
        self, catalogue: DagCatalogue, may_read: Callable[[Collection[str]], Collection[str]], now: datetime
    ) -> None:
        self._catalogue, self._may_read, self._now = catalogue, may_read, now
        self._size, self._depth = 1, 0
        self._readable: dict[str, bool] = {}

    def grow(self, level: list[Node]) -> list[Node]:
        """Give the nodes their children; answers those that may have children of their own."""
        tasks = self._catalogue.tasks({node.dag_id for node in level if node.dag_id})
        parents = [node for node in level if node.dag_id in tasks]
        if self._depth == MAX_DEPTH:
            for node in parents:
                node.cut = True
            return []
        self._depth += 1
        instances = self._instances(parents, tasks)
        grown = [child for node in parents for child in self._sprout(node, tasks[str(node.dag_id)], instances)]
        self._assign_runs(grown)
        self._judge([node for node, _ in grown])
        return [node for node, _ in grown if node.kind in _OPEN]

    def _instances(
        self, parents: Sequence[Node], tasks: Mapping[str, Sequence[DagTask]]
    ) -> dict[tuple[RunKey, str], list[TaskRun]]:
        runs = {(str(node.dag_id), node.run_id) for node in parents if node.run_id}
        found: dict[tuple[RunKey, str], list[TaskRun]] = defaultdict(list)
        if runs:
            for instance in self._catalogue.task_runs(runs, [task for of_dag in tasks.values() for task in of_dag]):
                found[(instance.dag_id, instance.run_id), instance.task_id].append(instance)
        return found

    def _sprout(
        self,
        node: Node,
        tasks: Sequence[DagTask],
        instances: Mapping[tuple[RunKey, str], Sequence[TaskRun]],
    ) -> list[tuple[Node, TaskRun | None]]:
        key = (str(node.dag_id), node.run_id or "")
        planned = [
            (_planted(task, index, instance, node), instance)
            for task in tasks
            for index, instance in _places(task, instances.get((key, task.task_id), ()))
        ]
        if self._size + len(planned) > MAX_NODES:
            node.cut = True
            return []
        self._size += len(planned)
        node.children = [child for child, _ in planned]
        return planned

    def _assign_runs(self, grown: Sequence[tuple[Node, TaskRun | None]]) -> None:
        started = [(node, key) for node, instance in grown if instance and (key := _run_key(node, instance))]
        found = self._catalogue.runs({key for _, key in started}) if started else {}
        for node, key in started:
            _take_run(node, found.get(key), self._now)

    def _judge(self, nodes: Sequence[Node]) -> None:
        """Give each node its kind, and take from those that the caller may not read what he may not know."""
        names = {node.dag_id for node in nodes if node.dag_id} - set(self._readable)
        readable = set(self._may_read(names)) if names else set()
        self._readable |= {name: name in readable for name in names}
        open_names = {node.dag_id for node in nodes if node.dag_id and self._readable[node.dag_id]}
        heads = self._catalogue.heads(open_names) if open_names else {}
        for node in nodes:
            if node.dag_id is None:
                node.kind = Kind.TEMPLATED
            elif not self._readable[node.dag_id]:
                _lock(node)
            elif any(ancestor.dag_id == node.dag_id for ancestor in node.lineage() if ancestor is not node):
                node.kind = Kind.CYCLE
            else:
                node.kind = _kind(heads.get(node.dag_id), Kind.CHILD)


def _places(task: DagTask, instances: Sequence[TaskRun]) -> Iterator[tuple[int | None, TaskRun | None]]:
    """The map indexes at which the task stands in the tree: as it ran, else as far as the DAG says."""
    expanded = [instance for instance in instances if instance.map_index >= 0]
    if expanded:
        yield from ((instance.map_index, instance) for instance in expanded)
    elif task.by_index:
        yield from ((index, None) for index in range(len(task.by_index)))
    else:
        yield None, (instances[0] if instances else None)


def _planted(task: DagTask, map_index: int | None, instance: TaskRun | None, parent: Node) -> Node:
    child = task.child_at(map_index)
    return Node(
        child if child is not None or instance is None else instance.rendered_child,
        Kind.CHILD,
        task_id=task.task_id,
        map_index=map_index,
        mapped=task.mapped,
        conditional=task.conditional,
        written=None if child is not None else task.written,
        task_state=instance.state if instance is not None else None,
        parent=parent,
    )


def _run_key(node: Node, instance: TaskRun) -> RunKey | None:
    """The run that the instance says it started."""
    if node.dag_id is None or instance.told_run_id is None:
        return None
    return node.dag_id, instance.told_run_id


def _take_run(node: Node, run: RunHead | None, now: datetime) -> None:
    if run is None:
        return
    node.run_id, node.state, node.start, node.end = run.run_id, run.state, run.start, run.end
    node.duration_s = ((run.end or now) - run.start).total_seconds() if run.start else None


def _lock(node: Node) -> None:
    """Leave no more than the task of the parent says: the name of the DAG, where that is no template."""
    node.kind = Kind.LOCKED
    node.run_id = node.state = node.start = node.end = node.duration_s = None
    if node.written is not None:
        node.dag_id = None


def _kind(head: DagHead | None, when_well: Kind) -> Kind:
    if head is None:
        return Kind.MISSING
    if head.has_import_errors:
        return Kind.IMPORT_ERRORS
    return Kind.PAUSED if head.is_paused else when_well


@dataclass(frozen=True)
class Master:
    """A DAG that starts others: how many of its tasks do, which other masters start it, and its newest run."""

    dag_id: str
    kind: Kind
    tasks: int
    part_of: tuple[str, ...]
    run: RunHead | None


def masters_of(
    dag_id: str, catalogue: DagCatalogue, may_read: Callable[[Collection[str]], Collection[str]]
) -> list[str]:
    """The DAGs that are known to start the DAG and that the caller may read, by name."""
    found = [name for name, tasks in catalogue.tasks().items() if any(dag_id in task.children for task in tasks)]
    return sorted(may_read(found)) if found else []


def list_masters(
    catalogue: DagCatalogue,
    may_read: Callable[[Collection[str]], Collection[str]],
    search: str,
    limit: int,
    offset: int,
) -> tuple[list[Master], int]:
    """A page of the masters that the caller may read, by name, and how many there are; ``search``: in the name."""
    tasks = catalogue.tasks()
    wanted = search.lower()
    readable = set(may_read(list(tasks))) if tasks else set()
    names = sorted(dag_id for dag_id in readable if wanted in dag_id.lower())
    shown = names[offset : offset + limit]
    heads, runs = (catalogue.heads(shown), catalogue.newest_runs(shown)) if shown else ({}, {})
    starters: dict[str, set[str]] = defaultdict(set)
    for dag_id in readable:
        for child in (child for task in tasks[dag_id] for child in task.children):
            starters[child].add(dag_id)
    masters = [
        Master(
            dag_id,
            _kind(heads.get(dag_id), Kind.MASTER),
            len(tasks[dag_id]),
            tuple(sorted(starters[dag_id])),
            runs.get(dag_id),
        )
        for dag_id in shown
    ]
    return masters, len(names)
