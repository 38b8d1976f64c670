"""The table of a zip archive and the beginnings of its files, within bounds whatever the archive claims.

The layout is that of PKWARE's APPNOTE.TXT, 4.3 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
Python's zipfile holds the whole table in memory, 1 kB an entry; here it passes by.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_END, _END_64, _LOCATOR_64, _ENTRY, _LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02", b"PK\x03\x04"
_END_LAYOUT = struct.Struct("<4s4H2IH")
_LOCATOR_LAYOUT = struct.Struct("<4sIQI")
_END_64_LAYOUT = struct.Struct("<4sQ2H2I4Q")
_ENTRY_LAYOUT = struct.Struct("<4s6H3I5H2I")
_LOCAL_LAYOUT = struct.Struct("<4s5H3I2H")
_LONGEST_COMMENT, _MAXED = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _UTF_8 = 0x0001, 0x0800
_STORED, _DEFLATED = 0, 8
_READ_BYTES = 64 * 1024


class DamagedArchive(Exception):
    """No zip archive, or one that is damaged; says how."""


@dataclass(frozen=True)
class Entry:
    """A file of the archive: sizes in bytes, unpacked as it claims; ``offset`` is where it begins."""

    name: str
    size: int
    packed: int
    offset: int
    method: int
    encrypted: bool

    @property
    def is_folder(self) -> bool:
        """Whether it stands for a folder."""
        return self.name.endswith("/")


@dataclass(frozen=True)
class _Table:
    """Where the table lies, its size in bytes, and what to add to the offsets: a program may stand before a jar."""

    offset: int
    size: int
    shift: int


def read_entries(file: BinaryIO) -> Iterator[Entry]:
    """The entries in the order of the table; raises DamagedArchive."""
    table = _find_table(file)
    left, at = table.size, table.offset
    while left > 0:
        file.seek(at)
        fixed = file.read(_ENTRY_LAYOUT.size)
        if len(fixed) < _ENTRY_LAYOUT.size or not fixed.startswith(_ENTRY):
            raise DamagedArchive(f"its table of files breaks off at byte {at:,}")
        lengths = _ENTRY_LAYOUT.unpack(fixed)[10:13]
        variable = file.read(sum(lengths))
        if len(variable) < sum(lengths):
            raise DamagedArchive("its table of files breaks off")
        yield _entry(fixed, variable, table.shift)
        at += len(fixed) + len(variable)
        left -= len(fixed) + len(variable)


def read_beginning(file: BinaryIO, entry: Entry, most: int) -> bytes:
    """The first ``most`` bytes of a file, unpacked; raises DamagedArchive, also for ways of packing Java can't read."""
    file.seek(entry.offset)
    local = file.read(_LOCAL_LAYOUT.size)
    if len(local) < _LOCAL_LAYOUT.size or not local.startswith(_LOCAL):
        raise DamagedArchive(f"{entry.name!r} is not where the table says")
    name_length, extra_length = _LOCAL_LAYOUT.unpack(local)[9:11]
    file.seek(entry.offset + _LOCAL_LAYOUT.size + name_length + extra_length)
    if entry.encrypted or entry.method not in (_STORED, _DEFLATED):
        raise DamagedArchive(f"{entry.name!r} is encrypted or packed in a way that Java can't read")
    if entry.method == _STORED:
        return file.read(min(most, entry.packed))
    return _inflate(file, entry, most)


def _inflate(file: BinaryIO, entry: Entry, most: int) -> bytes:
    unpacking, unpacked, left = zlib.decompressobj(-zlib.MAX_WBITS), b"", entry.packed
    try:
        while len(unpacked) < most and left > 0 and (chunk := file.read(min(left, _READ_BYTES))):
            left -= len(chunk)
            unpacked += unpacking.decompress(chunk, most - len(unpacked))  # never more, however well it was packed
    except zlib.error as error:
        raise DamagedArchive(f"{entry.name!r} can't be unpacked: {error}") from error
    return unpacked


def _find_table(file: BinaryIO) -> _Table:
    size = file.seek(0, os.SEEK_END)
    tail_at = max(0, size - _END_LAYOUT.size - _LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read(_END_LAYOUT.size + _LONGEST_COMMENT)
    found = tail.rfind(_END)
    if found < 0 or len(tail) - found < _END_LAYOUT.size:
        raise DamagedArchive("it has no end of a zip archive; was it cut off?")
    end = tail_at + found
    table_size, offset = _END_LAYOUT.unpack_from(tail, found)[5:7]
    if _MAXED in (table_size, offset):
        end, table_size, offset = _find_table_64(file, end)
    shift = end - table_size - offset
    if shift < 0:
        raise DamagedArchive("its table of files lies outside of it")
    return _Table(offset + shift, table_size, shift)


def _find_table_64(file: BinaryIO, end: int) -> tuple[int, int, int]:
    """Where the longer end record begins, and what it says of the table's size and offset."""
    file.seek(max(0, end - _LOCATOR_LAYOUT.size))
    locator = file.read(_LOCATOR_LAYOUT.size)
    if len(locator) < _LOCATOR_LAYOUT.size or not locator.startswith(_LOCATOR_64):
        raise DamagedArchive("its end says that it is a large archive, and nothing else does")
    for at in (_LOCATOR_LAYOUT.unpack(locator)[2], end - _LOCATOR_LAYOUT.size - _END_64_LAYOUT.size):
        if 0 <= at < end:
            file.seek(at)
            record = file.read(_END_64_LAYOUT.size)
            if len(record) == _END_64_LAYOUT.size and record.startswith(_END_64):
                table_size, offset = _END_64_LAYOUT.unpack(record)[8:10]
                return at, table_size, offset
    raise DamagedArchive("the end of a large archive is missing")


def _entry(fixed: bytes, variable: bytes, shift: int) -> Entry:
    fields = _ENTRY_LAYOUT.unpack(fixed)
    flags, method, packed, size, name_length, extra_length, offset = (fields[i] for i in (3, 4, 8, 9, 10, 11, 16))
    name = variable[:name_length].decode("utf-8" if flags & _UTF_8 else "cp437", "replace")
    extra = variable[name_length : name_length + extra_length]
    size, packed, offset = _long_fields(extra, (size, packed, offset))
    return Entry(name, size, packed, offset + shift, method, bool(flags & _ENCRYPTED))


def _long_fields(extra: bytes, fields: tuple[int, int, int]) -> tuple[int, int, int]:
    """Sizes and offset; where one does not fit into 32 bits, the extra field 1 holds it (APPNOTE.TXT, 4.5.3)."""
    if _MAXED not in fields:
        return fields
    long, at = b"", 0
    while at + 4 <= len(extra):
        identifier, length = struct.unpack_from("<2H", extra, at)
        if identifier == 1:
            long = extra[at + 4 : at + 4 + length]
        at += 4 + length
    found = []
    for field in fields:
        if field == _MAXED:
            if len(long) < 8:
                raise DamagedArchive("a size is missing in its table of files")
            (field,), long = struct.unpack("<Q", long[:8]), long[8:]  # the longer form of the same
        found.append(field)
    size, packed, offset = found
    return size, packed, offset
