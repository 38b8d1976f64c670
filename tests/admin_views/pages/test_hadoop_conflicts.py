"""What a save of Hadoop files that came too late meets of the others' changes."""

from __future__ import annotations

from datetime import UTC, datetime

from admin_views.pages.hadoop_conflicts import MAX_ALONE, Met, meetings
from admin_views.pages.hadoop_draft import Draft
from config_store.diff import Change
from config_store.errors import StaleRevision
from config_store.hadoop.edit import PropertyEdit


def stale(*changes: Change) -> StaleRevision:
    """Bob saved the changes as revision 5, on top of which nothing of ours was made."""
    return StaleRevision("prod", 4, 5, "bob", datetime(2026, 1, 31, tzinfo=UTC), "", changes)


def changed(place: str) -> Change:
    """A change of the others."""
    return Change(f"hadoop_files.{place}", "1", "2")


def test_each_change_has_the_word_of_the_draft_on_the_same() -> None:
    draft = Draft(
        files={"hdfs-site.xml": None},
        properties={"core-site.xml": {"a": PropertyEdit("3"), "b": PropertyEdit(delete=True)}},
        tokens={("core-site.xml", "a"): "row-a", ("core-site.xml", "b"): "row-b"},
    )
    theirs = [changed(place) for place in ("core-site.xml", "core-site.xml.a", "core-site.xml.c", "hdfs-site.xml")]
    assert meetings(stale(*theirs), draft) == [
        Met(theirs[0], ""),
        Met(theirs[1], "3", "row-a", "core-site.xml", "a"),
        Met(theirs[2], ""),
        Met(theirs[3], "the file deleted"),
    ]


def test_of_the_changes_that_meet_nothing_the_first_are_told() -> None:
    names = [f"k{number}" for number in range(MAX_ALONE + 100)]
    edits = {name: PropertyEdit("3") for name in names[-2:]}
    draft = Draft(properties={"a.xml": edits}, tokens={("a.xml", name): name for name in edits})
    met = meetings(stale(*(changed(f"a.xml.{name}") for name in names)), draft)
    assert len(met) == MAX_ALONE + 2
    assert [one.key for one in met[-2:]] == names[-2:]
    assert not any(one.mine for one in met[:-2])
