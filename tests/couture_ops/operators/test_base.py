"""What all Spark operators share: their parameters, templates, defaults, and what the scheduler keeps of them."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, BaseOperator, task
from airflow.sdk.log import mask_logs
from airflow.serialization.serialized_objects import DagSerialization

from couture_ops.errors import ContradictingParameters, MissingParameter
from couture_ops.job import JOB_FIELDS
from couture_ops.job_argument import DICTIONARY_PARAMETERS
from couture_ops.links import PreviewLink, ReceiptLink
from couture_ops.operators import CouturePySparkOperator, CoutureSparkOperator, PySparkOperator, SparkOperator
from couture_ops.operators.base import BaseSparkOperator

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATORS: list[type[BaseSparkOperator]] = [
    SparkOperator,
    CoutureSparkOperator,
    PySparkOperator,
    CouturePySparkOperator,
]
EVERY = pytest.mark.parametrize("operator", OPERATORS)

SHARED = {
    "code_artifact",
    "code_artifact_version",
    "config_group",
    "app_name",
    "application_arguments",
    "spark_arguments",
    "spark_configurations",
    "exclude_spark_args",
    "jars",
    "py_files",
    "files",
    "env_vars",
}
DICTIONARIES = {
    "method_id",
    "method_args_dict",
    "input_base_dir_path",
    "output_base_dir_path",
    "input_filenames_dict",
    "output_filenames_dict",
    "task_args_dict",
}
#: What a DAG author may write, by operator.
PARAMETERS: dict[type[BaseSparkOperator], set[str]] = {
    SparkOperator: SHARED | {"class_path", "jar_path"},
    CoutureSparkOperator: SHARED | {"class_path", "jar_path"} | DICTIONARIES,
    PySparkOperator: SHARED | {"python_conf"},
    CouturePySparkOperator: SHARED | {"python_conf"} | DICTIONARIES,
}
NOT_TEMPLATED = {"description", "couture_conn_id"}


@pytest.fixture(autouse=True)
def dag() -> Iterator[DAG]:
    """The DAG ``sales`` to which every operator of a test belongs."""
    with DAG("sales", schedule=None) as dag:
        yield dag


def parameters(operator: type[BaseSparkOperator]) -> set[str]:
    """The constructor parameters that our classes add to Airflow's."""
    ours = [cls for cls in operator.__mro__ if issubclass(cls, BaseSparkOperator) and "__init__" in vars(cls)]
    names = {name for cls in ours for name in inspect.signature(cls.__init__).parameters}
    return names - {"self", "kwargs"}


def render(operator: BaseSparkOperator, **values: Any) -> None:
    """Render as a running task does."""
    context: Any = {"run_id": "manual__1", "ds": "2026-03-01", "params": {}, **values}
    operator.render_template_fields(context)


# --- parameters ---


@EVERY
def test_the_parameters(operator: type[BaseSparkOperator]) -> None:
    assert parameters(operator) == PARAMETERS[operator] | NOT_TEMPLATED


@EVERY
def test_every_parameter_is_templated(operator: type[BaseSparkOperator]) -> None:
    assert set(operator.template_fields) == parameters(operator) - NOT_TEMPLATED
    assert len(operator.template_fields) == len(set(operator.template_fields))


def test_every_parameter_shapes_the_job() -> None:
    assert {name for operator in OPERATORS for name in operator.template_fields} | {"language"} == set(JOB_FIELDS)
    assert set(DICTIONARY_PARAMETERS) == DICTIONARIES


@EVERY
def test_parameters_are_kept_as_they_are(operator: type[BaseSparkOperator]) -> None:
    """Airflow's own check: a constructor may not change a templated field."""
    for name in operator.template_fields:
        if name in ("code_artifact", "jar_path"):
            continue
        value: Any = ["a"] if name == "application_arguments" else {"{{ ds }}": ["{{ run_id }}"]}
        made = operator(task_id=f"t_{name}", code_artifact="a.jar", **{name: value})
        assert getattr(made, name) is value


