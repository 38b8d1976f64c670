"""Previews: the command that would run now, with where each setting comes from. Nothing is started or written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends

from admin_views.api.access import ServicesDep, permitted
from admin_views.api.schemas import Shape
from admin_views.permissions import Resource
from admin_views.problems import ForbiddenDag
from admin_views.services import Caller, Services
from config_store.resolution import resolve_plan
from config_store.wire import JobRequest, SubmitPlan, TaskIdentity
from couture_ops.command import build_command, properties_text
from couture_ops.workspace import Workspace

router = APIRouter(prefix="/previews", tags=["previews"])

Previewer = Annotated[Caller, Depends(permitted("PUT", Resource.SUBMISSIONS))]

_UNRENDERED = "Values in double braces are templates; each task run renders them."
_SORTED = "Keys inside dictionaries stand sorted here, as Airflow stores a DAG; a run keeps their order."
_WORKER = Path("/worker")
_PATHS = f"Paths below {_WORKER} stand for places on the worker that will run the task."


class Preview(Shape):
    """What would run now; secrets are hidden."""

    plan: SubmitPlan
    argv: list[str]
    environment: dict[str, str]
    notes: list[str]


@router.post("")
def preview_request(services: ServicesDep, _: Previewer, job: JobRequest) -> Preview:
    """The command for a request; `task` names the task it stands for."""
    task = job.task or TaskIdentity(dag_id="preview", task_id="preview", run_id="preview")
    return _preview(services, job, task)


@router.get("/dags/{dag_id}/tasks/{task_id}")
def preview_task(services: ServicesDep, caller: Previewer, dag_id: str, task_id: str) -> Preview:
    """The command of a DAG's task, from the DAG as the scheduler knows it; templates stay as they are written."""
    if not services.identity.may_read_dag(caller, dag_id):
        raise ForbiddenDag(dag_id)
    job = services.tasks.job_request(dag_id, task_id)
    preview = _preview(services, job, TaskIdentity(dag_id=dag_id, task_id=task_id, run_id="preview"))
    holds_dictionary = any(argument.startswith("{") for argument in job.application_arguments)
    return preview.model_copy(update={"notes": [*preview.notes, _SORTED]}) if holds_dictionary else preview


def _preview(services: Services, job: JobRequest, task: TaskIdentity) -> Preview:
    with services.database.reading() as session:
        plan = resolve_plan(session, job, task, services.cipher).redacted()
    command = build_command(plan, _workspace(plan), python=str(_WORKER / "python"))
    notes = [_PATHS, *([_UNRENDERED] if "{{" in job.model_dump_json() else []), *plan.warnings]
    return Preview(plan=plan, argv=list(command.argv), environment=command.environment, notes=notes)


def _workspace(plan: SubmitPlan) -> Workspace:
    """Where everything will lie, as far as that is known before a worker takes the task."""
    spark_home = _WORKER / "spark" / (plan.spark_home or "default")
    files = {file.sha256: _WORKER / "files" / file.name for file in plan.stored_files()}
    return Workspace(
        spark_submit=spark_home / "bin" / "spark-submit",
        spark_home=spark_home,
        files=files,
        hadoop_conf_dir=_WORKER / "hadoop-conf" / plan.hadoop_digest[:12] if plan.hadoop_digest else None,
        properties_file=_WORKER / "spark.properties" if properties_text(plan) else None,
        keytab=_WORKER / plan.keytab.name if plan.keytab else None,
        krb5_conf=_WORKER / "krb5.conf" if plan.krb5_conf else None,
        directory=_WORKER,
    )
