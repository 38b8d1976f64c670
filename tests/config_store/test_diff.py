"""What differs between two contents: key by key, file by file, property by property, secrets hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from config_store.content import ConfigFile, Content, Keytab, seal
from config_store.diff import Change, diff_contents
from config_store.settings import Setting
from tests.config_store.store import content, final, secret
from tests.config_store.test_content import CIPHER, contents

if TYPE_CHECKING:
    from config_store.content import Content as AnyContent

DOTS = "••••••"


def xml(**properties: str) -> bytes:
    inner = "".join(
        f"<property><name>{name.replace('_', '.')}</name><value>{value}</value></property>"
        for name, value in properties.items()
    )
    return f"<configuration>{inner}</configuration>".encode()


def files(**contents_by_name: bytes) -> tuple[AnyContent, dict[str, bytes]]:
    """A content with Hadoop files whose digest is their name's and content's, and the blobs that hold them."""
    blobs = {f"{name}:{len(data)}:{hash(data)}": data for name, data in contents_by_name.items()}
    named = zip(contents_by_name, blobs, strict=True)
    return content(hadoop_files=tuple(ConfigFile(f"{name}-site.xml", digest, 1) for name, digest in named)), blobs


@settings(max_examples=100, database=None)
@given(contents)
def test_equal_contents_do_not_differ(one: Content) -> None:
    assert diff_contents(one, one) == []


@settings(max_examples=100, database=None)
@given(contents, contents)
def test_turned_around_old_and_new_change_places(one: Content, other: Content) -> None:
    there, back = diff_contents(one, other), diff_contents(other, one)
    assert [(c.where, c.new, c.old) for c in back] == [(c.where, c.old, c.new) for c in there]


def test_settings_differ_key_by_key() -> None:
    old = content(
        arguments={"queue": "a", "master": "yarn", "num-executors": "2"},
        configurations={"spark.x": "1"},
        environment={"TZ": "UTC"},
    )
    new = content(
        arguments={"queue": "b", "master": "yarn", "driver-memory": "7g"},
        configurations={"spark.x": ""},
        environment={"LANG": "C.UTF-8"},
    )
    assert diff_contents(old, new) == [
        Change("arguments.driver-memory", None, "7g"),
        Change("arguments.num-executors", "2", None),
        Change("arguments.queue", "a", "b"),
        Change("configurations.spark.x", "1", ""),
        Change("environment.LANG", None, "C.UTF-8"),
        Change("environment.TZ", "UTC", None),
    ]


def test_marks_differ_by_themselves() -> None:
    old = content(arguments={"queue": Setting("a", note="old")})
    new = content(arguments={"queue": Setting("a", final=True, note="new")})
    assert diff_contents(old, new) == [
        Change("arguments.queue.final", "false", "true"),
        Change("arguments.queue.note", "old", "new"),
    ]


def test_a_setting_comes_and_goes_with_its_marks() -> None:
    marked = content(arguments={"queue": Setting("a", final=True, note="why")})
    assert diff_contents(Content(), marked) == [
        Change("arguments.queue", None, "a"),
        Change("arguments.queue.final", None, "true"),
        Change("arguments.queue.note", None, "why"),
    ]
    assert diff_contents(marked, Content()) == [
        Change("arguments.queue", "a", None),
        Change("arguments.queue.final", "true", None),
        Change("arguments.queue.note", "why", None),
    ]


def test_secrets_are_hidden() -> None:
    old = seal(content(environment={"A_TOKEN": "one", "B_TOKEN": "gone", "C_TOKEN": "same"}), Content(), CIPHER)
    new = seal(content(environment={"A_TOKEN": "two", "C_TOKEN": "same", "D_TOKEN": "came"}), old, CIPHER)
    assert diff_contents(old, new) == [
        Change("environment.A_TOKEN", DOTS, DOTS),
        Change("environment.B_TOKEN", DOTS, None),
        Change("environment.D_TOKEN", None, DOTS),
    ]


def test_a_value_that_became_a_secret_is_hidden_from_then_on() -> None:
    plain, marked = content(arguments={"queue": "hunter2"}), content(arguments={"queue": secret("token")})
    assert diff_contents(plain, marked) == [
        Change("arguments.queue", DOTS, DOTS),
        Change("arguments.queue.secret", "false", "true"),
    ]


def test_dependencies_differ_with_their_order_and_versions() -> None:
    old, new = content(jars=["a.jar", "b.jar"], py_files=["x.zip"]), content(jars=["b.jar@2", "a.jar"])
    assert diff_contents(old, new) == [
        Change("jars", "a.jar, b.jar", "b.jar@2, a.jar"),
        Change("py_files", "x.zip", None),
    ]


def test_kerberos_and_spark_home_differ_by_digest_and_name() -> None:
    old = content(principal="a@R", keytab=Keytab("a.keytab", "d1", 1, "t1"), spark_home="spark4")
    new = content(principal="b@R", keytab=Keytab("a.keytab", "d2", 1, "t2"), krb5_conf=ConfigFile("krb5.conf", "k", 1))
    assert diff_contents(old, new) == [
        Change("principal", "a@R", "b@R"),
        Change("keytab", "d1", "d2"),
        Change("krb5_conf", None, "k"),
        Change("spark_home", "spark4", None),
    ]


def test_a_keytab_encrypted_anew_is_the_same_keytab() -> None:
    old = content(keytab=Keytab("a.keytab", "d1", 1, "t1"))
    assert diff_contents(old, replace(old, keytab=Keytab("a.keytab", "d1", 1, "t2"))) == []


def test_hadoop_files_differ_file_by_file_and_property_by_property() -> None:
    before, old_blobs = files(core=xml(fs_defaultFS="hdfs://a", io_size="1", gone="x"), yarn=xml(a="1"), hdfs=xml())
    after, new_blobs = files(core=xml(fs_defaultFS="hdfs://b", io_size="1", came="y"), yarn=xml(a="1"), hive=xml(b="2"))
    digests = {f.name: f.sha256 for f in before.hadoop_files}, {f.name: f.sha256 for f in after.hadoop_files}
    assert diff_contents(before, after, {**old_blobs, **new_blobs}.__getitem__) == [
        Change("hadoop_files.core-site.xml", digests[0]["core-site.xml"], digests[1]["core-site.xml"]),
        Change("hadoop_files.core-site.xml.came", None, "y"),
        Change("hadoop_files.core-site.xml.fs.defaultFS", "hdfs://a", "hdfs://b"),
        Change("hadoop_files.core-site.xml.gone", "x", None),
        Change("hadoop_files.hdfs-site.xml", digests[0]["hdfs-site.xml"], None),
        Change("hadoop_files.hive-site.xml", None, digests[1]["hive-site.xml"]),
    ]


def test_without_the_bytes_a_file_differs_by_its_digest_alone() -> None:
    before, _ = files(core=xml(a="1"))
    after, _ = files(core=xml(a="2"))
    assert [change.where for change in diff_contents(before, after)] == ["hadoop_files.core-site.xml"]


def test_secret_properties_are_hidden() -> None:
    before, old_blobs = files(core=xml(fs_s3a_secret_key="one", my_password="gone"))
    after, new_blobs = files(core=xml(fs_s3a_secret_key="two"))
    assert diff_contents(before, after, {**old_blobs, **new_blobs}.__getitem__)[1:] == [
        Change("hadoop_files.core-site.xml.fs.s3a.secret.key", DOTS, DOTS),
        Change("hadoop_files.core-site.xml.my.password", DOTS, None),
    ]


def test_credentials_in_values_are_hidden() -> None:
    address = "jdbc:mysql://hive:{}@db/metastore?password={}"
    before, old_blobs = files(core=xml(url=address.format("s3cret", "s3cret")))
    after, new_blobs = files(core=xml(url=address.format("n3wer", "n3wer")))
    shown = address.format(DOTS, DOTS)
    assert diff_contents(before, after, {**old_blobs, **new_blobs}.__getitem__)[1:] == [
        Change("hadoop_files.core-site.xml.url", shown, shown)
    ]


@pytest.mark.parametrize("broken", [b"", b"<configuration>", b"<other/>", b"\xff\xfe"])
def test_a_file_that_does_not_parse_differs_by_its_digest_alone(broken: bytes) -> None:
    before, old_blobs = files(core=broken)
    after, new_blobs = files(core=xml(a="2"))
    changes = diff_contents(before, after, {**old_blobs, **new_blobs}.__getitem__)
    assert [change.where for change in changes] == ["hadoop_files.core-site.xml"]


def test_a_blob_is_read_only_when_it_changed() -> None:
    same, _ = files(core=xml(a="1"))

    def read_blob(sha256: str) -> bytes:
        raise AssertionError(f"read {sha256}")

    assert diff_contents(same, replace(same, arguments={"queue": final("a")}), read_blob)[0].where == "arguments.queue"
