"""What every Spark operator shares: its parameters, and the way from them to a finished job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from couture_ops.errors import ContradictingParameters, MissingParameter
from couture_ops.links import PreviewLink, ReceiptLink

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import Context

    from couture_ops.run import SparkJob


class BaseSparkOperator(BaseOperator):
    """Runs an uploaded artifact with the settings that its config group has when the task starts.

    Parsing reads and opens nothing; all names are resolved by the store when the task runs. Every parameter
    but description and couture_conn_id is templated. Use one of the subclasses.

    :param code_artifact: name of the uploaded code artifact, ``etl.jar`` or ``etl.py``.
    :param code_artifact_version: a version of it (a number); by default the newest.
    :param config_group: name of the config group; by default the store's default group.
    :param app_name: name of the Spark application; by default ``<dag_id>.<task_id>``.
    :param application_arguments: the job's arguments, strings or numbers, passed on one by one.
    :param spark_arguments: this task's options of spark-submit, without dashes: ``{"executor-memory": "8g"}``.
        They beat the group's; a setting its group marks final fails the task.
    :param spark_configurations: this task's properties: ``{"spark.sql.shuffle.partitions": 400}``.
    :param exclude_spark_args: names of settings (or ``jars``, ``py-files``, ``files``) of the group to leave out.
    :param jars: jars to add: names of uploaded dependencies (``hbase.jar``, ``hbase.jar@3``), or paths and URIs.
    :param py_files: python files to add, named as ``jars`` are.
    :param files: paths and URIs of files to add.
    :param env_vars: environment variables of the driver's process.
    :param description: becomes the task's documentation when it has none.
    :param couture_conn_id: connection to a store in another Airflow; by default the store of this one, where a
        task needs no credential.
    """

    language: ClassVar[str]

    template_fields: Sequence[str] = (
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
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "application_arguments": "json",
        "spark_arguments": "json",
        "spark_configurations": "json",
        "env_vars": "json",
    }
    operator_extra_links = (ReceiptLink(), PreviewLink())
    ui_color = "#fff4e5"

    def __init__(
        self,
        *,
        code_artifact: str | None = None,
        code_artifact_version: int | str | None = None,
        config_group: str | None = None,
        app_name: str | None = None,
        application_arguments: Sequence[str | float] | None = None,
        spark_arguments: dict[str, Any] | None = None,
        spark_configurations: dict[str, Any] | None = None,
        exclude_spark_args: Collection[str] | None = None,
        jars: Collection[str] | None = None,
        py_files: Collection[str] | None = None,
        files: Collection[str] | None = None,
        env_vars: dict[str, str] | None = None,
        description: str | None = None,
        couture_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.code_artifact = code_artifact
        self.code_artifact_version = code_artifact_version
        self.config_group = config_group
        self.app_name = app_name
        self.application_arguments = application_arguments
        self.spark_arguments = spark_arguments
        self.spark_configurations = spark_configurations
        self.exclude_spark_args = exclude_spark_args
        self.jars = jars
        self.py_files = py_files
        self.files = files
        self.env_vars = env_vars
        self.couture_conn_id = couture_conn_id
        self._job: SparkJob | None = None
        if description and not any((self.doc, self.doc_md, self.doc_json, self.doc_yaml, self.doc_rst)):
            self.doc = description

    @classmethod
    def get_serialized_fields(cls) -> frozenset[str]:
        """The scheduler keeps the language too, so that a preview knows how the task would be submitted."""
        return frozenset(super().get_serialized_fields() | {"language"})  # type: ignore[no-untyped-call]

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Render, then mask what sounds like a secret, before Airflow stores the rendered fields."""
        from couture_ops.masking import mask_named_secrets

        super().render_template_fields(context, jinja_env)
        for field in ("spark_arguments", "spark_configurations", "env_vars"):
            mask_named_secrets(getattr(self, field))

    def execute(self, context: Context) -> str:
        """Run the job; answers the id of its submission."""
        from couture_ops.task import open_job

        with open_job(self, context) as (self._job, request):
            return self._job.run(request)

    def on_kill(self) -> None:
        """End the job with everything it started."""
        if self._job is not None:
            self._job.stop()


def check_application(operator: str, given: dict[str, Any]) -> None:
    """Raise unless exactly one of the parameters says what to run; ``given`` maps names to values."""
    named = [name for name, value in given.items() if value is not None]
    if not named:
        raise MissingParameter(" or ".join(given), f"Give {operator} the name of the code artifact that it is to run.")
    if len(named) > 1:
        raise ContradictingParameters(named[0], named[1], "Each says what to run; keep one of them.")
