"""A store on real files, with short words to fill it and to ask it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text, update

from config_store import artifacts, groups, submissions
from config_store.artifacts import ArtifactKind
from config_store.content import SECTIONS, ConfigFile, Content, Dependency, Keytab
from config_store.groups import Group, Save
from config_store.models import Base, SubmissionRow
from config_store.resolution import resolve_plan
from config_store.settings import Setting
from config_store.submissions import Submitter
from config_store.wire import JobRequest, Layer, Outcome, Receipt, Report, SettingKind, State, SubmitPlan, Ticket
from tests.stand_ins import task

if TYPE_CHECKING:
    from pathlib import Path

    from config_store.artifacts import Artifact, Version
    from config_store.blobs.file_system import FileSystemBlobs
    from config_store.blobs.protocol import Blob
    from config_store.database import Database
    from config_store.errors import StoreError
    from config_store.secrets import Cipher
    from config_store.wire import TaskIdentity

CODE, DEPENDENCY = ArtifactKind.CODE, ArtifactKind.DEPENDENCY
TASK = task()


def content(**fields: Any) -> Content:
    """A content in short words: settings as bare strings, dependencies as ``hbase.jar`` or ``hbase.jar@2``."""
    for section in SECTIONS:
        if section in fields:
            fields[section] = {name: _setting(value) for name, value in fields[section].items()}
    for field in ("jars", "py_files"):
        if field in fields:
            fields[field] = tuple(_dependency(name) for name in fields[field])
    return Content(**fields)


def _setting(value: str | Setting) -> Setting:
    return Setting(value) if isinstance(value, str) else value


def _dependency(name: str | Dependency) -> Dependency:
    if isinstance(name, Dependency):
        return name
    bare, _, version = name.partition("@")
    return Dependency(bare, int(version) if version else None)


def final(value: str) -> Setting:
    """A setting that no DAG may override."""
    return Setting(value, final=True)


def secret(value: str) -> Setting:
    """A setting that is shown to nobody but a worker."""
    return Setting(value, secret=True)


def only(field: str, name: str, value: Any) -> dict[str, Any]:
    """Keywords for one entry of one dictionary: ``only("arguments", "queue", "etl")``."""
    return {field: {name: value}}


def job(**fields: Any) -> JobRequest:
    """A request that needs nothing uploaded, unless it names a ``code_artifact``."""
    if not fields.get("code_artifact"):
        fields = {"application_uri": "s3a://jobs/job.py", **fields}
    return JobRequest.model_validate({"language": "python", **fields})


def effective(plan: SubmitPlan) -> dict[str, str]:
    """What the group and the task set: ``--option``, ``property`` or ``$VARIABLE`` -> value."""
    prefix = {SettingKind.ARGUMENT: "--", SettingKind.CONFIGURATION: "", SettingKind.ENVIRONMENT: "$"}
    return {prefix[s.kind] + s.name: s.value for s in plan.settings if s.layer is not Layer.SUITE}


def resources(plan: SubmitPlan) -> list[str]:
    """The plan's resources in words, in order: ``jars group hbase.jar@1``."""
    named = [(r, f"{r.artifact.name}@{r.artifact.version}" if r.artifact else r.uri) for r in plan.resources]
    return [f"{resource.kind} {resource.layer} {name}" for resource, name in named]


