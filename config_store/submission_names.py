"""Names that a filter of submissions may become, by what was typed; fast with a hundred thousand submissions."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, select

from config_store.models import ArtifactRow, GroupRow, SubmissionRow, in_byte_order, name_contains
from config_store.names import unstorable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sqlalchemy.orm import InstrumentedAttribute, Session
    from sqlalchemy.sql import ColumnElement

    from config_store.artifacts import ArtifactKind

#: So many names of an index are looked at from what was typed on, and so many from its beginning; each is one seek.
_MOST_SEEKS = 30


def matching(names: Iterable[str], typed: str) -> list[str]:
    """The names that hold the text, whatever its case; those that begin with it first."""
    wanted = typed.strip().lower()
    found = [name for name in names if wanted in name.lower()]
    return sorted(found, key=lambda name: (not name.lower().startswith(wanted), name))


def group_names(session: Session, typed: str, limit: int) -> list[str]:
    """Config groups, deleted ones too: their submissions are still there."""
    return _named(session, GroupRow.name, typed, limit)


def artifact_names(session: Session, kinds: Collection[ArtifactKind], typed: str, limit: int) -> list[str]:
    """Artifacts of the kinds, each name once, deleted ones too."""
    return _named(session, ArtifactRow.name, typed, limit, ArtifactRow.kind.in_(kinds))


def task_names(session: Session, dag_id: str, typed: str, limit: int) -> list[str]:
    """Tasks with submissions; ``dag_id`` "": of any DAG."""
    of_dag = () if not dag_id else (SubmissionRow.dag_id == dag_id,)
    return [] if unstorable(dag_id) else _sought(session, SubmissionRow.task_id, typed, limit, *of_dag)


def submitter_names(session: Session, typed: str, limit: int) -> list[str]:
    """Who submitted: ``task``, and users from outside."""
    return _sought(session, SubmissionRow.submitted_by, typed, limit)


def _named(
    session: Session, column: InstrumentedAttribute[str], typed: str, limit: int, *conditions: ColumnElement[bool]
) -> list[str]:
    """Names of a table that is small enough to be looked through."""
    wanted = typed.strip()
    if not wanted or unstorable(wanted):
        return []
    begins_so = case((column.istartswith(wanted, autoescape=True), 0), else_=1)
    found = select(column).where(name_contains(column, wanted), *conditions).group_by(column)
    return list(session.scalars(found.order_by(begins_so, in_byte_order(column)).limit(limit)))


def _sought(
    session: Session, column: InstrumentedAttribute[str], typed: str, limit: int, *conditions: ColumnElement[bool]
) -> list[str]:
    """Values of an indexed column of a large table, out of those near what was typed and the first ones."""
    wanted = typed.strip()
    if not wanted or unstorable(wanted):
        return []
    found: set[str] = set()
    for begin in ([*conditions, column >= wanted], conditions):
        for name in islice(_distinct(session, column, begin, conditions), _MOST_SEEKS):
            found.update(matching([name], wanted))
            if len(found) == limit:
                return matching(found, wanted)
    return matching(found, wanted)


def _distinct(
    session: Session,
    column: InstrumentedAttribute[str],
    begin: Iterable[ColumnElement[bool]],
    conditions: Iterable[ColumnElement[bool]],
) -> Iterator[str]:
    """The values in the order of the index, one seek each, however many rows hold the same."""
    where: Iterable[Any] = begin
    while (value := session.scalar(select(column).where(*where).order_by(column).limit(1))) is not None:
        yield value
        where = [*conditions, column > value]
