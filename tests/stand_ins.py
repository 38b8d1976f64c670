"""Stand-ins for what only a running Airflow has: users, task instances, the audit table, DAGs.

The same behaviour on Airflow itself is tested in tests/integration.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from admin_views.permissions import ROLES, Action, Resource
from admin_views.problems import NotProven, Unauthenticated
from admin_views.services import AuditEntry, Caller
from config_store.catalogue.lookup import Installed
from config_store.dag_tree import RunHead, TaskRun
from config_store.errors import NotFound, NotRerunnable
from config_store.submissions import Submitter
from config_store.wire import ChildDeed, ChildRun, ChildState, JobRequest, TaskIdentity

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session
    from starlette.requests import Request

    from config_store.dag_tree import RunKey
    from config_store.master_dags import DagHead, DagTask
    from config_store.wire import ChildWish


def task(dag_id: str = "sales", task_id: str = "load", **more: Any) -> TaskIdentity:
    """The first try of a task that is not mapped."""
    return TaskIdentity(**{"dag_id": dag_id, "task_id": task_id, "run_id": "manual__1", **more})


@dataclass
class RoleIdentity:
    """Users say their role in the token (``Bearer name:Role``); tasks are the ones a test lists."""

    tasks: dict[str, Submitter] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)

    async def caller(self, request: Request) -> Caller:
        """The user that the bearer token, else the cookie ``_token``, names."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token if scheme == "Bearer" else request.cookies.get("_token", "")
        name, _, role = token.partition(":")
        if not role:
            raise Unauthenticated("Not authenticated")
        return Caller(name=name, address="127.0.0.1", user=role)

    def permits(self, caller: Caller, action: Action, resource: Resource) -> bool:
        """What the role has by the table of the product."""
        return (action, resource) in ROLES.get(caller.user, ())

    def may_read_dag(self, caller: Caller, dag_id: str) -> bool:
        """Every DAG but those named private."""
        return not dag_id.startswith("private")

    def readable_dags(self, caller: Caller, dag_ids: Collection[str]) -> set[str]:
        """Those that he may read."""
        return {dag_id for dag_id in dag_ids if self.may_read_dag(caller, dag_id)}

    def may_run_task(self, caller: Caller, dag_id: str) -> bool:
        """Users and above, of every DAG but those named private."""
        return caller.user != "Viewer" and not dag_id.startswith("private")

    def may_read_audit_log(self, caller: Caller) -> bool:
        """Admins alone, as Flask-AppBuilder has it."""
        return bool(caller.user == "Admin")

    def prove_task(self, proof: str) -> Submitter:
        """A listed task by its proof."""
        if proof not in self.tasks:
            raise NotProven("The credential proves no running task.")
        return self.tasks[proof]

    def gone_tasks(self, task_instance_ids: Sequence[str]) -> dict[str, str]:
        """Those that a test lists."""
        return {key: words for key, words in self.gone.items() if key in task_instance_ids}

    def add_task(self, proof: str, identity: TaskIdentity) -> dict[str, str]:
        """List a running task; answers the header that proves it."""
        self.tasks[proof] = Submitter(name="task", task=identity, task_instance_id=proof)
        return {"Authorization": f"Couture-Task {proof}"}


@dataclass
class ListedAudit:
    """Keeps the audit entries in a list, with the caller's name."""

    entries: list[tuple[str, AuditEntry]] = field(default_factory=list)

    def record(self, session: Session, caller: Caller, entries: Sequence[AuditEntry]) -> None:
        """Append them."""
        self.entries += [(caller.name, entry) for entry in entries]


@dataclass
class ListedTaskRuns:
    """Keeps the tasks that are run again; those that a test names can't be."""

    again: list[TaskIdentity] = field(default_factory=list)
    running: set[str] = field(default_factory=set)

    def run_again(self, task: TaskIdentity) -> None:
        """List it."""
        if task.task_id in self.running:
            raise NotRerunnable(f"{task.task_id} is running")
        self.again.append(task)


