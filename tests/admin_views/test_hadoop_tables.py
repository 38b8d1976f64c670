"""What is kept of files: by content, within bounds; which file a property belongs to; what leads to a secret."""

from __future__ import annotations

import hashlib

from admin_views.hadoop_tables import Files, TableCache
from config_store.content import ConfigFile, Content
from config_store.settings import Setting


class Store:
    """Blobs in memory that count who reads them."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.read: list[str] = []

    def put(self, name: str, content: bytes) -> ConfigFile:
        """Store a file."""
        sha256 = hashlib.sha256(content).hexdigest()
        self.blobs[sha256] = content
        return ConfigFile(name, sha256, len(content))

    def read_blob(self, sha256: str) -> bytes:
        """The bytes of a file."""
        self.read.append(sha256)
        return self.blobs[sha256]


def document(*properties: str) -> bytes:
    """A file with properties given as ``name=value`` or ``name=value=final``."""
    parts = (text.split("=") for text in properties)
    written = (
        f"<property><name>{name}</name><value>{value}</value>{'<final>true</final>' if final else ''}</property>"
        for name, value, *final in parts
    )
    return f"<configuration>{''.join(written)}</configuration>".encode()


def found(files: dict[str, bytes], **environment: str) -> Files:
    """The files of a content."""
    store = Store()
    content = Content(
        hadoop_files=tuple(store.put(name, one) for name, one in files.items()),
        environment={name: Setting(value) for name, value in environment.items()},
    )
    return TableCache().find(content, store.read_blob)


def test_a_content_is_worked_out_once_and_another_one_anew() -> None:
    cache, store = TableCache(), Store()
    content = Content(hadoop_files=(store.put("core-site.xml", document("a=1")),))
    first = cache.find(content, store.read_blob)
    assert cache.find(content, store.read_blob) is first
    assert len(store.read) == 1
    other = Content(hadoop_files=(store.put("core-site.xml", document("a=2")),))
    assert [row.value for row in cache.find(other, store.read_blob).own["core-site.xml"]] == ["2"]
    given = Content(hadoop_files=content.hadoop_files, environment={"X": Setting("x")})
    assert cache.find(given, store.read_blob) is not first


def test_what_was_not_looked_at_for_long_goes_when_there_is_too_much() -> None:
    store = Store()
    contents = [Content(hadoop_files=(store.put("a.xml", document(f"a={n}")),)) for n in range(3)]
    cache = TableCache(kept_bytes=2 * contents[0].hadoop_files[0].size)
    for content in (*contents, contents[2], contents[1], contents[0]):
        cache.find(content, store.read_blob)
    read = [content.hadoop_files[0].sha256 for content in (*contents, contents[0])]
    assert store.read == read
    tiny = TableCache(kept_bytes=1)
    assert tiny.find(contents[0], store.read_blob) is tiny.find(contents[0], store.read_blob)


def test_contents_without_files_are_bounded_by_their_number() -> None:
    cache, store = TableCache(kept=2), Store()
    contents = [Content(environment={"N": Setting(str(number))}) for number in range(3)]
    first, second, third = (cache.find(content, store.read_blob) for content in contents)
    assert cache.find(contents[2], store.read_blob) is third
    assert cache.find(contents[1], store.read_blob) is second
    assert cache.find(contents[0], store.read_blob) is not first


def test_of_properties_of_one_name_the_first_final_counts_else_the_last() -> None:
    files = found({"a.xml": document("x=1", "x=2", "y=1", "y=2=final", "y=3=final")})
    assert {name: row.value for name, row in files.winners("a.xml").items()} == {"x": "2", "y": "2"}
    assert files.winners("nobody.xml") == {}


def test_what_is_included_is_seen_where_it_is_and_owned_by_its_file() -> None:
    root = b"""<configuration xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="in.xml"/></configuration>"""
    files = found({"core-site.xml": root, "hdfs-site.xml": root, "in.xml": document("a=1", "a=1")})
    assert [row.name for row in files.seen["core-site.xml"]] == ["a", "a"]
    assert (files.own["core-site.xml"], [row.name for row in files.own["in.xml"]]) == ((), ["a", "a"])
    assert files.included_by == {"in.xml": ("core-site.xml", "hdfs-site.xml")}
    assert files.order == {"core-site.xml": 1, "hdfs-site.xml": 2}


def test_a_value_that_a_secret_goes_into_is_hidden_however_far_away() -> None:
    names = ("my.password=p", "a=${my.password}", "b=x${a}", "c=${plain}", "plain=1", "d=${d}", "e=${env.TOKEN}")
    files = found({"core-site.xml": document(*names)}, TOKEN="t")
    shown = {row.name: files.shown_effective(row) for row in files.own["core-site.xml"]}
    assert shown == {
        "my.password": None,
        "a": "••••••",
        "b": "••••••",
        "c": "1",
        "plain": None,
        "d": None,
        "e": "••••••",
    }
