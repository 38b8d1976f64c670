"""The dictionary contract: parameters that reach the job as one JSON object."""

from __future__ import annotations

from typing import Any

from couture_ops.job_argument import DICTIONARY_PARAMETERS, check_parameters
from couture_ops.operators.base import BaseSparkOperator


class DictionaryJobOperator(BaseSparkOperator):
    """Adds the parameters of the dictionary contract to a Spark operator.

    The job gets ONE argument, a JSON object with those of these that are given, in this order: ``method_id``,
    ``dag_id``, ``method_args_dict``, then the paths; or ``task_id``, ``dag_id``, ``task_args_dict``, then the
    paths. Values pass untouched; None is absent, ``{}`` and ``""`` are passed.

    :param method_id: which of its methods the job runs.
    :param method_args_dict: that method's arguments.
    :param task_args_dict: the older form of both.
    :param input_base_dir_path: where the inputs lie.
    :param output_base_dir_path: where the outputs go.
    :param input_filenames_dict: the job's names of its inputs -> file names.
    :param output_filenames_dict: the job's names of its outputs -> file names.
    """

    template_fields = (*BaseSparkOperator.template_fields, *DICTIONARY_PARAMETERS)
    template_fields_renderers = {
        **BaseSparkOperator.template_fields_renderers,
        **{name: "json" for name in DICTIONARY_PARAMETERS if name.endswith("_dict")},
    }

    def __init__(
        self,
        *,
        method_id: str | None = None,
        method_args_dict: dict[str, Any] | None = None,
        task_args_dict: dict[str, Any] | None = None,
        input_base_dir_path: str | None = None,
        output_base_dir_path: str | None = None,
        input_filenames_dict: dict[str, Any] | None = None,
        output_filenames_dict: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.method_id = method_id
        self.method_args_dict = method_args_dict
        self.task_args_dict = task_args_dict
        self.input_base_dir_path = input_base_dir_path
        self.output_base_dir_path = output_base_dir_path
        self.input_filenames_dict = input_filenames_dict
        self.output_filenames_dict = output_filenames_dict
        check_parameters({name: getattr(self, name) for name in ("application_arguments", *DICTIONARY_PARAMETERS)})
