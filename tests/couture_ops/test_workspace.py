"""The directory of one try: what lies in it, and that it never outlives its task."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import couture_ops
from config_store.wire import (
    EffectiveSetting,
    Language,
    Layer,
    PlannedArtifact,
    Resource,
    ResourceKind,
    SecretFile,
    SettingKind,
    StoredFile,
    SubmitPlan,
)
from couture_ops.cache import FileCache
from couture_ops.class_archive import ClassArchive
from couture_ops.errors import (
    FileNameClash,
    KeytabUnreadable,
    NoSparkHome,
    UnknownSparkHome,
    UnsafeFileName,
    UnusableSparkHome,
)
from couture_ops.workspace import (
    Workspace,
    find_spark_home,
    prepare_workspace,
    spark_version,
    sweep_tries,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from typing import BinaryIO

REPOSITORY = Path(couture_ops.__file__).parents[1]
KEYTAB = b"\x05\x02 keys of etl \xff"

#: Prepares a workspace, tells its directory, and keeps it until a line comes in; many times over.
PREPARE = """
import os, sys
from pathlib import Path
from config_store.wire import SubmitPlan
from couture_ops.cache import FileCache
from couture_ops.workspace import prepare_workspace

root, rounds, plan = Path(sys.argv[1]), int(sys.argv[2]), SubmitPlan.model_validate_json(sys.argv[3])

def fetch(file, destination, offset):
    destination.write(b"print('job')")

cache = FileCache(root / "cache", 1_000_000)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(rounds):
    with prepare_workspace(plan, cache, root / "tries", fetch, Path("/opt/spark"), "s", {}) as workspace:
        print(workspace.directory, flush=True)
        if rounds == 1:
            sys.stdin.readline()
        assert workspace.keytab.read_bytes() and workspace.files[plan.application.sha256].is_file()
"""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def artifact(name: str, content: bytes, version: int = 1) -> PlannedArtifact:
    return PlannedArtifact(name=name, sha256=sha256(content), size=len(content), version=version)


def stored(name: str, content: bytes) -> StoredFile:
    return StoredFile(name=name, sha256=sha256(content), size=len(content))


def dependency(kind: ResourceKind, name: str, content: bytes) -> Resource:
    return Resource(kind=kind, layer=Layer.GROUP, artifact=artifact(name, content))


def setting(kind: SettingKind, name: str, value: str, *, secret: bool = False) -> EffectiveSetting:
    return EffectiveSetting(kind=kind, name=name, value=value, layer=Layer.GROUP, secret=secret)


def make_plan(**changes: object) -> SubmitPlan:
    fields: dict[str, object] = {
        "group": "prod",
        "revision": 7,
        "language": Language.PYTHON,
        "app_name": "dag.task",
        "application": artifact("job.py", b"print('job')"),
    }
    return SubmitPlan.model_validate(fields | changes)


FULL_PLAN = make_plan(
    resources=(
        dependency(ResourceKind.JAR, "hbase.jar", b"hbase"),
        dependency(ResourceKind.PY_FILE, "lib.zip", b"lib"),
        Resource(kind=ResourceKind.JAR, layer=Layer.OPERATOR, uri="hdfs:///jars/x.jar"),
    ),
    hadoop_files=(stored("core-site.xml", b"<core/>"), stored("yarn-site.xml", b"<yarn/>")),
    hadoop_digest="cd" * 32,
    keytab=SecretFile(name="etl.keytab", content=base64.b64encode(KEYTAB).decode()),
    krb5_conf=stored("krb5.conf", b"[libdefaults]"),
    settings=(setting(SettingKind.CONFIGURATION, "spark.my.password", "p w", secret=True),),
)
SMALL_PLAN = FULL_PLAN.model_copy(update={"resources": (), "hadoop_digest": None, "krb5_conf": None})


class Store:
    """What a plan's files are fetched from; counts."""

    CONTENTS = (b"print('job')", b"hbase", b"lib", b"<core/>", b"<yarn/>", b"[libdefaults]")

    def __init__(self) -> None:
        self.contents = {sha256(content): content for content in self.CONTENTS}
        self.fetched: list[str] = []

    def fetch(self, file: StoredFile, destination: BinaryIO, offset: int) -> None:
        self.fetched.append(file.name)
        destination.write(self.contents[file.sha256][offset:])


