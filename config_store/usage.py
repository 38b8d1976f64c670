"""Who uses what: the DAGs of the last 30 days, and the groups, behind a deletion or a warning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Text, func, select, type_coerce, union_all

from config_store.content import from_document
from config_store.errors import User
from config_store.models import GroupRow, RevisionRow, SubmissionFileRow, SubmissionRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

#: A DAG that ran longer ago than this no longer counts as a user.
WINDOW = timedelta(days=30)
#: A page tells of each version of an artifact that is used more often by so many of its newest uses.
MAX_USES = 500


@dataclass(frozen=True)
class TaskUse:
    """A task that used a group within the window: when last, and how that submission stands (its outcome or state)."""

    dag_id: str
    task_id: str
    last_used: datetime
    status: str


def dags_using_group(session: Session, name: str) -> list[User]:
    """The DAGs with a submission in the window that used the group, by name."""
    return _dags(session, SubmissionRow.group_name == name)


def tasks_using_group(session: Session, name: str) -> list[TaskUse]:
    """The tasks with a submission in the window that used the group, each with its newest one, latest first."""
    # from an index alone; the rows of so many submissions would take four times as long
    last = (
        select(SubmissionRow.dag_id, SubmissionRow.task_id, func.max(SubmissionRow.created_at).label("at"))
        .where(SubmissionRow.group_name == name, SubmissionRow.created_at >= datetime.now(UTC) - WINDOW)
        .group_by(SubmissionRow.dag_id, SubmissionRow.task_id)
        .subquery()
    )
    named = (SubmissionRow.dag_id == last.c.dag_id) & (SubmissionRow.task_id == last.c.task_id)
    rows = session.execute(
        select(last, SubmissionRow.state, SubmissionRow.outcome, SubmissionRow.group_name)
        .join(SubmissionRow, named & (SubmissionRow.created_at == last.c.at))
        .order_by(last.c.at.desc(), last.c.dag_id, last.c.task_id)
    )
    # that the group is asked for once more would have SQLite take all its submissions again
    newest = {(r.dag_id, r.task_id): r for r in rows if r.group_name == name}
    return [TaskUse(r.dag_id, r.task_id, r.at, r.outcome or r.state) for r in newest.values()]


def dags_using_versions(session: Session, version_ids: Sequence[int]) -> list[User]:
    """The DAGs with a submission in the window that used one of the artifact versions, by name."""
    used = select(SubmissionFileRow.submission_id).where(SubmissionFileRow.version_id.in_(version_ids))
    return _dags(session, SubmissionRow.id.in_(used))


def last_use_by_dag(session: Session, version_ids: Sequence[int]) -> list[tuple[str, datetime]]:
    """The DAGs that ever used one of the versions, with the time of the last use, latest first."""
    used = select(SubmissionFileRow.submission_id).where(SubmissionFileRow.version_id.in_(version_ids))
    rows = session.execute(
        select(SubmissionRow.dag_id, func.max(SubmissionRow.created_at).label("last"))
        .where(SubmissionRow.id.in_(used))
        .group_by(SubmissionRow.dag_id)
        .order_by(func.max(SubmissionRow.created_at).desc())
    )
    return [(dag_id, last) for dag_id, last in rows]


def last_use_by_version(session: Session, version_ids: Sequence[int]) -> dict[int, list[tuple[str, datetime]]]:
    """The DAGs of the newest ``MAX_USES`` uses of each version, with the time of the last use, latest first.

    One query for all: a page of versions at most, because SQLite joins no more than 500 selects.
    """
    if not version_ids:
        return {}
    uses = union_all(*map(_newest_uses, version_ids)).subquery()
    last = func.max(SubmissionRow.created_at)
    rows = session.execute(
        select(uses.c.version_id, SubmissionRow.dag_id, last)
        .join(SubmissionRow, SubmissionRow.id == uses.c.submission_id)
        .group_by(uses.c.version_id, SubmissionRow.dag_id)
        .order_by(last.desc())
    )
    found: dict[int, list[tuple[str, datetime]]] = {}
    for version_id, dag_id, at in rows:
        found.setdefault(version_id, []).append((dag_id, at))
    return found


def _newest_uses(version_id: int) -> Select[int, str]:
    """The submissions of the newest ``MAX_USES`` uses of a version."""
    uses = select(SubmissionFileRow.version_id, SubmissionFileRow.submission_id)
    newest = uses.where(SubmissionFileRow.version_id == version_id).order_by(SubmissionFileRow.id.desc())
    # within a union a limit has to stand in a table of its own
    return select(newest.limit(MAX_USES).subquery())


def groups_using_dependency(
    session: Session, name: str, version: int | None = None, *, newest: bool = False
) -> list[User]:
    """The groups whose present revision names the dependency, as a chosen one or in a list of files.

    With a version: those pinned to it and, when it is the ``newest``, those that pin none.
    """
    chosen_versions = {version, None} if newest else {version}
    return [
        User("group", group)
        for group, chosen in choices_of_dependency(session, name)
        if version is None or chosen & chosen_versions
    ]


def choices_of_dependency(session: Session, name: str) -> list[tuple[str, set[int | None]]]:
    """The groups whose present revision names the dependency, by name, each with the versions; None: the newest."""
    rows = session.execute(
        select(GroupRow.name, RevisionRow.content)
        .join(RevisionRow, (RevisionRow.group_id == GroupRow.id) & (RevisionRow.number == GroupRow.revision))
        .where(
            GroupRow.deleted_at.is_(None),
            # narrows to few rows before their JSON is read
            type_coerce(RevisionRow.content, Text).contains(name, autoescape=True),
        )
    )
    found = (
        (group, {named.version for _, named in from_document(content).dependencies() if named.name == name})
        for group, content in sorted(rows, key=lambda row: row[0])
    )
    return [(group, versions) for group, versions in found if versions]


def _dags(session: Session, condition: ColumnElement[bool]) -> list[User]:
    since = datetime.now(UTC) - WINDOW
    names = session.scalars(select(SubmissionRow.dag_id).distinct().where(condition, SubmissionRow.created_at >= since))
    return [User("DAG", name) for name in sorted(names)]
