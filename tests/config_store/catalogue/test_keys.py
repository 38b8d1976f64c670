"""What a key is, out of what the jars told."""

from __future__ import annotations

import pytest

from config_store.catalogue.keys import Key, KeyType, hadoop_keys, spark_keys
from tests.key_document import DOCUMENT, entry

SPARK = {key.name: key for key in spark_keys(DOCUMENT) if not key.deprecated}
HADOOP = {key.name: key for key in hadoop_keys(DOCUMENT)}


def test_a_size_says_what_a_bare_number_counts() -> None:
    assert SPARK["spark.executor.memory"] == Key(
        "spark.executor.memory",
        KeyType.SIZE,
        unit="MiB",
        default="1g",
        since="1.0.0",
        documentation="What spark.executor.memory is for.",
    )
    assert SPARK["spark.executor.memory"].described == "size, a bare number is MiB"


@pytest.mark.parametrize(
    ("kind", "told", "unit"),
    [
        ("size", "1.0", "bytes"),
        ("size", "1024.0", "KiB"),
        ("time", "0.001", "microseconds"),
        ("time", "1.0", "milliseconds"),
        ("time", "1000.0", "seconds"),
        ("time", "60000.0", "minutes"),
        ("time", "3600000.0", "hours"),
        ("time", "86400000.0", "days"),
    ],
)
def test_units_by_what_the_converter_makes_of_a_known_text(kind: str, told: str, unit: str) -> None:
    document = {"entries": [entry("spark.a", kind, unit=told)], "deprecated": []}
    assert next(spark_keys(document)).unit == unit


def test_a_choice_names_its_options() -> None:
    assert SPARK["spark.sql.mode"].described == "one of STATIC, DYNAMIC"


def test_without_a_default_there_is_none() -> None:
    document = {"entries": [entry("spark.a"), entry("spark.b", default="")], "deprecated": []}
    assert [key.default for key in spark_keys(document)] == [None, ""]


def test_deprecated_names_say_why_and_what_took_their_place() -> None:
    told = {key.name: (key.deprecated, key.use) for key in spark_keys(DOCUMENT) if key.deprecated}
    assert told == {
        "spark.old.timeout": ("spark.old.timeout is the old name of spark.network.timeout", ()),
        "spark.cache.class": ("spark.cache.class is deprecated since Spark 0.8: It is no longer used", ()),
        "spark.sql.stale": ("spark.sql.stale is deprecated since Spark 3.0", ()),
        "spark.sql.gone": ("spark.sql.gone was removed in Spark 3.0.0: It was not needed", ()),
        "spark.yarn.old": ("spark.yarn.old is deprecated since Spark 2.0", ("spark.executor.cores",)),
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fs.defaultFS", KeyType.TEXT),
        ("io.file.buffer.size", KeyType.INTEGER),
        ("fs.trash.on", KeyType.BOOLEAN),
        ("ipc.pause", KeyType.TIME),
        ("no.default", KeyType.TEXT),
    ],
)
def test_hadoops_defaults_show_the_types(name: str, kind: KeyType) -> None:
    assert HADOOP[name].type is kind


def test_hadoops_old_names() -> None:
    assert HADOOP["fs.default.name"].deprecated == "fs.default.name is the old name of fs.defaultFS"