def prepare(
    root: Path,
    plan: SubmitPlan,
    store: Store | None = None,
    environment: Mapping[str, str] | None = None,
    archive: ClassArchive | None = None,
) -> AbstractContextManager[Workspace]:
    return prepare_workspace(
        plan,
        FileCache(root / "cache", 1_000_000),
        root / "tries",
        (store or Store()).fetch,
        root / "spark",
        "0198c1f2",
        environment or {},
        archive,
    )


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def remaining(root: Path) -> list[Path]:
    return list((root / "tries").iterdir())


def start_prepare(root: Path, rounds: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE, str(root), str(rounds), SMALL_PLAN.model_dump_json()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def send_line(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


class TestPrepareWorkspace:
    def test_everything_of_a_full_plan(self, tmp_path: Path) -> None:
        store, previous = Store(), os.umask(0)
        try:
            with prepare(tmp_path, FULL_PLAN, store) as workspace:
                directory = workspace.directory
                assert directory.parent == tmp_path / "tries"
                assert directory.name.startswith("0198c1f2-")
                assert workspace == Workspace(
                    spark_submit=tmp_path / "spark" / "bin" / "spark-submit",
                    spark_home=tmp_path / "spark",
                    files={
                        sha256(b"print('job')"): directory / "files" / "job.py",
                        sha256(b"hbase"): directory / "files" / "hbase.jar",
                        sha256(b"lib"): directory / "files" / "lib.zip",
                    },
                    hadoop_conf_dir=tmp_path / "cache" / "cd" / ("cd" * 31),
                    properties_file=directory / "spark.properties",
                    keytab=directory / "kerberos" / "etl.keytab",
                    krb5_conf=directory / "krb5.conf",
                    directory=directory,
                )
                contents = {p.name: p.read_bytes() for p in directory.rglob("*") if p.is_file()}
                assert contents == {
                    "job.py": b"print('job')",
                    "hbase.jar": b"hbase",
                    "lib.zip": b"lib",
                    "spark.properties": b"spark.my.password=p w\n",
                    "etl.keytab": KEYTAB,
                    "krb5.conf": b"[libdefaults]",
                }
                private = (directory.parent, directory, directory / "kerberos")
                assert [mode(path) for path in private] == [0o700] * 3
                assert mode(directory / "spark.properties") == mode(directory / "kerberos/etl.keytab") == 0o600
                assert sorted(p.name for p in (tmp_path / "cache/cd" / ("cd" * 31)).iterdir()) == [
                    "core-site.xml",
                    "yarn-site.xml",
                ]
        finally:
            os.umask(previous)
        assert remaining(tmp_path) == []
        assert sorted(store.fetched) == [
            "core-site.xml",
            "hbase.jar",
            "job.py",
            "krb5.conf",
            "lib.zip",
            "yarn-site.xml",
        ]

    def test_a_repeat_moves_nothing(self, tmp_path: Path) -> None:
        with prepare(tmp_path, FULL_PLAN):
            pass
        again = Store()
        with prepare(tmp_path, FULL_PLAN, again) as workspace:
            assert workspace.path_of(artifact("job.py", b"print('job')")).read_bytes() == b"print('job')"
        assert again.fetched == []

    def test_nothing_that_the_plan_does_not_need(self, tmp_path: Path) -> None:
        plan = make_plan(settings=(setting(SettingKind.CONFIGURATION, "spark.a", "1"),))
        with prepare(tmp_path, plan) as workspace:
            assert workspace.properties_file is None
            assert workspace.keytab is None
            assert workspace.krb5_conf is None
            assert workspace.hadoop_conf_dir is None
            assert [p.name for p in workspace.directory.rglob("*")] == ["files", "job.py"]

    def test_is_frozen(self, tmp_path: Path) -> None:
        with prepare(tmp_path, make_plan()) as workspace, pytest.raises(FrozenInstanceError):
            workspace.keytab = Path("/elsewhere")  # type: ignore[misc]

    def test_artifacts_are_links_into_the_cache(self, tmp_path: Path) -> None:
        with prepare(tmp_path, make_plan()) as workspace:
            assert workspace.files[sha256(b"print('job')")].stat().st_nlink == 2

    def test_artifacts_are_copied_across_devices(self, tmp_path: Path) -> None:
        shared_memory = Path("/dev/shm")
        if not shared_memory.is_dir() or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("this machine has no second device to write to")
        cache = FileCache(tmp_path, 1_000_000)
        tries = shared_memory / f"couture-tries-{os.getpid()}"
        with prepare_workspace(make_plan(), cache, tries, Store().fetch, tmp_path, "s", {}) as workspace:
            copy = workspace.files[sha256(b"print('job')")]
            assert copy.read_bytes() == b"print('job')"
            assert (copy.stat().st_nlink, mode(copy)) == (1, 0o444)
        tries.rmdir()

    def test_one_content_under_two_names(self, tmp_path: Path) -> None:
        plan = make_plan(resources=(dependency(ResourceKind.PY_FILE, "again.py", b"print('job')"),))
        with prepare(tmp_path, plan) as workspace:
            paths = [workspace.path_of(artifact(name, b"print('job')")) for name in ("job.py", "again.py")]
            assert paths == [workspace.directory / "files/job.py", workspace.directory / "files/again.py"]
            assert [path.read_bytes() for path in paths] == [b"print('job')"] * 2

    def test_one_artifact_used_twice(self, tmp_path: Path) -> None:
        plan = make_plan(resources=(dependency(ResourceKind.PY_FILE, "job.py", b"print('job')"),))
        with prepare(tmp_path, plan) as workspace:
            assert [path.name for path in (workspace.directory / "files").iterdir()] == ["job.py"]

    def test_goes_away_on_exceptions(self, tmp_path: Path) -> None:
        def work() -> None:
            with prepare(tmp_path, FULL_PLAN) as workspace:
                assert workspace.directory.is_dir()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            work()
        assert remaining(tmp_path) == []

    def test_goes_away_when_the_store_fails(self, tmp_path: Path) -> None:
        store = Store()
        del store.contents[sha256(b"lib")]
        with pytest.raises(KeyError), prepare(tmp_path, FULL_PLAN, store):
            pass
        assert remaining(tmp_path) == []

    def test_keytab_that_is_hidden(self, tmp_path: Path) -> None:
        with pytest.raises(KeytabUnreadable) as caught, prepare(tmp_path, FULL_PLAN.redacted()):
            pass
        assert str(caught.value) == (
            "The content of the keytab 'etl.keytab' is not base64; upload it again as the group's Kerberos keytab."
        )
        assert remaining(tmp_path) == []

    def test_two_files_of_one_name(self, tmp_path: Path) -> None:
        plan = make_plan(resources=(dependency(ResourceKind.PY_FILE, "job.py", b"another"),))
        with pytest.raises(FileNameClash) as caught, prepare(tmp_path, plan):
            pass
        assert str(caught.value) == (
            "Two different files named 'job.py' belong to this job (sha256 "
            "8f2cca7cffc930e8ffd178fc221469262a6309a8e0ffb1c9975c1c3bda9918f7 and "
            "ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5); Spark would take one of "
            "them. Rename one, or leave the group's out with exclude_spark_args."
        )
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"application": artifact("../job.py", b"print('job')")},
            {"resources": (dependency(ResourceKind.JAR, "/etc/x.jar", b"hbase"),)},
            {"hadoop_files": (stored("a\x00.xml", b"<core/>"),), "hadoop_digest": "cd" * 32},
            {"keytab": SecretFile(name="..", content="")},
        ],
        ids=["application", "resource", "hadoop file", "keytab"],
    )
    def test_unsafe_names_never_touch_the_disk(self, tmp_path: Path, changes: dict[str, object]) -> None:
        with pytest.raises(UnsafeFileName), prepare(tmp_path, make_plan(**changes)):
            pass
        assert list(tmp_path.iterdir()) == []


