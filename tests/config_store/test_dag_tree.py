"""The tree of a master: kinds, runs that belong together, what stays hidden, bounds, and how often Airflow is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from config_store.dag_tree import (
    MAX_DEPTH,
    MAX_NODES,
    Kind,
    Master,
    Node,
    RunHead,
    TaskRun,
    grow_tree,
    list_masters,
    masters_of,
)
from config_store.errors import NotFound
from config_store.master_dags import DagHead, DagTask
from tests.stand_ins import ListedDags

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = "scheduled__1"


def at(minutes: float) -> datetime:
    """So many minutes before now."""
    return NOW - timedelta(minutes=minutes)


def airflow(*dag_ids: str, **heads: DagHead) -> ListedDags:
    """An Airflow that knows these DAGs."""
    return ListedDags(known={**dict.fromkeys(dag_ids, DagHead()), **heads})


def starts(catalogue: ListedDags, dag_id: str, *children: str, **more: Any) -> None:
    """Let a DAG have a task ``to_<child>`` for each child."""
    catalogue.starting += [DagTask(dag_id, f"to_{child}", child, child, **more) for child in children]


def ran(catalogue: ListedDags, dag_id: str, child: str, state: str, run_id: str = RUN, **more: Any) -> str:
    """Let the task have started a run of the child; answers its id."""
    index = more.pop("map_index", -1)
    found = f"couture__{dag_id}.to_{child}__{run_id}-{index}"
    catalogue.instances.append(TaskRun(dag_id, run_id, f"to_{child}", index, "success", told_run_id=found))
    catalogue.all_runs.append(RunHead(child, found, state, **more))
    return found


def grow(catalogue: ListedDags, master: str = "m", run_id: str | None = None, *, hidden: Collection[str] = ()) -> Node:
    """The tree, to somebody who may not read the hidden ones."""
    return grow_tree(master, run_id, catalogue, lambda names: set(names) - set(hidden), NOW)


def told(node: Node) -> Iterator[str]:
    """The node and all below, as ``depth dag kind state``."""
    yield f"{sum(1 for _ in node.lineage()) - 1} {node.dag_id} {node.kind} {node.state}"
    for child in node.children:
        yield from told(child)


# --- kinds ---


def test_a_dag_that_starts_nothing() -> None:
    assert grow(airflow("m")) == Node("m", Kind.MASTER)


def test_kinds_of_children() -> None:
    catalogue = airflow("m", "well", paused=DagHead(is_paused=True), broken=DagHead(True, has_import_errors=True))
    starts(catalogue, "m", "well", "paused", "broken", "gone", "m", "secret")
    catalogue.starting.append(DagTask("m", "any", None, "{{ params.dag }}", conditional=True))
    starts(catalogue, "paused", "well")
    starts(catalogue, "secret", "well")
    tree = grow(catalogue, hidden=["secret"])
    assert list(told(tree)) == [
        "0 m master None",
        "1 well child None",
        "1 paused paused None",
        "2 well child None",
        "1 broken import-errors None",
        "1 gone missing None",
        "1 m cycle None",
        "1 secret locked None",
        "1 None templated None",
    ]
    assert (tree.children[-1].written, tree.children[-1].conditional) == ("{{ params.dag }}", True)


def test_a_longer_chain_ends_where_it_leads_back() -> None:
    catalogue = airflow("m", "a", "b")
    starts(catalogue, "m", "a")
    starts(catalogue, "a", "b")
    starts(catalogue, "b", "a")
    assert list(told(grow(catalogue)))[1:] == ["1 a child None", "2 b child None", "3 a cycle None"]


def test_one_child_by_two_ways_is_no_cycle() -> None:
    catalogue = airflow("m", "a", "b", "c")
    starts(catalogue, "m", "a", "b")
    starts(catalogue, "a", "c")
    starts(catalogue, "b", "c")
    assert [line for line in told(grow(catalogue)) if " c " in line] == ["2 c child None", "2 c child None"]


def test_an_unknown_master() -> None:
    with pytest.raises(NotFound, match=r"^There is no DAG 'm'\.$"):
        grow(airflow("other"))


# --- runs ---


def test_the_runs_that_belong_to_the_newest_run_of_the_master() -> None:
    catalogue = airflow("m", "a", "b")
    starts(catalogue, "m", "a")
    starts(catalogue, "a", "b")
    catalogue.all_runs += [RunHead("m", "old", "success"), RunHead("m", RUN, "running", at(10))]
    ran(catalogue, "m", "a", "failed", "old")
    below = ran(catalogue, "m", "a", "success", start=at(9), end=at(7.5))
    ran(catalogue, "a", "b", "running", below, start=at(8))
    catalogue.all_runs.append(RunHead("b", "of somebody else", "failed"))
    tree = grow(catalogue)
    assert list(told(tree)) == ["0 m master running", "1 a child success", "2 b child running"]
    [child] = tree.children
    assert (child.run_id, child.start, child.end, child.duration_s) == (below, at(9), at(7.5), 90.0)
    assert (tree.duration_s, child.children[0].duration_s) == (600.0, 480.0)
    assert list(told(grow(catalogue, run_id="old")))[:2] == ["0 m master success", "1 a child failed"]


def test_an_unknown_run() -> None:
    catalogue = airflow("m", "a")
    catalogue.all_runs.append(RunHead("a", RUN, "success"))
    with pytest.raises(NotFound, match=r"^There is no run of DAG 'm' named 'scheduled__1'\.$"):
        grow(catalogue, run_id=RUN)


def test_the_run_is_the_one_that_the_task_tells() -> None:
    catalogue = airflow("m", "a")
    starts(catalogue, "m", "a")
    ran(catalogue, "m", "a", "failed")
    catalogue.all_runs += [RunHead("a", "manual__2", "success"), RunHead("m", RUN, "success")]
    catalogue.instances = [TaskRun("m", RUN, "to_a", -1, "success", told_run_id="manual__2")]
    assert grow(catalogue).children[0].run_id == "manual__2"
    catalogue.instances = [TaskRun("m", RUN, "to_a", -1, "success", told_run_id="deleted meanwhile")]
    assert (grow(catalogue).children[0].run_id, grow(catalogue).children[0].state) == (None, None)


def test_a_task_that_started_nothing_has_a_state_of_its_own() -> None:
    catalogue = airflow("m", "a")
    starts(catalogue, "m", "a", conditional=True)
    catalogue.all_runs.append(RunHead("m", RUN, "success"))
    catalogue.instances.append(TaskRun("m", RUN, "to_a", -1, "skipped"))
    [child] = grow(catalogue).children
    assert (child.task_state, child.run_id, child.state, child.duration_s) == ("skipped", None, None, None)


def test_a_template_is_known_when_it_was_rendered() -> None:
    catalogue = airflow("m", "a")
    catalogue.starting.append(DagTask("m", "to_a", None, "{{ x }}"))
    catalogue.all_runs.append(RunHead("m", RUN, "success"))
    run_id = ran(catalogue, "m", "a", "success")
    catalogue.instances = [TaskRun("m", RUN, "to_a", -1, "success", told_run_id=run_id, rendered_child="a")]
    [child] = grow(catalogue).children
    assert (child.dag_id, child.kind, child.state, child.written) == ("a", Kind.CHILD, "success", "{{ x }}")
    [locked] = grow(catalogue, hidden=["a"]).children
    assert (locked.dag_id, locked.kind, locked.state, locked.written) == (None, Kind.LOCKED, None, "{{ x }}")


# --- mapped tasks ---


def test_a_mapped_task_is_one_node_before_and_a_node_per_index_after() -> None:
    catalogue = airflow("m", "a", "b")
    starts(catalogue, "m", "a", mapped=True)
    starts(catalogue, "a", "b")
    assert [(child.mapped, child.map_index) for child in grow(catalogue).children] == [(True, None)]
    catalogue.all_runs.append(RunHead("m", RUN, "running"))
    catalogue.instances.append(TaskRun("m", RUN, "to_a", -1, None))  # as Airflow has it until it is expanded
    assert [child.map_index for child in grow(catalogue).children] == [None]
    catalogue.instances.clear()
    for index, state in enumerate(("success", "failed", "running")):
        below = ran(catalogue, "m", "a", state, map_index=index)
        ran(catalogue, "a", "b", f"of {state}", below)
    assert [(child.map_index, child.state, child.children[0].state) for child in grow(catalogue).children] == [
        (0, "success", "of success"),
        (1, "failed", "of failed"),
        (2, "running", "of running"),
    ]


def test_a_task_mapped_over_dags() -> None:
    catalogue = airflow("m", "a", "b")
    catalogue.starting.append(DagTask("m", "t", None, "(mapped)", mapped=True, by_index=("a", "b", None)))
    assert [(child.map_index, child.dag_id, child.kind) for child in grow(catalogue).children] == [
        (0, "a", "child"),
        (1, "b", "child"),
        (2, None, "templated"),
    ]
    catalogue.all_runs.append(RunHead("m", RUN, "running"))
    catalogue.all_runs.append(RunHead("b", "of t", "queued"))
    catalogue.instances.append(TaskRun("m", RUN, "t", 1, "running", told_run_id="of t"))
    assert [(child.map_index, child.dag_id, child.state) for child in grow(catalogue).children] == [(1, "b", "queued")]


# --- what stays hidden ---


def test_a_locked_node_holds_no_more_than_its_parent_says() -> None:
    catalogue = airflow("m", "a", "b")
    starts(catalogue, "m", "a")
    starts(catalogue, "a", "b")
    catalogue.all_runs.append(RunHead("m", RUN, "success"))
    below = ran(catalogue, "m", "a", "failed", start=at(2), end=at(1))
    ran(catalogue, "a", "b", "failed", below)
    [child] = grow(catalogue, hidden=["a"]).children
    assert child == Node("a", Kind.LOCKED, task_id="to_a", task_state="success")


def test_whether_a_hidden_dag_exists_is_not_told() -> None:
    catalogue = airflow("m", hidden_one=DagHead(is_paused=True))
    starts(catalogue, "m", "hidden_one", "hidden_none")
    kinds = [child.kind for child in grow(catalogue, hidden=["hidden_one", "hidden_none"]).children]
    assert kinds == [Kind.LOCKED, Kind.LOCKED]


# --- bounds and effort ---


def test_a_deep_chain_is_cut() -> None:
    names = [f"d{number}" for number in range(MAX_DEPTH + 5)]
    catalogue = airflow(*names)
    for name, child in pairwise(names):
        starts(catalogue, name, child)
    lines = list(told(tree := grow(catalogue, "d0")))
    assert lines[-1] == f"{MAX_DEPTH} d{MAX_DEPTH} child None"
    deepest = tree
    while deepest.children:
        assert not deepest.cut
        [deepest] = deepest.children
    assert deepest.cut


def test_a_tree_that_doubles_at_every_level_is_cut() -> None:
    catalogue = airflow("m0")
    for depth in range(20):
        catalogue.known[f"m{depth + 1}"] = DagHead()
        starts(catalogue, f"m{depth}", f"m{depth + 1}")
        catalogue.starting.append(DagTask(f"m{depth}", "again", f"m{depth + 1}", ""))
    tree = grow(catalogue, "m0")
    nodes = list(told(tree))
    assert MAX_NODES / 2 < len(nodes) <= MAX_NODES
    level = [tree]
    for _ in range(11):
        level = [child for node in level for child in node.children]
    assert any(node.cut for node in level)


def test_airflow_is_asked_by_level_and_not_by_dag() -> None:
    catalogue = airflow("m", *(f"c{number}" for number in range(1000)), "leaf")
    starts(catalogue, "m", *(f"c{number}" for number in range(999)))
    catalogue.all_runs.append(RunHead("m", RUN, "running"))
    for number in range(999):
        starts(catalogue, f"c{number}", "leaf")
        ran(catalogue, "m", f"c{number}", "success")
    assert sum(1 for _ in told(grow(catalogue))) == 1 + 999 + 999
    assert catalogue.asked == {"heads": 3, "newest_runs": 1, "tasks": 3, "task_runs": 2, "runs": 1}


# --- the list ---


def test_the_masters_that_one_may_read() -> None:
    catalogue = airflow("night", "load", "leaf", "hidden")
    starts(catalogue, "night", "load", "leaf")
    starts(catalogue, "load", "leaf")
    starts(catalogue, "hidden", "load")
    run = RunHead("load", RUN, "success")
    catalogue.all_runs.append(run)

    def page(search: str = "", limit: int = 50, offset: int = 0) -> tuple[list[Master], int]:
        return list_masters(catalogue, lambda names: set(names) - {"hidden"}, search, limit, offset)

    load = Master("load", Kind.MASTER, 1, ("night",), run)
    night = Master("night", Kind.MASTER, 2, (), None)
    assert page() == ([load, night], 2)
    assert page(limit=1, offset=1) == ([night], 2)
    assert page(search="NIG") == ([night], 1)
    assert page(offset=5) == ([], 2)


def test_the_masters_of_a_dag() -> None:
    catalogue = airflow("load")
    for master in ("night", "day", "hidden"):
        starts(catalogue, master, "load", "other")
    starts(catalogue, "week", "night")

    def may_read(names: Collection[str]) -> set[str]:
        return set(names) - {"hidden"}

    assert masters_of("load", catalogue, may_read) == ["day", "night"]
    assert masters_of("week", catalogue, may_read) == []


def test_no_masters_at_all() -> None:
    assert list_masters(airflow("a"), set, "", 50, 0) == ([], 0)
