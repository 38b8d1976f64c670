"""Whom the next version of an artifact reaches: groups and tasks that take the newest, and those that are pinned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from config_store.artifacts import ArtifactKind, check_artifact_name
from config_store.content import FILE_LISTS, is_place, split_list, split_version
from config_store.errors import InvalidInput
from config_store.models import ArtifactRow, SubmissionFileRow, SubmissionRow, VersionRow
from config_store.usage import WINDOW, choices_of_dependency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from sqlalchemy.orm import Session

#: So many tasks are told, those that ran last.
MAX_TASKS = 200
#: Of an artifact that was used more often, so many of the newest uses are looked at.
MAX_USES = 1_000
#: A JVM is looked for in so many of the newest receipts.
_RECEIPTS = 50


@dataclass(frozen=True)
class TaskReach:
    """A task that ran with the artifact within the window: with which version, and the one it asks for (None: newest).

    ``java``: the version of the JVM that ran it, as that names itself.
    """

    dag_id: str
    task_id: str
    group: str
    last_used: datetime
    version: int
    pinned: int | None
    follows: bool
    java: str | None


@dataclass(frozen=True)
class Reach:
    """What a new version changes for whom. ``newest``: the version it replaces, None for a new name.

    ``following``: groups that take the newest; ``pinned``: groups with the versions that they stay at.
    """

    newest: int | None
    following: tuple[str, ...]
    pinned: tuple[tuple[str, tuple[int, ...]], ...]
    tasks: tuple[TaskReach, ...]

    @property
    def reached(self) -> tuple[TaskReach, ...]:
        """The tasks that would have the new version at their next start."""
        return tuple(task for task in self.tasks if task.follows)


class Use(NamedTuple):
    """The newest submission of a task that used the artifact, and in which version."""

    dag_id: str
    task_id: str
    group_name: str
    created_at: datetime
    request: Mapping[str, Any]
    facts: Mapping[str, Any]
    version: int


class Jvm(NamedTuple):
    """A JVM that ran a task: its release, its version as it names itself, and which task or submission it was."""

    release: int
    version: str
    seen: str


def find_reach(session: Session, kind: ArtifactKind, name: str) -> Reach:
    """What the next version of a name would change; the name need not exist. Raises InvalidInput for no name."""
    check_artifact_name(kind, name)
    newest = session.scalar(
        select(func.max(VersionRow.version))
        .join(ArtifactRow)
        .where(ArtifactRow.kind == kind, ArtifactRow.name == name, VersionRow.hidden_at.is_(None))
    )
    choices = dict(choices_of_dependency(session, name)) if kind is ArtifactKind.DEPENDENCY else {}
    pins = {group: tuple(sorted(v for v in versions if v is not None)) for group, versions in choices.items()}
    return Reach(
        newest=newest,
        following=tuple(group for group, versions in choices.items() if None in versions),
        pinned=tuple((group, versions) for group, versions in pins.items() if versions),
        tasks=tuple(_task(use, kind, name, choices) for use in _last_uses(session, kind, name)),
    )


def jvm_to_meet(session: Session, reach: Reach) -> Jvm | None:
    """The oldest JVM that ran the artifact's tasks last, else that of the newest receipt; None where none is known."""
    ran = [(task.java, f"{task.dag_id}.{task.task_id}") for task in reach.tasks if task.java]
    if not ran and (newest := newest_jvm(session)):
        ran = [(newest, "the newest submission")]
    known = [Jvm(release, version, seen) for version, seen in ran if (release := java_release(version)) is not None]
    return min(known, default=None)


def newest_jvm(session: Session) -> str | None:
    """The version of the JVM that the newest receipt names, of whatever task; None when none of the last does."""
    newest = select(SubmissionRow.facts).order_by(SubmissionRow.created_at.desc()).limit(_RECEIPTS)
    return next((facts["java_version"] for facts in session.scalars(newest) if facts.get("java_version")), None)


def java_release(version: str) -> int | None:
    """The release that a JVM's version belongs to: 17 for ``17.0.15``, 8 for ``1.8.0_442``; None for another text."""
    first, _, rest = version.partition(".")
    number = rest.partition(".")[0] if first == "1" else first
    digits = number.partition("-")[0].partition("+")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else None


def _last_uses(session: Session, kind: ArtifactKind, name: str) -> list[Use]:
    """The newest submission in the window of each task that used a version of the artifact, latest first.

    Of the newest ``MAX_USES`` uses: those of an artifact that all jobs share are too many for a page to wait for.
    """
    newest = (
        select(SubmissionFileRow.submission_id, VersionRow.version)
        .join(VersionRow, VersionRow.id == SubmissionFileRow.version_id)
        .join(ArtifactRow)
        .where(ArtifactRow.kind == kind, ArtifactRow.name == name)
        .order_by(SubmissionFileRow.id.desc())
        .limit(MAX_USES)
        .subquery()
    )
    row = SubmissionRow
    uses = session.execute(
        select(row.id, row.dag_id, row.task_id, newest.c.version)
        .join(newest, newest.c.submission_id == row.id)
        .where(row.created_at >= datetime.now(UTC) - WINDOW)
        .order_by(row.created_at, newest.c.version)
    )
    last = {(use.dag_id, use.task_id): use for use in uses}  # a job may name two versions: the newer counts
    versions = {use.id: use.version for use in last.values()}
    columns = (row.id, row.dag_id, row.task_id, row.group_name, row.created_at, row.request, row.facts)
    latest = select(*columns).where(row.id.in_(versions)).order_by(row.created_at.desc()).limit(MAX_TASKS)
    return [
        Use(use.dag_id, use.task_id, use.group_name, use.created_at, use.request, use.facts, versions[use.id])
        for use in session.execute(latest)
    ]


def _task(use: Use, kind: ArtifactKind, name: str, choices: Mapping[str, set[int | None]]) -> TaskReach:
    asked = _asked(use.request, kind, name)
    if asked is None:  # its group gives it the dependency, if it still does
        asked = choices.get(use.group_name, set())
    pins = sorted(one for one in asked if one is not None)
    return TaskReach(
        dag_id=use.dag_id,
        task_id=use.task_id,
        group=use.group_name,
        last_used=use.created_at,
        version=use.version,
        pinned=pins[-1] if pins else None,
        follows=None in asked,
        java=use.facts.get("java_version"),
    )


def _asked(request: Mapping[str, Any], kind: ArtifactKind, name: str) -> set[int | None] | None:
    """The versions that a task itself asks for (None in them: the newest); None when it does not name the artifact."""
    if kind is ArtifactKind.CODE:
        return {request.get("code_artifact_version")}
    entries = [entry for field in ("jars", "py_files", "files") for entry in request.get(field) or ()]
    for section in ("spark_arguments", "spark_configurations"):
        said = request.get(section) or {}
        entries += [entry for name_of_list in FILE_LISTS for entry in split_list(said.get(name_of_list) or "")]
    return _named(entries, name) or None


def _named(entries: Iterable[str], name: str) -> set[int | None]:
    found = set()
    for entry in entries:
        if not is_place(entry):
            try:
                named, version = split_version("jars", entry.strip())
            except InvalidInput:  # of a submission that was refused for it
                continue
            if named == name:
                found.add(version)
    return found
