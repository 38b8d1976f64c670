"""A deleted group comes back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store import groups
from config_store.errors import AlreadyExists, UnknownGroup
from config_store.group_restoring import restore_group

if TYPE_CHECKING:
    from tests.config_store.store import Store


def test_a_deleted_group_comes_back_with_its_revisions(store: Store) -> None:
    store.create("prod")
    store.create("etl", arguments={"driver-memory": "7g"})
    with store.database.writing() as session:
        groups.delete_group(session, "etl", "ada")
    with store.database.writing() as session:
        group = restore_group(session, "etl")
    assert (group.name, group.revision, group.is_default) == ("etl", 1, False)
    assert group.content.arguments["driver-memory"].value == "7g"


def test_what_is_not_deleted_is_not_restored(store: Store) -> None:
    store.create("prod")
    with store.database.writing() as session:
        with pytest.raises(AlreadyExists, match="The config group 'prod' exists already"):
            restore_group(session, "prod")
        for name in ("prd", "prod ", "a\x00b"):
            with pytest.raises(UnknownGroup):
                restore_group(session, name)
