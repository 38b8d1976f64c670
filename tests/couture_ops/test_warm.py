"""How a class archive is built: real processes, a script that stands for spark-submit."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import psutil
import pytest

from couture_ops import warm as warm_module
from couture_ops.cache import locked
from couture_ops.class_archive import ClassArchives
from couture_ops.errors import NoClassArchive, NoSpaceLeft, WarmFailed
from couture_ops.warm import TRAINING_JOB, warm
from tests.couture_ops.jdks import make_jdk, make_spark

if TYPE_CHECKING:
    from pathlib import Path

#: Writes the archive that its JVM would, and down how it was called.
TRAINED = """#!/bin/sh
if [ "$1" = --version ]; then
  printf '%s\\n' "$SPARK_SUBMIT_OPTS" "$SPARK_CONF_DIR" > "$SPARK_HOME/proof"
  echo '[0.5s][info][class,load] org.apache.spark.deploy.SparkSubmit source: shared objects file (top)'
  exit
fi
made=${SPARK_SUBMIT_OPTS#*ArchiveClassesAtExit=}
printf classes > "${made%% *}"
printf '%s\\n' "$@" > "$SPARK_HOME/argv"
printf '%s\\n' "$SPARK_SUBMIT_OPTS" "$SPARK_CONF_DIR" "$SPARK_LOCAL_IP" "$PYSPARK_PYTHON" > "$SPARK_HOME/environment"
"""
SLEEPING = '#!/bin/sh\necho > "$SPARK_HOME/begun"\nexec sleep 600\n'
#: Warms in a process of its own.
WARMING = """
import os, sys
from pathlib import Path
from couture_ops.class_archive import ClassArchives
from couture_ops.warm import warm
warm(Path(sys.argv[1]), ClassArchives(Path(sys.argv[2])), os.environ, print)
"""


class Usage(NamedTuple):
    """As shutil.disk_usage answers."""

    free: int


@dataclass
class Worker:
    """A worker with a Spark, a JDK and a cache."""

    root: Path
    said: list[str] = field(default_factory=list)

    @property
    def spark(self) -> Path:
        """Its Spark home."""
        return self.root / "spark"

    @property
    def archives(self) -> ClassArchives:
        """Its archives."""
        return ClassArchives(self.root / "cache")

    @property
    def environment(self) -> dict[str, str]:
        """Of the shell in which somebody warms."""
        return {"PATH": os.environ["PATH"], "JAVA_HOME": str(self.root / "jdk"), "SPARK_SUBMIT_OPTS": "-Da=b"}

    def script(self, text: str) -> None:
        """Let spark-submit be this script."""
        (self.spark / "bin" / "spark-submit").write_text(text)

    def warm(self, *, force: bool = False) -> Path:
        """Warm."""
        return warm(self.spark, self.archives, self.environment, self.said.append, force=force)

    def left(self) -> list[str]:
        """What lies where archives lie, without locks."""
        files = (path.relative_to(self.archives.root) for path in self.archives.root.rglob("*"))
        return sorted((str(path) for path in files if path.suffix != ".lock"), key=lambda name: (len(name), name))


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    """A worker without an archive."""
    make_spark(tmp_path / "spark", TRAINED)
    make_jdk(tmp_path / "jdk")
    return Worker(tmp_path)


def test_it_builds_and_says_so(worker: Worker) -> None:
    path = worker.warm()
    assert path.read_bytes() == b"classes"
    assert path.parent == worker.root / "cache" / "class-archives"
    assert worker.said == [
        f"{worker.spark} on Java 17.0.15: building {path}; half a minute, about 180 MB of disk, 1.3 GB of memory",
        f"Built {path}: 0 MB, 0 s.",
    ]
    assert worker.left() == ["building", f"{path.stem}.jsa", f"{path.stem}.json"]
    record = json.loads(path.with_suffix(".json").read_text())
    assert record | {"seconds": 0} == {
        "spark_home": str(worker.spark),
        "java_home": str(worker.root / "jdk"),
        "java_version": "17.0.15",
        "size": 7,
        "seconds": 0,
    }


def test_the_job_listens_on_the_loopback_alone_and_reads_no_configuration(worker: Worker) -> None:
    path = worker.warm()
    scratch = path.parent / "building" / path.stem
    configurations = [
        "spark.driver.bindAddress=127.0.0.1",
        "spark.driver.host=127.0.0.1",
        "spark.ui.port=0",
        "spark.ui.showConsoleProgress=false",
        "spark.sql.shuffle.partitions=2",
        f"spark.sql.warehouse.dir={scratch}/warehouse",
        f"spark.local.dir={scratch}/local",
    ]
    assert (worker.spark / "argv").read_text().splitlines() == [
        *("--master", "local[1]"),
        *(word for configuration in configurations for word in ("--conf", configuration)),
        *(str(TRAINING_JOB), f"{scratch}/output"),
    ]
    assert (worker.spark / "environment").read_text().splitlines() == [
        f"-Da=b -XX:ArchiveClassesAtExit={scratch}/classes.jsa -XX:TieredStopAtLevel=1 -Xlog:cds*=error",
        str(path.parent / "no-conf"),
        "127.0.0.1",
        sys.executable,
    ]


def test_it_sees_that_sparks_classes_come_out_of_it(worker: Worker) -> None:
    path = worker.warm()
    assert (worker.spark / "proof").read_text().splitlines() == [
        f"-Da=b -XX:SharedArchiveFile={path.parent}/building/{path.stem}/classes.jsa -Xshare:auto "
        "-XX:+VerifySharedSpaces -Xlog:cds*=off -Xlog:class+load",
        str(path.parent / "no-conf"),
    ]


def test_an_archive_without_sparks_classes_is_none(worker: Worker) -> None:
    """As Java 17 makes it of a Spark home with a blank in its path."""
    worker.script(TRAINED.replace("org.apache.spark.deploy.SparkSubmit", "java.util.Optional"))
    with pytest.raises(WarmFailed) as caught:
        worker.warm()
    assert str(caught.value) == (
        f"No class archive was made for {worker.spark}: the JVM takes none of Spark's classes from what it wrote. It "
        "does so when the path of the Spark home holds a blank or another character that a URL encodes; move it (a "
        "link to it does not help)."
    )
    assert worker.left() == ["building"]


def test_what_is_there_stays_unless_forced(worker: Worker) -> None:
    path = worker.warm()
    before = path.stat().st_ino
    worker.said.clear()
    assert worker.warm() == path
    assert worker.said == [f"{worker.spark} on Java 17.0.15: {path} is there (0 MB)."]
    assert path.stat().st_ino == before
    assert worker.warm(force=True) == path
    assert path.stat().st_ino != before


def test_a_broken_one_is_mended(worker: Worker) -> None:
    path = worker.warm()
    path.write_bytes(b"cl")
    assert worker.warm().read_bytes() == b"classes"


def test_an_archive_of_jars_that_changed_goes(worker: Worker) -> None:
    first = worker.warm()
    (worker.spark / "jars" / "new.jar").touch()
    second = worker.warm()
    assert f"Removed {first}: its Spark or its JVM is not there any more, or has changed." in worker.said
    assert worker.left() == ["building", f"{second.stem}.jsa", f"{second.stem}.json"]


def test_a_job_that_fails_is_told_with_its_last_lines(worker: Worker) -> None:
    worker.script("#!/bin/sh\necho 'Error: no such option'\nexit 1\n")
    with pytest.raises(WarmFailed) as caught:
        worker.warm()
    assert str(caught.value) == (
        f"No class archive was made for {worker.spark}: The driver ended with exit code 1: the application failed, or "
        "spark-submit refused an option or the master; look at the last lines for the first exception or `Error:`. "
        "Its last lines:\nError: no such option"
    )
    assert worker.left() == ["building"]


def test_a_proof_that_fails_is_told_as_what_it_is(worker: Worker) -> None:
    worker.script(TRAINED.replace("  exit\n", "  echo 'out of memory'\n  exit 1\n"))
    with pytest.raises(WarmFailed) as caught:
        worker.warm()
    assert caught.value.reason.startswith("The driver ended with exit code 1: ")
    assert caught.value.last_lines.endswith("\nout of memory")
    assert worker.left() == ["building"]


def test_a_cache_that_can_not_be_made_is_told(worker: Worker) -> None:
    (worker.root / "cache").touch()  # to root every directory is open
    with pytest.raises(WarmFailed) as caught:
        worker.warm()
    root = worker.archives.root
    assert caught.value.reason == (
        f"Not a directory ({root}). Run it as the user that runs tasks, who must be able to read the Spark home and to "
        f"write in {root}, or name another folder in [couture] cache_dir."
    )


def test_a_lock_that_can_not_be_made_is_told(worker: Worker) -> None:
    (worker.archives.root / "building.lock").mkdir(parents=True)
    with pytest.raises(
        WarmFailed, match=r"^No class archive was made for .*: Is a directory \(.*/building\.lock\)\. Run"
    ):
        worker.warm()


def test_what_is_gone_goes_when_nothing_is_built_too(worker: Worker) -> None:
    path = worker.warm()
    other = worker.root / "other"
    shutil.copytree(worker.spark, other)
    gone = warm(other, worker.archives, worker.environment, lambda _: None)
    shutil.rmtree(other)
    worker.said.clear()
    assert worker.warm() == path
    assert worker.said == [
        f"Removed {gone}: its Spark or its JVM is not there any more, or has changed.",
        f"{worker.spark} on Java 17.0.15: {path} is there (0 MB).",
    ]
    assert worker.left() == ["building", f"{path.stem}.jsa", f"{path.stem}.json"]


def test_a_jvm_that_writes_none_is_told(worker: Worker) -> None:
    worker.script("#!/bin/sh\necho done\n")
    with pytest.raises(WarmFailed, match="the job succeeded, but its JVM wrote no archive"):
        worker.warm()
    assert worker.left() == ["building"]


def test_jars_that_change_meanwhile(worker: Worker) -> None:
    worker.script(TRAINED + 'touch "$SPARK_HOME/jars/new.jar"\n')
    with pytest.raises(WarmFailed, match="its jars or the JVM changed meanwhile; run it again"):
        worker.warm()
    assert worker.left() == ["building"]


def test_a_disk_too_small_is_refused_before(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free=399_999_999))
    with pytest.raises(NoSpaceLeft) as caught:
        worker.warm()
    assert caught.value.needed == 400_000_000
    assert not (worker.spark / "argv").exists()


def test_an_old_java_makes_none(worker: Worker) -> None:
    make_jdk(worker.root / "jdk", "11.0.21")
    with pytest.raises(NoClassArchive) as caught:
        worker.warm()
    assert caught.value.reason == (f"Java 11.0.21 in {worker.root / 'jdk'} makes no archives; Java 13 and newer do")


def test_a_cache_with_a_colon_in_its_path_has_none(worker: Worker) -> None:
    archives = ClassArchives(worker.root / "a:b")
    with pytest.raises(NoClassArchive) as caught:
        warm(worker.spark, archives, worker.environment, worker.said.append)
    assert caught.value.reason == (f"{archives.root} holds ':', at which a JVM splits the path of an archive")


def test_a_spark_whose_configuration_prevents_its_use_gets_none(worker: Worker) -> None:
    (worker.spark / "conf").mkdir()
    (worker.spark / "conf" / "spark-env.sh").touch()
    with pytest.raises(NoClassArchive, match=r"holds spark-env\.sh, and a JVM takes no archive"):
        worker.warm()


def test_while_another_process_builds_it_waits(worker: Worker) -> None:
    worker.archives.root.mkdir(parents=True)
    waiting = threading.Thread(target=worker.warm)
    with locked(worker.archives.root / "building.lock", fcntl.LOCK_EX):
        waiting.start()
        wait_until(lambda: "Another process builds an archive here; waiting for it." in worker.said)
        other = ClassArchives(worker.root / "elsewhere")
        path = warm(worker.spark, other, worker.environment, lambda _: None)
        for name in (path.name, path.with_suffix(".json").name):
            shutil.copy(other.root / name, worker.archives.root / name)
    waiting.join()
    mine = worker.archives.root / path.name
    assert worker.said[1:] == [f"{worker.spark} on Java 17.0.15: another process has built {mine} (0 MB)."]


def test_a_killed_builder_keeps_nobody_waiting(worker: Worker) -> None:
    worker.script(SLEEPING)
    argv = [sys.executable, "-c", WARMING, str(worker.spark), str(worker.root / "cache")]
    with subprocess.Popen(argv, env=worker.environment, stdout=subprocess.DEVNULL) as builder:
        wait_until((worker.spark / "begun").exists)
        started = psutil.Process(builder.pid).children(recursive=True)
        builder.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs(started, timeout=30)
    assert (len(gone) >= 2, alive) == (True, [])
    worker.script(TRAINED)
    path = worker.warm()
    assert worker.left() == ["building", f"{path.stem}.jsa", f"{path.stem}.json"]
    assert len(worker.said) == 2


def test_it_says_that_it_goes_on(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_module, "PROGRESS_S", 0.05)
    worker.script(TRAINED + "sleep 1\n")
    worker.warm()
    assert {line.strip() for line in worker.said[1:-1]} >= {"0 s", "1 s"}


def wait_until(there: object) -> None:
    """Wait until it is so; at most a minute."""
    assert callable(there)
    deadline = time.monotonic() + 60
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)
