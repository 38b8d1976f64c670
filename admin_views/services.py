"""What the routes work with: given to ``create_app``, so that tests can give their own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from admin_views.hadoop_tables import TableCache
from config_store import lost

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy.orm import Session
    from starlette.requests import Request

    from admin_views.permissions import Action, Resource
    from config_store.blobs.protocol import BlobStorage
    from config_store.catalogue.lookup import Installed
    from config_store.dag_tree import DagCatalogue
    from config_store.database import Database
    from config_store.diff import Change
    from config_store.secrets import Cipher
    from config_store.submissions import Submitter
    from config_store.wire import ChildRun, ChildState, ChildWish, JobRequest, TaskIdentity


@dataclass(frozen=True)
class Caller:
    """Who asks, as Airflow knows him, and from which address."""

    name: str
    address: str
    user: Any


class Identity(Protocol):
    """Who asks, and what he may; the one place that knows Airflow's auth manager and task instances."""

    async def caller(self, request: Request) -> Caller:
        """The authenticated user; raises Unauthenticated."""

    def permits(self, caller: Caller, action: Action, resource: Resource) -> bool:
        """Whether the user has the permission."""

    def may_read_dag(self, caller: Caller, dag_id: str) -> bool:
        """Whether the user may read the DAG."""

    def readable_dags(self, caller: Caller, dag_ids: Collection[str]) -> set[str]:
        """Those of the DAGs whose tasks and runs the user may read, whether they exist or not."""

    def may_run_task(self, caller: Caller, dag_id: str) -> bool:
        """Whether the user may clear tasks of the DAG, and so have them run again."""

    def may_read_audit_log(self, caller: Caller) -> bool:
        """Whether Airflow shows the user its audit log."""

    def prove_task(self, proof: str) -> Submitter:
        """The running task that ``<task instance id>:<secret>`` proves; raises NotProven."""

    def gone_tasks(self, task_instance_ids: Sequence[str]) -> dict[str, str]:
        """Those that run no more (a deferred one does), each with half a sentence on how Airflow has it."""


class TaskCatalogue(Protocol):
    """The tasks of Airflow's DAGs, for previews."""

    def job_request(self, dag_id: str, task_id: str) -> JobRequest:
        """What the task would ask for, templates unrendered; raises NotFound, InvalidInput."""

    def spark_tasks(self, dag_id: str) -> list[str]:
        """The names of the DAG's tasks that can be previewed, in order; none of a DAG that is not known."""


class TaskRuns(Protocol):
    """The task instances of Airflow."""

    def run_again(self, task: TaskIdentity) -> None:
        """Clear the task in its DAG run; raises NotFound, Unresolvable when it has not ended."""


class ChildRuns(Protocol):
    """The child runs of master DAGs."""

    def start(self, task_instance_id: str, wish: ChildWish) -> ChildRun:
        """Trigger the child run of a running task, or go on with it; raises NotFound, ChildUnusable, NotProven."""

    def states(self, tokens: Sequence[str]) -> list[ChildState]:
        """The state of the run that each token opens."""

    def opens(self, token: str) -> bool:
        """Whether the token opens a child run."""

    def stop(self, token: str) -> None:
        """Mark the child run failed, unless it has ended."""


class KeyCatalogues(Protocol):
    """The keys that the Sparks of this machine know."""

    def find(self, spark_home: str | None) -> Installed:
        """The catalogue of a Spark by the name that a group gives it; where it is missing, why. Never waits."""


@dataclass(frozen=True)
class AuditEntry:
    """One change, without secrets: what happened to what."""

    event: str
    subject: str
    details: dict[str, Any]


class AuditTrail(Protocol):
    """Where changes are recorded."""

    def record(self, session: Session, caller: Caller, entries: Sequence[AuditEntry]) -> None:
        """Record the entries together with the change that ``session`` is about to commit."""


@dataclass
class Deed:
    """A transaction of one caller; what it notes is recorded with it, or not at all."""

    session: Session
    caller: Caller
    entries: list[AuditEntry] = field(default_factory=list)

    def note(self, event: str, subject: str, **details: Any) -> None:
        """Record that ``event`` happened to ``subject``."""
        self.entries.append(AuditEntry(event, subject, details))

    def note_changes(self, event: str, subject: str, changes: Sequence[Change], **details: Any) -> None:
        """Record a change of settings with old and new values, which are hidden already where secret."""
        shown = [{"where": c.where, "old": c.old, "new": c.new} for c in changes[:MAX_AUDITED_CHANGES]]
        self.note(event, subject, changes=shown, changed=len(changes), **details)


#: A revision may change thousands of keys; the audit row names this many and counts the rest.
MAX_AUDITED_CHANGES = 200


@dataclass(frozen=True)
class Services:
    """Everything a route needs. ``max_upload_bytes``: the largest artifact taken."""

    database: Database
    blobs: BlobStorage
    cipher: Cipher
    identity: Identity
    audit: AuditTrail
    tasks: TaskCatalogue
    task_runs: TaskRuns
    dags: DagCatalogue
    child_runs: ChildRuns
    key_catalogues: KeyCatalogues
    max_upload_bytes: int
    airflow_version: str
    #: What was worked out of Hadoop files, for all requests of this process.
    hadoop_tables: TableCache = field(default_factory=TableCache)

    @contextmanager
    def deed(self, caller: Caller) -> Iterator[Deed]:
        """A writing transaction whose audit rows stand and fall with it."""
        with self.database.writing() as session:
            deed = Deed(session, caller)
            yield deed
            session.flush()
            self.audit.record(session, caller, deed.entries)

    def close_gone_tries(self, submission_id: str | None = None) -> None:
        """Give an end to receipts (or the one named) whose task runs no more and told none."""
        with self.database.reading() as session:
            unended = lost.open_tries(session, submission_id)
        gone = self.identity.gone_tasks(unended) if unended else {}
        if gone:
            with self.database.writing() as session:
                lost.close_gone(session, gone)

    def read_blob(self, sha256: str) -> bytes:
        """The whole of a small blob (a configuration file)."""
        with self.blobs.open(sha256) as blob:
            return blob.read()
