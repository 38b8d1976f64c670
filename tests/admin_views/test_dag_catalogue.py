"""Airflow's DAGs and runs as its own tables hold them: real documents, real rows, a thousand DAGs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.dag_version import DagVersion
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.xcom import XComModel
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, BaseOperator
from airflow.serialization.serialized_objects import DagSerialization
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from admin_views.dag_catalogue import AirflowDags, dag_tasks
from config_store.dag_tree import Kind, RunHead, TaskRun, grow_tree, list_masters
from config_store.master_dags import DagHead, DagTask
from tests.admin_views.airflow_rows import AT, add_import_error, add_instance, add_run, dag_row, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine


class RunsDag(BaseOperator):
    """An operator that names its child as ours do."""

    template_fields = ("run_dag_id", "skip_dag")

    def __init__(
        self, *, run_dag_id: str, python_callable: Callable[..., Any] | None = None, skip_dag: Any = None, **more: Any
    ) -> None:
        super().__init__(**more)
        self.run_dag_id, self.python_callable, self.skip_dag = run_dag_id, python_callable, skip_dag


def payload(context: Any, payload: Any) -> Any:
    """A callable of a DAG's author."""
    return payload


def tasks_of(dag: DAG) -> list[DagTask]:
    """The tasks that start DAGs, by the document of the DAG."""
    return list(dag_tasks(dag.dag_id, DagSerialization.to_dict(dag)))


# --- documents ---


def test_tasks_that_start_dags() -> None:
    with DAG("m", schedule=None) as dag:
        BaseOperator(task_id="other")
        TriggerDagRunOperator(task_id="standard", trigger_dag_id="a")
        RunsDag(task_id="ours", run_dag_id="b")
        RunsDag(task_id="template", run_dag_id="{{ params.dag }}")
    assert tasks_of(dag) == [
        DagTask("m", "standard", "a", "a"),
        DagTask("m", "ours", "b", "b"),
        DagTask("m", "template", None, "{{ params.dag }}"),
    ]


def test_conditional_tasks() -> None:
    with DAG("m", schedule=None) as dag:
        maybe = ShortCircuitOperator(task_id="maybe", python_callable=lambda: False)
        maybe >> RunsDag(task_id="behind", run_dag_id="a")
        RunsDag(task_id="callable", run_dag_id="a", python_callable=payload)
        RunsDag(task_id="skipped", run_dag_id="a", skip_dag="{{ params.skip }}")
        RunsDag(task_id="never_skipped", run_dag_id="a", skip_dag=False)
        RunsDag.partial(task_id="mapped", run_dag_id="a", python_callable=payload).expand(skip_dag=[True, False])
    found = {task.task_id: task.conditional for task in tasks_of(dag)}
    assert found == {"behind": True, "callable": True, "skipped": True, "never_skipped": False, "mapped": True}


def test_mapped_tasks() -> None:
    with DAG("m", schedule=None) as dag:
        TriggerDagRunOperator.partial(task_id="confs", trigger_dag_id="a").expand(conf=[{"a": 1}, {"b": 2}])
        RunsDag.partial(task_id="dags").expand(run_dag_id=["a", "{{ x }}", "b"])
        RunsDag.partial(task_id="both").expand_kwargs([{"run_dag_id": "a"}, {"run_dag_id": "b"}])
        RunsDag.partial(task_id="product").expand(run_dag_id=["a", "b"], skip_dag=[True, False])
    assert tasks_of(dag) == [
        DagTask("m", "confs", "a", "a", mapped=True),
        DagTask("m", "dags", None, "(mapped)", mapped=True, by_index=("a", None, "b")),
        DagTask("m", "both", None, "(mapped)", mapped=True),
        DagTask("m", "product", None, "(mapped)", mapped=True),
    ]


# --- tables ---


def write_many(engine: Engine, names: list[str], document: dict[str, Any]) -> None:
    """Store DAGs of one and the same document, without the processor's effort for each."""
    with Session(engine) as session:
        session.add_all(map(dag_row, names))
        versions = [DagVersion(dag_id=name, bundle_name="dags", version_number=1) for name in names]
        session.add_all(versions)
        session.flush()
        session.execute(
            insert(SerializedDagModel),
            [
                {"dag_id": one.dag_id, "dag_version_id": one.id, "dag_hash": one.dag_id, "_data": document}
                for one in versions
            ],
        )
        session.commit()


def master(dag_id: str, *children: str) -> DAG:
    """A DAG with a task ``to_<child>`` for each child."""
    with DAG(dag_id, schedule=None) as dag:
        for child in children:
            TriggerDagRunOperator(task_id=f"to_{child}", trigger_dag_id=child)
    return dag


