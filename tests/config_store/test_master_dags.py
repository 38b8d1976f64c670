"""Which chains of masters lead back, and what the check says of masters and their children."""

from __future__ import annotations

import pytest

from config_store.master_dags import DagHead, DagTask, check_masters, find_cycles, known_children
from config_store.wire import Finding

WELL, PAUSED, BROKEN = DagHead(), DagHead(is_paused=True), DagHead(has_import_errors=True)


def starts(dag_id: str, child: str | None, task_id: str = "t", written: str = "") -> DagTask:
    """A task that starts a DAG."""
    return DagTask(dag_id, task_id, child, written or str(child))


def findings(*tasks: DagTask, **heads: DagHead) -> list[tuple[str, str, str, str]]:
    """Verdict, subject, message and advice of the check."""
    by_dag: dict[str, list[DagTask]] = {}
    for task in tasks:
        by_dag.setdefault(task.dag_id, []).append(task)
    found = list(check_masters(by_dag, heads))
    assert {finding.check for finding in found} == {"master dags"}
    assert all(isinstance(finding, Finding) for finding in found)
    return [(str(one.verdict), one.subject, one.message, one.advice) for one in found]


# --- chains ---


@pytest.mark.parametrize(
    ("children", "cycles"),
    [
        ({}, []),
        ({"a": ["b"], "b": ["c"]}, []),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"]}, []),  # two ways to one DAG are no way back
        ({"a": ["a"]}, [("a", "a")]),
        ({"b": ["a"], "a": ["b"]}, [("a", "b", "a")]),
        ({"x": ["c"], "c": ["a"], "a": ["b"], "b": ["c"]}, [("a", "b", "c", "a")]),  # x leads to it, and is not in it
        ({"a": ["b"], "b": ["a", "c"], "c": ["b"]}, [("a", "b", "a"), ("b", "c", "b")]),
        ({"a": ["b", "c"], "b": ["c"], "c": ["a"]}, [("a", "c", "a"), ("a", "b", "c", "a")]),
    ],
)
def test_chains_that_lead_back(children: dict[str, list[str]], cycles: list[tuple[str, ...]]) -> None:
    assert find_cycles(children) == cycles


def test_a_chain_of_a_thousand() -> None:
    names = [f"d{number:04}" for number in range(1000)]
    children = {name: [names[(place + 1) % 1000]] for place, name in enumerate(names)}
    assert find_cycles(children) == [(*names, "d0000")]


def test_a_task_mapped_over_dags_has_all_of_them_for_children() -> None:
    task = DagTask("m", "t", None, "(mapped)", mapped=True, by_index=("a", None, "b", "a"))
    assert (task.children, task.is_templated) == (("a", "b"), True)
    assert [task.child_at(index) for index in (0, 1, 2, 3, 4, None)] == ["a", None, "b", "a", None, None]
    assert known_children({"m": [task, starts("m", "b"), starts("m", "c")]}) == {"m": ["a", "b", "c"]}


# --- the check ---


def test_without_masters() -> None:
    assert findings(a=WELL) == [("ok", "the master DAGs", "No DAG starts another one.", "")]


def test_all_well() -> None:
    assert findings(starts("m", "a"), starts("m", None, written="{{ x }}"), starts("n", "m"), m=WELL, a=WELL) == [
        (
            "ok",
            "the master DAGs",
            "2 DAGs start others; every child they name is there, and none leads back to itself. "
            "Not known before they run: the children of 1 templated tasks.",
            "",
        )
    ]


def test_a_chain_is_named_as_a_whole() -> None:
    tasks = (starts("night", "load"), starts("load", "clean"), starts("clean", "night"))
    assert findings(*tasks, night=WELL, load=WELL, clean=WELL) == [
        (
            "fault",
            "DAG clean",
            "It would start itself: clean -> night -> load -> clean.",
            "Take one of these DAGs out of the chain.",
        )
    ]


def test_children_that_are_missing_broken_or_paused() -> None:
    tasks = (starts("m", "lode", "one"), starts("m", "broken", "two"), starts("m", "paused", "three"))
    assert findings(*tasks, m=WELL, load=WELL, broken=BROKEN, paused=PAUSED) == [
        (
            "fault",
            "task m.one",
            "There is no DAG 'lode'.",
            "Add its file, or mend the name in the task. Did you mean 'load'?",
        ),
        (
            "fault",
            "task m.two",
            "The file of the DAG 'broken' can't be imported.",
            "See `airflow dags list-import-errors`, and mend the file of broken.",
        ),
        (
            "warning",
            "task m.three",
            "The DAG 'paused' is paused: a run of it would not begin.",
            "Unpause it: airflow dags unpause paused",
        ),
    ]


def test_a_master_that_is_paused_itself_waits_for_nobody() -> None:
    assert [verdict for verdict, *_ in findings(starts("m", "a"), m=PAUSED, a=PAUSED)] == ["ok"]
