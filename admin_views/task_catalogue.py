"""The tasks of Airflow's DAGs as the scheduler sees them: serialised, so that no DAG file is run for a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.models.serialized_dag import SerializedDagModel

from config_store.errors import NotFound, reject
from config_store.names import nearest
from config_store.wire import Language
from couture_ops.job import JOB_FIELDS, build_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config_store.wire import JobRequest


#: Of a mapped task Airflow keeps the class name alone, so that a subclass of another name is not known for one.
_PREVIEWED = "Spark task of the suite (a mapped one must be of its own operators, no subclass)"


_LANGUAGES = {
    "SparkOperator": Language.JAVA,
    "CoutureSparkOperator": Language.JAVA,
    "PySparkOperator": Language.PYTHON,
    "CouturePySparkOperator": Language.PYTHON,
}


class SerializedTasks:
    """Reads the newest serialised version of a DAG."""

    def job_request(self, dag_id: str, task_id: str) -> JobRequest:
        """See :class:`~admin_views.services.TaskCatalogue`."""
        dag = SerializedDagModel.get_dag(dag_id)
        if dag is None:
            raise NotFound("DAG", dag_id)
        if task_id not in dag.task_dict:
            raise NotFound(f"task of DAG {dag_id!r} named", task_id, nearest(task_id, dag.task_dict))
        fields = _fields(dag.task_dict[task_id])
        if fields.get("language") is None:
            raise NotFound(f"{_PREVIEWED} in DAG {dag_id!r} named", task_id)
        _check_whole(fields)
        return build_request(fields, dag_id=dag_id, task_id=task_id)

    def spark_tasks(self, dag_id: str) -> list[str]:
        """See :class:`~admin_views.services.TaskCatalogue`."""
        dag = SerializedDagModel.get_dag(dag_id)
        tasks = dag.task_dict.items() if dag else ()
        return sorted(task_id for task_id, task in tasks if _fields(task).get("language") is not None)


def _check_whole(fields: Mapping[str, Any]) -> None:
    """Airflow keeps a long templated field as a text that begins so, and only its first part."""
    for field in JOB_FIELDS:
        if str(fields.get(field)).startswith("Truncated. You can change this behaviour"):
            raise reject(
                field,
                "is too long for a preview: Airflow keeps only the first [core] max_templated_field_length "
                "characters of it; the task itself runs with all of it",
            )


def _fields(task: Any) -> Mapping[str, Any]:
    """The job's fields of an operator; of a mapped one, what all its instances share."""
    if not task.is_mapped:
        return {field: getattr(task, field, None) for field in JOB_FIELDS}
    partial: Mapping[str, Any] = task.partial_kwargs
    return {**{field: partial.get(field) for field in JOB_FIELDS}, "language": _mapped_language(task.task_type)}


def _mapped_language(operator: str) -> Language | None:
    """Airflow keeps no fields of a mapped operator's class but its name."""
    return _LANGUAGES.get(operator)
