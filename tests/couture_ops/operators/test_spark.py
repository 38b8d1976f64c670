"""Operators for jars: what they ask the store for, and the wrong combinations that no DAG may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG

from config_store.wire import JobRequest, Language
from couture_ops.errors import ContradictingParameters
from couture_ops.job import JOB_FIELDS, build_request
from couture_ops.operators import CoutureSparkOperator, SparkOperator

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH = pytest.mark.parametrize("operator", [SparkOperator, CoutureSparkOperator])


@pytest.fixture(autouse=True)
def dag() -> Iterator[DAG]:
    """The DAG ``sales`` to which every operator of a test belongs."""
    with DAG("sales", schedule=None) as dag:
        yield dag


def asked(operator: SparkOperator) -> JobRequest:
    """What the store is asked for."""
    fields = {field: getattr(operator, field, None) for field in JOB_FIELDS}
    return build_request(fields, dag_id=operator.dag_id, task_id=operator.task_id)


@BOTH
def test_an_uploaded_jar(operator: type[SparkOperator]) -> None:
    made = operator(
        task_id="t",
        code_artifact="etl.jar",
        code_artifact_version=3,
        class_path="com.example.Etl",
        application_arguments=["in", 1],
    )
    assert asked(made) == JobRequest(
        language=Language.JAVA,
        code_artifact="etl.jar",
        code_artifact_version=3,
        class_path="com.example.Etl",
        application_arguments=("in", "1"),
    )


@BOTH
def test_a_jar_by_its_uri(operator: type[SparkOperator]) -> None:
    made = operator(task_id="t", jar_path="hdfs:///apps/etl.jar", class_path="com.example.Etl")
    assert asked(made) == JobRequest(
        language=Language.JAVA, application_uri="hdfs:///apps/etl.jar", class_path="com.example.Etl"
    )


@BOTH
@pytest.mark.parametrize("order", [("code_artifact", "jar_path"), ("jar_path", "code_artifact")])
def test_both_are_one_too_many(operator: type[SparkOperator], order: tuple[str, str]) -> None:
    given: dict[str, Any] = dict.fromkeys(order, "etl.jar")
    with pytest.raises(ContradictingParameters) as caught:
        operator(task_id="t", **given)
    assert str(caught.value) == (
        "code_artifact and jar_path exclude each other. Each says what to run; keep one of them."
    )


@BOTH
def test_a_jar_path_has_no_versions(operator: type[SparkOperator]) -> None:
    with pytest.raises(ContradictingParameters, match=r"^jar_path and code_artifact_version exclude each other\."):
        operator(task_id="t", jar_path="hdfs:///apps/etl.jar", code_artifact_version=2)


def test_the_dictionary_contract() -> None:
    made = CoutureSparkOperator(
        task_id="t",
        code_artifact="etl.jar",
        class_path="com.example.Etl",
        output_filenames_dict={"top": "top-movies"},
        method_args_dict={"limit": 5, "columns": ["b", "a"]},
        method_id="Top",
        input_base_dir_path="/in",
    )
    assert asked(made).application_arguments == (
        '{"method_id": "Top", "dag_id": "sales", "method_args_dict": {"limit": 5, "columns": ["b", "a"]}, '
        '"input_base_dir_path": "/in", "output_filenames_dict": {"top": "top-movies"}}',
    )


def test_templates_render_into_the_argument() -> None:
    made = CoutureSparkOperator(
        task_id="t",
        code_artifact="{{ params.jar }}",
        method_id="{{ params.method }}",
        method_args_dict={"paths": ["/a/{{ run_id }}", 1, 2.5], "{{ ds }}": {"deep": "{{ ds }}"}},
    )
    context: Any = {"run_id": "r", "ds": "2026-03-01", "params": {"jar": "etl.jar", "method": "Load"}}
    made.render_template_fields(context)
    assert asked(made) == JobRequest(
        language=Language.JAVA,
        code_artifact="etl.jar",
        application_arguments=(
            '{"method_id": "Load", "dag_id": "sales", "method_args_dict": {"paths": ["/a/r", 1, 2.5], '
            '"{{ ds }}": {"deep": "2026-03-01"}}}',
        ),
    )


def test_the_plain_operator_knows_no_dictionaries() -> None:
    given: dict[str, Any] = {"method_id": "Load"}
    with pytest.raises(TypeError, match="method_id"):
        SparkOperator(task_id="t", code_artifact="etl.jar", **given)
