"""Random values for the functions that read what others wrote, each with what it promises."""

from __future__ import annotations

import json
import tarfile
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request

from admin_views.bodies import download
from admin_views.problems import RangeNotSatisfiable
from config_store.blobs.file_system import FileSystemBlobs
from config_store.blobs.naming import sha256_of
from config_store.errors import BlobMissing, InvalidInput
from config_store.hadoop_xml import check_hadoop_file, read_properties
from config_store.insides import look_inside
from config_store.names import check_author, check_file_name, check_group_name, is_group_name, nearest, unstorable
from config_store.settings import note_faults, place_faults, setting_faults
from config_store.transfer.archive import Limits, path_fault, read_archive
from config_store.transfer.tree import MAX_FAULTS, read_tree
from config_store.transfer.yaml_text import MAX_DEPTH, Node, read_yaml, write_yaml
from config_store.wire import JobRequest, Report, SettingKind, proof_digest
from couture_ops import cache
from couture_ops.command import join_properties
from couture_ops.configuration import parse_spark_homes
from couture_ops.driver_log import LAST_BYTES, LogBlocks
from couture_ops.errors import UnsafeFileName, UnusableSetting

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path("/nowhere/store")
CONTENT = bytes(range(256)) * 4


class Broken(AssertionError):
    """A function did not keep what it promises."""


class Target(NamedTuple):
    """Values to try, and what tries one: it raises whatever the product must not raise."""

    values: st.SearchStrategy[Any]
    attack: Callable[[Any], None]


def attack(target: Target, count: int) -> tuple[str, int]:
    """Try that many values; the first fault with the smallest value that shows it, or none, and how many were tried."""
    tried = 0

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(target.values)
    def try_one(value: Any) -> None:
        nonlocal tried
        tried += 1
        target.attack(value)

    try:
        try_one()
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:500], tried
    return "", tried


def promise(kept: bool, words: str) -> None:
    """Raise Broken with the words unless the promise is kept."""
    if not kept:
        raise Broken(words)


def _name(name: str) -> None:
    unstorable(name)
    for check in (check_group_name, check_author):
        try:
            promise(check(name) == name, "a name was changed")
        except InvalidInput:
            promise(check is check_author or not is_group_name(name), "a name is allowed and refused")
    promise(len(nearest(name, ["prod", "spare", "etl.jar"])) <= 3, "too many near names")


def _path(name: str) -> None:
    """No name leads out of the directory that it is meant for."""
    with suppress(InvalidInput):
        check_file_name(name, (".jar", ".py", ".xml"))
        promise((ROOT / name).resolve().parent == ROOT, "the store's file names escape")
    with suppress(UnsafeFileName):
        cache.check_file_name(name)
        promise((ROOT / name).resolve().parent == ROOT, "the worker's file names escape")
    with suppress(BlobMissing):
        promise(FileSystemBlobs(ROOT).path(name).resolve().is_relative_to(ROOT), "a blob escapes")
    promise(sha256_of(name) is None or len(sha256_of(name) or "") == 64, "no digest is taken for one")


def _setting(value: tuple[SettingKind, str, str]) -> None:
    kind, name, text = value
    for fault in (*setting_faults("x", kind, name, text), *place_faults("x", text), *note_faults("x", text)):
        promise(bool(fault.message) and len(fault.message) < 5_000_000, "a fault without words")


def _xml(content: bytes) -> None:
    try:
        check_hadoop_file("core-site.xml", content)
    except InvalidInput:
        return
    properties = read_properties("core-site.xml", content)
    length = sum(len(name) + len(value) for name, value in properties.items())
    promise(length <= len(content), "properties are longer than their file")


def _archive(archive: bytes) -> None:
    """Files in plain places come out, no more and no larger than the limits say, or a refusal."""
    try:
        files = read_archive(archive, LIMITS)
    except InvalidInput as error:
        promise(bool(error.faults), "a refusal without words")
        return
    promise(len(files) <= LIMITS.members, "too many members")
    promise(sum(map(len, files.values())) <= LIMITS.unpacked_bytes, "too many bytes")
    for path in files:
        promise(path_fault(path) is None, "a path that has a fault is taken")
        promise((ROOT / path).resolve().is_relative_to(ROOT), "a member escapes")


def _inside(archive: bytes) -> None:
    """An archive is told of, or why it can't be read."""
    found = look_inside(BytesIO(archive), "a.jar")
    promise(found.fault is None or bool(found.fault), "a fault without words")
    promise(len(found.members) <= found.files and found.classes_read <= found.classes, "more is told than was found")


def _tree(files: dict[str, bytes]) -> None:
    try:
        tree = read_tree(files)
    except InvalidInput as error:
        promise(0 < len(error.faults) <= MAX_FAULTS, "no faults are told, or too many")
        promise(all(fault.where and fault.message for fault in error.faults), "a fault without a place or words")
        return
    for name in tree.groups:
        promise(is_group_name(name), "a group gets a name that none may have")
    promise(tree.default is None or tree.default in tree.groups, "the default group is none of the groups")


