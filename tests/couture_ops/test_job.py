"""From an operator's fields to the request for its job."""

from __future__ import annotations

from typing import Any

import pytest

from config_store.wire import JobRequest, Language
from couture_ops.errors import UnfitParameter
from couture_ops.job import JOB_FIELDS, build_request
from couture_ops.job_argument import DICTIONARY_PARAMETERS


def request(**fields: Any) -> JobRequest:
    """The request of the python task ``load`` of the DAG ``sales``."""
    return build_request({"language": "python", **fields}, dag_id="sales", task_id="load")


def refusal(**fields: Any) -> str:
    """What is said about fields that make no request."""
    with pytest.raises(UnfitParameter) as caught:
        request(**fields)
    return str(caught.value)


def test_every_field_reaches_the_request() -> None:
    fields = {
        "language": "java",
        "config_group": "prod",
        "code_artifact": "etl.jar",
        "code_artifact_version": 3,
        "jar_path": "hdfs:///apps/etl.jar",
        "class_path": "com.example.Etl",
        "app_name": "Etl",
        "application_arguments": ["a", 1],
        "exclude_spark_args": ["jars"],
        "python_conf": "/opt/python",
        "spark_arguments": {"executor-memory": "8g"},
        "spark_configurations": {"spark.x": 400},
        "jars": ["hbase.jar"],
        "py_files": ["lib.zip"],
        "files": ["/etc/hosts"],
        "env_vars": {"TZ": "UTC"},
    }
    assert set(fields) | set(DICTIONARY_PARAMETERS) == set(JOB_FIELDS)
    assert build_request(fields, dag_id="sales", task_id="load") == JobRequest(
        language=Language.JAVA,
        config_group="prod",
        code_artifact="etl.jar",
        code_artifact_version=3,
        application_uri="hdfs:///apps/etl.jar",
        class_path="com.example.Etl",
        app_name="Etl",
        application_arguments=("a", "1"),
        exclude_spark_args=("jars",),
        python_conf="/opt/python",
        spark_arguments={"executor-memory": "8g"},
        spark_configurations={"spark.x": "400"},
        jars=("hbase.jar",),
        py_files=("lib.zip",),
        files=("/etc/hosts",),
        env_vars={"TZ": "UTC"},
    )


def test_the_dictionary_parameters_become_the_argument() -> None:
    assert request(method_id="Load", input_base_dir_path="/in").application_arguments == (
        '{"method_id": "Load", "dag_id": "sales", "input_base_dir_path": "/in"}',
    )


def test_the_task_is_left_to_airflow() -> None:
    assert request(code_artifact="a.py").task is None


@pytest.mark.parametrize("empty", [None, ""])
def test_what_is_empty_is_not_asked_for(empty: object) -> None:
    fields = dict.fromkeys(set(JOB_FIELDS) - {"language", *DICTIONARY_PARAMETERS}, empty)
    assert request(**fields) == JobRequest(language=Language.PYTHON) == request()


@pytest.mark.parametrize("name", ["config_group", "code_artifact", "jar_path", "class_path", "app_name", "python_conf"])
def test_a_text_that_is_none_is_named(name: str) -> None:
    assert refusal(**{name: ["a"]}) == f"{name} must be a string; it is list \"['a']\"."


@pytest.mark.parametrize(("given", "version"), [(3, 3), ("3", 3), (" 12 ", 12), (0, 0), (None, None), ("", None)])
def test_a_version_is_a_number_or_its_text(given: object, version: int | None) -> None:
    assert request(code_artifact_version=given).code_artifact_version == version


@pytest.mark.parametrize("given", [True, 1.0, "newest", "-1", "3.0", "{{ params.version }}", [3]])
def test_what_is_no_version_is_named(given: object) -> None:
    reason = "code_artifact_version must be the number of a version, such as 3; it is "
    assert refusal(code_artifact_version=given).startswith(f"{reason}{type(given).__name__} ")


@pytest.mark.parametrize("name", ["exclude_spark_args", "jars", "py_files", "files"])
@pytest.mark.parametrize(
    ("given", "entries"),
    [
        (["b", "a"], ("b", "a")),
        (("b", "a"), ("b", "a")),
        ({"b", "a", "c"}, ("a", "b", "c")),
        (frozenset({"b", "a"}), ("a", "b")),
        ("b, a,,c ", ("b", "a", "c")),
        (["b", "", "a"], ("b", "a")),
        ([], ()),
        (" , ", ()),
    ],
)
def test_lists_of_texts(name: str, given: object, entries: tuple[str, ...]) -> None:
    """Spark's own form, with commas, is taken too; a set has no order and gets one, so that each try is the same."""
    assert getattr(request(**{name: given}), name) == entries


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a", 1], "jars must be a list of strings; it is list \"['a', 1]\"."),
        ({1}, "jars must be a list of strings; it is set '{1}'."),
        ({"a": "b"}, "jars must be a list of strings; it is dict \"{'a': 'b'}\"."),
        (7, "jars must be a list of strings; it is int '7'."),
    ],
)
def test_what_is_no_list_of_texts_is_named(given: object, message: str) -> None:
    assert refusal(jars=given) == message


@pytest.mark.parametrize("name", ["spark_arguments", "spark_configurations", "env_vars"])
def test_settings_are_spelt_as_spark_reads_them(name: str) -> None:
    given = {"a": "A b", "yes": True, "no": False, "count": 400, "share": 0.75, "empty": "", "absent": None, 1: 2}
    settings = {"a": "A b", "yes": "true", "no": "false", "count": "400", "share": "0.75", "empty": "", "1": "2"}
    assert getattr(request(**{name: given}), name) == settings


@pytest.mark.parametrize("name", ["spark_arguments", "spark_configurations", "env_vars"])
def test_what_is_no_dictionary_of_settings_is_named(name: str) -> None:
    assert refusal(**{name: ["a=b"]}) == f"{name} must be a dictionary; it is list \"['a=b']\"."
    assert refusal(**{name: {"a.b": ["c"]}}) == (
        f"{name}.a.b must be a string, a number or a boolean; it is list \"['c']\"."
    )


def test_the_value_of_a_secret_stands_in_no_message() -> None:
    assert refusal(env_vars={"MY_TOKEN": ["hunter2-canary"]}) == (
        "env_vars.MY_TOKEN must be a string, a number or a boolean; it is list, and its value is hidden."
    )
