"""Operators for python files: what they ask the store for, and what they do not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG

from config_store.wire import JobRequest, Language
from couture_ops.job import JOB_FIELDS, build_request
from couture_ops.operators import CouturePySparkOperator, PySparkOperator

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH = pytest.mark.parametrize("operator", [PySparkOperator, CouturePySparkOperator])


@pytest.fixture(autouse=True)
def dag() -> Iterator[DAG]:
    """The DAG ``sales`` to which every operator of a test belongs."""
    with DAG("sales", schedule=None) as dag:
        yield dag


def asked(operator: PySparkOperator) -> JobRequest:
    """What the store is asked for."""
    fields = {field: getattr(operator, field, None) for field in JOB_FIELDS}
    return build_request(fields, dag_id=operator.dag_id, task_id=operator.task_id)


@BOTH
def test_an_uploaded_python_file(operator: type[PySparkOperator]) -> None:
    made = operator(
        task_id="t",
        code_artifact="pi.py",
        config_group="prod",
        app_name="A",
        application_arguments=[],
        exclude_spark_args=["jars"],
        python_conf="/data/envs/p3/bin/python",
        py_files=["lib.zip@2"],
    )
    assert asked(made) == JobRequest(
        language=Language.PYTHON,
        code_artifact="pi.py",
        config_group="prod",
        app_name="A",
        exclude_spark_args=("jars",),
        python_conf="/data/envs/p3/bin/python",
        py_files=("lib.zip@2",),
    )


def test_the_dictionary_contract() -> None:
    made = CouturePySparkOperator(task_id="t", code_artifact="etl.py", task_args_dict={"limit": 5})
    assert asked(made).application_arguments == ('{"task_id": "t", "dag_id": "sales", "task_args_dict": {"limit": 5}}',)


@BOTH
@pytest.mark.parametrize("name", ["class_path", "jar_path"])
def test_what_belongs_to_jars_is_refused(operator: type[PySparkOperator], name: str) -> None:
    given: dict[str, Any] = {name: "a.B"}
    with pytest.raises(TypeError, match=name):
        operator(task_id="t", code_artifact="etl.py", **given)


def test_the_plain_operator_knows_no_dictionaries() -> None:
    given: dict[str, Any] = {"method_id": "Load"}
    with pytest.raises(TypeError, match="method_id"):
        PySparkOperator(task_id="t", code_artifact="etl.py", **given)
