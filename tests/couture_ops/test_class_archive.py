"""Which class archive fits a driver, and what speaks against one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from config_store.wire import EffectiveSetting, Language, Layer, SettingKind, SubmitPlan
from couture_ops.class_archive import ArchiveRecord, ClassArchive, ClassArchives, archive_key, choose_archive
from couture_ops.errors import NoClassArchive
from couture_ops.jvm import read_jvm
from tests.couture_ops.jdks import THEN, make_jdk, make_spark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ARGUMENT, CONFIGURATION = SettingKind.ARGUMENT, SettingKind.CONFIGURATION


@dataclass
class Place:
    """A worker with Spark, a JDK and an archive of both."""

    spark: Path
    jdk: Path
    archives: ClassArchives

    @property
    def key(self) -> str:
        """Of both as they are now."""
        return archive_key(self.spark, read_jvm(self.jdk))

    def build(self) -> str:
        """Put an archive there; answers its key."""
        key, content = self.key, b"classes"
        self.archives.root.mkdir(0o700, parents=True, exist_ok=True)
        self.archives.path(key).write_bytes(content)
        record = ArchiveRecord(str(self.spark), str(self.jdk), "17.0.15", len(content), 1.0)
        self.archives.write_record(key, record, self.archives.root)
        return key

    def choose(self, plan: SubmitPlan, environment: Mapping[str, str] | None = None) -> ClassArchive:
        """As a task does."""
        given = {"JAVA_HOME": str(self.jdk), **(environment or {})}
        return choose_archive(plan, self.spark, self.spark / "conf", self.archives, given)

    def refusal(self, plan: SubmitPlan, environment: Mapping[str, str] | None = None) -> str:
        """Why there is none."""
        with pytest.raises(NoClassArchive) as caught:
            self.choose(plan, environment)
        return caught.value.reason


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A worker with an archive."""
    made = Place(make_spark(tmp_path / "spark"), make_jdk(tmp_path / "jdk"), ClassArchives(tmp_path / "cache"))
    made.build()
    return made


def plan(*settings: tuple[SettingKind, str, str]) -> SubmitPlan:
    """A plan with these settings."""
    effective = tuple(EffectiveSetting(kind=k, name=n, value=v, layer=Layer.GROUP) for k, n, v in settings)
    return SubmitPlan(group="g", revision=1, language=Language.JAVA, app_name="a", settings=effective)


# --- fits ---


def test_what_fits_is_handed_over(place: Place, tmp_path: Path) -> None:
    root = tmp_path / "cache" / "class-archives"
    chosen = place.choose(plan((ARGUMENT, "master", "yarn"), (ARGUMENT, "deploy-mode", "client")))
    assert chosen == ClassArchive(root / f"{place.key}.jsa", root / "no-conf", 17)
    assert chosen.key == place.key
    assert not chosen.conf_dir.exists()


def test_templates_and_defaults_do_not_matter(place: Place) -> None:
    (place.spark / "conf").mkdir()
    (place.spark / "conf" / "log4j2.properties.template").touch()
    (place.spark / "conf" / "spark-defaults.conf").write_text("spark.driver.extraJavaOptions -Da=b\n")
    assert place.choose(plan()).key == place.key


def test_options_of_other_things_do_not_matter(place: Place) -> None:
    options = (CONFIGURATION, "spark.driver.extraJavaOptions", "-Xmx1g -XX:+UseZGC")
    executors = (CONFIGURATION, "spark.executor.extraJavaOptions", "-Xshare:off")
    assert place.choose(plan(options, executors), {"SPARK_SUBMIT_OPTS": "-Da=b"}).key == place.key


# --- does not fit ---


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda jars: os.utime(jars / "scala-library.jar", (THEN, THEN + 1)), id="time"),
        pytest.param(lambda jars: (jars / "scala-library.jar").write_bytes(b"PK2"), id="size"),
        pytest.param(lambda jars: (jars / "scala-library.jar").unlink(), id="one less"),
        pytest.param(lambda jars: (jars / "new.jar").touch(), id="one more"),
        pytest.param(lambda jars: (jars.parents[1] / "jdk/release").write_text('JAVA_VERSION="17.0.16"'), id="JVM"),
    ],
)
def test_what_changed_has_none(place: Place, change: object) -> None:
    assert callable(change)
    before = place.key
    change(place.spark / "jars")
    assert place.key != before
    version = read_jvm(place.jdk).version
    assert place.refusal(plan()) == (
        f"none was built for {place.spark} as it is now, on Java {version} in {place.jdk}; "
        "`airflow couture warm` builds it, and then a driver starts in about 0.6 of the time"
    )


def test_a_copy_of_spark_elsewhere_has_none(place: Place) -> None:
    before = place.key
    place.spark = place.spark.rename(place.spark.with_name("moved"))
    assert place.key != before
    assert place.refusal(plan()).startswith(f"none was built for {place.spark} ")


@pytest.mark.parametrize("record", ["", "[]", '{"size": 7}', "{"])
def test_an_unreadable_record_is_none(place: Place, record: str) -> None:
    place.archives.record_path(place.key).write_text(record)
    assert place.refusal(plan()).startswith("none was built for ")