class TestPropertiesFile:
    SECRET = setting(SettingKind.CONFIGURATION, "spark.my.password", "p", secret=True)

    def read(self, root: Path, plan: SubmitPlan, environment: Mapping[str, str]) -> bytes:
        with prepare(root, plan, environment=environment) as workspace:
            assert workspace.properties_file is not None
            return workspace.properties_file.read_bytes()

    def test_defaults_of_spark_home_come_first(self, tmp_path: Path) -> None:
        (tmp_path / "spark" / "conf").mkdir(parents=True)
        (tmp_path / "spark/conf/spark-defaults.conf").write_bytes("spark.größe 1\\".encode())
        text = self.read(tmp_path, make_plan(settings=(self.SECRET,)), {"SPARK_CONF_DIR": ""})
        assert text == "spark.größe 1\\\n\nspark.my.password=p\n".encode()

    def test_spark_conf_dir_of_the_worker_and_of_the_plan(self, tmp_path: Path) -> None:
        for name in ("worker", "plan"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "spark-defaults.conf").write_text(f"spark.of {name}\n")
        environment = {"SPARK_CONF_DIR": str(tmp_path / "worker")}
        worker = self.read(tmp_path, make_plan(settings=(self.SECRET,)), environment)
        assert worker == b"spark.of worker\n\n\nspark.my.password=p\n"
        named = setting(SettingKind.ENVIRONMENT, "SPARK_CONF_DIR", str(tmp_path / "plan"))
        plan = self.read(tmp_path, make_plan(settings=(self.SECRET, named)), environment)
        assert plan == b"spark.of plan\n\n\nspark.my.password=p\n"

    def test_with_a_class_archive_the_defaults_come_here(self, tmp_path: Path) -> None:
        """Spark then finds no conf directory."""
        archive = ClassArchive(Path("/cache/k.jsa"), Path("/cache/no-conf"), 17)
        with prepare(tmp_path, make_plan(), archive=archive) as workspace:
            assert workspace.properties_file is None
        (tmp_path / "spark" / "conf").mkdir(parents=True)
        (tmp_path / "spark/conf/spark-defaults.conf").write_text("spark.a b")
        with prepare(tmp_path, make_plan()) as workspace:
            assert workspace.properties_file is None
        with prepare(tmp_path, make_plan(), archive=archive) as workspace:
            assert workspace.properties_file is not None
            assert workspace.properties_file.read_text() == "spark.a b\n\n"
            assert workspace.class_archive is archive


