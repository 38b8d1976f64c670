"""Previews over HTTP: the command that would run now, with where each setting comes from. Nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from config_store.wire import JobRequest
from couture_ops.errors import CoutureError
from tests.admin_views.calls import (
    CORE_SITE,
    bearer,
    done,
    new_group,
    places_of,
    problem_of,
    rows_of,
    save_file,
    upload,
)

if TYPE_CHECKING:
    import httpx

    from admin_views.services import Services
    from tests.stand_ins import ListedAudit, ListedTasks

REQUEST: dict[str, Any] = {
    "language": "python",
    "code_artifact": "job.py",
    "application_arguments": ["{{ ds }}", "a b"],
    "spark_arguments": {"driver-memory": "9g"},
    "env_vars": {"TZ": "UTC"},
}
TASK = {"dag_id": "sales", "task_id": "load", "run_id": "manual__1"}
ARGV = [
    "/worker/spark/spark-4.2/bin/spark-submit",
    "--master",
    "local[2]",
    "--name",
    "sales.load",
    "--driver-memory",
    "9g",
    "--jars",
    "/worker/files/lib.jar",
    "--properties-file",
    "/worker/spark.properties",
    "--conf",
    "spark.workflow.dagId=sales",
    "--conf",
    "spark.workflow.taskId=load",
    "--conf",
    "spark.x=1",
    "/worker/files/job.py",
    "{{ ds }}",
    "a b",
]


@pytest.fixture
def store(api: httpx.Client) -> httpx.Client:
    """The API with a group of everything that a command shows."""
    upload(api, "lib.jar", b"library", "dependencies")
    upload(api, "job.py")
    new_group(
        api,
        arguments={"driver-memory": "7g", "master": {"value": "local[2]", "final": True, "note": "one machine"}},
        configurations={"spark.x": "1", "spark.my.password": "p4ss"},
        environment={"DB_TOKEN": "t0k3n"},
        jars=[{"name": "lib.jar"}],
        spark_home="spark-4.2",
    )
    save_file(api, "prod", 1, CORE_SITE)
    return api


def test_the_command_of_a_request(store: httpx.Client) -> None:
    preview = done(store.post("/previews", json={**REQUEST, "task": TASK}))
    assert preview["argv"] == ARGV
    environment = preview["environment"]
    assert environment["TZ"] == "UTC"
    assert environment["DB_TOKEN"] == "••••••"
    assert environment["SPARK_HOME"] == "/worker/spark/spark-4.2"
    assert environment["HADOOP_CONF_DIR"] == f"/worker/hadoop-conf/{preview['plan']['hadoop_digest'][:12]}"
    assert preview["notes"] == [
        "Paths below /worker stand for places on the worker that will run the task.",
        "Values in double braces are templates; each task run renders them.",
    ]
    shown = {setting["name"]: setting for setting in preview["plan"]["settings"]}
    assert shown["driver-memory"]["layer"] == "operator"
    assert shown["driver-memory"]["beat"] == [{"layer": "group", "name": "driver-memory", "value": "7g"}]
    assert (shown["master"]["layer"], shown["master"]["final"], shown["master"]["note"]) == (
        "group",
        True,
        "one machine",
    )
    assert shown["spark.my.password"]["value"] == "••••••"
    assert shown["spark.workflow.dagId"]["layer"] == "suite"


def test_the_command_of_a_task_is_that_of_its_request(store: httpx.Client, tasks: ListedTasks) -> None:
    tasks.requests["sales", "load"] = JobRequest.model_validate(REQUEST)
    preview = done(store.get("/previews/dags/sales/tasks/load"))
    asked = done(store.post("/previews", json={**REQUEST, "task": {**TASK, "run_id": "preview"}}))
    preview["notes"].remove(
        "Keys inside dictionaries stand sorted here, as Airflow stores a DAG; a run keeps their order."
    )
    assert preview == asked
    assert preview["argv"] == ARGV


def test_a_task_without_dictionaries_has_no_keys_to_speak_of(store: httpx.Client, tasks: ListedTasks) -> None:
    tasks.requests["sales", "load"] = JobRequest.model_validate({**REQUEST, "application_arguments": ["a", "b"]})
    preview = done(store.get("/previews/dags/sales/tasks/load"))
    assert [note for note in preview["notes"] if "sorted" in note] == []


def test_a_request_without_a_task_is_shown_for_a_task_of_no_name(store: httpx.Client) -> None:
    preview = done(store.post("/previews", json={**REQUEST, "application_arguments": []}))
    assert preview["plan"]["app_name"] == "preview.preview"
    assert preview["notes"] == ["Paths below /worker stand for places on the worker that will run the task."]


def test_a_preview_writes_nothing(
    store: httpx.Client, services: Services, audit: ListedAudit, tasks: ListedTasks
) -> None:
    tasks.requests["sales", "load"] = JobRequest.model_validate(REQUEST)
    before, entries, stored = rows_of(services.database), list(audit.entries), sorted(services.blobs)
    done(store.post("/previews", json={**REQUEST, "task": TASK}))
    done(store.get("/previews/dags/sales/tasks/load"))
    problem_of(store.post("/previews", json={**REQUEST, "config_group": "prd"}), 404, "UnknownGroup")
    assert (rows_of(services.database), audit.entries, sorted(services.blobs)) == (before, entries, stored)


def test_a_preview_hides_the_secrets_of_all_layers(store: httpx.Client) -> None:
    overrides = {
        "spark_configurations": {"spark.my.password": "m1ne", "spark.their.token": "th31rs"},
        "env_vars": {"DB_TOKEN": "0th3r", "AN_API_KEY": "k3y"},
    }
    answer = store.post("/previews", json={**REQUEST, **overrides})
    done(answer)
    for secret in ("p4ss", "t0k3n", "m1ne", "th31rs", "0th3r", "k3y"):
        assert secret not in answer.text


def test_warnings_of_the_plan_are_notes(store: httpx.Client) -> None:
    preview = done(store.post("/previews", json={**REQUEST, "exclude_spark_args": ["spark.never.set"]}))
    assert preview["notes"][-1] == "exclude_spark_args names 'spark.never.set', which group 'prod' does not set"


@pytest.mark.parametrize(
    ("change", "status", "name"),
    [
        ({"config_group": "prd"}, 404, "UnknownGroup"),
        ({"code_artifact": "jobb.py"}, 404, "NotFound"),
        ({"spark_arguments": {"master": "yarn"}}, 422, "FinalOverridden"),
        ({"jars": ["s3://x/lib.jar"]}, 422, "DependencyClash"),
        ({"class_path": "a.Main"}, 422, "Unresolvable"),
        ({"spark_arguments": {"nonsense": "1"}}, 422, "InvalidInput"),
    ],
    ids=str,
)
def test_a_preview_fails_as_the_submission_would(
    store: httpx.Client, tasks: ListedTasks, change: Any, status: int, name: str
) -> None:
    request = {**REQUEST, "task": TASK, **change}
    tasks.requests["sales", "load"] = JobRequest.model_validate(request)
    submission = store.post("/submissions", json=request, headers=bearer("Couture Worker"))
    told = problem_of(submission, status, name)
    assert problem_of(store.post("/previews", json=request), status, name) == told
    assert problem_of(store.get("/previews/dags/sales/tasks/load"), status, name) == told


def test_unknown_fields_are_refused(store: httpx.Client) -> None:
    assert places_of(store.post("/previews", json={**REQUEST, "code_artefact": "job.py"})) == ["code_artefact"]


def test_the_task_of_a_dag_that_the_user_may_not_read_is_not_shown(store: httpx.Client, tasks: ListedTasks) -> None:
    tasks.requests["private_payroll", "pay"] = JobRequest.model_validate(REQUEST)
    for task_id in ("pay", "no-such-task"):  # whether it exists is not told either
        problem = problem_of(store.get(f"/previews/dags/private_payroll/tasks/{task_id}"), 403, "ForbiddenDag")
        assert problem["detail"] == "This needs the permission to read the DAG 'private_payroll'."


def test_a_task_that_does_not_exist(store: httpx.Client) -> None:
    problem_of(store.get("/previews/dags/sales/tasks/nothing"), 404, "NotFound")


def test_a_task_that_contradicts_itself_is_told_in_its_own_words(store: httpx.Client, tasks: ListedTasks) -> None:
    class Contradiction(CoutureError):
        """What the operator raises when its DAG is parsed."""

    def contradict(dag_id: str, task_id: str) -> JobRequest:
        raise Contradiction(f"{dag_id}.{task_id} gives both code_artifact and jar_path; keep one.")

    tasks.job_request = contradict  # type: ignore[method-assign]
    problem = problem_of(store.get("/previews/dags/sales/tasks/load"), 422, "Contradiction")
    assert problem["detail"] == "sales.load gives both code_artifact and jar_path; keep one."
