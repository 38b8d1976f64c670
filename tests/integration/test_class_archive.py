"""Class archives on real Spark: they are used, and one that does not fit harms no run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from config_store.wire import EffectiveSetting, Language, Layer, SettingKind, SubmitPlan
from couture_ops.cache import FileCache
from couture_ops.class_archive import ClassArchive, ClassArchives, choose_archive
from couture_ops.command import build_command
from couture_ops.errors import NoClassArchive
from couture_ops.jvm import find_jvm, read_jvm
from couture_ops.launch import driver_environment, run_driver
from couture_ops.warm import warm
from couture_ops.workspace import conf_directory, find_spark_home, prepare_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from couture_ops.jvm import Jvm

pytestmark = pytest.mark.integration

JOBS = Path(__file__).parent / "jobs"
#: Where packages of the system put JDKs.
JDKS = Path("/usr/lib/jvm")
#: How a JVM begins what it has to say about archives.
MUTTERING = ("[cds", "[aot", "[warning]", "[error]", "[info]", "VM warning", "shared archive")
#: How a JVM says that a class is of an archive that lies on top of its own.
FROM_ARCHIVE = "source: shared objects file (top)"
#: What a small job takes from it at least; it is 11,600.
MANY = 10_000
LOCAL = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


@dataclass
class Ran:
    """How a job ended; ``from_archive``: how many classes its JVM took from the archive."""

    exit_code: int | None
    lines: list[str]
    from_archive: int

    @property
    def counted(self) -> list[str]:
        """What it found out."""
        return [line for line in self.lines if line.startswith("COUNT ")]

    @property
    def muttering(self) -> list[str]:
        """What the JVM said of archives."""
        return [line for line in self.lines if any(mark in line for mark in MUTTERING)]


@dataclass
class Bench:
    """A Spark home of these tests' own, its archive, and the jobs."""

    spark_home: Path
    archives: ClassArchives
    jar: Path
    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Of the worker."""
        return {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}

    def plan(
        self, language: Language = Language.PYTHON, configurations: Mapping[str, str] = MappingProxyType({})
    ) -> SubmitPlan:
        """A job that counts."""
        settings = [("master", "local[1]", SettingKind.ARGUMENT)]
        settings += [(name, value, SettingKind.CONFIGURATION) for name, value in {**LOCAL, **configurations}.items()]
        return SubmitPlan(
            group="g",
            revision=1,
            language=language,
            app_name="count",
            application_uri=str(JOBS / "count.py" if language is Language.PYTHON else self.jar),
            class_path=None if language is Language.PYTHON else "Count",
            settings=tuple(EffectiveSetting(kind=k, name=n, value=v, layer=Layer.GROUP) for n, v, k in settings),
        )

    def choose(self, plan: SubmitPlan, environment: Mapping[str, str] | None = None) -> ClassArchive:
        """The archive that a task would take."""
        environment = environment or self.environment
        conf_dir = conf_directory(plan, self.spark_home, environment)
        return choose_archive(plan, self.spark_home, conf_dir, self.archives, environment)

    def run(self, plan: SubmitPlan, archive: ClassArchive | None, environment: Mapping[str, str] | None = None) -> Ran:
        """Run it as a task does."""
        environment = environment or self.environment
        blocks: list[str] = []
        loaded = self.folder / "loaded.log"
        given = f"{environment.get('SPARK_SUBMIT_OPTS', '')} -Xlog:class+load:file={loaded}"
        environment = {**environment, "SPARK_SUBMIT_OPTS": given}
        cache, tries = FileCache(self.folder / "files", 1), self.folder / "tries"
        with prepare_workspace(plan, cache, tries, _no_fetch, self.spark_home, "s1", environment, archive) as workspace:
            command = build_command(plan, workspace, environment, python=sys.executable)
            driver = driver_environment(environment, command.environment)
            end = run_driver(command.argv, driver, workspace.directory, blocks.append)
        return Ran(end.exit_code, "\n".join(blocks).splitlines(), loaded.read_text().count(FROM_ARCHIVE))


def _no_fetch(*_: object) -> None:
    raise AssertionError("no file of these jobs comes from the store")


def jdk(program: str) -> str:
    """A program of the JDK that make has found, else of the one on PATH."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", program)) if home else program


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A copy of pip's Spark, warmed once."""
    folder = tmp_path_factory.mktemp("archives")
    spark_home = folder / "spark"
    shutil.copytree(find_spark_home(None, {}, {}), spark_home, copy_function=_link, symlinks=True)
    classes = folder / "classes"
    jars = f"{spark_home}/jars/*"
    subprocess.run([jdk("javac"), "-cp", jars, "-d", str(classes), str(JOBS / "Count.java")], check=True)
    subprocess.run([jdk("jar"), "cf", str(folder / "count.jar"), "-C", str(classes), "Count.class"], check=True)
    made = Bench(spark_home, ClassArchives(folder / "the cache"), folder / "count.jar", folder)
    warm(spark_home, made.archives, made.environment, made.said.append)
    return made


