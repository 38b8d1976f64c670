"""Builds a class archive: a small Spark job in a JVM that writes down, at its end, the classes that it loaded."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from couture_ops.cache import locked, make_private, scratch_directory, space_needed, sweep_scratch
from couture_ops.class_archive import (
    OLDEST_JAVA,
    ArchiveRecord,
    ClassArchive,
    archive_key,
    check_conf_dir,
    check_environment,
    quiet,
)
from couture_ops.command import add_options
from couture_ops.errors import NoClassArchive, NoSpaceLeft, WarmFailed
from couture_ops.exit_codes import explain_exit
from couture_ops.jvm import find_jvm
from couture_ops.launch import driver_environment, run_driver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from couture_ops.class_archive import ClassArchives
    from couture_ops.jvm import Jvm

    Say = Callable[[str], None]

#: Disk that must be free before: the archive (180 MB with Spark 4.2) and what the job writes, bytes.
NEEDED_BYTES = 400_000_000
#: Seconds between two lines that say that it goes on.
PROGRESS_S = 5.0
#: How a JVM that logs the classes it loads says that one of Spark's came from an archive on top of its own.
_FROM_ARCHIVE = re.compile(r"org\.apache\.spark\.\S+ source: shared objects file \(top\)")
TRAINING_JOB = Path(__file__).with_name("training_job.py")


def warm(
    spark_home: Path, archives: ClassArchives, environment: Mapping[str, str], say: Say, *, force: bool = False
) -> Path:
    """The archive of this Spark on the JVM that ``environment`` leads to; built when absent, or with ``force``.

    One process at a time builds; others wait. ``say`` gets a line for each step. Raises NoClassArchive (there
    can be none, with the reason), NoJvm, NoSpaceLeft, UnsafeDirectory, WarmFailed; then nothing half-made is left
    behind.
    """
    try:
        return _warm(spark_home, archives, environment, say, force=force)
    except OSError as error:
        raise WarmFailed(spark_home, _refused(error, archives), "") from error


def _warm(spark_home: Path, archives: ClassArchives, environment: Mapping[str, str], say: Say, *, force: bool) -> Path:
    jvm = find_jvm(environment)
    _check(spark_home, archives, jvm, environment)
    make_private(archives.root)
    was_there = _whole(spark_home, archives, jvm) is not None
    with _alone(archives, say):
        sweep_scratch(archives.root / "building")
        for outdated in archives.remove_outdated():
            say(f"Removed {outdated}: its Spark or its JVM is not there any more, or has changed.")
        if not force and (path := _whole(spark_home, archives, jvm)):
            found = f"{path} is there" if was_there else f"another process has built {path}"
            say(f"{spark_home} on Java {jvm.version}: {found} ({_mb(path)}).")
            return path
        return _build(spark_home, archives, jvm, environment, say)


def _refused(error: OSError, archives: ClassArchives) -> str:
    named = f" ({error.filename})" if error.filename else ""
    return (
        f"{error.strerror or error}{named}. Run it as the user that runs tasks, who must be able to read the Spark "
        f"home and to write in {archives.root}, or name another folder in [couture] cache_dir."
    )


def _check(spark_home: Path, archives: ClassArchives, jvm: Jvm, environment: Mapping[str, str]) -> None:
    if jvm.feature < OLDEST_JAVA:
        raise NoClassArchive(f"Java {jvm.version} in {jvm.home} makes no archives; Java {OLDEST_JAVA} and newer do")
    if os.pathsep in str(archives.root):
        raise NoClassArchive(f"{archives.root} holds {os.pathsep!r}, at which a JVM splits the path of an archive")
    check_conf_dir(Path(environment.get("SPARK_CONF_DIR") or spark_home / "conf"))
    check_environment(environment)


def _whole(spark_home: Path, archives: ClassArchives, jvm: Jvm) -> Path | None:
    try:
        return archives.find(spark_home, jvm)
    except NoClassArchive:
        return None


@contextmanager
def _alone(archives: ClassArchives, say: Say) -> Iterator[None]:
    """Wait until no other process builds; a lock of a process that died is free."""
    lock = archives.root / "building.lock"
    with locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB) as free:
        if free:
            yield
            return
    say("Another process builds an archive here; waiting for it.")
    with locked(lock, fcntl.LOCK_EX):
        yield


def _build(spark_home: Path, archives: ClassArchives, jvm: Jvm, environment: Mapping[str, str], say: Say) -> Path:
    if shutil.disk_usage(archives.root).free < NEEDED_BYTES:
        raise NoSpaceLeft(archives.root, NEEDED_BYTES)
    key, begun = archive_key(spark_home, jvm), time.monotonic()
    path = archives.path(key)
    say(f"{spark_home} on Java {jvm.version}: building {path}; half a minute, about 180 MB of disk, 1.3 GB of memory")
    with (
        space_needed(archives.root, NEEDED_BYTES),
        scratch_directory(archives.root / "building" / key) as scratch,
        progress(say),
    ):
        made = scratch / "classes.jsa"
        _train(spark_home, archives, jvm, environment, made)
        _prove(spark_home, archives, jvm, environment, made)
        if archive_key(spark_home, jvm) != key:
            raise WarmFailed(spark_home, "its jars or the JVM changed meanwhile; run it again.", "")
        _make_durable(made)
        size = made.stat().st_size
        made.replace(path)
        record = ArchiveRecord(
            spark_home=str(spark_home.absolute()),
            java_home=str(jvm.home),
            java_version=jvm.version,
            size=size,
            seconds=round(time.monotonic() - begun, 1),
        )
        archives.write_record(key, record, scratch)
    say(f"Built {path}: {_mb(path)}, {record.seconds:.0f} s.")
    return path


def _train(spark_home: Path, archives: ClassArchives, jvm: Jvm, environment: Mapping[str, str], made: Path) -> None:
    """Run the job below a guardian, so that nothing of it outlives this process."""
    loud_errors = (option.replace("=off", "=error") for option in quiet(jvm.feature))
    # C1 alone: such a short job repays no more, and the archive holds no compiled code.
    options = (f"-XX:ArchiveClassesAtExit={made}", "-XX:TieredStopAtLevel=1", *loud_errors)
    end = run_driver(
        training_argv(spark_home, made.parent),
        _environment(spark_home, archives, environment, options),
        made.parent,
        emit=lambda _: None,
    )
    if end.exit_code != 0:
        raise WarmFailed(spark_home, explain_exit(end.exit_code, end.signal), end.last_lines)
    if not made.is_file():
        raise WarmFailed(spark_home, "the job succeeded, but its JVM wrote no archive.", end.last_lines)


def _prove(spark_home: Path, archives: ClassArchives, jvm: Jvm, environment: Mapping[str, str], made: Path) -> None:
    """See that Spark's classes come out of it: a JVM leaves out, without a word, those it could not load again."""
    options = (*ClassArchive(made, archives.no_conf_dir, jvm.feature).options(), "-Xlog:class+load")
    blocks: list[str] = []
    argv = (str(spark_home / "bin" / "spark-submit"), "--version")
    end = run_driver(argv, _environment(spark_home, archives, environment, options), made.parent, blocks.append)
    if end.exit_code != 0:
        raise WarmFailed(spark_home, explain_exit(end.exit_code, end.signal), end.last_lines)
    if not any(_FROM_ARCHIVE.search(block) for block in blocks):
        raise WarmFailed(
            spark_home,
            "the JVM takes none of Spark's classes from what it wrote. It does so when the path of the Spark home "
            "holds a blank or another character that a URL encodes; move it (a link to it does not help).",
            "",
        )