class TestSweepTries:
    def test_a_killed_task_leaves_what_the_next_sweeps(self, tmp_path: Path) -> None:
        with start_prepare(tmp_path, 1) as process:
            send_line(process)
            assert read_line(process) == "ready"
            directory = Path(read_line(process))
            assert sweep_tries(tmp_path / "tries") == ()
            assert (directory / "kerberos/etl.keytab").read_bytes() == KEYTAB
            process.kill()
        assert directory.is_dir()
        with prepare(tmp_path, make_plan()) as workspace:
            assert not directory.exists()
            assert workspace.directory.is_dir()
        assert remaining(tmp_path) == []

    def test_many_at_once_never_lose_a_living_one(self, tmp_path: Path) -> None:
        """Every preparation sweeps, so five others sweep at each of the 6 x 50 while it comes and goes."""
        with ExitStack() as running:
            processes = [running.enter_context(start_prepare(tmp_path, 50)) for _ in range(6)]
            assert [read_line(process) for process in processes] == ["ready"] * 6
            for process in processes:
                send_line(process)
            outputs = [process.communicate()[0].split() for process in processes]
            assert [process.returncode for process in processes] == [0] * 6
        assert len({directory for output in outputs for directory in output}) == 300
        assert remaining(tmp_path) == []


def make_spark(home: Path, core_jar: str | None = "spark-core_2.13-4.2.0.jar") -> Path:
    for name in ("bin/spark-submit", *([f"jars/{core_jar}"] if core_jar else [])):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch()
    return home


