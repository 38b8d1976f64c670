"""The review before Hadoop files are saved: what changes property by property, and what Hadoop will make of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from admin_views.pages.hadoop_draft import file_before
from config_store.catalogue.lint import Remark, hadoop_remarks
from config_store.diff import Change
from config_store.shown_values import shown_value
from config_store.wire import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_views.hadoop_tables import Files
    from admin_views.pages.hadoop_draft import Draft
    from config_store.catalogue.lookup import Catalogue
    from config_store.content import Content
    from config_store.hadoop.table import Row

#: So many changes of one file are shown, and so many warnings of all.
MAX_SHOWN = 500
MAX_WARNINGS = 50


@dataclass(frozen=True)
class FileChange:
    """What becomes of one file: ``deed`` in a word, its properties that change, and how many these are."""

    name: str
    deed: str
    changes: tuple[Change, ...]
    total: int

    @property
    def is_quiet(self) -> bool:
        """Whether bytes change and no property does: comments, blanks, the order."""
        return self.deed == "changed" and not self.total


@dataclass(frozen=True)
class State:
    """A content with its files as Hadoop reads them."""

    content: Content
    files: Files


def file_changes(before: State, after: State) -> list[FileChange]:
    """What differs, file by file; secrets and credentials in values are hidden."""
    old = {file.name: file.sha256 for file in before.content.hadoop_files}
    new = {file.name: file.sha256 for file in after.content.hadoop_files}
    found = []
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            deed = "new" if name not in old else "deleted" if name not in new else "changed"
            changes = list(_property_changes(before.files.winners(name), after.files.winners(name)))
            found.append(FileChange(name, deed, tuple(changes[:MAX_SHOWN]), len(changes)))
    return found


def _property_changes(old: dict[str, Row], new: dict[str, Row]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        left, right = old.get(name), new.get(name)
        if left is None or right is None or left.value != right.value:
            yield Change(name, _shown(left), _shown(right))
        was, becomes = (row is not None and row.final for row in (left, right))
        if was != becomes and (was or right is not None):
            yield Change(f"{name} (final)", str(was).lower(), str(becomes).lower())


def _shown(row: Row | None) -> str | None:
    return None if row is None else shown_value(row.name, row.value)


def warnings(before: State, after: State, draft: Draft, catalogue: Catalogue | None) -> list[Remark]:
    """What a save takes though it is odd: what Hadoop can't read or ignores, keys, values; at most MAX_WARNINGS."""
    return list(islice(_warnings(before, after, draft, catalogue), MAX_WARNINGS))


def _warnings(before: State, after: State, draft: Draft, catalogue: Catalogue | None) -> Iterator[Remark]:
    for name, staged in draft.files.items():
        present = file_before(before.content, name)
        if staged and present and staged.base != present.sha256:
            yield Remark(name, "was saved by somebody else after you took it: your file takes back what he changed")
    for name, fault in after.files.faults.items():
        yield Remark(name, fault, is_fault=True)
    for name in (*draft.files, *draft.properties):
        for row in _changed_rows(before.files, after.files, name):
            yield from row_remarks(row, catalogue)


def _changed_rows(before: Files, after: Files, name: str) -> Iterator[Row]:
    old = before.winners(name)
    for key, row in after.winners(name).items():
        was = old.get(key)
        if was is None or (was.value, was.final) != (row.value, row.final):
            yield row


def is_ignored(row: Row) -> bool:
    """Whether Hadoop will not do what stands there; a variable that the job's machine alone may know is no fault."""
    return bool(row.fault) and not (row.unknown and row.overridden_by is None)


def row_remarks(row: Row, catalogue: Catalogue | None) -> Iterator[Remark]:
    """What is odd at one property; no secret is told."""
    if is_ignored(row):
        yield Remark(row.name, row.fault)
    elif row.overridden_by and row.overridden_by != row.file:
        yield Remark(row.name, f"is set by {row.overridden_by} as well, whose value counts")
    if catalogue and row.value != "":
        value = None if is_secret_name(row.name) else row.value
        yield from hadoop_remarks(catalogue, row.name, row.name, value)
