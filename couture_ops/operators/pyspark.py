"""Operators for python files."""

from __future__ import annotations

from typing import Any

from couture_ops.job_argument import DICTIONARY_PARAMETERS
from couture_ops.operators.base import BaseSparkOperator, check_application
from couture_ops.operators.dictionary import DictionaryJobOperator


class PySparkOperator(BaseSparkOperator):
    """Runs an uploaded python file with plain arguments.

    :param python_conf: path of the interpreter on the cluster's nodes; becomes
        ``spark.yarn.appMasterEnv.PYSPARK_PYTHON``.
    """

    language = "python"
    template_fields = (*BaseSparkOperator.template_fields, "python_conf")

    def __init__(self, *, python_conf: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.python_conf = python_conf
        check_application(type(self).__name__, {"code_artifact": self.code_artifact})


class CouturePySparkOperator(PySparkOperator, DictionaryJobOperator):
    """Runs an uploaded python file, with plain arguments or the dictionary contract.

    .. code-block:: python

        CouturePySparkOperator(task_id="ratings", code_artifact="ratings.py", config_group="prod")
    """

    template_fields = (*PySparkOperator.template_fields, *DICTIONARY_PARAMETERS)
    template_fields_renderers = DictionaryJobOperator.template_fields_renderers
