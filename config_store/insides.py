"""What a jar, zip, egg or wheel holds: its files, its manifest, what can be started, which Java it needs."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config_store.beginnings import ZIP_SUFFIXES
from config_store.class_file import has_main, needed_java
from config_store.zip_directory import DamagedArchive, read_beginning, read_entries

if TYPE_CHECKING:
    from typing import BinaryIO

    from config_store.zip_directory import Entry

#: Of an archive's files so many are listed, and so many looked through; Spark's own jars together have 60,000.
MAX_LISTED, MAX_ENTRIES = 1000, 200_000
#: Classes read for their Java and their main, and what is unpacked of them all at most, bytes.
MAX_CLASSES, MAX_CLASS_BYTES, MAX_UNPACKED = 10_000, 1_000_000, 100_000_000
MAX_MAINS = 100
#: What is read of a manifest, bytes; its attributes, and the characters of each.
_MANIFEST_BYTES, _MAX_ATTRIBUTES, _MAX_VALUE = 64 * 1024, 50, 500
_MANIFEST = "META-INF/MANIFEST.MF"
_HEAD_BYTES = 8


@dataclass(frozen=True)
class Member:
    """A file in an archive; ``size`` in bytes, unpacked, as the archive claims."""

    name: str
    size: int


@dataclass(frozen=True)
class Inside:
    """What was found. ``fault``: why it can't be read, None when it can.

    ``members``: the first MAX_LISTED of ``files`` by name; ``unpacked``: what they all claim to take, bytes.
    ``attributes``: of a jar's manifest, or of a wheel's metadata. ``java``: the newest release that one of the
    ``classes_read`` of ``classes`` needs. ``cut``: the table goes on after MAX_ENTRIES.
    """

    fault: str | None = None
    members: tuple[Member, ...] = ()
    files: int = 0
    unpacked: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    mains: tuple[str, ...] = ()
    java: int | None = None
    classes: int = 0
    classes_read: int = 0
    cut: bool = False


def is_archive(name: str) -> bool:
    """Whether a file of the name has an inside."""
    return name.lower().endswith(ZIP_SUFFIXES)


def look_inside(file: BinaryIO, name: str) -> Inside:
    """What a stored file of the name holds. Bounded in time and memory, whatever the archive claims."""
    if not is_archive(name):
        return Inside(fault="it is a single file, no archive")
    look = _Look(file)
    try:
        return look.through()
    except DamagedArchive as damage:
        return Inside(fault=str(damage))


@dataclass
class _Look:
    """One walk through an archive."""

    file: BinaryIO
    members: list[Entry] = field(default_factory=list)
    to_read: list[Entry] = field(default_factory=list)
    about: Entry | None = None
    files: int = 0
    classes: int = 0
    unpacked: int = 0

    def through(self) -> Inside:
        """Read the table first, then files; raises DamagedArchive for a damaged table."""
        cut = self._read_table()
        java, mains, classes_read = self._read_classes()
        return Inside(
            members=tuple(Member(entry.name, entry.size) for entry in self._listed()),
            files=self.files,
            unpacked=self.unpacked,
            attributes=self._read_attributes(),
            mains=tuple(sorted(mains)[:MAX_MAINS]),
            java=java,
            classes=self.classes,
            classes_read=classes_read,
            cut=cut,
        )

    def _read_table(self) -> bool:
        for number, entry in enumerate(read_entries(self.file)):
            if number == MAX_ENTRIES:
                return True
            if not entry.is_folder:
                self._note(entry)
        return False

    def _note(self, entry: Entry) -> None:
        self.files += 1
        self.unpacked += entry.size
        self.members.append(entry)
        if len(self.members) > 2 * MAX_LISTED:
            self.members = self._listed()
        if entry.name == _MANIFEST or entry.name.endswith(".dist-info/METADATA"):
            self.about = entry
        elif _counts_as_class(entry.name):
            self.classes += 1
            if len(self.to_read) < MAX_CLASSES:
                self.to_read.append(entry)

    def _listed(self) -> list[Entry]:
        return heapq.nsmallest(MAX_LISTED, self.members, key=lambda entry: entry.name)

    def _read_classes(self) -> tuple[int | None, list[str], int]:
        """The newest Java needed, the classes with a main, and how many classes were read."""
        newest, mains, read, left = 0, [], 0, MAX_UNPACKED
        for entry in self.to_read:
            if left <= 0:
                break
            try:
                content = read_beginning(self.file, entry, min(MAX_CLASS_BYTES, left))
            except DamagedArchive:
                continue  # one file that Java will not read either; it is not among those read
            left -= len(content)
            read += 1
            newest = max(newest, needed_java(content[:_HEAD_BYTES]) or 0)
            if has_main(content):
                mains.append(entry.name.removesuffix(".class").replace("/", "."))
        return newest or None, mains, read

    def _read_attributes(self) -> dict[str, str]:
        if self.about is None:
            return {}
        return read_attributes(read_beginning(self.file, self.about, _MANIFEST_BYTES).decode("utf-8", "replace"))


def _counts_as_class(name: str) -> bool:
    """Not those for newer Javas alone (JEP 238), nor what describes modules and packages."""
    if not name.endswith(".class") or name.startswith("META-INF/"):
        return False
    return name.rpartition("/")[2] not in ("module-info.class", "package-info.class")


def read_attributes(text: str) -> dict[str, str]:
    """The first section of a manifest or of a wheel's metadata: ``Name: value``; lines with a blank before go on."""
    found: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if not line.strip():
            break
        if line.startswith(" ") and last:
            found[last] = (found[last] + line[1:])[:_MAX_VALUE]
            continue
        name, colon, value = line.partition(":")
        if colon and len(found) < _MAX_ATTRIBUTES:
            last = name.strip()[:_MAX_VALUE]
            before = f"{found[last]}, " if last in found else ""  # a wheel names each of its needs
            found[last] = (before + value.strip())[:_MAX_VALUE]
    return found