def _yaml(value: tuple[bytes, str]) -> None:
    content, text = value
    with suppress(InvalidInput):
        promise(_depth(read_yaml("a.yaml", content)) <= MAX_DEPTH, "nested too deep")
    found = read_yaml("a.yaml", write_yaml({"key": text})).value
    promise(isinstance(found, dict) and found["key"].value == text, "a text comes back as another")


def _depth(node: Node) -> int:
    inner = node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _driver_log(chunks: list[bytes]) -> None:
    """Every line comes out once, in order, whatever the cuts."""
    blocks: list[str] = []
    log = LogBlocks(blocks.append)
    for second, chunk in enumerate(chunks):
        log.feed(chunk, second / 10)
    log.close(len(chunks))
    whole = b"".join(chunks)
    lines = whole.removesuffix(b"\n").replace(b"\r\n", b"\n").removesuffix(b"\r").decode("utf-8", "backslashreplace")
    promise("\n".join(blocks) == (lines if whole else ""), "lines are lost or changed")
    promise(len(log.last_lines().encode()) <= LAST_BYTES, "too much is kept of the end")


class _OneBlob:
    """A storage with one content."""

    def size(self, sha256: str) -> int:
        return len(CONTENT)

    def open(self, sha256: str) -> BytesIO:
        return BytesIO(CONTENT)


def _range(header: str) -> None:
    scope = {"type": "http", "headers": [(b"range", header.encode("latin-1"))]}
    try:
        answer = download(Request(scope), _OneBlob(), "0" * 64, "a.jar", "application/octet-stream")  # type: ignore[arg-type]  # all that it needs
    except RangeNotSatisfiable:
        return
    length = int(answer.headers["Content-Length"])
    promise(0 < length <= len(CONTENT), "a range outside the content")
    promise((answer.status_code == 206) == ("Content-Range" in answer.headers), "a part that does not say which")


def _wire(text: str) -> None:
    for form in (JobRequest, Report):
        try:
            form.model_validate_json(text)
        except ValidationError:
            continue


def _spark_homes(text: str) -> None:
    try:
        parse_spark_homes(text)
    except UnusableSetting as error:
        promise(bool(str(error)), "a fault without words")


def _properties(value: tuple[bytes, str]) -> None:
    promise(value[1].encode() in join_properties(*value), "properties are lost")


def _credential(value: tuple[str, str]) -> None:
    promise(len(proof_digest(*value)) == 64, "no digest of a credential")


TEXT = st.text(max_size=300)
ASCII = st.text(st.characters(max_codepoint=127), max_size=300)  # properties are escaped before
ODD_NAME = st.one_of(
    TEXT,
    st.lists(
        st.sampled_from(["..", ".", "/", "\\", "a", "%2e", "\0", "etl.jar", "~", " ", "ä", "x" * 260]), max_size=6
    ).map("".join),
)
SETTING = st.tuples(
    st.sampled_from(list(SettingKind)),
    st.one_of(ODD_NAME, st.sampled_from(["driver-memory", "verbose", "spark.jars", "PATH", "keytab", "AIRFLOW_HOME"])),
    st.one_of(TEXT, st.sampled_from(["true", "s3://u:p@h/x", "/a/../b", "hdfs:", "://"])),
)
_PIECES = [
    b"<configuration>", b"</configuration>", b"<property>", b"</property>", b"<name>", b"</name>", b"<value>",
    b"</value>", b"<?xml version='1.0'?>", b"<?xml version='1.0' encoding='utf-16'?>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"&b;", b"&amp;", b"<xi:include href='/etc/passwd'/>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"a", b"\xff", b"\0",
]  # fmt: skip
XML = st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(_PIECES), max_size=25).map(b"".join))
_YAML_PIECES = [
    b"a: b\n", b"a:\n", b"  b: c\n", b"- ", b"? ", b": ", b"{", b"}", b"[", b"]", b",", b"&a ", b"*a",
    b"!!python/name:os ", b"!t ", b"---\n", b"...\n", b"|\n", b">-\n", b"\"", b"'", b"#", b"\t", b"\n", b"\0", b"\xff",
    b"\xef\xbb\xbf", b"%YAML 9.9\n", b"<<: ", b"\"\\ud800\"", b"true", b"0x1f", b"[" * 12,
    b"arguments:\n", b"jars: [lib.jar@1]\n", b"secret: true\n",
]  # fmt: skip
YAML = st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(_YAML_PIECES), max_size=25).map(b"".join))
_TREE_PATH = st.one_of(
    st.sampled_from([
        "couture.yaml", "artifacts.yaml", "groups/a.yaml", "groups/b.yaml", "groups/a/core-site.xml",
        "groups/a/krb5.conf", "groups/../a.yaml", "groups/.yaml", "groups/a/b/c.xml", f"artifacts/{'0' * 64}",
    ]),
    ODD_NAME,
    ODD_NAME.map("groups/{}.yaml".format),
)  # fmt: skip
_TREE_TEXT = st.sampled_from([
    b"format: 1\n", b"format: 1\ndefault_group: a\n", b"{}\n", b"arguments: {master: local}\n",
    b"configurations: {spark.a: {secret: true}}\n", b"jars: [lib.jar@1]\nkeytab: {name: a.keytab}\n",
    b"code: {a.py: [{version: 1, sha256: '00', size: 9}]}\n", b"<configuration/>",
])  # fmt: skip
#: Files in their right places, or whatever the reader of archives lets through.
TREE = st.one_of(
    st.fixed_dictionaries({"groups/a.yaml": _TREE_TEXT}, optional={"couture.yaml": _TREE_TEXT, "groups/b.yaml": YAML}),
    st.dictionaries(
        _TREE_PATH.filter(lambda path: path_fault(path) is None), st.one_of(YAML, XML, _TREE_TEXT), max_size=6
    ),
)
LIMITS = Limits(members=4, unpacked_bytes=20_000)


