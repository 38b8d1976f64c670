"""The keys of the installed Spark, listed by its own jars, and what we think of values against Spark's converters."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from config_store.catalogue.keys import KeyType
from config_store.catalogue.lookup import Catalogue, read_catalogue
from config_store.catalogue.values import value_fault
from config_store.hadoop_xml import read_properties
from config_store.settings import COUNTS, SIZES, TWINS
from couture_ops.jvm import find_java
from couture_ops.key_catalogue.building import build_catalogue
from couture_ops.launch import driver_environment
from couture_ops.workspace import find_spark_home

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.integration

HOME = find_spark_home(None, {}, {})
JOBS = Path(__file__).parent / "jobs"
HOLDERS = (
    "org.apache.spark.internal.config.package$",
    "org.apache.spark.sql.internal.SQLConf$",
    "org.apache.spark.sql.internal.StaticSQLConf$",
    "org.apache.spark.deploy.yarn.config.package$",
    "org.apache.spark.deploy.k8s.Config$",
)
TEXTS = (
    *("true", "FALSE", " true ", "yes", "on"),
    *("0", "1", "4", " 7 ", "-1", "+2", "1000", "99999999999", "0x10", "4.0", "0.5", ".5", "1e-3", "1d", "NaN", "four"),
    *("1g", "7G", "512mb", "64 m", "7 gig", "1.5g", "2tb", "1pb", "10k", "-1b", "g"),
    *("30s", "5min", "2h", "3d", "500ms", "10us", "1MS", "30 s", "1.5h", "2 hours", "1w", "-5s"),
    *("a,b", "STATIC", "static", "anything else"),
)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the jars told."""
    cache = tmp_path_factory.mktemp("catalogue")
    return json.loads(build_catalogue(HOME, cache, os.environ, print).read_bytes())


@pytest.fixture(scope="module")
def known(document: Any) -> Catalogue:
    """The catalogue of it."""
    return read_catalogue(document)


def test_nothing_failed_and_thousands_of_keys_are_told(document: Any) -> None:
    assert document["failed"] == []
    assert len(document["entries"]) > 1_300
    assert len(document["hadoop"]) > 1_000
    assert {entry["name"].split(".")[1] for entry in document["entries"]} >= {
        "executor",
        "sql",
        "yarn",
        "kubernetes",
        "history",
        "streaming",
        "master",
    }


@pytest.mark.parametrize(
    ("name", "described", "default"),
    [
        ("spark.executor.memory", "size, a bare number is MiB", "1g"),
        ("spark.driver.memoryOverhead", "size, a bare number is MiB", None),
        ("spark.kryoserializer.buffer", "size, a bare number is KiB", "64k"),
        ("spark.sql.files.maxPartitionBytes", "size, a bare number is bytes", "128MB"),
        ("spark.executor.heartbeatInterval", "time, a bare number is milliseconds", "10s"),
        ("spark.sql.broadcastTimeout", "time, a bare number is seconds", "300"),
        ("spark.executor.cores", "integer", "1"),
        ("spark.memory.fraction", "number", "0.6"),
        ("spark.dynamicAllocation.enabled", "boolean", "false"),
        ("spark.plugins", "list", ""),
        ("spark.sql.sources.partitionOverwriteMode", "one of STATIC, DYNAMIC", "STATIC"),
        ("spark.yarn.queue", "text", "default"),
        ("spark.kubernetes.namespace", "text", "default"),
    ],
)
def test_types_and_defaults(known: Catalogue, name: str, described: str, default: str | None) -> None:
    key = known.find(name)
    assert key is not None
    assert sorted(key.described) == sorted(described)  # a set of options has no order
    assert key.default is None if default is None else (key.default or "").lower() == default.lower()
    assert key.since


def test_what_the_registry_documents_is_told(known: Catalogue) -> None:
    """Of some core keys it says nothing; Spark's manual has those."""
    documented = [key for key in known.spark.keys.values() if len(key.documentation) > 10]
    assert len(documented) > 1_000
    key = known.find("spark.executor.memory")
    assert key is not None
    assert "executor" in key.documentation


