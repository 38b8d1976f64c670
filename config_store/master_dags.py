"""Master DAGs: which tasks start which DAGs, and what of that can never go well."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config_store.names import nearest
from config_store.wire import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

CHECK = "master dags"


@dataclass(frozen=True)
class DagTask:
    """A task that starts another DAG.

    ``child`` is None where a template names it; ``written`` is what stands in the DAG file. A task that is mapped
    over names of DAGs has them in ``by_index``, in the order of its map indexes. ``conditional``: it may succeed or
    be skipped without starting anything.
    """

    dag_id: str
    task_id: str
    child: str | None
    written: str
    mapped: bool = False
    conditional: bool = False
    by_index: tuple[str | None, ...] = ()

    def child_at(self, map_index: int | None) -> str | None:
        """The DAG that the instance with this map index starts, None when a template names it."""
        if map_index is not None and map_index < len(self.by_index):
            return self.by_index[map_index]
        return self.child

    @property
    def children(self) -> tuple[str, ...]:
        """Every DAG that it is known to start, each once."""
        return tuple(dict.fromkeys(name for name in (*self.by_index, self.child) if name is not None))

    @property
    def is_templated(self) -> bool:
        """Whether some of its DAGs are known only when it runs."""
        return None in self.by_index or (self.child is None and not self.by_index)


@dataclass(frozen=True)
class DagHead:
    """A DAG that Airflow knows and whose file is there."""

    is_paused: bool = False
    has_import_errors: bool = False


def known_children(tasks: Mapping[str, Sequence[DagTask]]) -> dict[str, list[str]]:
    """DAG -> the DAGs that its tasks are known to start, each once, in the order of the tasks."""
    return {
        dag_id: list(dict.fromkeys(child for task in of_dag for child in task.children))
        for dag_id, of_dag in tasks.items()
    }


def find_cycles(children: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """The chains by which a DAG would start itself, ``(a, b, a)``; each begins with its first name, each once.

    Of all chains through a DAG the shortest is told.
    """
    found: dict[tuple[str, ...], None] = {}
    for dag_id in sorted(children):
        if chain := _shortest_way_back(dag_id, children):
            found.setdefault(_from_first_name(chain))
    return list(found)


def _shortest_way_back(start: str, children: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """Breadth first: the DAGs from ``start`` on that lead back to it, ``start`` not repeated; None without any."""
    came_from: dict[str, str] = {}
    left = deque([start])
    while left:
        dag_id = left.popleft()
        for child in children.get(dag_id, ()):
            if child == start:
                return _way(start, dag_id, came_from)
            if child not in came_from:
                came_from[child] = dag_id
                left.append(child)
    return None


def _way(start: str, end: str, came_from: Mapping[str, str]) -> tuple[str, ...]:
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return tuple(reversed(way))


def _from_first_name(chain: tuple[str, ...]) -> tuple[str, ...]:
    first = chain.index(min(chain))
    turned = chain[first:] + chain[:first]
    return (*turned, turned[0])


def check_masters(tasks: Mapping[str, Sequence[DagTask]], heads: Mapping[str, DagHead]) -> Iterator[Finding]:
    """What is wrong with the masters: chains that lead back, children that are missing, broken or paused.

    ``tasks``: the tasks that start DAGs, of every DAG that has some. ``heads``: every DAG that Airflow knows.
    """
    children = known_children(tasks)
    faults = [
        *(_cycle(chain) for chain in find_cycles(children)),
        *(fault for of_dag in tasks.values() for task in of_dag for fault in _children_faults(task, heads)),
    ]
    yield from faults
    if not faults:
        yield Finding.ok(CHECK, "the master DAGs", _all_well(tasks))


def _all_well(tasks: Mapping[str, Sequence[DagTask]]) -> str:
    if not tasks:
        return "No DAG starts another one."
    templated = sum(task.is_templated for of_dag in tasks.values() for task in of_dag)
    masters = f"{len(tasks):,} DAG{'s start others' if len(tasks) > 1 else ' starts others'}"
    unknown = f" Not known before they run: the children of {templated:,} templated tasks." if templated else ""
    return f"{masters}; every child they name is there, and none leads back to itself.{unknown}"


def _cycle(chain: tuple[str, ...]) -> Finding:
    return Finding.fault(
        CHECK,
        f"DAG {chain[0]}",
        f"It would start itself: {' -> '.join(chain)}.",
        "Take one of these DAGs out of the chain.",
    )


def _children_faults(task: DagTask, heads: Mapping[str, DagHead]) -> Iterator[Finding]:
    subject = f"task {task.dag_id}.{task.task_id}"
    for child in task.children:
        head = heads.get(child)
        if head is None:
            yield Finding.fault(CHECK, subject, f"There is no DAG {child!r}.", _missing_advice(child, heads))
        elif head.has_import_errors:
            advice = f"See `airflow dags list-import-errors`, and mend the file of {child}."
            yield Finding.fault(CHECK, subject, f"The file of the DAG {child!r} can't be imported.", advice)
        elif head.is_paused and not heads.get(task.dag_id, DagHead()).is_paused:
            advice = f"Unpause it: airflow dags unpause {child}"
            yield Finding.warning(CHECK, subject, f"The DAG {child!r} is paused: a run of it would not begin.", advice)


def _missing_advice(child: str, dag_ids: Iterable[str]) -> str:
    near = nearest(child, dag_ids)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Add its file, or mend the name in the task.{hint}"
