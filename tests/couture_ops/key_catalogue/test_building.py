"""How a catalogue is made and found again: real processes, a script that stands for java."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from config_store.catalogue.lookup import read_catalogue
from couture_ops.cache import locked
from couture_ops.errors import CatalogueFailed, NoJvm, UnsafeDirectory
from couture_ops.key_catalogue.building import build_catalogue, catalogue_path
from tests.couture_ops.jdks import make_jdk, make_spark

if TYPE_CHECKING:
    from pathlib import Path

CORE_DEFAULT = b"""<?xml version="1.0"?>
<configuration>
  <property><name>fs.defaultFS</name><value>file:///</value><description>The file
    system.</description></property>
  <property><name>no.value</name></property>
  <property><value>nobody's</value></property>
</configuration>
"""


@dataclass
class Place:
    """A Spark home, a JVM, and a cache."""

    home: Path
    cache: Path
    java: Path
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)

    def build(self, **more: Any) -> Path:
        """Make the catalogue."""
        return build_catalogue(self.home, self.cache, self.environment, self.said.append, **more)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A Spark home whose Hadoop has one file of defaults."""
    jdk, home = make_jdk(tmp_path / "jdk"), make_spark(tmp_path / "spark")
    with zipfile.ZipFile(home / "jars" / "hadoop-client-api-3.5.0.jar", "w") as jar:
        jar.writestr("core-default.xml", CORE_DEFAULT)
        jar.writestr("other/core-default.xml", b"not read")
    environment = {"JAVA_HOME": str(jdk), "PATH": os.environ["PATH"]}
    return Place(home, tmp_path / "cache", jdk / "bin" / "java", environment)


def test_it_is_made_once_and_found_again(place: Place) -> None:
    path = place.build()
    assert path == catalogue_path(place.cache, place.home)
    document = json.loads(path.read_text())
    assert document["hadoop"] == [
        {
            "name": "fs.defaultFS",
            "default": "file:///",
            "documentation": "The file system.",
            "file": "core-default.xml",
        },
        {"name": "no.value", "default": None, "documentation": "", "file": "core-default.xml"},
    ]
    catalogue = read_catalogue(document)
    assert (catalogue.spark_home, catalogue.spark_version) == (str(place.home), "4.2.0")
    place.java.write_text("#!/bin/sh\nexit 1\n")  # nobody asks again
    assert place.build() == path
    assert place.said == [
        f"{place.home}: asking its jars for their keys; some seconds",
        f"Listed the keys of {place.home}: 1 of Spark, 2 of Hadoop.",
        f"{place.home}: its keys are in {path}.",
    ]


def test_force_makes_it_anew(place: Place) -> None:
    place.build().write_text("damaged")
    assert read_catalogue(json.loads(place.build(force=True).read_text())).spark_version == "4.2.0"


def test_another_distribution_in_its_place_has_another(place: Place) -> None:
    old = place.build()
    (place.home / "jars" / "more.jar").touch()
    new = place.build()
    assert new != old
    assert sorted(new.parent.glob("*.json")) == [new]


def test_the_jvm_sees_nothing_of_airflow(place: Place) -> None:
    place.java.write_text(f"#!/bin/sh\nenv > {place.cache.parent}/seen\nexit 1\n")
    place.environment |= {"AIRFLOW__CORE__FERNET_KEY": "secret", "JAVA_TOOL_OPTIONS": "-Dagent"}
    with pytest.raises(CatalogueFailed):
        place.build()
    seen = (place.cache.parent / "seen").read_text()
    assert "secret" not in seen
    assert "-Dagent" not in seen


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("#!/bin/sh\necho it broke >&2\nexit 3\n", "ended with 3; it needs a JDK of 11 or newer: it broke"),
        ("#!/bin/sh\nexit 0\n", "ended with 0; it needs a JDK of 11 or newer: "),
    ],
)
def test_a_jvm_that_fails_leaves_nothing(place: Place, script: str, reason: str) -> None:
    place.java.write_text(script)
    with pytest.raises(CatalogueFailed) as failed:
        place.build()
    assert str(failed.value) == f"The keys of {place.home} can't be listed: {place.java} {reason}"
    assert [path for path in (place.cache / "key-catalogues").rglob("*") if path.is_file()] == [
        place.cache / "key-catalogues" / "building.lock"
    ]


def test_jars_that_declare_nothing(place: Place) -> None:
    place.java.write_text('#!/bin/sh\nfor last; do :; done\necho \'{"entries": [], "failed": ["a: b"]}\' > "$last"\n')
    with pytest.raises(CatalogueFailed, match=r"its jars declare no keys: a: b$"):
        place.build()


def test_without_a_jvm(place: Place) -> None:
    place.environment["JAVA_HOME"] = "/nowhere"
    with pytest.raises(NoJvm, match="JAVA_HOME leads to no program bin/java"):
        place.build()


def test_without_jars(place: Place, tmp_path: Path) -> None:
    with pytest.raises(CatalogueFailed, match="No such file or directory"):
        catalogue_path(place.cache, tmp_path)


def test_a_cache_that_others_may_write_to(place: Place) -> None:
    place.build()
    (place.cache / "key-catalogues").chmod(0o777)
    with pytest.raises(UnsafeDirectory):
        place.build()


def test_while_one_lists_the_others_wait(place: Place) -> None:
    (place.cache / "key-catalogues").mkdir(parents=True, mode=0o700)
    with locked(place.cache / "key-catalogues" / "building.lock", fcntl.LOCK_EX):
        thread = threading.Thread(target=place.build)
        thread.start()
        while not place.said:
            thread.join(0.01)
            assert thread.is_alive()
        assert place.said == ["Another process lists keys here; waiting for it."]
    thread.join()
    assert place.said[-1].startswith("Listed the keys of ")
