"""Taking the deletion of a config group back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from config_store.errors import AlreadyExists
from config_store.groups import get_group
from config_store.models import GroupRow
from config_store.names import is_group_name

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from config_store.groups import Group


def restore_group(session: Session, name: str) -> Group:
    """Show a deleted group again, with all its revisions; it does not become the default.

    Raises UnknownGroup, and AlreadyExists for one that is not deleted.
    """
    if is_group_name(name):
        query = select(GroupRow).where(GroupRow.name == name).with_for_update()
        row = session.scalar(query, execution_options={"populate_existing": True})
        if row is not None and row.deleted_at is None:
            raise AlreadyExists("config group", name)
        if row is not None:
            row.deleted_at = row.deleted_by = None
            session.flush()
    return get_group(session, name)
