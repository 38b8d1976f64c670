"""Operators for jars."""

from __future__ import annotations

from typing import Any

from couture_ops.errors import ContradictingParameters
from couture_ops.job_argument import DICTIONARY_PARAMETERS
from couture_ops.operators.base import BaseSparkOperator, check_application
from couture_ops.operators.dictionary import DictionaryJobOperator


class SparkOperator(BaseSparkOperator):
    """Runs the main class of an uploaded jar with plain arguments.

    :param class_path: full name of the main class; by default the one of the jar's manifest.
    :param jar_path: URI of a jar that is not uploaded, instead of ``code_artifact``: ``hdfs:///apps/etl.jar``.
    """

    language = "java"
    template_fields = (*BaseSparkOperator.template_fields, "class_path", "jar_path")

    def __init__(self, *, class_path: str | None = None, jar_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.class_path = class_path
        self.jar_path = jar_path
        check_application(type(self).__name__, {"code_artifact": self.code_artifact, "jar_path": jar_path})
        if jar_path and self.code_artifact_version is not None:
            raise ContradictingParameters("jar_path", "code_artifact_version", "A jar_path has no versions.")


class CoutureSparkOperator(SparkOperator, DictionaryJobOperator):
    """Runs the main class of an uploaded jar, with plain arguments or the dictionary contract.

    .. code-block:: python

        CoutureSparkOperator(task_id="top", code_artifact="etl.jar", class_path="com.example.Etl", method_id="Top")
    """

    template_fields = (*SparkOperator.template_fields, *DICTIONARY_PARAMETERS)
    template_fields_renderers = DictionaryJobOperator.template_fields_renderers