@EVERY
def test_nothing_but_the_artifact_is_needed(operator: type[BaseSparkOperator]) -> None:
    made = operator(task_id="t", code_artifact="a.jar")
    given = {name: getattr(made, name) for name in operator.template_fields}
    assert given == {**dict.fromkeys(operator.template_fields), "code_artifact": "a.jar"}
    assert made.couture_conn_id is None


@EVERY
def test_an_operator_without_artifact_is_no_operator(operator: type[BaseSparkOperator]) -> None:
    names = "code_artifact or jar_path" if "jar_path" in PARAMETERS[operator] else "code_artifact"
    with pytest.raises(MissingParameter) as caught:
        operator(task_id="t")
    assert str(caught.value) == (
        f"{names} is missing. Give {operator.__name__} the name of the code artifact that it is to run."
    )


@EVERY
def test_misspelt_parameters_are_refused(operator: type[BaseSparkOperator]) -> None:
    with pytest.raises(TypeError, match="config_gruop"):
        operator(task_id="t", code_artifact="a.jar", config_gruop="prod")


@EVERY
def test_the_links_to_the_receipt_and_to_the_preview(operator: type[BaseSparkOperator]) -> None:
    assert [type(link) for link in operator.operator_extra_links] == [ReceiptLink, PreviewLink]


# --- description ---


@EVERY
def test_a_description_becomes_the_doc(operator: type[BaseSparkOperator]) -> None:
    made = operator(task_id="t", code_artifact="a.jar", description="Counts ratings.")
    assert (made.doc, made.doc_md) == ("Counts ratings.", None)


@pytest.mark.parametrize("name", ["doc", "doc_md", "doc_json", "doc_yaml", "doc_rst"])
def test_a_description_replaces_no_doc(name: str) -> None:
    docs: Any = {name: "{}"}
    made = SparkOperator(task_id="t", code_artifact="a.jar", description="Counts ratings.", **docs)
    assert (getattr(made, name), made.doc) == ("{}", "{}" if name == "doc" else None)


@pytest.mark.parametrize("description", ["", None])
def test_an_empty_description_is_none(description: str | None) -> None:
    assert SparkOperator(task_id="t", code_artifact="a.jar", description=description).doc is None


# --- default_args ---


@EVERY
def test_default_args_reach_every_parameter(operator: type[BaseSparkOperator]) -> None:
    names = parameters(operator) - DICTIONARIES - {"jar_path"}
    defaults: dict[str, Any] = {name: f"default {name}" for name in names}
    with DAG("defaults", schedule=None, default_args={**defaults, "retries": 3}):
        made = operator(task_id="t")
        own = operator(task_id="own", config_group="own", app_name=None)
    assert {name: getattr(made, name) for name in names - {"description"}} == {
        name: defaults[name] for name in names - {"description"}
    }
    assert (made.doc, made.retries) == ("default description", 3)
    assert (own.config_group, own.app_name, own.files) == ("own", None, "default files")


def test_default_args_reach_the_dictionary_contract() -> None:
    defaults: dict[str, Any] = {name: {"of": name} for name in DICTIONARIES - {"task_args_dict"}}
    with DAG("defaults", schedule=None, default_args={**defaults, "code_artifact": "a.jar"}):
        for number, operator in enumerate((CoutureSparkOperator, CouturePySparkOperator)):
            made = operator(task_id=f"t{number}")
            assert {name: getattr(made, name) for name in defaults} == defaults


def test_one_dag_may_mix_all_operators_under_one_default_args() -> None:
    """Each takes what it knows: a python operator has no class_path, a jar operator no python_conf."""
    defaults = {"config_group": "prod", "class_path": "a.b.Main", "python_conf": "/opt/python", "method_id": "Load"}
    with DAG("mixed", schedule=None, default_args=defaults) as mixed:
        CoutureSparkOperator(task_id="jar", code_artifact="a.jar")
        CouturePySparkOperator(task_id="python", code_artifact="a.py")
        SparkOperator(task_id="plain_jar", code_artifact="a.jar", application_arguments=["x"])
        PySparkOperator(task_id="plain_python", code_artifact="a.py", application_arguments=["x"])
    given = {
        made.task_id: {name for name in defaults if getattr(made, name, None) == defaults[name]} for made in mixed.tasks
    }
    assert given == {
        "jar": {"config_group", "class_path", "method_id"},
        "python": {"config_group", "python_conf", "method_id"},
        "plain_jar": {"config_group", "class_path"},
        "plain_python": {"config_group", "python_conf"},
    }