def test_dags_as_they_stand(engine: Engine) -> None:
    write(engine, master("m", "a", "b"), master("a"))
    write(engine, master("b"), is_paused=True)
    # Airflow takes the DAGs of a file with errors for stale, and leaves the mark when the file goes
    write(engine, master("broken", "a"), has_import_errors=True, is_stale=True, relative_fileloc="broken.py")
    write(engine, master("gone", "a"), has_import_errors=True, is_stale=True, relative_fileloc="gone.py")
    with Session(engine) as session:
        add_import_error(session, "broken.py", "ValueError: no")
        session.commit()
    catalogue = AirflowDags()
    assert catalogue.heads() == {
        "m": DagHead(),
        "a": DagHead(),
        "b": DagHead(is_paused=True),
        "broken": DagHead(has_import_errors=True),
    }
    assert catalogue.heads(["a", "gone", "nothing"]) == {"a": DagHead()}
    assert {name: [task.child for task in tasks] for name, tasks in catalogue.tasks().items()} == {
        "m": ["a", "b"],
    }
    assert list(catalogue.tasks(["m", "a"])) == ["m"]
    assert catalogue.tasks([]) == {}


def test_a_new_version_of_a_dag_counts_at_once(engine: Engine) -> None:
    catalogue = AirflowDags()
    write(engine, master("m", "a"))
    assert [task.child for task in catalogue.tasks()["m"]] == ["a"]
    write(engine, master("m", "b"))  # rewritten in place: no run used it
    assert [task.child for task in catalogue.tasks()["m"]] == ["b"]
    with Session(engine) as session:
        add_instance(session, add_run(session, "m", "r"), "to_b")
        session.commit()
    write(engine, master("m", "c"))  # a version of its own
    assert [task.child for task in catalogue.tasks(["m"])["m"]] == ["c"]
    with Session(engine) as session:
        assert len(session.scalars(select(SerializedDagModel.id)).all()) == 2


def test_compressed_documents(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow.models.serialized_dag._COMPRESS_SERIALIZED_DAGS", True)
    write(engine, master("m", "a"))
    assert [task.child for task in AirflowDags().tasks()["m"]] == ["a"]


def test_runs(engine: Engine) -> None:
    write(engine, master("m", "a"), master("a"))
    with Session(engine) as session:
        for run_id, hour in (("r1", 1), ("r3", 3), ("r2", 2)):
            add_run(session, "m", run_id, hour=hour)
        add_run(session, "a", "r1", "failed")
        session.commit()
    catalogue = AirflowDags()
    assert catalogue.newest_runs(["m", "a", "b"]) == {
        "m": RunHead("m", "r3", "success", AT, AT),
        "a": RunHead("a", "r1", "failed", AT, AT),
    }
    assert catalogue.runs([("m", "r2"), ("a", "r2"), ("a", "r1")]) == {
        ("m", "r2"): RunHead("m", "r2", "success", AT, AT),
        ("a", "r1"): RunHead("a", "r1", "failed", AT, AT),
    }
    assert catalogue.newest_runs([]) == {}
    assert [run.run_id for run in catalogue.latest_runs("m", 2)] == ["r3", "r2"]
    assert catalogue.latest_runs("b", 2) == []


def test_instances_with_what_they_tell(engine: Engine) -> None:
    write(engine, master("m", "a"))
    with Session(engine) as session:
        run = add_run(session, "m", "r")
        for task_id, index in (("plain", -1), ("mapped", 1), ("mapped", 0), ("template", -1), ("other", -1)):
            add_instance(session, run, task_id, index, "running")
        for task_id, index, key in (("mapped", 1, "trigger_run_id"), ("plain", -1, "child_run_id"), ("mapped", 0, "x")):
            session.add(
                XComModel(
                    dag_run_id=run.id, dag_id="m", run_id="r", task_id=task_id, map_index=index, key=key, value="x"
                )
            )
        session.execute(
            insert(RenderedTaskInstanceFields).values(
                dag_id="m", run_id="r", task_id="template", map_index=-1, rendered_fields={"trigger_dag_id": "a"}
            )
        )
        session.commit()
    tasks = [
        DagTask("m", "plain", "a", "a"),
        DagTask("m", "mapped", "a", "a"),
        DagTask("m", "template", None, "{{ x }}"),
    ]
    found = AirflowDags().task_runs([("m", "r"), ("m", "none")], tasks)
    assert sorted(found, key=lambda one: (one.task_id, one.map_index)) == [
        TaskRun("m", "r", "mapped", 0, "running"),
        TaskRun("m", "r", "mapped", 1, "running", told_run_id="x"),
        TaskRun("m", "r", "plain", -1, "running", told_run_id="x"),
        TaskRun("m", "r", "template", -1, "running", rendered_child="a"),
    ]


def test_a_thousand_dags_take_few_questions(engine: Engine) -> None:
    names = [f"c{number:04}" for number in range(1000)]
    write(engine, master("m", *names), master("leaf"))
    write_many(engine, names, DagSerialization.to_dict(master("c", "leaf")))
    with Session(engine) as session:
        run = add_run(session, "m", "r", "running")
        for name in names:
            add_instance(session, run, f"to_{name}")
        session.commit()
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    catalogue = AirflowDags()
    tree = grow_tree("m", None, catalogue, set, AT)
    assert [node.kind for node in tree.children] == [Kind.CHILD] * 1000
    assert [node.children[0].dag_id for node in tree.children] == ["leaf"] * 1000
    first = len(statements)
    assert first < 50
    assert list_masters(catalogue, set, "", 50, 0)[1] == 1001
    assert len(catalogue.tasks()) == 1001
    assert sum("serialized_dag.data" in statement for statement in statements[first:]) == 0  # all kept
