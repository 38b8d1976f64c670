"""From an operator's fields to a JobRequest; pure, shared by the operators and the server's previews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config_store.wire import JobRequest, Language, is_secret_name
from couture_ops.errors import UnfitParameter
from couture_ops.job_argument import DICTIONARY_PARAMETERS, application_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Every field of an operator that shapes its job, all of them templated but the language.
JOB_FIELDS = (
    "language",
    "config_group",
    "code_artifact",
    "code_artifact_version",
    "jar_path",
    "class_path",
    "app_name",
    "application_arguments",
    *DICTIONARY_PARAMETERS,
    "exclude_spark_args",
    "python_conf",
    "spark_arguments",
    "spark_configurations",
    "jars",
    "py_files",
    "files",
    "env_vars",
)


def build_request(fields: Mapping[str, Any], *, dag_id: str, task_id: str) -> JobRequest:
    """The request that the fields stand for; raises UnfitParameter naming the field that is not what it should be."""
    return JobRequest(
        language=Language(fields["language"]),
        config_group=_optional_text(fields, "config_group"),
        code_artifact=_optional_text(fields, "code_artifact"),
        code_artifact_version=_version(fields.get("code_artifact_version")),
        application_uri=_optional_text(fields, "jar_path"),
        class_path=_optional_text(fields, "class_path"),
        app_name=_optional_text(fields, "app_name"),
        application_arguments=application_arguments(fields, dag_id=dag_id, task_id=task_id),
        python_conf=_optional_text(fields, "python_conf"),
        spark_arguments=_texts_by_name(fields, "spark_arguments"),
        spark_configurations=_texts_by_name(fields, "spark_configurations"),
        exclude_spark_args=_texts(fields, "exclude_spark_args"),
        jars=_texts(fields, "jars"),
        py_files=_texts(fields, "py_files"),
        files=_texts(fields, "files"),
        env_vars=_texts_by_name(fields, "env_vars"),
    )


def _optional_text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise UnfitParameter(name, value, "must be a string")
    return value


def _version(value: object) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, int | str) and not isinstance(value, bool) and str(value).strip().isdecimal():
        return int(value)
    raise UnfitParameter("code_artifact_version", value, "must be the number of a version, such as 3")


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = fields.get(name) or ()
    if isinstance(values, str):  # Spark's own form of such lists
        values = [part.strip() for part in values.split(",")]
    if not isinstance(values, list | tuple | set | frozenset) or not all(isinstance(value, str) for value in values):
        raise UnfitParameter(name, values, "must be a list of strings")
    # a set gets an order, so that every try and its preview say the same
    ordered = sorted(values) if isinstance(values, set | frozenset) else values
    return tuple(value for value in ordered if value)


def _texts_by_name(fields: Mapping[str, Any], name: str) -> dict[str, str]:
    values = fields.get(name) or {}
    if not hasattr(values, "items"):
        raise UnfitParameter(name, values, "must be a dictionary")
    return {str(key): _setting_text(f"{name}.{key}", value) for key, value in values.items() if value is not None}


def _setting_text(name: str, value: object) -> str:
    """Spark's spelling: its booleans are lower case."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise UnfitParameter(name, value, "must be a string, a number or a boolean", secret=is_secret_name(name))