class TestFindSparkHome:
    def test_by_name(self, tmp_path: Path) -> None:
        homes = {"spark4": str(make_spark(tmp_path / "4")), "default": str(make_spark(tmp_path / "d"))}
        environment = {"SPARK_HOME": str(make_spark(tmp_path / "e"))}
        assert find_spark_home("spark4", homes, environment) == tmp_path / "4"
        assert find_spark_home("default", homes, environment) == tmp_path / "d"
        assert find_spark_home(None, homes, environment) == tmp_path / "d"

    def test_by_environment_when_the_map_has_no_default(self, tmp_path: Path) -> None:
        environment = {"SPARK_HOME": str(make_spark(tmp_path / "e"))}
        assert find_spark_home("default", {"spark4": "/opt/4"}, environment) == tmp_path / "e"

    def test_by_pyspark_without_importing_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make_spark(tmp_path / "pyspark")
        (tmp_path / "pyspark" / "__init__.py").write_text("raise AssertionError('imported')")
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        monkeypatch.delitem(sys.modules, "pyspark", raising=False)
        importlib.invalidate_caches()
        assert find_spark_home(None, {}, {}) == tmp_path / "pyspark"

    def test_none_at_all(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "path", [str(tmp_path)])
        monkeypatch.delitem(sys.modules, "pyspark", raising=False)
        with pytest.raises(NoSparkHome) as caught:
            find_spark_home(None, {"spark4": "/opt/4"}, {"SPARK_HOME": ""})
        assert str(caught.value) == (
            "No Spark was found: [couture] spark_homes has no 'default', SPARK_HOME is not set, and Python "
            "has no package pyspark. Name a Spark distribution in [couture] spark_homes, set SPARK_HOME, or "
            "install pyspark."
        )

    def test_unknown_name(self) -> None:
        with pytest.raises(UnknownSparkHome) as caught:
            find_spark_home("spark5", {"spark4": "/opt/4", "default": "/opt/d"}, {"SPARK_HOME": "/opt/e"})
        assert str(caught.value) == (
            "The plan asks for the Spark 'spark5', which [couture] spark_homes of this worker does not name "
            "(it names default, spark4). Add it there, or choose another spark_home in the group."
        )

    @pytest.mark.parametrize(
        ("name", "homes", "source"),
        [("spark4", {"spark4": "{}"}, "'spark4' of [couture] spark_homes"), (None, {}, "SPARK_HOME")],
    )
    def test_no_spark_submit_there(self, tmp_path: Path, name: str | None, homes: dict[str, str], source: str) -> None:
        homes = {key: value.format(tmp_path) for key, value in homes.items()}
        with pytest.raises(UnusableSparkHome) as caught:
            find_spark_home(name, homes, {"SPARK_HOME": str(tmp_path)})
        assert str(caught.value) == (
            f"{source} is {str(tmp_path)!r}, and there is no program bin/spark-submit in it. Point it to the "
            "directory of a Spark distribution (the one that holds bin and jars)."
        )


class TestSparkVersion:
    @pytest.mark.parametrize(
        ("jar", "version"),
        [("spark-core_2.13-4.2.0.jar", "4.2.0"), ("spark-core_2.12-3.5.1-SNAPSHOT.jar", "3.5.1-SNAPSHOT")],
    )
    def test_by_the_jar(self, tmp_path: Path, jar: str, version: str) -> None:
        assert spark_version(make_spark(tmp_path, jar)) == version

    def test_by_the_release_file(self, tmp_path: Path) -> None:
        (tmp_path / "RELEASE").write_text("Spark 3.5.1 (git revision fd86f85) built for Hadoop 3.3.4\n")
        assert spark_version(tmp_path) == "3.5.1"

    def test_unknown(self, tmp_path: Path) -> None:
        assert spark_version(make_spark(tmp_path, core_jar=None)) is None
