"""The example masters: their order, what they hand over, and that all they name is there."""

from __future__ import annotations

import importlib
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from couture_ops.operators import DagOperator
from couture_ops.payload import child_conf
from example_dags import batches, movies_master
from tools.demo import store

if TYPE_CHECKING:
    from airflow.sdk import DAG, Context


@pytest.fixture
def master(monkeypatch: pytest.MonkeyPatch) -> DAG:
    """The master on the ratings, with the demo's folder."""
    monkeypatch.setenv("RATINGS_FOLDER", "/ratings")
    dag: DAG = importlib.reload(movies_master).dag
    return dag


def handed_over(dag: DAG, task_id: str, **params: Any) -> dict[str, Any] | None:
    """The conf of a child, with templates unrendered."""
    operator = dag.get_task(task_id)
    assert isinstance(operator, DagOperator)
    run = SimpleNamespace(conf={}, run_id="manual__1")
    return child_conf(operator, cast("Context", {"dag_run": run, "params": params}))


def test_the_models_are_trained_side_by_side_and_compared_at_the_end(master: DAG) -> None:
    upstream = {task.task_id: task.upstream_task_ids for task in master.tasks}
    assert upstream == {
        "prepare": set(),
        "train_freely": {"prepare"},
        "train_carefully": {"prepare"},
        "compare": {"train_freely", "train_carefully"},
    }


def test_each_child_gets_its_folder_and_parameters(master: DAG) -> None:
    folder = "{{ params.output_folder }}/{{ ti.xcom_pull(task_ids='prepare')['run_id'] }}"
    assert handed_over(master, "prepare") == {"output_folder": "{{ params.output_folder }}"}
    assert handed_over(master, "train_freely") == {"folder": folder, "damping": 1}
    assert handed_over(master, "train_carefully") == {"folder": folder, "damping": 10}
    assert handed_over(master, "compare", compare=True) == {"folder": folder, "asked_by": "manual__1"}


def test_its_folder_is_that_of_the_first_child(master: DAG) -> None:
    assert master.params.dump() == {"output_folder": "/ratings/output", "compare": True}


def test_they_are_compared_only_when_that_is_wanted(master: DAG) -> None:
    assert handed_over(master, "compare", compare=False) is None


def test_every_child_is_a_dag_of_the_examples(master: DAG) -> None:
    children = {cast("DagOperator", task).run_dag_id for task in master.tasks}
    text = "".join(path.read_text() for path in store.JOBS.parent.glob("*.py"))
    assert children <= set(re.findall(r'DAG\(\s*(?:dag_id=)?"(\w+)"', text))


def test_the_demo_uploads_the_training() -> None:
    assert store.JOBS / "train.py" in store.CODE


def test_the_batches_are_read_from_a_file() -> None:
    read = cast("Any", batches.dag.get_task("read_batches")).python_callable
    assert read({"batches": str(store.BATCHES)}) == [
        {"batch": 1, "first": 0, "last": 9},
        {"batch": 2, "first": 10, "last": 19},
        {"batch": 3, "first": 20, "last": 29},
    ]


def test_a_batch_has_a_child_and_the_last_step_can_be_left_out() -> None:
    batch, last = (cast("Any", batches.dag.get_task(name)) for name in ("batch", "all_at_once"))
    assert batch.is_mapped
    assert batch.partial_kwargs["run_dag_id"] == "couture_one_batch"
    assert batch.partial_kwargs["max_active_children"] == 2
    assert last.skip_dag == "{{ params.skip_last }}"