def test_our_own_tables_agree_with_spark(known: Catalogue) -> None:
    """Those that judge without a catalogue."""
    types = {name: key.type for name in (*SIZES, *COUNTS) if (key := known.find(name))}
    assert {types[name] for name in SIZES if name in types} == {KeyType.SIZE}
    assert {types[name] for name in COUNTS if name in types} == {KeyType.INTEGER}
    assert [name for name in TWINS.values() if not known.is_known(name)] == []


def test_what_is_deprecated_is_told(known: Catalogue) -> None:
    told = {name: key.deprecated for name, key in known.spark.keys.items() if key.deprecated}
    assert "spark.storage.memoryFraction" not in told  # it is an old name no more
    assert any("is deprecated since Spark" in reason for reason in told.values())
    assert any("was removed in Spark" in reason for reason in told.values())
    assert any("is the old name of" in reason for reason in told.values())
    assert known.hadoop.keys["fs.default.name"].deprecated == "fs.default.name is the old name of fs.defaultFS"
    assert known.hadoop.keys["dfs.block.size"].deprecated == "dfs.block.size is the old name of dfs.blocksize"


def test_every_property_of_hadoops_files_is_there(known: Catalogue) -> None:
    written: set[str] = set()
    for path in HOME.glob("jars/hadoop-*.jar"):
        with zipfile.ZipFile(path) as jar:
            files = [name for name in jar.namelist() if name.endswith("-default.xml") and "/" not in name]
            written |= {name for file in files for name in read_properties(file, jar.read(file))}
    assert len(written) > 1_000
    assert written - known.hadoop.keys.keys() == set()


def test_a_slip_leads_to_the_key(known: Catalogue) -> None:
    assert known.spark.near("spark.executor.memroy") == ("spark.executor.memory",)
    assert not known.is_known("spark.executor.memroy")
    assert known.is_known("spark.executorEnv.PATH")
    assert known.is_known("spark.kubernetes.driver.label.team")


def test_it_holds_all_that_set_v_says(known: Catalogue, tmp_path: Path) -> None:
    program = str(HOME / "bin" / "spark-submit")
    options = ("--master", "local[1]", "--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1")
    argv = [program, *options, str(JOBS / "set_v.py"), str(tmp_path / "said.json")]
    own = {"SPARK_HOME": str(HOME), "SPARK_LOCAL_IP": "127.0.0.1"}
    ended = subprocess.run(argv, env=driver_environment(os.environ, own), cwd=tmp_path, capture_output=True)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    rows = json.loads((tmp_path / "said.json").read_text())
    assert len(rows) > 200
    for row in rows:
        key = known.find(row["key"])
        assert key is not None, row["key"]
        assert key.public, row["key"]
        assert key.since == row["Since version"]
        assert key.documentation == " ".join(row["meaning"].split())


def converted(questions: Sequence[tuple[str, str]], folder: Path) -> list[str]:
    """Whether Spark takes each text as the value of its key: "1" or "0", "?" for a key of another holder."""
    java = find_java(os.environ)
    argv = [str(java), "-cp", f"{HOME}/jars/*", str(JOBS / "ConvertValues.java"), *HOLDERS]
    asked = "".join(f"{key} {base64.b64encode(text.encode()).decode()}\n" for key, text in questions)
    ended = subprocess.run(argv, input=asked.encode(), cwd=folder, capture_output=True)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    return ended.stdout.decode().split()


def test_what_spark_takes_is_never_called_wrong(known: Catalogue, document: Any, tmp_path: Path) -> None:
    judged = [key for key in known.spark.keys.values() if key.type not in (KeyType.TEXT, KeyType.LIST)]
    declared = {entry["name"] for entry in document["entries"]}
    names = [key.name for key in judged if key.name in declared and key.name.startswith(("spark.sql.", "spark.exec"))]
    assert len(names) > 400
    questions = [(name, text) for name in names for text in TEXTS]
    wrong, right = [], 0
    for (name, text), taken in zip(questions, converted(questions, tmp_path), strict=True):
        fault = value_fault(known.spark.keys[name], text)
        if taken == "1" and fault:
            wrong.append((name, text, fault))
        right += bool(taken == "0" and fault)
    assert wrong == []
    assert right > 10_000
