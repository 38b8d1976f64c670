"""All that the files of an import say, read and checked as a whole before the store is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config_store.errors import Fault, InvalidInput
from config_store.transfer.documents import Document
from config_store.transfer.group_text import GroupReader, GroupText
from config_store.transfer.layout import FORMAT, GROUPS, MANIFEST, TOP, Place, group_path, place_of, unknown_fault
from config_store.transfer.manifest import ListedVersion, read_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What one answer tells; whoever has more mends these first.
MAX_FAULTS = 200


@dataclass(frozen=True)
class Tree:
    """The groups by name, the default group where the files name one, and the listed artifacts."""

    groups: Mapping[str, GroupText]
    default: str | None
    artifacts: tuple[ListedVersion, ...]


def read_tree(files: Mapping[str, bytes]) -> Tree:
    """The tree of files by path; raises InvalidInput naming everything wrong in all of them."""
    faults: list[Fault] = []
    places = _places(files, faults)
    groups = {
        place.group: _group(place.group, files, places, faults) for place in places.values() if place.file is None
    }
    top = Document(TOP, files[TOP], faults) if TOP in files else None
    default = _default(top, groups) if top else None
    artifacts = read_manifest(Document(MANIFEST, files[MANIFEST], faults)) if MANIFEST in files else ()
    if not groups and TOP not in files and not faults:
        faults.append(Fault(TOP, f"is not there, and no {GROUPS}/NAME.yaml: this is no export"))
    if faults:
        raise InvalidInput(faults[:MAX_FAULTS])
    return Tree(groups, default, artifacts)


def _places(files: Mapping[str, bytes], faults: list[Fault]) -> dict[str, Place]:
    """What each path below groups/ stands for."""
    groups = {place.group for path in files if isinstance(place := place_of(path, ()), Place)}
    places: dict[str, Place] = {}
    for path in sorted(files):
        if path in (TOP, MANIFEST):
            continue
        place = place_of(path, groups) if path.startswith(f"{GROUPS}/") else unknown_fault(path)
        if isinstance(place, Fault):
            faults.append(place)
        else:
            places[path] = place
    return places


def _group(name: str, files: Mapping[str, bytes], places: Mapping[str, Place], faults: list[Fault]) -> GroupText:
    path = group_path(name)
    beside = {place.file: files[at] for at, place in places.items() if place.group == name and place.file}
    return GroupReader(name, Document(path, files[path], faults), beside).read()


def _default(top: Document, groups: Mapping[str, GroupText]) -> str | None:
    top.known_keys("", top.root, ("format", "default_group"))
    written = top.text("format", top.root.get("format"))
    if top.root and written != FORMAT:
        top.fault("format", f"is {written[:20]!r}; this version reads format {FORMAT}")
    default = top.text("default_group", top.root.get("default_group")) or None
    if default and default not in groups:
        top.fault("default_group", f"names {default[:100]!r}, and there is no {group_path(default[:100])}")
    return default
