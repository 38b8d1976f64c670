"""Taking the deletion of a config group back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from config_store.errors import NotDeleted, NotFound
from config_store.groups import get_group
from config_store.models import GroupRow
from config_store.names import is_group_name, nearest

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from config_store.groups import Group


def restore_group(session: Session, name: str) -> Group:
    """Show a deleted group again, with all its revisions; it does not become the default.

    Raises NotFound, which names similar groups that are deleted, and NotDeleted.
    """
    row = _locked(session, name) if is_group_name(name) else None
    if row is None:
        deleted = session.scalars(select(GroupRow.name).where(GroupRow.deleted_at.is_not(None)))
        raise NotFound("deleted config group named", name, nearest(name, deleted))
    if row.deleted_at is None:
        raise NotDeleted("config group", name)
    row.deleted_at = row.deleted_by = None
    session.flush()
    return get_group(session, name)


def _locked(session: Session, name: str) -> GroupRow | None:
    query = select(GroupRow).where(GroupRow.name == name).with_for_update()
    return session.scalar(query, execution_options={"populate_existing": True})
