"""Archives: the same bytes for the same files, and nothing that a hostile one can do."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config_store.errors import InvalidInput
from config_store.transfer.archive import Entry, Limits, read_archive, write_archive
from tests.admin_views.archives import member, packed, tar_gz


def fault_of(archive: bytes, limits: Limits | None = None) -> str:
    """What is said of an archive that is refused."""
    with pytest.raises(InvalidInput) as refused:
        read_archive(archive, limits or Limits())
    return str(refused.value)


def test_an_archive_says_nothing_but_its_files() -> None:
    archive = packed({"couture.yaml": "format: 1\n", "groups/prod.yaml": "{}\n"})
    assert archive[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"  # RFC 1952: no name, no time
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = [(m.name, m.size, m.mode, m.mtime, m.uid, m.gid, m.uname, m.gname) for m in tar]
    assert found == [
        ("couture.yaml", 10, 0o644, 0, 0, 0, "", ""),
        ("groups/prod.yaml", 3, 0o644, 0, 0, 0, "", ""),
    ]


FILES = st.dictionaries(
    st.from_regex(r"groups/[a-z]{1,250}/[a-z]{1,240}\.xml", fullmatch=True), st.binary(max_size=3000), max_size=4
)


@given(files=FILES)
@settings(max_examples=50, deadline=None)
def test_what_is_written_is_read(files: dict[str, bytes]) -> None:
    entries = [Entry(path, len(content), [content]) for path, content in sorted(files.items())]
    archive = b"".join(write_archive(entries))
    assert archive == b"".join(write_archive(entries))
    assert read_archive(archive) == files


def test_a_blob_that_is_shorter_than_recorded_ends_the_export() -> None:
    with pytest.raises(OSError, match=r"^a has 2 bytes in the storage, 3 are recorded$"):
        list(write_archive([Entry("a", 3, [b"ab"])]))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/etc/passwd", "/etc/passwd: has an absolute path"),
        ("../groups/a.yaml", "../groups/a.yaml: leads out of its folder by '..'"),
        ("groups/../../a.yaml", "groups/../../a.yaml: leads out of its folder by '..'"),
        ("groups//a.yaml", "groups//a.yaml: has a path that can be written shorter"),
        ("groups/./a.yaml", "groups/./a.yaml: has a path that can be written shorter"),
        (r"groups\a.yaml", r"groups\\a.yaml: has a name with characters that file systems read in different ways"),
        ("C:a.yaml", "C:a.yaml: has a name with characters that file systems read in different ways"),
        ("groups/a\n.yaml", r"groups/a\n.yaml: has a name with characters that file systems read in different ways"),
        (
            "groups/\u202elmay.a",
            r"groups/\u202elmay.a: has a name with characters that file systems read in different ways",
        ),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(name: str, message: str) -> None:
    assert fault_of(tar_gz((member(name), b"x"))) == message


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a pipe"),
    ],
)
def test_only_plain_files_are_taken(kind: bytes, words: str) -> None:
    archive = tar_gz((member("groups/a.yaml", kind, "/etc/passwd"), b""))
    assert fault_of(archive) == f"groups/a.yaml: is {words}; only plain files are taken"


def test_every_fault_is_told_at_once() -> None:
    archive = tar_gz(
        (member("groups/a.yaml"), b"{}"),
        (member("groups/a.yaml"), b"{}"),
        (member("/b"), b""),
        (member("c", tarfile.FIFOTYPE), b""),
    )
    assert fault_of(archive) == (
        "groups/a.yaml: comes twice; which one counts would be a guess; /b: has an absolute path; "
        "c: is a pipe; only plain files are taken"
    )


def test_folders_and_hidden_files_are_passed_over() -> None:
    archive = tar_gz(
        (member("./", tarfile.DIRTYPE), b""),
        (member("./groups/", tarfile.DIRTYPE), b""),
        (member("./groups/a.yaml"), b"{}"),
        (member("./groups/._a.yaml"), b"finder"),
        (member(".git/config"), b"git"),
    )
    assert read_archive(archive) == {"groups/a.yaml": b"{}"}


def test_too_many_members_and_too_large_files_are_refused() -> None:
    many = tar_gz(*((member(f"groups/{number}.yaml"), b"") for number in range(4)))
    assert fault_of(many, Limits(members=3)) == "archive: holds more than 3 members"
    large = tar_gz((member("groups/a.yaml"), bytes(10_000_001)))
    assert fault_of(large) == "groups/a.yaml: has 10,000,001 bytes, at most 10,000,000 are allowed"


def bomb(size: int) -> bytes:
    """A gzip that unpacks to as many zeros, a member's announced size among them."""
    packer = zlib.compressobj(9, wbits=31)
    info = member("groups/a/b.xml")
    info.size = size
    pieces = [packer.compress(info.tobuf())]
    pieces += [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join(pieces) + packer.flush()


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    archive = bomb(256 << 20)
    assert len(archive) < 300_000
    tracemalloc.start()
    assert fault_of(archive, Limits(unpacked_bytes=5_000_000)) == "archive: unpacks to more than 5,000,000 bytes"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_header_that_is_a_bomb_costs_no_more_than_the_limit() -> None:
    info = member("pax", tarfile.XHDTYPE)
    info.size = 1 << 30
    archive = gzip.compress(info.tobuf() + bytes(50_000_000))
    assert fault_of(archive, Limits(unpacked_bytes=5_000_000)) == (
        "archive: is no tar.gz that can be read: it has a header of 1,073,741,824 bytes"
    )


def test_a_header_for_all_members_is_refused() -> None:
    """The standard library copies it for each of them: 190 KB of archive took gigabytes."""
    records = b"".join(b"%d k%d=v\n" % (len(b" k%d=v\n" % n) + 2, n) for n in range(1000))
    head = member("pax", tarfile.XGLTYPE)
    head.size = len(records)
    archive = gzip.compress(head.tobuf() + records + bytes(-len(records) % 512) + member("groups/a.yaml").tobuf())
    assert fault_of(archive) == "archive: is no tar.gz that can be read: it has a header for all members (pax, type g)"


def test_members_keep_no_memory() -> None:
    folders = b"".join(member(f"groups/{n}/", tarfile.DIRTYPE).tobuf() for n in range(9000))
    archive = gzip.compress(folders + bytes(1024))
    tracemalloc.start()
    read_archive(archive)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_headers_chained_without_end_are_no_archive() -> None:
    info = member("pax", tarfile.XHDTYPE)
    info.size = 0
    assert "is no tar.gz that can be read: " in fault_of(gzip.compress(info.tobuf() * 5000))


def test_what_is_no_whole_archive_is_refused() -> None:
    good = packed({"groups/a.yaml": "{}"})
    assert fault_of(b"").startswith("archive: is no tar.gz that can be read: ")
    assert fault_of(b"PK\x03\x04zip").startswith("archive: is no tar.gz that can be read: ")
    assert fault_of(gzip.compress(b"x" * 2000)).startswith("archive: is no tar.gz that can be read: ")
    assert fault_of(good[:-1]) == "archive: is no tar.gz that can be read: it ends too soon"
    assert fault_of(good + b"x") == "archive: is no tar.gz that can be read: something follows behind its end"
    wrong = good[:-8] + struct.pack("<I", 1) + good[-4:]
    assert "incorrect data check" in fault_of(wrong)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_archive_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    plain = bytearray(gzip.decompress(packed({"groups/a.yaml": "{}", "groups/a/b.xml": "<configuration/>"})))
    for _ in range(data.draw(st.integers(1, 4))):
        plain[data.draw(st.integers(0, 2600))] = data.draw(st.integers(0, 255))
    try:
        files = read_archive(gzip.compress(bytes(plain)))
    except InvalidInput:
        return
    assert all(".." not in path and not path.startswith("/") for path in files)