def test_contradictions_through_default_args_are_found_and_can_be_undone() -> None:
    defaults = {"code_artifact": "a.jar", "application_arguments": ["x"]}
    with DAG("contradicting", schedule=None, default_args=defaults):
        with pytest.raises(ContradictingParameters, match=r"^code_artifact and jar_path exclude each other\."):
            SparkOperator(task_id="uri", jar_path="hdfs:///a.jar")
        with pytest.raises(ContradictingParameters, match=r"^application_arguments and method_id exclude each other\."):
            CoutureSparkOperator(task_id="load", method_id="Load")
        undone = CoutureSparkOperator(
            task_id="undone", method_id="Load", application_arguments=None, code_artifact=None, jar_path="hdfs:///a.jar"
        )
    assert (undone.jar_path, undone.method_id) == ("hdfs:///a.jar", "Load")


# --- templates ---


@EVERY
def test_every_parameter_renders_however_deep(operator: type[BaseSparkOperator]) -> None:
    template = {"a": ["{{ run_id }}", {"b": ("{{ ds }}", 1, 2.5, None, True)}], "c": {"{{ ds }}"}}
    rendered = {"a": ["manual__1", {"b": ("2026-03-01", 1, 2.5, None, True)}], "c": {"2026-03-01"}}
    made = operator(task_id="t", code_artifact="a.jar")
    for name in operator.template_fields:
        setattr(made, name, template)
    render(made)
    assert {name: getattr(made, name) for name in operator.template_fields} == dict.fromkeys(
        operator.template_fields, rendered
    )


def test_rendering_masks_what_sounds_like_a_secret() -> None:
    """Before Airflow stores the rendered fields."""
    made = PySparkOperator(
        task_id="t",
        code_artifact="a.py",
        spark_arguments={"keytab-password": "{{ canaries[0] }}"},
        spark_configurations={"spark.my.apikey": "{{ canaries[1] }}", "spark.x": "{{ canaries[2] }}"},
        env_vars={"MY_TOKEN": "{{ canaries[3] }}"},
    )
    canaries = ["canary-argument", "canary-configuration", "no-canary", "canary-variable"]
    render(made, canaries=canaries)
    assert mask_logs(None, "info", {"event": " ".join(canaries)})["event"] == "*** *** no-canary ***"


@EVERY
def test_fields_of_structure_are_shown_as_json(operator: type[BaseSparkOperator]) -> None:
    structured = {name for name in operator.template_fields if name.endswith("_dict")}
    structured |= {"application_arguments", "spark_arguments", "spark_configurations", "env_vars"}
    assert operator.template_fields_renderers == dict.fromkeys(structured, "json")


# --- the output of other tasks ---


@task
def make_arguments() -> list[str]:
    """What another task puts out."""
    return ["a", "b"]


@EVERY
def test_the_arguments_may_be_the_output_of_a_task(operator: type[BaseSparkOperator]) -> None:
    output: Any = make_arguments()
    made = operator(task_id="t", code_artifact="a.jar", application_arguments=output)
    assert made.upstream_task_ids == {"make_arguments"}


@pytest.mark.parametrize("name", ["code_artifact", "config_group", "method_args_dict", "spark_configurations"])
def test_so_may_other_parameters(name: str) -> None:
    given: dict[str, Any] = {"code_artifact": "a.jar", name: make_arguments()}
    assert CoutureSparkOperator(task_id="t", **given).upstream_task_ids == {"make_arguments"}


