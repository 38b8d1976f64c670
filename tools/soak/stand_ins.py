"""Stand-ins for what only a running Airflow has, for the trials that are about the store alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from admin_views.permissions import ROLES, Action, Resource
from admin_views.problems import NotProven, Unauthenticated
from admin_views.services import AuditEntry, Caller, Services
from config_store.blobs.file_system import FileSystemBlobs
from config_store.catalogue.lookup import Installed
from config_store.database import Database, open_engine
from config_store.errors import NotFound
from config_store.secrets import FernetCipher
from config_store.submissions import Submitter
from config_store.wire import ChildState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session
    from starlette.requests import Request

    from config_store.dag_tree import RunHead, RunKey, TaskRun
    from config_store.master_dags import DagHead, DagTask
    from config_store.wire import ChildRun, ChildWish, JobRequest, TaskIdentity

MAX_UPLOAD_BYTES = 100_000_000


@dataclass
class RoleIdentity:
    """Users say their role in the token (``Bearer name:Role``); tasks are those that are listed."""

    tasks: dict[str, Submitter] = field(default_factory=dict)

    async def caller(self, request: Request) -> Caller:
        """The user that the bearer token names."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        name, _, role = token.partition(":")
        if scheme != "Bearer" or role not in ROLES:
            raise Unauthenticated("Not authenticated")
        return Caller(name=name, address="127.0.0.1", user=role)

    def permits(self, caller: Caller, action: Action, resource: Resource) -> bool:
        """What the role has by the product's own table."""
        return (action, resource) in ROLES[caller.user]

    def may_read_dag(self, caller: Caller, dag_id: str) -> bool:
        """Every DAG."""
        return True

    def readable_dags(self, caller: Caller, dag_ids: Collection[str]) -> set[str]:
        """All of them."""
        return set(dag_ids)

    def may_run_task(self, caller: Caller, dag_id: str) -> bool:
        """Every DAG but for viewers."""
        return bool(caller.user != "Viewer")

    def may_read_audit_log(self, caller: Caller) -> bool:
        """Admins alone."""
        return bool(caller.user == "Admin")

    def prove_task(self, proof: str) -> Submitter:
        """A listed task by its proof."""
        if proof not in self.tasks:
            raise NotProven("The credential proves no running task.")
        return self.tasks[proof]

    def gone_tasks(self, task_instance_ids: Sequence[str]) -> dict[str, str]:
        """None has gone."""
        return {}


class NoAudit:
    """Records nothing: it is Airflow's table."""

    def record(self, session: Session, caller: Caller, entries: Sequence[AuditEntry]) -> None:
        """Nothing to do."""


class NoTasks:
    """An Airflow without DAGs."""

    def job_request(self, dag_id: str, task_id: str) -> JobRequest:
        """There is none."""
        raise NotFound("task", task_id)

    def spark_tasks(self, dag_id: str) -> list[str]:
        """There is none."""
        return []

    def run_again(self, task: TaskIdentity) -> None:
        """There is none."""
        raise NotFound("task", task.task_id)

    def start(self, task_instance_id: str, wish: ChildWish) -> ChildRun:
        """There is no DAG to run."""
        raise NotFound("DAG", wish.dag_id)

    def states(self, tokens: Sequence[str]) -> list[ChildState]:
        """There are no runs."""
        return [ChildState(state=None) for _ in tokens]

    def opens(self, token: str) -> bool:
        """There are no runs."""
        return False

    def stop(self, token: str) -> None:
        """There is nothing to stop."""


class NoDags:
    """An Airflow without DAGs, for the trees of masters."""

    def heads(self, dag_ids: Collection[str] | None = None) -> dict[str, DagHead]:
        """There is none."""
        return {}

    def tasks(self, dag_ids: Collection[str] | None = None) -> dict[str, list[DagTask]]:
        """There is none."""
        return {}

    def newest_runs(self, dag_ids: Collection[str]) -> dict[str, RunHead]:
        """There is none."""
        return {}

    def latest_runs(self, dag_id: str, limit: int) -> list[RunHead]:
        """There is none."""
        return []

    def runs(self, runs: Collection[RunKey]) -> dict[RunKey, RunHead]:
        """There is none."""
        return {}

    def task_runs(self, runs: Collection[RunKey], tasks: Collection[DagTask]) -> list[TaskRun]:
        """There is none."""
        return []


class NoKeys:
    """No Spark that tells its keys."""

    def find(self, spark_home: str | None) -> Installed:
        """There is none."""
        return Installed(None, f"No Spark is here, {spark_home!r} neither.")


def database_url(folder: Path) -> str:
    """The store of a folder."""
    return f"sqlite:///{folder / 'store.db'}"


def services_in(folder: Path, key: str, identity: RoleIdentity | None = None) -> Services:
    """The services of an API whose migrated store lies in the folder; ``key``: a Fernet key."""
    return Services(
        database=Database(open_engine(database_url(folder))),
        blobs=FileSystemBlobs(folder / "blobs"),
        cipher=FernetCipher([key]),
        identity=identity or RoleIdentity(),
        audit=NoAudit(),
        tasks=NoTasks(),
        task_runs=NoTasks(),
        dags=NoDags(),
        child_runs=NoTasks(),
        key_catalogues=NoKeys(),
        max_upload_bytes=MAX_UPLOAD_BYTES,
        airflow_version="3.3.2",
    )
