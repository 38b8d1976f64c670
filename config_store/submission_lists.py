"""Lists of submissions: filters, pages by key, counts with an end; fast with a hundred thousand of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, false, func, literal, or_, select
from sqlalchemy.orm import defer

from config_store.errors import reject
from config_store.models import SubmissionFileRow, SubmissionRow
from config_store.names import unstorable
from config_store.receipts import task_of
from config_store.wire import Outcome, State, Summary

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import InstrumentedAttribute, Session
    from sqlalchemy.sql import ColumnElement, Select

#: Lists need none of the large documents; to read them all the same is an error.
WITHOUT_DOCUMENTS = [
    defer(column, raiseload=True) for column in (SubmissionRow.request, SubmissionRow.plan, SubmissionRow.timeline)
]
#: An artifact with fewer uses has them sorted; of one with more, the newest submissions are walked through.
_RARE = 2_000
#: The fields of filters that a column has to hold, the rarest values first.
_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "dag_id": SubmissionRow.dag_id,
    "task_id": SubmissionRow.task_id,
    "run_id": SubmissionRow.run_id,
    "submitted_by": SubmissionRow.submitted_by,
    "group": SubmissionRow.group_name,
    "outcome": SubmissionRow.outcome,
    "state": SubmissionRow.state,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"(\d{1,18})-([0-9a-f-]{36})")


@dataclass(frozen=True)
class Filters:
    """Which submissions to list; None matches all. ``since`` and before ``until``, with a zone: when it was made.

    ``live``: those that have not ended.
    """

    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    group: str | None = None
    artifact: str | None = None
    state: State | None = None
    outcome: Outcome | None = None
    submitted_by: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    live: bool = False


@dataclass(frozen=True)
class Place:
    """Where in the list of all submissions one stands; it keeps its place whatever is submitted meanwhile."""

    created_at: datetime
    submission_id: str

    def __str__(self) -> str:
        """As addresses have it: the microseconds since 1970, and the id."""
        return f"{(self.created_at - _EPOCH) // timedelta(microseconds=1)}-{self.submission_id}"


def read_place(field: str, text: str) -> Place | None:
    """What ``str`` of a place gave; None for an empty text. Raises InvalidInput for another."""
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    try:
        if found:
            return Place(_EPOCH + timedelta(microseconds=int(found[1])), found[2])
    except OverflowError:  # a year after 9999
        pass
    raise reject(field, f"{text[:60]!r} is no place in the list; follow its links, or leave {field} out")


@dataclass(frozen=True)
class Stretch:
    """A piece of the list, newest first; ``newer`` and ``older``: where the next pieces begin, None at an end."""

    items: list[Summary]
    newer: Place | None
    older: Place | None


def list_submissions(
    session: Session, filters: Filters, *, limit: int = 50, offset: int = 0
) -> tuple[list[Summary], int]:
    """One page, newest first, and how many match."""
    matching = _matching(session, filters)
    total = session.scalar(select(func.count()).select_from(SubmissionRow).where(*matching)) or 0
    rows = session.scalars(_newest_first(matching).limit(limit).offset(offset))
    return [_summary(row) for row in rows], total


def read_stretch(
    session: Session, filters: Filters, *, limit: int = 50, older: Place | None = None, newer: Place | None = None
) -> Stretch:
    """At most ``limit`` submissions: those behind the place ``older``, those before ``newer``, else the newest.

    No page costs more than the first. Where fewer than ``limit`` are newer, the newest are answered.
    """
    matching = _matching(session, filters)
    if newer is not None:
        oldest_first = _matching_rows([*matching, _is_newer(newer)]).order_by(
            SubmissionRow.created_at, SubmissionRow.id
        )
        rows = session.scalars(oldest_first.limit(limit + 1)).all()
        if len(rows) > limit:
            shown = rows[:limit][::-1]
            return Stretch([_summary(row) for row in shown], _place(shown[0]), _place(shown[-1]))
    behind = [_is_older(older)] if older is not None and newer is None else []
    rows = session.scalars(_newest_first([*matching, *behind]).limit(limit + 1)).all()
    shown = rows[:limit]
    return Stretch(
        items=[_summary(row) for row in shown],
        newer=_place(shown[0]) if behind and shown else None,
        older=_place(shown[-1]) if len(rows) > limit else None,
    )


def count_submissions(session: Session, filters: Filters, most: int) -> int:
    """How many match, and ``most`` where it is that many or more: nobody waits for a count."""
    some = select(SubmissionRow.id).where(*_matching(session, filters)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _matching_rows(matching: list[ColumnElement[bool]]) -> Select[SubmissionRow]:
    return select(SubmissionRow).where(*matching).options(*WITHOUT_DOCUMENTS)


def _newest_first(matching: list[ColumnElement[bool]]) -> Select[SubmissionRow]:
    return _matching_rows(matching).order_by(SubmissionRow.created_at.desc(), SubmissionRow.id.desc())


def _place(row: SubmissionRow) -> Place:
    return Place(row.created_at, row.id)


def _is_older(place: Place) -> ColumnElement[bool]:
    # the first half repeats what the second says, for the index
    later = or_(SubmissionRow.created_at < place.created_at, SubmissionRow.id < place.submission_id)
    return and_(SubmissionRow.created_at <= place.created_at, later)


def _is_newer(place: Place) -> ColumnElement[bool]:
    earlier = or_(SubmissionRow.created_at > place.created_at, SubmissionRow.id > place.submission_id)
    return and_(SubmissionRow.created_at >= place.created_at, earlier)


def _matching(session: Session, filters: Filters) -> list[ColumnElement[bool]]:
    wanted = {name: value for name in _COLUMNS if (value := getattr(filters, name)) is not None}
    sought = _sought(filters, wanted)
    conditions = [holds(_COLUMNS[name], value, seek=name in sought) for name, value in wanted.items()]
    if filters.live:
        conditions.append(is_open())
    if filters.since is not None:
        conditions.append(SubmissionRow.created_at >= filters.since)
    if filters.until is not None:
        conditions.append(SubmissionRow.created_at < filters.until)
    if filters.artifact is not None:
        conditions.append(_uses(session, filters.artifact))
    return conditions


def _sought(filters: Filters, wanted: Collection[str]) -> Collection[str]:
    """The filters that an index is to find: those that leave the fewest rows. The others are only checked.

    Databases without statistics take any index that fits, and nearly all submissions succeeded and are of tasks.
    """
    if filters.live:
        return ()
    if filters.state not in (None, State.ENDED):
        return ("state",)
    if named := [name for name in ("dag_id", "task_id", "run_id") if name in wanted]:
        return named
    if filters.artifact is not None:
        return ()
    return [name for name in _COLUMNS if name in wanted][:1]


def _uses(session: Session, artifact: str) -> ColumnElement[bool]:
    """Rare uses are looked up and sorted; frequent ones are met soon by walking from the newest."""
    named = holds(SubmissionFileRow.name, artifact)
    some = select(SubmissionFileRow.id).where(named).limit(_RARE).subquery()
    if (session.scalar(select(func.count()).select_from(some)) or 0) < _RARE:
        return SubmissionRow.id.in_(select(SubmissionFileRow.submission_id).where(named))
    return exists(select(literal(1)).where(named, SubmissionFileRow.submission_id == SubmissionRow.id))


def is_open() -> ColumnElement[bool]:
    """That a submission has not ended; said so that an index of states serves."""
    return SubmissionRow.state.in_([state for state in State if state is not State.ENDED])


def holds(column: InstrumentedAttribute[Any], value: str, *, seek: bool = True) -> ColumnElement[bool]:
    """Whether a column holds the text; none holds what can't be stored. Not to ``seek`` it keeps indexes out of it."""
    if unstorable(value):
        return false()
    return column == value if seek else func.coalesce(column, "") == value


def _summary(row: SubmissionRow) -> Summary:
    return Summary(
        submission_id=row.id,
        task=task_of(row),
        state=State(row.state),
        outcome=Outcome(row.outcome) if row.outcome else None,
        group=row.group_name,
        revision=row.revision,
        app_name=row.app_name,
        created_at=row.created_at,
        updated_at=row.updated_at,
        exit_code=row.facts.get("exit_code"),
        message=row.facts.get("message"),
    )
