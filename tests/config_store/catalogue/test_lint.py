"""What is said of a group's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store.catalogue.lint import (
    Remark,
    content_remarks,
    field_remarks,
    hadoop_remarks,
    key_remarks,
    stored_remarks,
)
from config_store.content import Content
from config_store.secrets import Token
from config_store.settings import Setting
from tests.key_document import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence


def said(remarks: Sequence[Remark]) -> list[tuple[str, bool]]:
    """Message and weight of each."""
    return [(remark.message, remark.is_fault) for remark in remarks]


@pytest.mark.parametrize(
    ("section", "name", "value", "told"),
    [
        ("configurations", "spark.executor.memory", "7g", []),
        ("configurations", "spark.my.own", "7 gig", []),
        ("configurations", "spark.executorEnv.PATH", "/bin", []),
        ("environment", "PATH", "/bin", []),
        (
            "arguments",
            "executor-memory",
            "7 gig",
            [
                (
                    "Unexpected value '7 gig': executor-memory is a size like '7g' or '512m', without a fraction",
                    True,
                )
            ],
        ),
        (
            "configurations",
            "spark.executor.heartbeatInterval",
            "soon",
            [
                (
                    "Unexpected value 'soon': spark.executor.heartbeatInterval is a time like '500ms', '30s' or '2h', "
                    "without a fraction (a bare number is milliseconds)",
                    True,
                )
            ],
        ),
        (
            "configurations",
            "spark.executor.memroy",
            "7g",
            [("spark.executor.memroy is no key of Spark 4.2.0; did you mean spark.executor.memory?", False)],
        ),
        (
            "configurations",
            "spark.yarn.old",
            "7",
            [("spark.yarn.old is deprecated since Spark 2.0; use spark.executor.cores", False)],
        ),
        (
            "configurations",
            "spark.old.timeout",
            "soon",
            [
                ("spark.old.timeout is the old name of spark.network.timeout", False),
                (
                    "Unexpected value 'soon': spark.old.timeout is a time like '500ms', '30s' or '2h', without a "
                    "fraction (a bare number is seconds)",
                    True,
                ),
            ],
        ),
        (
            "configurations",
            "spark.hadoop.fs.trash.on",
            "yes",
            [
                (
                    "Unexpected value 'yes': fs.trash.on is 'true' or 'false', as its default 'false' shows",
                    False,
                )
            ],
        ),
        (
            "configurations",
            "spark.hadoop.fs.defualtFS",
            "file:///",
            [("fs.defualtFS is no property that Hadoop names; did you mean fs.defaultFS?", False)],
        ),
    ],
)
def test_a_setting(section: str, name: str, value: str, told: list[tuple[str, bool]]) -> None:
    remarks = field_remarks(catalogue(), section, name, value)
    assert said(remarks) == told
    assert {remark.where for remark in remarks} <= {f"{section}.{name}"}


def test_without_a_catalogue_what_a_save_refuses_is_told_all_the_same() -> None:
    assert said(field_remarks(None, "arguments", "executor-cores", "four")) == [
        ("Unexpected value 'four': executor-cores is a whole number like '4'", True)
    ]
    assert field_remarks(None, "configurations", "spark.executor.memroy", "7g") == []


def test_a_wrong_master_is_told_whether_the_keys_are_known_or_not() -> None:
    told = "master='yarm' is no master that spark-submit knows; did you mean yarn?"
    content = Content(arguments={"master": Setting("yarm")}, environment={"master": Setting("yarm")})
    edited = {("arguments", "master"), ("environment", "master")}
    for keys in (None, catalogue()):
        assert content_remarks(keys, content, edited) == [Remark("arguments.master", told, is_fault=True)]
        assert field_remarks(keys, "arguments", "master", "yarm") == [Remark("arguments.master", told, is_fault=True)]
    assert content_remarks(None, content, {("environment", "master")}) == []
    secret = Content(arguments={"master": Setting(Token("yarm"), secret=True)})
    assert content_remarks(None, secret, edited) == []


def test_a_value_that_nobody_may_know_is_not_judged() -> None:
    assert field_remarks(catalogue(), "configurations", "spark.executor.cores", None) == []


def test_a_content_is_judged_place_by_place_and_tells_no_secret() -> None:
    content = Content(
        arguments={"executor-cores": Setting("2"), "queue": Setting("")},
        configurations={
            "spark.eventLog.enabled": Setting("yes"),
            "spark.executor.cores": Setting(Token("four"), secret=True),
            "spark.executor.memroy": Setting("7g"),
        },
    )
    assert [remark.where for remark in key_remarks(catalogue(), content)] == [
        "configurations.spark.eventLog.enabled",
        "configurations.spark.executor.memroy",
    ]
    only = {("configurations", "spark.executor.memroy")}
    assert [remark.where for remark in content_remarks(catalogue(), content, only)] == [
        "configurations.spark.executor.memroy"
    ]


@pytest.mark.parametrize("value", ["1 ", " 1", "1\n", "\n1"])
def test_blanks_and_line_breaks_around_a_value_are_told(value: str) -> None:
    told = ("its value begins or ends with a blank or a line break; set it without", False)
    for keys in (None, catalogue()):
        assert said(field_remarks(keys, "configurations", "spark.my.own", value)) == [told]
    content = Content(configurations={"spark.my.own": Setting(value)}, environment={"X": Setting(value)})
    assert said(content_remarks(None, content, {("configurations", "spark.my.own"), ("environment", "X")})) == [told]
    assert said(list(stored_remarks(content))) == [told]
    assert field_remarks(catalogue(), "configurations", "spark.my.own", "1\n2") == []
    assert field_remarks(catalogue(), "configurations", "spark.my.own", None) == []


def test_a_size_that_was_stored_with_a_line_break_is_told() -> None:
    told = "Unexpected value '1g\\n': it has blanks or a line break at its ends; write '1g'"
    content = Content(arguments={"driver-memory": Setting("1g\n")})
    assert list(stored_remarks(content)) == [Remark("arguments.driver-memory", told, is_fault=True)]
    assert said(field_remarks(None, "arguments", "driver-memory", "1g\n")) == [(told, True)]


def test_a_property_that_spark_drops_is_told_whether_the_keys_are_known_or_not() -> None:
    told = (
        "Spark drops hello.world: it reads only properties that start with 'spark.'; one of Hadoop's is spelled "
        "spark.hadoop.hello.world",
        False,
    )
    content = Content(configurations={"hello.world": Setting("1")})
    for keys in (None, catalogue()):
        for value in ("1", None):
            assert said(field_remarks(keys, "configurations", "hello.world", value)) == [told]
        assert said(content_remarks(keys, content, {("configurations", "hello.world")})) == [told]
        assert field_remarks(keys, "environment", "hello", "1") == []
        assert field_remarks(keys, "configurations", "hello.world", "") == []


def test_a_file_that_cannot_be_uploaded_is_told_at_its_field() -> None:
    told = (
        "'log4j.properties' is no uploaded dependency, which end in .jar, .py, .zip, .egg, .whl; "
        "name the file by its place: hdfs:/..., https://..., or an absolute path"
    )
    value = "lib.zip, log4j.properties, lib.jar@2, hdfs:/log4j.properties"
    assert said(field_remarks(None, "arguments", "files", value)) == [(told, True)]
    assert field_remarks(None, "arguments", "queue", value) == []
    assert field_remarks(None, "arguments", "files", None) == []


def test_old_names_in_a_hadoop_file() -> None:
    assert list(hadoop_remarks(catalogue(), "core-site.xml", "fs.default.name", None)) == [
        Remark("core-site.xml", "fs.default.name is the old name of fs.defaultFS")
    ]
    assert list(hadoop_remarks(catalogue(), "core-site.xml", "of.our.own", None)) == []
