"""The properties of a group's Hadoop files as a table: as written, what wins, and what becomes of ``${…}``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config_store.errors import Fault, InvalidInput
from config_store.hadoop.reading import Files, Loaded, Variables, load_order
from config_store.hadoop.scan import Include

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from config_store.hadoop.reading import Evaluated, Item


@dataclass(frozen=True)
class Row:
    """One property of one file.

    ``value`` is as written (None: there is none, and Hadoop passes over it), ``effective`` what ``${…}`` makes of it,
    ``unknown`` the variables that only the job's machine can tell, ``overridden_by`` the file whose value counts
    instead, and ``fault`` what Hadoop will not do as it stands there.
    """

    file: str
    included_by: str | None
    line: int
    name: str
    value: str | None
    final: bool
    comment: str
    effective: str | None
    unknown: tuple[str, ...]
    overridden_by: str | None
    fault: str


@dataclass(frozen=True)
class Table:
    """The rows in the order in which Hadoop reads the files, and the files that it can't read."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


def property_table(contents: Mapping[str, bytes], environment: Mapping[str, str] | None = None) -> Table:
    """Every property of the files.

    Hadoop's clients read core-site.xml, hdfs-site.xml, mapred-site.xml and yarn-site.xml one after the other; any
    other file is shown as if a program read it behind these. ``environment`` is what the group gives to its jobs.
    """
    files, faults = Files(contents), list[Fault]()
    first = load_order(files.names())
    read = _read_all(files, [*first, *(name for name in files.names() if name not in first)], faults)
    included = _included(files, read)
    loaded = Loaded()
    for name in first:
        loaded.add(read.get(name, ()))
    rows: list[Row] = []
    for name, items in read.items():
        if name in first:
            rows += _rows(files, items, loaded, environment)
        elif name not in included:
            alone = loaded.copy()
            alone.add(items)
            rows += _rows(files, items, alone, environment)
    return Table(tuple(rows), tuple(faults))


def _read_all(files: Files, names: Iterable[str], faults: list[Fault]) -> dict[str, list[Item]]:
    read = {}
    for name in names:
        try:
            read[name] = files.items(name)
        except InvalidInput as error:
            faults += error.faults
    return read


def _included(files: Files, names: Iterable[str]) -> set[str]:
    entries = (entry for name in names for entry in files.scanned(name).entries)
    return {entry.href for entry in entries if isinstance(entry, Include)}


def _rows(files: Files, items: list[Item], loaded: Loaded, environment: Mapping[str, str] | None) -> Iterable[Row]:
    variables = Variables(loaded.values, environment=environment)
    for item in items:
        evaluated = variables.evaluate(item.value) if item.value is not None else None
        yield _row(files, item, loaded, evaluated)


def _row(files: Files, item: Item, loaded: Loaded, evaluated: Evaluated | None) -> Row:
    source = files.scanned(item.file).source
    comment = source.text(*item.place.comment).strip() if item.place.comment else ""
    winner = loaded.winners.get(item.name)
    lost = winner is not None and winner.place is not item.place
    return Row(
        file=item.file,
        included_by=item.root if item.root != item.file else None,
        line=item.place.line,
        name=item.name,
        value=item.value,
        final=item.final,
        comment=comment,
        effective=evaluated.value if evaluated else None,
        unknown=evaluated.unknown if evaluated else (),
        overridden_by=winner.file if winner and lost else None,
        fault=_fault(item, loaded, lost=lost) or (evaluated.fault if evaluated else ""),
    )


def _fault(item: Item, loaded: Loaded, *, lost: bool) -> str:
    keeper = loaded.finals.get(item.name)
    if item.value is None:
        return 'has no value: Hadoop passes over it (an empty value is written value="" as an attribute)'
    if lost and keeper and keeper.place is not item.place:
        return f"is final in {keeper.file}, line {keeper.place.line}: Hadoop ignores it here"
    return ""