@dataclass
class Store:
    """Every method is a transaction of its own; ``folder`` holds all that the store writes."""

    database: Database
    blobs: FileSystemBlobs
    cipher: Cipher
    folder: Path

    def create(self, name: str, *, author: str = "ada", note: str = "", description: str = "", **fields: Any) -> Group:
        """Make a group with a content in short words."""
        with self.database.writing() as session:
            return groups.create_group(
                session, name, Save(author, note), self.cipher, description=description, content=content(**fields)
            )

    def save(
        self, name: str, *, parent: int | None = None, author: str = "ada", note: str = "", **fields: Any
    ) -> Group:
        """Replace the given fields of the group's content; the parent is its newest revision by default."""
        with self.database.writing() as session:
            current = groups.get_group(session, name)
            changed = {field: getattr(content(**fields), field) for field in fields}
            return groups.save_content(
                session,
                name,
                replace(current.content, **changed),
                parent=current.revision if parent is None else parent,
                save=Save(author, note),
                cipher=self.cipher,
            )

    def roll_back(self, name: str, number: int, *, parent: int | None = None, note: str = "") -> Group:
        """Clone a revision on top of ``parent``, the newest by default."""
        with self.database.writing() as session:
            parent = groups.get_group(session, name).revision if parent is None else parent
            save = Save("ada", note)
            return groups.roll_back(session, name, number, parent=parent, save=save, cipher=self.cipher)

    def group(self, name: str) -> Group:
        """The group as it stands."""
        with self.database.reading() as session:
            return groups.get_group(session, name)

    def revision(self, name: str, number: int) -> groups.Revision:
        """One revision."""
        with self.database.reading() as session:
            return groups.get_revision(session, name, number)

    def revisions(self, name: str) -> list[groups.RevisionHead]:
        """What lists say of all revisions, newest first."""
        with self.database.reading() as session:
            return groups.list_revisions(session, name, limit=1000)[0]

    def delete(self, name: str, *, author: str = "ada", force: bool = False) -> None:
        """Delete a group."""
        with self.database.writing() as session:
            groups.delete_group(session, name, author, force=force)

    def default(self) -> str | None:
        """The name of the default group."""
        with self.database.reading() as session:
            return groups.default_group_name(session)

    def keep(self, data: bytes, name: str = "file") -> Blob:
        """Store bytes."""
        with self.blobs.writer(name) as writer:
            writer.write(data)
            return writer.commit()

    def config_file(self, name: str, text: str) -> ConfigFile:
        """Store a configuration file, for ``hadoop_files`` or ``krb5_conf``."""
        blob = self.keep(text.encode(), name)
        return ConfigFile(name, blob.sha256, blob.size)

    def upload(
        self,
        name: str,
        data: bytes | None = None,
        *,
        kind: ArtifactKind = DEPENDENCY,
        author: str = "ada",
        note: str = "",
    ) -> Version:
        """Upload a version of a dependency (or of code); its bytes are its name when none are given."""
        return self.add_version(name, self.keep(name.encode() if data is None else data), kind, author, note)[0]

    def add_version(
        self, name: str, blob: Blob, kind: ArtifactKind = DEPENDENCY, author: str = "ada", note: str = ""
    ) -> tuple[Version, bool]:
        """Record stored bytes as a version; answers also whether it is new."""
        with self.database.writing() as session:
            return artifacts.add_version(session, kind, name, blob, author=author, note=note)

    def hide(
        self, name: str, version: int | None = None, *, kind: ArtifactKind = DEPENDENCY, force: bool = False
    ) -> list[int]:
        """Delete an artifact or one of its versions; answers the numbers of those hidden."""
        with self.database.writing() as session:
            hidden = artifacts.hide_versions(session, kind, name, version, author="ada", force=force)
            return [found.version for found in hidden]

    def restore(self, name: str, kind: ArtifactKind = DEPENDENCY) -> Artifact:
        """Take the newest deletion back."""
        with self.database.writing() as session:
            return artifacts.restore_versions(session, kind, name)

    def artifact(self, name: str, kind: ArtifactKind = DEPENDENCY) -> tuple[Artifact, list[Version]]:
        """An artifact with all its versions."""
        with self.database.reading() as session:
            return artifacts.get_artifact(session, kind, name)

    def plan(self, identity: TaskIdentity = TASK, **request: Any) -> SubmitPlan:
        """Resolve a request, writing nothing."""
        with self.database.reading() as session:
            return resolve_plan(session, job(**request), identity, self.cipher)

    def submit(
        self, identity: TaskIdentity = TASK, *, by: str = "task", proof: str | None = None, **request: Any
    ) -> Ticket:
        """Submit a request; ``proof`` is the task instance id of a task that Airflow knows."""
        with self.database.writing() as session:
            return submissions.submit(session, job(**request), Submitter(by, identity, proof), self.cipher)

    def report(self, submission_id: str, state: State, outcome: Outcome | None = None, **facts: Any) -> Receipt:
        """Report a state; an end succeeds unless another outcome is given."""
        if state is State.ENDED and outcome is None:
            outcome = Outcome.SUCCEEDED
        with self.database.writing() as session:
            return submissions.record_report(session, submission_id, Report(state=state, outcome=outcome, **facts))

    def receipt(self, submission_id: str) -> Receipt:
        """A receipt."""
        with self.database.reading() as session:
            return submissions.get_receipt(session, submission_id)

    def opens(self, ticket: Ticket) -> bool:
        """Whether the ticket's token opens its submission."""
        with self.database.reading() as session:
            return submissions.check_token(session, ticket.submission_id, ticket.token)

    def age(self, ticket: Ticket, age: timedelta) -> None:
        """Let a submission have been made that long ago."""
        created = datetime.now(UTC) - age
        with self.database.writing() as session:
            session.execute(
                update(SubmissionRow).where(SubmissionRow.id == ticket.submission_id).values(created_at=created)
            )

    def count(self, table: type[Base]) -> int:
        """How many rows a table holds."""
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def stored_bytes(self) -> bytes:
        """Every byte that the store has written: files (SQLite's journals included), and the rows of a server."""
        files = [path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()]
        with self.database.reading() as session:
            rows = [
                str(tuple(row)).encode()
                for table in Base.metadata.sorted_tables
                for row in session.execute(text(f"SELECT * FROM {table.name}"))
            ]
        return b"\n".join(files + rows)


def refused(error: type[StoreError], store: Store, **request: Any) -> str:
    """What is said to a request that gets no plan."""
    with pytest.raises(error) as caught:
        store.plan(**request)
    return str(caught.value)


def keytab(store: Store) -> Keytab:
    """A keytab as a group holds it."""
    return Keytab("etl.keytab", "0" * 64, 4, store.cipher.encrypt(base64.b64encode(b"\x05\x02kt").decode()))