def test_the_output_of_a_task_excludes_what_its_value_would() -> None:
    with pytest.raises(ContradictingParameters, match=r"^application_arguments and method_id exclude each other\."):
        CoutureSparkOperator(
            task_id="t", code_artifact="a.jar", method_id="Load", application_arguments=make_arguments()
        )


@EVERY
def test_mapped_tasks(operator: type[BaseSparkOperator]) -> None:
    mapped = operator.partial(task_id="t", code_artifact="a.jar", description="d").expand(
        application_arguments=[["a"], ["b"]]
    )
    assert mapped.is_mapped
    made = mapped.unmap({"application_arguments": ["b"]})
    assert isinstance(made, operator)
    assert (made.code_artifact, made.application_arguments, made.doc) == ("a.jar", ["b"], "d")


def test_mapping_refuses_unknown_parameters_when_the_dag_is_parsed() -> None:
    with pytest.raises(TypeError, match="config_gruop"):
        SparkOperator.partial(task_id="t", code_artifact="a.jar", config_gruop="prod")


def test_a_mapped_task_that_contradicts_itself_fails_when_it_runs() -> None:
    """Airflow makes the operator only then."""
    mapped = CoutureSparkOperator.partial(task_id="t", code_artifact="a.jar", method_id="Load").expand(
        application_arguments=[["a"]]
    )
    with pytest.raises(ContradictingParameters):
        mapped.unmap({"application_arguments": ["a"]})


# --- what the scheduler keeps ---


def through_the_database(dag: DAG) -> Any:
    """The DAG as the API server reads it."""
    return DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))


@EVERY
def test_the_scheduler_keeps_the_language_and_every_field(operator: type[BaseSparkOperator], dag: DAG) -> None:
    fields: dict[str, Any] = {name: f"{{{{ {name} }}}}" for name in operator.template_fields}
    fields |= {
        "code_artifact_version": 3,
        "spark_arguments": {"executor-memory": "8g", "executor-cores": 4},
        "env_vars": {},
        "jars": ("b.jar", "a.jar"),
        "exclude_spark_args": {"jars", "files"},
        "application_arguments": [],
    }
    fields |= {name: {"b": [1, {"a": None}], "": ""} for name in fields if name.endswith("_dict")}
    alone = {"jar_path": None, "task_args_dict": None} if "jar_path" in fields else {"task_args_dict": None}
    fields |= {name: value for name, value in alone.items() if name in fields}
    operator(task_id="t", **fields)
    kept = through_the_database(dag).get_task("t")
    kept_fields = {name: getattr(kept, name) for name in operator.template_fields}
    assert kept_fields == {**fields, "jars": ["b.jar", "a.jar"], "exclude_spark_args": ["files", "jars"]}
    assert kept.language == operator.language
    assert list(kept.extra_links) == ["Spark preview", "Spark receipt"]


def test_the_languages() -> None:
    assert {operator.__name__: operator.language for operator in OPERATORS} == {
        "SparkOperator": "java",
        "CoutureSparkOperator": "java",
        "PySparkOperator": "python",
        "CouturePySparkOperator": "python",
    }


def test_the_scheduler_keeps_what_mapped_tasks_share(dag: DAG) -> None:
    CouturePySparkOperator.partial(task_id="t", code_artifact="a.py", config_group="{{ ds }}").expand(
        application_arguments=make_arguments()
    )
    kept = through_the_database(dag).get_task("t")
    shared = {name: kept.partial_kwargs.get(name) for name in JOB_FIELDS if kept.partial_kwargs.get(name)}
    assert shared == {"code_artifact": "a.py", "config_group": "{{ ds }}"}


def test_other_operators_have_no_language(dag: DAG) -> None:
    """By which a preview knows that they are none of ours."""
    BaseOperator(task_id="t")
    assert getattr(through_the_database(dag).get_task("t"), "language", None) is None


# --- outside of a task ---


def test_nothing_is_killed_before_it_runs() -> None:
    made = SparkOperator(task_id="t", code_artifact="a.jar")
    made.on_kill()
    assert made.code_artifact == "a.jar"
