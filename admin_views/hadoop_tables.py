"""A group's Hadoop files as Hadoop reads them: their properties, worked out once per content and kept within bounds."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config_store.errors import BlobMissing
from config_store.hadoop.reading import load_order
from config_store.hadoop.table import property_table
from config_store.wire import HIDDEN, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from config_store.content import Content
    from config_store.hadoop.table import Row, Table

#: So many contents are kept at most, while their files have no more bytes than this all together; the newest anyway.
KEPT, KEPT_BYTES = 200, 20_000_000
_VARIABLE = re.compile(r"\$\{(?:env\.)?([^}$ ]+)\}")
_Key = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Files:
    """The files of one content: rows by file, why some can't be read, and in which order they come.

    ``seen`` of a file are the properties that its page shows: its own, and in their place those that it includes;
    ``own`` are those that stand in it. ``order`` counts from 1 and lacks what programs ask for by themselves;
    ``included_by`` names for a file those that include it. ``values`` are those as written, by name.
    """

    seen: Mapping[str, tuple[Row, ...]]
    own: Mapping[str, tuple[Row, ...]]
    faults: Mapping[str, str]
    order: Mapping[str, int]
    included_by: Mapping[str, tuple[str, ...]]
    values: Mapping[str, str]

    def counting(self, file: str, name: str) -> Row | None:
        """The property of that name that counts in a file: the first final one, else the last."""
        return self.winners(file).get(name)

    def winners(self, file: str) -> dict[str, Row]:
        """The properties that count in a file, by name."""
        found: dict[str, Row] = {}
        for row in self.own.get(file, ()):
            if row.name not in found or not found[row.name].final:
                found[row.name] = row
        return found

    def shown_effective(self, row: Row) -> str | None:
        """What ``${…}`` makes of the value, where that is another text; hidden where a secret goes into it."""
        if row.value is None or row.effective is None or row.effective == row.value:
            return None
        return HIDDEN if is_secret_name(row.name) or self._holds_secret(row.value) else row.effective

    def _holds_secret(self, value: str) -> bool:
        met, ahead = set[str](), _VARIABLE.findall(value)
        while ahead:
            name = ahead.pop()
            if is_secret_name(name):
                return True
            if name not in met:
                met.add(name)
                ahead += _VARIABLE.findall(self.values.get(name, ""))
        return False


@dataclass
class TableCache:
    """The files of contents that were looked at last; safe between threads.

    Files are known by their digests, so nothing kept here ever grows old.
    """

    kept: int = KEPT
    kept_bytes: int = KEPT_BYTES
    _kept: OrderedDict[_Key, tuple[int, Files]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, content: Content, read_blob: Callable[[str], bytes]) -> Files:
        """The files of a content; those whose bytes are lost are among the faults."""
        environment = {name: one.value for name, one in content.environment.items() if not one.secret}
        digests = tuple((file.name, file.sha256) for file in content.hadoop_files)
        key = (digests, tuple(sorted(environment.items())))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][1]
        found, is_whole = _read(read_blob, digests, environment)
        if is_whole:
            self._keep(key, sum(file.size for file in content.hadoop_files), found)
        return found

    def _keep(self, key: _Key, size: int, files: Files) -> None:
        with self._lock:
            self._kept[key] = (size, files)
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and self._is_full():
                self._kept.popitem(last=False)

    def _is_full(self) -> bool:
        # contents without files have no bytes, and still their number is bounded
        return len(self._kept) > self.kept or sum(size for size, _ in self._kept.values()) > self.kept_bytes


def _read(
    read_blob: Callable[[str], bytes], digests: Iterable[tuple[str, str]], environment: Mapping[str, str]
) -> tuple[Files, bool]:
    """The files, and whether the bytes of all of them were there."""
    contents, lost = dict[str, bytes](), dict[str, str]()
    for name, sha256 in digests:
        try:
            contents[name] = read_blob(sha256)
        except BlobMissing:
            lost[name] = "its bytes are missing in the blob storage; upload it again"
    return _sorted_out(property_table(contents, environment), contents, lost), not lost


def _sorted_out(table: Table, contents: Mapping[str, bytes], lost: Mapping[str, str]) -> Files:
    seen: dict[str, list[Row]] = {}
    own: dict[str, list[Row]] = {name: [] for name in contents}
    told_by: dict[str, str] = {}  # a file that several others include is told by the first of them
    included_by: dict[str, dict[str, None]] = {}
    for row in table.rows:
        root = row.included_by or row.file
        seen.setdefault(root, []).append(row)
        if told_by.setdefault(row.file, root) == root:
            own[row.file].append(row)
        if row.included_by:
            included_by.setdefault(row.file, {})[row.included_by] = None
    stand = {file: tuple(found) for file, found in own.items()}
    return Files(
        seen={**stand, **{file: tuple(found) for file, found in seen.items()}},
        own=stand,
        faults={**{fault.where: fault.message for fault in table.faults}, **lost},
        order={name: number for number, name in enumerate(load_order(contents), 1)},
        included_by={file: tuple(roots) for file, roots in included_by.items()},
        values={row.name: row.value for row in table.rows if row.value is not None},
    )