def training_argv(spark_home: Path, scratch: Path) -> tuple[str, ...]:
    """The job's command. Its page is served, on the loopback: most jobs load those classes."""
    configurations = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.port": "0",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.local.dir": str(scratch / "local"),
    }
    return (
        str(spark_home / "bin" / "spark-submit"),
        *("--master", "local[1]"),
        *(word for name, value in configurations.items() for word in ("--conf", f"{name}={value}")),
        *(str(TRAINING_JOB), str(scratch / "output")),
    )


def _environment(
    spark_home: Path, archives: ClassArchives, environment: Mapping[str, str], options: tuple[str, ...]
) -> dict[str, str]:
    """Of a spark-submit whose JVM has these options, and starts as a driver with an archive does."""
    additions = {
        "SPARK_HOME": str(spark_home),
        "SPARK_CONF_DIR": str(archives.no_conf_dir),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_SUBMIT_OPTS": add_options(environment.get("SPARK_SUBMIT_OPTS", ""), *options),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    return driver_environment(environment, additions)


@contextmanager
def progress(say: Say) -> Iterator[None]:
    """Say every few seconds that it goes on."""
    begun, done = time.monotonic(), threading.Event()

    def tell() -> None:
        while not done.wait(PROGRESS_S):
            say(f"  {time.monotonic() - begun:3.0f} s")

    thread = threading.Thread(target=tell, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _make_durable(path: Path) -> None:
    """On the disk before it gets its name: else a crash of the host could leave the name with half a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _mb(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:,.0f} MB"