@dataclass
class ListedDags:
    """The DAGs and runs that a test lists; ``asked`` counts the questions."""

    known: dict[str, DagHead] = field(default_factory=dict)
    starting: list[DagTask] = field(default_factory=list)
    all_runs: list[RunHead] = field(default_factory=list)
    instances: list[TaskRun] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)

    def heads(self, dag_ids: Collection[str] | None = None) -> dict[str, DagHead]:
        """The listed DAGs."""
        self.asked["heads"] += 1
        return {name: head for name, head in self.known.items() if dag_ids is None or name in dag_ids}

    def tasks(self, dag_ids: Collection[str] | None = None) -> dict[str, list[DagTask]]:
        """The listed tasks."""
        self.asked["tasks"] += 1
        found: dict[str, list[DagTask]] = {}
        for one in self.starting:
            if dag_ids is None or one.dag_id in dag_ids:
                found.setdefault(one.dag_id, []).append(one)
        return found

    def newest_runs(self, dag_ids: Collection[str]) -> dict[str, RunHead]:
        """The listed run that stands last."""
        self.asked["newest_runs"] += 1
        return {run.dag_id: run for run in self.all_runs if run.dag_id in dag_ids}

    def latest_runs(self, dag_id: str, limit: int) -> list[RunHead]:
        """The listed runs, the last one first."""
        self.asked["latest_runs"] += 1
        return [run for run in reversed(self.all_runs) if run.dag_id == dag_id][:limit]

    def runs(self, runs: Collection[RunKey]) -> dict[RunKey, RunHead]:
        """The listed runs."""
        self.asked["runs"] += 1
        return {(run.dag_id, run.run_id): run for run in self.all_runs if (run.dag_id, run.run_id) in runs}

    def task_runs(self, runs: Collection[RunKey], tasks: Collection[DagTask]) -> list[TaskRun]:
        """The listed instances."""
        self.asked["task_runs"] += 1
        ids = {one.task_id for one in tasks}
        return [one for one in self.instances if (one.dag_id, one.run_id) in runs and one.task_id in ids]


@dataclass
class ListedChildRuns:
    """Child runs by token, in the states that a test gives them; keeps the wishes and what was stopped."""

    wishes: list[tuple[str, ChildWish]] = field(default_factory=list)
    runs: dict[str, ChildState] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    refusal: Exception | None = None
    deed: ChildDeed = ChildDeed.TRIGGERED

    def start(self, task_instance_id: str, wish: ChildWish) -> ChildRun:
        """Add a run that is queued, unless a refusal is set."""
        if self.refusal is not None:
            raise self.refusal
        self.wishes.append((task_instance_id, wish))
        token = f"{len(self.wishes)}:child"
        self.runs.setdefault(token, ChildState(state="queued"))
        return ChildRun(
            dag_id=wish.dag_id, run_id=f"couture__{len(self.wishes)}", deed=self.deed, token=token, logical_date=None
        )

    def states(self, tokens: Sequence[str]) -> list[ChildState]:
        """Those of the test."""
        self.asked.append(list(tokens))
        return [self.runs.get(token, ChildState(state=None)) for token in tokens]

    def opens(self, token: str) -> bool:
        """Whether there is such a run."""
        return token in self.runs

    def stop(self, token: str) -> None:
        """Note it, and let it fail."""
        self.stopped.append(token)
        self.runs[token] = ChildState(state="failed")


NO_KEYS = Installed(None, "No keys are known in this test.")


@dataclass
class ListedCatalogues:
    """One catalogue for all names, which a test gives; ``asked`` keeps the names."""

    installed: Installed = NO_KEYS
    asked: list[str | None] = field(default_factory=list)

    def find(self, spark_home: str | None) -> Installed:
        """That one."""
        self.asked.append(spark_home)
        return self.installed


@dataclass
class ListedTasks:
    """The tasks of DAGs that a test lists."""

    requests: dict[tuple[str, str], JobRequest] = field(default_factory=dict)

    def job_request(self, dag_id: str, task_id: str) -> JobRequest:
        """The listed request."""
        if (dag_id, task_id) not in self.requests:
            raise NotFound("task", task_id)
        return self.requests[dag_id, task_id]

    def spark_tasks(self, dag_id: str) -> list[str]:
        """The listed tasks of the DAG."""
        return sorted(task_id for dag, task_id in self.requests if dag == dag_id)


def archived(name: str, content: bytes) -> bytes:
    """The content, behind the mark of a zip archive where the store asks for one."""
    is_archive = name.lower().endswith((".jar", ".zip", ".egg", ".whl"))
    return b"PK\x03\x04" + content if is_archive and not content.startswith(b"PK") else content