@pytest.fixture
def archive(bench: Bench) -> Iterator[ClassArchive]:
    """The archive, which a test may damage; it is whole again afterwards."""
    found = bench.choose(bench.plan())
    kept = bench.folder / "kept"
    found.path.rename(kept)
    shutil.copyfile(kept, found.path)
    yield found
    kept.replace(found.path)


@pytest.fixture(scope="module")
def other_jvm() -> Jvm:
    """A JVM that is not the one of the archive."""
    ours = find_jvm(os.environ)
    others = [read_jvm(home) for home in sorted(JDKS.glob("*")) if (home / "lib" / "server" / "libjvm.so").is_file()]
    found = [jvm for jvm in others if jvm.home != ours.home and jvm.feature >= 17]
    if not found:
        pytest.skip(f"there is no second JDK of Java 17 or newer in {JDKS}")
    return found[0]


# --- used ---


def test_it_says_what_it_does(bench: Bench) -> None:
    path = bench.choose(bench.plan()).path
    size = path.stat().st_size
    version = find_jvm(os.environ).version
    assert size > 100_000_000
    assert bench.said[0] == (
        f"{bench.spark_home} on Java {version}: building {path}; half a minute, about 180 MB of disk, 1.3 GB of memory"
    )
    assert bench.said[-1].startswith(f"Built {path}: {size / 1e6:,.0f} MB, ")
    assert [line for line in bench.said[1:-1] if not line.endswith(" s")] == []
    assert [entry.name for entry in (bench.archives.root / "building").iterdir()] == []


@pytest.mark.parametrize("language", list(Language))
def test_both_languages_start_from_one_archive(bench: Bench, language: Language) -> None:
    plan = bench.plan(language)
    ran = bench.run(plan, bench.choose(plan))
    assert (ran.exit_code, ran.counted, ran.from_archive > MANY, ran.muttering) == (
        0,
        ["COUNT 45 nothing null"],
        True,
        [],
    )


def test_a_second_warm_keeps_it(bench: Bench) -> None:
    path = bench.choose(bench.plan()).path
    before, said = path.stat(), list[str]()
    assert warm(bench.spark_home, bench.archives, bench.environment, said.append) == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(said) == 1
    assert " is there (" in said[0]


def test_the_options_and_defaults_of_the_user_hold(bench: Bench) -> None:
    """Spark's own conf directory may hold templates and defaults, in front of the jars or not."""
    conf = bench.spark_home / "conf"
    conf.mkdir()
    try:
        (conf / "spark-defaults.conf").write_text("spark.count.said  by-default\n")
        (conf / "log4j2.properties.template").write_text("broken")
        environment = {**bench.environment, "SPARK_SUBMIT_OPTS": '-Dmine="two words"'}
        plan = bench.plan(Language.JAVA)
        ran = bench.run(plan, bench.choose(plan, environment), environment)
    finally:
        shutil.rmtree(conf)
    assert (ran.exit_code, ran.counted, ran.from_archive > MANY) == (0, ["COUNT 45 by-default two words"], True)


def test_a_driver_of_other_options_runs_too(bench: Bench) -> None:
    """Another collector, a property."""
    plan = bench.plan(configurations={"spark.driver.extraJavaOptions": "-XX:+UseSerialGC -Dmine=1"})
    ran = bench.run(plan, bench.choose(plan))
    assert (ran.exit_code, ran.counted, ran.from_archive > MANY, ran.muttering) == (0, ["COUNT 45 nothing 1"], True, [])


