"""A deleted group comes back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store import groups
from config_store.errors import NotDeleted, NotFound
from config_store.group_restoring import find_deleted_group, list_deleted_groups, restore_group

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
        with pytest.raises(
            NotDeleted, match="The config group 'prod' is not deleted, so there is nothing to take back"
        ):
            restore_group(session, "prod")
        for name in ("prd", "prod ", "a\x00b"):
            with pytest.raises(NotFound, match=r"There is no deleted config group named .*\.$"):
                restore_group(session, name)


def test_a_wrong_name_is_told_the_deleted_ones_that_are_like_it(store: Store) -> None:
    for name in ("prod", "staging", "stage_2"):
        store.create(name)
    with store.database.writing() as session:
        groups.delete_group(session, "staging", "ada")
        with pytest.raises(NotFound) as raised:
            restore_group(session, "stagng")
    assert str(raised.value) == "There is no deleted config group named 'stagng'. Did you mean: staging?"


def test_deleted_groups_are_told_the_latest_first(store: Store) -> None:
    for name in ("prod", "old", "older"):
        store.create(name)
    for name, author in (("older", "ada"), ("old", "bob")):
        with store.database.writing() as session:
            groups.delete_group(session, name, author)
    with store.database.reading() as session:
        assert [(group.name, group.revision, group.deleted_by) for group in list_deleted_groups(session)] == [
            ("old", 1, "bob"),
            ("older", 1, "ada"),
        ]
        assert [group.name for group in list_deleted_groups(session, limit=1)] == ["old"]
        found = find_deleted_group(session, "older")
        assert found is not None
        assert (found.name, found.deleted_by) == ("older", "ada")
        assert [find_deleted_group(session, name) for name in ("prod", "never", "a\x00b")] == [None, None, None]
