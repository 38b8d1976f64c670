"""Config groups and their revisions: create, save, roll back, compare, delete."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import false, func, select, type_coerce, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer

from config_store.artifacts import ArtifactKind, keep_artifacts
from config_store.content import Content, check_content, seal
from config_store.dependency_check import check_dependencies
from config_store.diff import diff_contents
from config_store.errors import (
    AlreadyExists,
    DefaultGroupKept,
    InUse,
    InvalidInput,
    NotFound,
    StaleRevision,
    UnknownGroup,
)
from config_store.models import (
    LARGEST_INTEGER,
    ContentDocument,
    DefaultGroupRow,
    GroupRow,
    RevisionRow,
    in_byte_order,
    name_contains,
)
from config_store.names import check_author, check_group_name, is_group_name, nearest
from config_store.settings import note_faults
from config_store.usage import dags_using_group

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from config_store.secrets import Cipher

#: Contents may hold thousands of settings: lists need none, all others ask for ``_CONTENT``, never for a row with it.
_WITHOUT_CONTENT = defer(RevisionRow.content, raiseload=True)
_CONTENT = type_coerce(RevisionRow.content, ContentDocument)
#: Groups with their newest revision, and whether each is the default.
_AS_THEY_STAND = (
    select(GroupRow, RevisionRow, DefaultGroupRow.id)
    .join(RevisionRow, (RevisionRow.group_id == GroupRow.id) & (RevisionRow.number == GroupRow.revision))
    .outerjoin(DefaultGroupRow, DefaultGroupRow.group_id == GroupRow.id)
)
#: What a change makes of the present content.
Edit = Callable[[Content], Content]


@dataclass(frozen=True)
class GroupHead:
    """What lists say of a group: ``revision`` is the number of the newest one."""

    name: str
    description: str
    is_default: bool
    revision: int
    updated_by: str
    updated_at: datetime


@dataclass(frozen=True)
class Group(GroupHead):
    """A group as it stands, with the content of its newest revision."""

    content: Content


@dataclass(frozen=True)
class RevisionHead:
    """What lists say of a revision; ``parent`` is the number it was made from, None for a first one."""

    number: int
    parent: int | None
    author: str
    created_at: datetime
    note: str


@dataclass(frozen=True)
class Revision(RevisionHead):
    """One immutable state of a group."""

    content: Content


@dataclass(frozen=True)
class Save:
    """Who saves, and why."""

    author: str
    note: str = ""


def list_groups(session: Session, *, search: str = "", limit: int = 50, offset: int = 0) -> tuple[list[GroupHead], int]:
    """One page of the groups by name, and how many there are; ``search`` matches anywhere in the name."""
    live = GroupRow.deleted_at.is_(None) & name_contains(GroupRow.name, search)
    total = session.scalar(select(func.count()).select_from(GroupRow).where(live)) or 0
    page = _AS_THEY_STAND.where(live).options(_WITHOUT_CONTENT).order_by(in_byte_order(GroupRow.name))
    rows = session.execute(page.limit(limit).offset(offset))
    return [GroupHead(**_group_head(group, revision, default is not None)) for group, revision, default in rows], total


def get_group(session: Session, name: str) -> Group:
    """The group as it stands; raises UnknownGroup."""
    present = _AS_THEY_STAND.add_columns(_CONTENT).options(_WITHOUT_CONTENT)
    found = session.execute(present.where(_named(name), GroupRow.deleted_at.is_(None))).first()
    if found is None:
        raise _unknown(session, name)
    group, revision, default, content = found
    return Group(**_group_head(group, revision, default is not None), content=content)


def list_group_names(session: Session) -> list[str]:
    """The names of all groups, sorted."""
    return sorted(session.scalars(select(GroupRow.name).where(GroupRow.deleted_at.is_(None))))


def default_group_name(session: Session) -> str | None:
    """The name of the default group; None in a store without groups."""
    return session.scalar(select(GroupRow.name).join(DefaultGroupRow, DefaultGroupRow.group_id == GroupRow.id))


def create_group(
    session: Session,
    name: str,
    save: Save,
    cipher: Cipher,
    *,
    description: str = "",
    content: Content | None = None,
) -> Group:
    """Make a group; the first of a store becomes its default.

    A name that was deleted comes back with its numbering going on, so that "prod revision 3" never means
    two things. Raises AlreadyExists, InvalidInput.
    """
    check_group_name(name)
    _check_text("description", description)
    row = locked_row(session, GroupRow.name == name)
    if row is None:
        row = GroupRow(name=name, description=description, revision=0)
        session.add(row)
    elif row.deleted_at is None:
        raise AlreadyExists("config group", name)
    row.description, row.deleted_at, row.deleted_by = description, None, None
    try:
        session.flush()
    except IntegrityError as error:  # somebody made the same group a moment ago
        raise AlreadyExists("config group", name) from error
    _make_first_default(session, row)
    content = content or Content()
    check_content(content)
    _add_revision(session, row, content, Content(), save, cipher, parent=None)
    return get_group(session, name)


def _make_first_default(session: Session, row: GroupRow) -> None:
    if session.get(DefaultGroupRow, 1) is None:
        # of two first groups made at once one is the default; the other is a group like any
        with suppress(IntegrityError), session.begin_nested():
            session.add(DefaultGroupRow(id=1, group_id=row.id))


def check_save(session: Session, name: str, *, parent: int, note: str = "") -> None:
    """Raise what a save on top of ``parent`` would raise whatever its content; ask before a body is read.

    UnknownGroup, StaleRevision, InvalidInput (of the note).
    """
    _check_text("note", note)
    row = _live_row(session, name)
    if row.revision != parent:
        raise _stale(session, row, parent)


def save_content(session: Session, name: str, content: Content, *, parent: int, save: Save, cipher: Cipher) -> Group:
    """Make a revision out of ``content`` on top of revision ``parent``.

    A content equal to the present one makes none. Raises UnknownGroup, InvalidInput, StaleRevision.
    """
    return change_content(session, name, lambda _: content, parent=parent, save=save, cipher=cipher)


def roll_back(session: Session, name: str, number: int, *, parent: int, save: Save, cipher: Cipher) -> Group:
    """Clone revision ``number``, which was checked once, on top of ``parent``; raises as :func:`save_content` does."""
    content = get_revision(session, name, number).content
    why = replace(save, note=save.note or f"roll back to revision {number}")
    return change_content(session, name, lambda _: content, parent=parent, save=why, cipher=cipher, checked=content)


def describe_group(session: Session, name: str, description: str) -> Group:
    """Change the description, which is no part of a revision."""
    _check_text("description", description)
    _live_row(session, name, lock=True).description = description
    session.flush()
    return get_group(session, name)


def make_default(session: Session, name: str) -> Group:
    """Make the group the default of jobs that name none."""
    row = _live_row(session, name, lock=True)
    session.execute(update(DefaultGroupRow).values(group_id=row.id))
    session.expire_all()
    return get_group(session, name)


def delete_group(session: Session, name: str, author: str, *, force: bool = False) -> None:
    """Hide a group; its revisions stay readable.

    Raises DefaultGroupKept, and InUse (with the DAGs of the last 30 days) unless forced.
    """
    check_author(author)
    row = _live_row(session, name, lock=True)
    if _is_default(session, row):
        raise DefaultGroupKept(name)
    users = dags_using_group(session, name)
    if users and not force:
        raise InUse("config group", name, users)
    row.deleted_at, row.deleted_by = datetime.now(UTC), author
    session.flush()


def list_revisions(session: Session, name: str, *, limit: int = 50, offset: int = 0) -> tuple[list[RevisionHead], int]:
    """One page of a group's revisions, newest first, and how many there are."""
    row = _live_row(session, name)
    total = session.scalar(select(func.count()).where(RevisionRow.group_id == row.id)) or 0
    newest_first = select(RevisionRow).where(RevisionRow.group_id == row.id).order_by(RevisionRow.number.desc())
    rows = session.scalars(newest_first.options(_WITHOUT_CONTENT).limit(limit).offset(offset))
    return [RevisionHead(**_revision_head(revision)) for revision in rows], total