# --- does not fit ---


def assert_ran_without(ran: Ran) -> None:
    """The job ran as if there were no archive, and nothing was said of it."""
    assert (ran.exit_code, ran.counted, ran.muttering, ran.from_archive) == (0, ["COUNT 45 nothing null"], [], 0)


def test_a_truncated_archive_is_not_offered(bench: Bench, archive: ClassArchive) -> None:
    """The JVM of Java 17 would die of it."""
    whole = archive.path.stat().st_size
    os.truncate(archive.path, 5_000_000)
    with pytest.raises(NoClassArchive) as caught:
        bench.choose(bench.plan())
    assert str(caught.value) == (
        f"{archive.path} has 5,000,000 bytes, not the {whole:,} it was built with; "
        "`airflow couture warm` builds it anew"
    )


def test_an_archive_of_garbage_harms_no_run(bench: Bench, archive: ClassArchive) -> None:
    archive.path.write_bytes(os.urandom(archive.path.stat().st_size))
    ran = bench.run(bench.plan(), bench.choose(bench.plan()))
    assert_ran_without(ran)


def test_a_damaged_archive_harms_no_run(bench: Bench, archive: ClassArchive) -> None:
    """Its head is whole: only the checksums tell."""
    with archive.path.open("r+b") as file:
        file.seek(archive.path.stat().st_size // 2)
        file.write(os.urandom(1_000_000))
    plan = bench.plan(Language.JAVA)
    assert_ran_without(bench.run(plan, bench.choose(plan)))


def test_an_archive_that_goes_before_the_start_harms_no_run(bench: Bench, archive: ClassArchive) -> None:
    chosen = bench.choose(bench.plan())
    archive.path.unlink()
    assert_ran_without(bench.run(bench.plan(Language.JAVA), chosen))


def test_another_jvm_is_offered_none(bench: Bench, other_jvm: Jvm) -> None:
    environment = {**bench.environment, "JAVA_HOME": str(other_jvm.home)}
    with pytest.raises(NoClassArchive) as caught:
        bench.choose(bench.plan(), environment)
    assert str(caught.value) == (
        f"none was built for {bench.spark_home} as it is now, on Java {other_jvm.version} in {other_jvm.home}; "
        "`airflow couture warm` builds it, and then a driver starts in about 0.6 of the time"
    )


def test_the_archive_of_another_jvm_harms_no_run(bench: Bench, other_jvm: Jvm) -> None:
    environment = {**bench.environment, "JAVA_HOME": str(other_jvm.home)}
    foreign = replace(bench.choose(bench.plan()), java=other_jvm.feature)
    assert_ran_without(bench.run(bench.plan(Language.JAVA), foreign, environment))


@pytest.fixture
def touched(bench: Bench) -> Iterator[tuple[ClassArchive, Path]]:
    """The archive, made before a jar got another time."""
    chosen = bench.choose(bench.plan())
    (jar,) = (bench.spark_home / "jars").glob("spark-core_*.jar")
    original = jar.rename(bench.folder / jar.name)
    shutil.copyfile(original, jar)
    yield chosen, jar
    original.replace(jar)


def test_touched_jars_are_offered_none(bench: Bench, touched: tuple[ClassArchive, Path]) -> None:
    with pytest.raises(NoClassArchive, match="as it is now, on Java"):
        bench.choose(bench.plan())


def test_an_archive_of_other_jars_harms_no_run(bench: Bench, touched: tuple[ClassArchive, Path]) -> None:
    assert_ran_without(bench.run(bench.plan(Language.JAVA), touched[0]))


def test_an_archive_of_what_is_gone_is_removed(bench: Bench, touched: tuple[ClassArchive, Path]) -> None:
    copy = ClassArchives(bench.folder / "another cache")
    copy.root.mkdir(parents=True)
    for path in (copy.path(touched[0].key), copy.record_path(touched[0].key)):
        shutil.copy(bench.archives.root / path.name, path)
    assert copy.remove_outdated() == [copy.path(touched[0].key)]
    assert list(copy.root.iterdir()) == []
