"""Two changes of one content: what each does, setting by setting, and where both can't stand."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from config_store.content import SECTIONS, Content, Keytab
from config_store.diff import diff_contents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config_store.diff import Change


@dataclass(frozen=True)
class Meeting:
    """What ``mine`` and ``theirs`` make of one setting, or (``name`` empty) of one field of a content.

    The changes of a side are empty where it leaves the setting alone; ``collides``: both change it, not to the same.
    """

    field: str
    name: str
    mine: tuple[Change, ...]
    theirs: tuple[Change, ...]
    collides: bool

    @property
    def where(self) -> str:
        """Its place, as differences name it."""
        return f"{self.field}.{self.name}" if self.name else self.field


def find_meetings(base: Content, mine: Content, theirs: Content) -> list[Meeting]:
    """Everything that one of two changes of ``base`` touches, in the order of the sections.

    Two secrets count as different, whatever they hold: the stored one is not opened here.
    """
    return [meeting for field, name in _units(base, mine, theirs) for meeting in _meet(field, name, base, mine, theirs)]


def _units(*contents: Content) -> Iterator[tuple[str, str]]:
    for field in fields(Content):
        if field.name in SECTIONS:
            sides = [getattr(content, field.name) for content in contents]
            names = {name for side in sides for name in side}
            # of thousands, few differ: the others are not looked at any closer
            yield from ((field.name, name) for name in sorted(names) if len({side.get(name) for side in sides}) > 1)
        else:
            yield field.name, ""


def _meet(field: str, name: str, base: Content, mine: Content, theirs: Content) -> Iterator[Meeting]:
    before, here, there = (_only(content, field, name) for content in (base, mine, theirs))
    my_changes, their_changes = tuple(diff_contents(before, here)), tuple(diff_contents(before, there))
    if my_changes or their_changes:
        collides = bool(my_changes and their_changes and not _same(here, there))
        yield Meeting(field, name, my_changes, their_changes, collides)


def _only(content: Content, field: str, name: str) -> Content:
    """A content that says one thing alone."""
    value: Any = getattr(content, field)
    if name:
        value = {name: value[name]} if name in value else {}
    return replace(Content(), **{field: value})


def _same(one: Content, other: Content) -> bool:
    """Whether both say the same; a keytab is one by its bytes, however often it was encrypted."""
    if isinstance(one.keytab, Keytab) and isinstance(other.keytab, Keytab):
        return (one.keytab.name, one.keytab.sha256) == (other.keytab.name, other.keytab.sha256)
    return one == other