def get_revision(session: Session, name: str, number: int) -> Revision:
    """One revision, of a deleted group too; raises UnknownGroup, NotFound."""
    row = session.scalar(select(GroupRow).where(_named(name)))
    if row is None:
        raise _unknown(session, name)
    return _revision(session, row, number)


def change_content(
    session: Session,
    name: str,
    change: Edit,
    *,
    parent: int,
    save: Save,
    cipher: Cipher,
    checked: Content | None = None,
) -> Group:
    """Save what ``change`` makes of the present content, as :func:`save_content` does.

    ``checked``: whose settings were checked before, where it is not the present content's.
    """
    row = _live_row(session, name, lock=True)
    if row.revision != parent:
        raise _stale(session, row, parent)
    current = _revision(session, row, row.revision).content
    content = change(current)
    check_content(content, checked or current)
    _add_revision(session, row, content, current, save, cipher, parent=parent)
    return get_group(session, name)


def _add_revision(
    session: Session,
    row: GroupRow,
    content: Content,
    before: Content,
    save: Save,
    cipher: Cipher,
    *,
    parent: int | None,
) -> None:
    _check_text("note", save.note)
    check_author(save.author)
    _keep_dependencies(session, content)
    sealed = seal(content, before, cipher)
    if parent is not None and sealed == before:
        return
    number = _next_number(session, row)
    claimed = session.execute(
        update(GroupRow).where(GroupRow.id == row.id, GroupRow.revision == row.revision).values(revision=number),
        execution_options={"synchronize_session": False},
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        seen = row.revision
        session.expire_all()
        raise _stale(session, row, seen)
    session.add(
        RevisionRow(
            group_id=row.id,
            number=number,
            parent=parent,
            author=save.author,
            created_at=datetime.now(UTC),
            note=save.note,
            content=type_coerce(sealed, ContentDocument),
        )
    )
    session.flush()
    session.expire(row)


def _next_number(session: Session, row: GroupRow) -> int:
    newest = session.scalar(select(func.max(RevisionRow.number)).where(RevisionRow.group_id == row.id))
    return (newest or 0) + 1


def _keep_dependencies(session: Session, content: Content) -> None:
    """What is there stays there until the save's end."""
    keep_artifacts(session, ArtifactKind.DEPENDENCY, {dependency.name for _, dependency in content.dependencies()})
    check_dependencies(session, content)


def stale_revision(session: Session, name: str, expected: int) -> StaleRevision:
    """The error for a change that was made upon revision ``expected`` of a group that has moved on."""
    return _stale(session, _live_row(session, name), expected)


def _check_text(where: str, text: str) -> None:
    if faults := list(note_faults(where, text)):
        raise InvalidInput(faults)


def _live_row(session: Session, name: str, *, lock: bool = False) -> GroupRow:
    live = _named(name) & GroupRow.deleted_at.is_(None)
    row = locked_row(session, live) if lock else session.scalar(select(GroupRow).where(live))
    if row is None:
        raise _unknown(session, name)
    return row


def locked_row(session: Session, condition: ColumnElement[bool]) -> GroupRow | None:
    """The row as it stands now, and until the transaction's end: whoever changes a group locks it first.

    A row that the session has read before is read anew. SQLite, which ignores this, has one writer at a time.
    """
    query = select(GroupRow).where(condition).with_for_update()
    return session.scalar(query, execution_options={"populate_existing": True})


def _named(name: str) -> ColumnElement[bool]:
    return GroupRow.name == name if is_group_name(name) else false()


def _unknown(session: Session, name: str) -> UnknownGroup:
    names = list_group_names(session)
    was_there = session.scalar(select(GroupRow.id).where(_named(name))) is not None
    return UnknownGroup(name, nearest(name, names), names, is_deleted=was_there)


def _revision(session: Session, row: GroupRow, number: int) -> Revision:
    revision = _find_revision(session, row, number)
    if revision is None:
        raise NotFound(f"revision of config group {row.name!r} with number", str(number))
    return revision


def _find_revision(session: Session, row: GroupRow, number: int) -> Revision | None:
    if not 0 < number <= LARGEST_INTEGER:
        return None
    numbered = select(RevisionRow, _CONTENT).where(RevisionRow.group_id == row.id, RevisionRow.number == number)
    found = session.execute(numbered.options(_WITHOUT_CONTENT)).first()
    return Revision(**_revision_head(found[0]), content=found[1]) if found else None


def _stale(session: Session, row: GroupRow, expected: int) -> StaleRevision:
    current = _revision(session, row, row.revision)
    base = _find_revision(session, row, expected)
    changes = diff_contents(base.content, current.content) if base else []
    return StaleRevision(row.name, expected, current.number, current.author, current.created_at, current.note, changes)


def _is_default(session: Session, row: GroupRow) -> bool:
    return session.scalar(select(DefaultGroupRow.id).where(DefaultGroupRow.group_id == row.id)) is not None


def _group_head(row: GroupRow, revision: RevisionRow, is_default: bool) -> dict[str, Any]:
    return {
        "name": row.name,
        "description": row.description,
        "is_default": is_default,
        "revision": row.revision,
        "updated_by": revision.author,
        "updated_at": revision.created_at,
    }


def _revision_head(row: RevisionRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("number", "parent", "author", "created_at", "note")}