def test_a_file_that_is_not_whole(place: Place) -> None:
    path = place.archives.path(place.key)
    path.write_bytes(b"cla")
    said = f"{path} has %s bytes, not the 7 it was built with; `airflow couture warm` builds it anew"
    assert place.refusal(plan()) == said % 3
    path.unlink()
    assert place.refusal(plan()) == said % 0


@pytest.mark.parametrize(
    "setting",
    [(ARGUMENT, "deploy-mode", "cluster"), (CONFIGURATION, "spark.submit.deployMode", "cluster")],
)
def test_a_driver_in_the_cluster(place: Place, setting: tuple[SettingKind, str, str]) -> None:
    assert place.refusal(plan(setting)) == "the driver runs in the cluster"


@pytest.mark.parametrize(
    "setting",
    [(ARGUMENT, "driver-class-path", "/x"), (CONFIGURATION, "spark.driver.extraClassPath", "/x")],
)
def test_a_class_path_before_the_jars(place: Place, setting: tuple[SettingKind, str, str]) -> None:
    assert place.refusal(plan(setting)) == "the job puts a class path of its own before Spark's jars"


OWN = "the options of its JVM arrange class data sharing themselves ({})"


@pytest.mark.parametrize(
    ("option", "found"),
    [
        ("-Xmx1g -Xshare:off", "-Xshare"),
        ("-XX:SharedArchiveFile=/x", "SharedArchive"),
        ("-XX:ArchiveClassesAtExit=/x", "ArchiveClasses"),
        ("-XX:AOTCache=/x", "-XX:AOT"),
        ("-XX:+AutoCreateSharedArchive", "SharedArchive"),
        ("-XX:Flags=/x", "-XX:Flags"),
    ],
)
def test_options_of_the_user_win(place: Place, option: str, found: str) -> None:
    for name in ("spark.driver.extraJavaOptions", "spark.driver.defaultJavaOptions"):
        assert place.refusal(plan((CONFIGURATION, name, option))) == OWN.format(found)
    assert place.refusal(plan((ARGUMENT, "driver-java-options", option))) == OWN.format(found)
    for name in ("SPARK_SUBMIT_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"):
        assert place.refusal(plan(), {name: option}) == OWN.format(found)


def test_a_conf_directory_that_needs_its_place(place: Place) -> None:
    conf = place.spark / "conf"
    conf.mkdir()
    for name in ("spark-env.sh", "log4j2.properties", "spark-defaults.conf", "x.template"):
        (conf / name).touch()
    assert place.refusal(plan()) == (
        f"{conf} holds log4j2.properties, spark-env.sh, and a JVM takes no archive when a directory with files "
        "stands before the jars (only spark-defaults.conf and *.template may be there)"
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "spark.driver.extraClassPath /x",
            "spark-defaults.conf says where the driver runs, or puts a class path before Spark's jars",
        ),
        (
            "spark.submit.deployMode cluster",
            "spark-defaults.conf says where the driver runs, or puts a class path before Spark's jars",
        ),
        ("spark.driver.extraJavaOptions -Xshare:off", OWN.format("-Xshare")),
    ],
)
def test_defaults_speak_against_it_too(place: Place, line: str, reason: str) -> None:
    (place.spark / "conf").mkdir()
    (place.spark / "conf" / "spark-defaults.conf").write_text(line)
    assert place.refusal(plan()) == reason


def test_no_java_and_no_jars_are_reasons_and_no_errors(place: Place) -> None:
    assert place.refusal(plan(), {"JAVA_HOME": "/nowhere"}).startswith("No JVM was found")
    (place.spark / "jars").rename(place.spark / "elsewhere")
    assert place.refusal(plan()) == f"[Errno 2] No such file or directory: '{place.spark / 'jars'}'"


def test_a_directory_that_others_may_write_to(place: Place) -> None:
    place.archives.root.chmod(0o777)
    assert place.refusal(plan()) == (
        f"The directory {str(place.archives.root)!r} may be written by others (its mode is 0777), so its files "
        "could be exchanged. Remove it, or set [couture] cache_dir to a folder that is not there yet (inside a mounted "
        "volume, for one): it is made for this user alone."
    )


# --- outdated ---


def test_only_what_fits_nothing_any_more_is_removed(place: Place) -> None:
    kept = place.key
    (place.spark / "jars" / "new.jar").touch()
    second = place.build()
    (place.archives.root / "orphan.jsa").touch()
    (place.archives.root / "building.lock").touch()
    (place.spark / "jars" / "new.jar").unlink()
    assert place.key == kept
    removed = place.archives.remove_outdated()
    assert removed == sorted([place.archives.path(second), place.archives.path("orphan")])
    assert {path.name for path in place.archives.root.iterdir()} == {f"{kept}.jsa", f"{kept}.json", "building.lock"}


def test_archives_of_two_jvms_stay(place: Place, tmp_path: Path) -> None:
    place.jdk = make_jdk(tmp_path / "other", "21.0.1")
    place.build()
    assert place.archives.remove_outdated() == []
    assert place.choose(plan()).java == 21