def _packed(members: list[tuple[str, bytes, str, bytes]]) -> bytes:
    """A tar.gz of members (name, type, target of a link, content)."""
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for name, kind, target, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, target, len(content)
            tar.addfile(info, BytesIO(content))
    return packed.getvalue()


def _zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive of the files."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _flipped(content: bytes, places: list[int]) -> bytes:
    """The content with other bytes in some places."""
    flipped = bytearray(content)
    for place in places:
        flipped[place % len(content)] ^= 0xFF
    return bytes(flipped)


def _damaged(archive: bytes, cut: int, flip: int) -> bytes:
    """The beginning of an archive with another byte in it."""
    damaged = bytearray(archive)
    damaged[flip % len(archive)] ^= 0xFF
    return bytes(damaged[: 1 + cut % len(archive)])


_MEMBER = st.tuples(
    _TREE_PATH,
    st.one_of(
        st.just(tarfile.REGTYPE),
        st.sampled_from([
            tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.XHDTYPE,
            tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE, b"?",
        ]),
    ),
    st.sampled_from(["", "/etc/passwd", "../../a", "couture.yaml"]),
    st.one_of(st.binary(max_size=60), st.just(bytes(30_000)), YAML),
)  # fmt: skip
_PLAIN = st.tuples(
    st.sampled_from(["couture.yaml", "groups/a.yaml", "groups/b.yaml"]), st.just(tarfile.REGTYPE), st.just(""), YAML
)
_WHOLE = st.one_of(st.lists(_PLAIN, max_size=4), st.lists(_MEMBER, max_size=6)).map(_packed)
_PLACE = st.integers(0, 2000)
ARCHIVE = st.one_of(st.binary(max_size=200), _WHOLE, st.builds(_damaged, _WHOLE, _PLACE, _PLACE))
#: A class with a main, as javac makes it, up to its attributes.
_CLASS = b"\xca\xfe\xba\xbe\0\0\0\x3d\0\x03\x01\0\x04main\x01\0\x16([Ljava/lang/String;)V" + bytes(10) + (
    b"\0\x01\0\x09\0\x01\0\x02\0\0"
)  # fmt: skip
_PLACES = st.lists(_PLACE, max_size=5)
_JAR_NAME = st.sampled_from(["A.class", "b/B.class", "META-INF/MANIFEST.MF", "x-1.dist-info/METADATA", "c/"])
_JAR_FILE = st.one_of(st.binary(max_size=60), st.just(_CLASS), st.builds(_flipped, st.just(_CLASS), _PLACES), YAML)
_JAR = st.dictionaries(_JAR_NAME, _JAR_FILE, max_size=4).map(_zipped)
JAR = st.one_of(st.binary(max_size=200), _JAR, st.builds(_flipped, _JAR, _PLACES))
CHUNKS = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b"\n", b"\r\n", b"\r", "ä€😀".encode(), b"\xe2\x82", b"\0", b"a" * 999]),
    ),
    max_size=20,
)
RANGE = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=40),
    st.tuples(st.sampled_from(["bytes=", "bytes =", "items="]), st.text("0123456789-, ", max_size=30)).map("".join),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
TARGETS: dict[str, Target] = {
    "names": Target(ODD_NAME, _name),
    "paths": Target(ODD_NAME, _path),
    "settings": Target(SETTING, _setting),
    "Hadoop XML": Target(XML, _xml),
    "transfer archives": Target(ARCHIVE, _archive),
    "jars to look into": Target(JAR, _inside),
    "transfer trees": Target(TREE, _tree),
    "YAML": Target(st.tuples(YAML, TEXT), _yaml),
    "driver logs": Target(CHUNKS, _driver_log),
    "range headers": Target(RANGE, _range),
    "wire documents": Target(st.one_of(TEXT, JSON.map(json.dumps)), _wire),
    "spark_homes": Target(TEXT, _spark_homes),
    "properties files": Target(st.tuples(st.binary(max_size=100), ASCII), _properties),
    "credentials": Target(st.tuples(TEXT, TEXT), _credential),
}
