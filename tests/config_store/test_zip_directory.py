"""The table of a zip archive: the same as Python's zipfile reads, and bounded where an archive lies."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import pyspark
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_store.zip_directory import DamagedArchive, Entry, read_beginning, read_entries
from tests.config_store.archives import zipped

FILES = {"a.txt": b"hello " * 1000, "folder/": b"", "folder/\u00e4.bin": bytes(range(256)), "empty": b""}


def entries(content: bytes) -> list[Entry]:
    return list(read_entries(io.BytesIO(content)))


def contents(archive: bytes, most: int = 10**6) -> dict[str, bytes]:
    return {entry.name: read_beginning(io.BytesIO(archive), entry, most) for entry in entries(archive)}


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("before", [b"", b"#!/bin/sh\nexec java -jar $0\n"], ids=["bare", "behind a script"])
@pytest.mark.parametrize("comment", [b"", b"a comment with PK\x05 in it" * 10])
def test_files_come_back_as_they_were(packing: int, before: bytes, comment: bytes) -> None:
    archive = before + zipped(FILES, packing=packing, comment=comment)
    assert contents(archive) == FILES
    assert [entry.is_folder for entry in entries(archive)] == [False, True, False, False]
    assert contents(archive, most=7) == {name: content[:7] for name, content in FILES.items()}


def test_every_jar_of_spark_reads_as_zipfile_reads_it() -> None:
    jars = sorted((Path(pyspark.__file__).parent / "jars").glob("*.jar"))
    assert len(jars) > 100
    for jar in jars[::4]:
        with zipfile.ZipFile(jar) as theirs, jar.open("rb") as file:
            expected = [(one.filename, one.file_size, one.compress_size) for one in theirs.infolist()]
            assert [(one.name, one.size, one.packed) for one in read_entries(file)] == expected, jar.name


def test_a_large_archive_is_read_by_its_longer_records() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, archive.open("big.bin", "w", force_zip64=True) as file:
        file.write(b"x")
    plain = made.getvalue()
    assert contents(plain) == {"big.bin": b"x"}
    assert contents(_with_long_end(plain)) == {"big.bin": b"x"}


def _with_long_end(archive: bytes) -> bytes:
    """The archive with the end record of one above 4 GB (APPNOTE.TXT, 4.3.14)."""
    at = archive.rfind(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<H2I", archive, at + 10)
    long_end = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return archive[:at] + long_end + locator + end


def test_of_a_bomb_no_more_is_unpacked_than_was_asked_for() -> None:
    archive = zipped({"bomb": bytes(50_000_000)})
    (bomb,) = entries(archive)
    assert (bomb.size, len(archive) < 100_000) == (50_000_000, True)
    assert read_beginning(io.BytesIO(archive), bomb, 1000) == bytes(1000)


GOOD = zipped({"a.txt": b"hello"})


@pytest.mark.parametrize(
    ("archive", "told"),
    [
        (b"", "it has no end of a zip archive; was it cut off?"),
        (GOOD[:-1], "it has no end of a zip archive; was it cut off?"),
        (b"PK\x03\x04" + b"x" * 100, "it has no end of a zip archive; was it cut off?"),
        (GOOD.replace(b"PK\x01\x02", b"PK\x01\x03"), "its table of files breaks off at byte 42"),
        (GOOD[-22:], "its table of files lies outside of it"),
    ],
)
def test_a_damaged_table_is_told(archive: bytes, told: str) -> None:
    with pytest.raises(DamagedArchive) as damage:
        entries(archive)
    assert str(damage.value) == told


def test_a_file_that_is_not_where_the_table_says_is_told() -> None:
    (entry,) = entries(GOOD)
    with pytest.raises(DamagedArchive, match=r"'a.txt' is not where the table says"):
        read_beginning(io.BytesIO(GOOD.replace(b"PK\x03\x04", b"PK\x03\x05")), entry, 10)


def test_bytes_that_can_not_be_unpacked_are_told() -> None:
    (entry,) = entries(GOOD)
    broken = bytearray(GOOD)
    broken[35:40] = b"\xff" * 5
    with pytest.raises(DamagedArchive, match=r"'a.txt' can't be unpacked"):
        read_beginning(io.BytesIO(bytes(broken)), entry, 10)


@pytest.mark.parametrize("field", ["flags", "method"])
def test_what_java_can_not_read_is_told(field: str) -> None:
    broken = bytearray(GOOD)
    at = GOOD.find(b"PK\x01\x02") + (8 if field == "flags" else 10)
    broken[at : at + 2] = struct.pack("<H", 1 if field == "flags" else 14)
    (entry,) = entries(bytes(broken))
    with pytest.raises(DamagedArchive, match="is encrypted or packed in a way that Java can't read"):
        read_beginning(io.BytesIO(GOOD), entry, 10)


@given(st.data())
def test_whatever_stands_there_ends_in_entries_or_in_words(data: st.DataObject) -> None:
    archive = bytearray(_with_long_end(GOOD) if data.draw(st.booleans()) else zipped(FILES))
    for at in data.draw(st.lists(st.integers(0, len(archive) - 1), max_size=8)):
        archive[at] = data.draw(st.integers(0, 255))
    with suppress(DamagedArchive):
        for number, entry in enumerate(read_entries(io.BytesIO(bytes(archive)))):
            assert number <= len(archive) / 46
            assert len(read_beginning(io.BytesIO(bytes(archive)), entry, 100)) <= 100


def test_deflate_is_what_zlib_calls_raw() -> None:
    """The oracle of the reading above: an archive's bytes have neither head nor sum."""
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    raw = packing.compress(b"hello") + packing.flush()
    assert raw in GOOD
