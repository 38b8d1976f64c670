"""Deleted config groups: which there are, and how a deletion is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from config_store.errors import NotDeleted, NotFound
from config_store.groups import get_group, locked_row
from config_store.models import GroupRow
from config_store.names import is_group_name, nearest

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from config_store.groups import Group


@dataclass(frozen=True)
class DeletedGroup:
    """A group that was deleted; ``revision``: its last one."""

    name: str
    revision: int
    deleted_by: str
    deleted_at: datetime


def list_deleted_groups(session: Session, limit: int = 50) -> list[DeletedGroup]:
    """The groups that were deleted last, latest first."""
    gone = select(GroupRow).where(GroupRow.deleted_at.is_not(None))
    rows = session.scalars(gone.order_by(GroupRow.deleted_at.desc(), GroupRow.name).limit(limit))
    return [_deleted(row) for row in rows]


def find_deleted_group(session: Session, name: str) -> DeletedGroup | None:
    """The deleted group of that name; None for one that is there, or never was."""
    if not is_group_name(name):
        return None
    row = session.scalar(select(GroupRow).where(GroupRow.name == name, GroupRow.deleted_at.is_not(None)))
    return _deleted(row) if row else None


def _deleted(row: GroupRow) -> DeletedGroup:
    assert row.deleted_at is not None  # the queries ask for it
    return DeletedGroup(row.name, row.revision, row.deleted_by or "", row.deleted_at)


def restore_group(session: Session, name: str) -> Group:
    """Show a deleted group again, with all its revisions; it does not become the default.

    Raises NotFound, which names similar groups that are deleted, and NotDeleted.
    """
    row = locked_row(session, GroupRow.name == name) if is_group_name(name) else None
    if row is None:
        deleted = session.scalars(select(GroupRow.name).where(GroupRow.deleted_at.is_not(None)))
        raise NotFound("deleted config group named", name, nearest(name, deleted))
    if row.deleted_at is None:
        raise NotDeleted("config group", name)
    row.deleted_at = row.deleted_by = None
    session.flush()
    return get_group(session, name)
