"""The example DAG: what its tasks ask for, and that all they name is there."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

from config_store.wire import JobRequest, Language
from couture_ops.job import JOB_FIELDS, build_request
from tools.demo import store

if TYPE_CHECKING:
    from airflow.sdk import DAG


@pytest.fixture
def dag(monkeypatch: pytest.MonkeyPatch) -> DAG:
    """The DAG as the DAG processor reads it, with the demo's folder."""
    monkeypatch.setenv("RATINGS_FOLDER", "/ratings")
    from example_dags import ratings

    reloaded: DAG = importlib.reload(ratings).dag
    return reloaded


def request_of(dag: DAG, task_id: str) -> JobRequest:
    """What the store is asked, before templates are rendered."""
    operator = dag.get_task(task_id)
    fields = {field: getattr(operator, field, None) for field in JOB_FIELDS}
    return build_request(fields, dag_id=dag.dag_id, task_id=task_id)


def test_the_first_task_takes_plain_arguments_and_the_default_group(dag: DAG) -> None:
    assert request_of(dag, "clean_ratings") == JobRequest(
        language=Language.PYTHON,
        code_artifact="ratings.py",
        application_arguments=(
            "{{ params.input_folder }}/sample_movielens_ratings.txt",
            "{{ params.output_folder }}/{{ run_id }}/ratings",
        ),
    )


def test_the_second_task_takes_one_json_object_and_the_group_prod(dag: DAG) -> None:
    assert request_of(dag, "top_movies") == JobRequest(
        language=Language.JAVA,
        config_group="prod",
        code_artifact="ratings-jobs.jar",
        class_path="example.RatingsJobs",
        application_arguments=(
            '{"method_id": "TopMovies", "dag_id": "couture_ratings", '
            '"method_args_dict": {"min_ratings": 10, "limit": 5}, '
            '"input_base_dir_path": "{{ params.output_folder }}/{{ run_id }}", '
            '"output_base_dir_path": "{{ params.output_folder }}/{{ run_id }}", '
            '"input_filenames_dict": {"ratings": "ratings"}, "output_filenames_dict": {"top_movies": "top-movies"}}',
        ),
    )


def test_the_second_task_waits_for_the_first(dag: DAG) -> None:
    assert dag.get_task("top_movies").upstream_task_ids == {"clean_ratings"}


def test_the_folders_can_be_given_with_a_run(dag: DAG) -> None:
    assert dag.params.dump() == {"input_folder": "/ratings/input", "output_folder": "/ratings/output"}


def test_the_demo_uploads_what_the_tasks_run(dag: DAG) -> None:
    uploaded = {path.name for path in store.CODE}
    assert {request_of(dag, task_id).code_artifact for task_id in dag.task_ids} <= uploaded


def test_the_jobs_are_not_taken_for_dags() -> None:
    assert "jobs/" in (store.JOBS.parent / ".airflowignore").read_text().splitlines()
