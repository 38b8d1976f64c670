"""The tables of a group's settings: which of them a search finds, in pages; all of it stands in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends

from admin_views.pages.edits import ROW_SECTIONS
from admin_views.pages.paging import PageNumber, count_pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config_store.content import Content
    from config_store.settings import Setting

PAGE_SIZE = 100


@dataclass(frozen=True)
class Place:
    """What somebody looks at: a search in all tables, and the page of each; numbered from 1."""

    search: str
    pages: Mapping[str, int]

    def query(self, **pages: int) -> dict[str, Any]:
        """The parameters of the address, with some other pages; a first page needs none."""
        numbers = {**self.pages, **pages}
        return {"search": self.search, **{section: number for section, number in numbers.items() if number > 1}}


def read_place(
    search: str = "", arguments: PageNumber = 1, configurations: PageNumber = 1, environment: PageNumber = 1
) -> Place:
    """The place that an address names."""
    return Place(search, {"arguments": arguments, "configurations": configurations, "environment": environment})


PlaceDep = Annotated[Place, Depends(read_place)]


@dataclass(frozen=True)
class Table:
    """One section: a page of the settings that match, by name; how many match, and how many there are."""

    section: str
    title: str
    rows: list[tuple[str, Setting]]
    found: int
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages the settings that match fill."""
        return count_pages(self.found, PAGE_SIZE)


def group_tables(content: Content, place: Place) -> list[Table]:
    """Each section as a table; ``place.search`` matches anywhere in a name, a note, or a value that is no secret."""
    return [_table(section, title, getattr(content, section), place) for section, title in ROW_SECTIONS.items()]


def _table(section: str, title: str, settings: Mapping[str, Setting], place: Place) -> Table:
    wanted, page = place.search.lower(), place.pages[section]
    found = sorted(name for name, setting in settings.items() if not wanted or _matches(wanted, name, setting))
    names = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return Table(section, title, [(name, settings[name]) for name in names], len(found), len(settings), page)


def _matches(wanted: str, name: str, setting: Setting) -> bool:
    return (
        wanted in name.lower()
        or wanted in setting.note.lower()
        or (not setting.secret and wanted in setting.value.lower())
    )
