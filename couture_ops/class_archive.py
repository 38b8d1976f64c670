"""Archives of loaded classes that let a JVM with Spark start in about 0.6 of the time: which fits, which is there.

Below ``<cache_dir>/class-archives`` lie ``<key>.jsa``, which the JVM maps into its memory, and ``<key>.json``,
which says what it was made of. The key is a digest of all that the JVM compares when it opens an archive, so
what does not fit any more is not found. ``airflow couture warm`` (warm.py) makes them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config_store.wire import SettingKind
from couture_ops.cache import make_private
from couture_ops.errors import NoClassArchive, NoJvm, UnsafeDirectory
from couture_ops.jvm import Jvm, find_jvm, read_jvm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from config_store.wire import SubmitPlan

#: Part of every key: raised when archives of older versions of this suite must not be used.
_FORMAT = 1
#: The first Java that makes such archives (JEP 350).
OLDEST_JAVA = 13
#: The first Java that logs about archives under the tag ``aot`` too, which older ones refuse.
_AOT_JAVA = 24

DEFAULTS = "spark-defaults.conf"
#: Options by which a user arranges class data sharing himself; two arrangements can end the JVM at its start.
_OWN_SHARING = re.compile(
    r"-Xshare|SharedArchive|ArchiveClasses|SharedClassList|DumpSharedSpaces|-XX:AOT|-XX:Flags|VMOptionsFile"
)
_OPTION_VARIABLES = ("SPARK_SUBMIT_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
_OPTION_SETTINGS = (
    (SettingKind.ARGUMENT, "driver-java-options"),
    (SettingKind.CONFIGURATION, "spark.driver.extraJavaOptions"),
    (SettingKind.CONFIGURATION, "spark.driver.defaultJavaOptions"),
)
_CLASS_PATH = "spark.driver.extraClassPath"
_CLASS_PATH_SETTINGS = ((SettingKind.ARGUMENT, "driver-class-path"), (SettingKind.CONFIGURATION, _CLASS_PATH))
_DEPLOY_MODE_SETTINGS = (
    (SettingKind.ARGUMENT, "deploy-mode"),
    (SettingKind.CONFIGURATION, "spark.submit.deployMode"),
)


@dataclass(frozen=True)
class ClassArchive:
    """An archive that fits a driver. ``java``: the feature version of its JVM.

    ``conf_dir`` takes the place of SPARK_CONF_DIR: it does not exist, because a JVM takes no archive when a
    directory with files stands before the jars.
    """

    path: Path
    conf_dir: Path
    java: int

    @property
    def key(self) -> str:
        """By which receipts name it."""
        return self.path.stem

    def options(self) -> tuple[str, ...]:
        """What the JVM is given.

        With ``-Xshare:auto`` a JVM that can't use the archive runs without it, and would warn. Its
        checksums are compared (0.1 s), because a damaged one could crash the JVM later.
        """
        return (f"-XX:SharedArchiveFile={self.path}", "-Xshare:auto", "-XX:+VerifySharedSpaces", *quiet(self.java))


@dataclass(frozen=True)
class ArchiveRecord:
    """What an archive was made of. ``size`` in bytes, ``seconds`` that it took."""

    spark_home: str
    java_home: str
    java_version: str
    size: int
    seconds: float


class ClassArchives:
    """The archives of a worker, below its cache."""

    def __init__(self, cache_dir: Path) -> None:
        self.root = cache_dir.absolute() / "class-archives"
        #: Never made.
        self.no_conf_dir = self.root / "no-conf"

    def path(self, key: str) -> Path:
        """Where the archive of a key lies."""
        return self.root / f"{key}.jsa"

    def record_path(self, key: str) -> Path:
        """Where it is said what the archive was made of."""
        return self.root / f"{key}.json"

    def find(self, spark_home: Path, jvm: Jvm) -> Path:
        """The whole archive of this Spark on this JVM; raises NoClassArchive.

        Its size is compared here, because a JVM dies of one that is cut off (SIGBUS, Java 17).
        """
        key = archive_key(spark_home, jvm)
        record, path = self.read_record(key), self.path(key)
        if record is None:
            raise NoClassArchive(
                f"none was built for {spark_home} as it is now, on Java {jvm.version} in {jvm.home}; "
                "`airflow couture warm` builds it, and then a driver starts in about 0.6 of the time"
            )
        if (size := path.stat().st_size if path.is_file() else 0) != record.size:
            raise NoClassArchive(
                f"{path} has {size:,} bytes, not the {record.size:,} it was built with; "
                "`airflow couture warm` builds it anew"
            )
        return path

    def read_record(self, key: str) -> ArchiveRecord | None:
        """What is said of an archive; None where nothing readable is."""
        try:
            return ArchiveRecord(**json.loads(self.record_path(key).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write_record(self, key: str, record: ArchiveRecord, scratch: Path) -> None:
        """Say it in one step; ``scratch`` is a directory of the same file system."""
        part = scratch / "record.json"
        part.write_text(json.dumps(asdict(record)))
        part.replace(self.record_path(key))

    def remove_outdated(self) -> list[Path]:
        """Remove the archives of what is not there any more, or not as it was; answers them."""
        files = [path for path in self.root.glob("*.js*") if path.suffix in (".jsa", ".json")]
        outdated = {path.stem for path in files if not self._is_current(path.stem)}
        for path in (path for path in files if path.stem in outdated):
            path.unlink(missing_ok=True)
        return sorted(self.path(key) for key in outdated)

    def _is_current(self, key: str) -> bool:
        if not (record := self.read_record(key)):
            return False
        try:
            return archive_key(Path(record.spark_home), read_jvm(Path(record.java_home))) == key
        except (NoJvm, OSError):
            return False


def archive_key(spark_home: Path, jvm: Jvm) -> str:
    """A digest of the JVM and of the jars: their directory, names, sizes and times, in the directory's own order.

    That order is the one in which the JVM puts them on its class path, and it must not change either.
    """
    with os.scandir(spark_home / "jars") as entries:
        jars = [(entry.name, (jar := entry.stat()).st_size, jar.st_mtime_ns) for entry in entries]
    said = json.dumps([_FORMAT, str(spark_home.absolute()), jars, str(jvm.home), jvm.identity])
    return hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()[:32]


def choose_archive(
    plan: SubmitPlan, spark_home: Path, conf_dir: Path, archives: ClassArchives, environment: Mapping[str, str]
) -> ClassArchive:
    """The archive for a plan's driver.

    ``environment`` is the driver's, ``conf_dir`` the directory of Spark's configuration that it would read.
    Raises NoClassArchive, which says why there is none; never anything else.
    """
    try:
        check_plan(plan, environment)
        check_conf_dir(conf_dir)
        jvm = find_jvm(environment)
        path = archives.find(spark_home, jvm)
        make_private(archives.root)  # its files become the code of a JVM
    except (NoJvm, UnsafeDirectory, OSError) as error:
        raise NoClassArchive(str(error)) from error
    return ClassArchive(path, archives.no_conf_dir, jvm.feature)


def check_plan(plan: SubmitPlan, environment: Mapping[str, str]) -> None:
    """Raise NoClassArchive when the driver runs elsewhere, or starts in a way that no archive fits."""
    if "cluster" in _values(plan, _DEPLOY_MODE_SETTINGS):
        raise NoClassArchive("the driver runs in the cluster")
    if any(_values(plan, _CLASS_PATH_SETTINGS)):
        raise NoClassArchive("the job puts a class path of its own before Spark's jars")
    check_options(*_values(plan, _OPTION_SETTINGS))
    check_environment(environment)


def check_environment(environment: Mapping[str, str]) -> None:
    """Raise NoClassArchive when the options of the JVM that stand in the environment speak against an archive."""
    check_options(*(environment.get(name, "") for name in _OPTION_VARIABLES))


def check_options(*options: str) -> None:
    """Raise NoClassArchive when the JVM's options arrange class data sharing themselves."""
    if found := next((match[0] for text in options if (match := _OWN_SHARING.search(text))), None):
        raise NoClassArchive(f"the options of its JVM arrange class data sharing themselves ({found})")


def check_conf_dir(conf_dir: Path) -> None:
    """Raise NoClassArchive when Spark's own configuration needs its place before the jars.

    Templates say nothing, and spark-defaults.conf reaches Spark as a properties file.
    """
    if not conf_dir.is_dir():
        return
    names = sorted(entry.name for entry in conf_dir.iterdir() if not entry.name.endswith(".template"))
    if others := [name for name in names if name != DEFAULTS]:
        raise NoClassArchive(
            f"{conf_dir} holds {', '.join(others[:5])}, and a JVM takes no archive when a directory with files "
            f"stands before the jars (only {DEFAULTS} and *.template may be there)"
        )
    if DEFAULTS in names:
        _check_defaults((conf_dir / DEFAULTS).read_text(errors="replace"))


def _check_defaults(text: str) -> None:
    check_options(text)
    if _CLASS_PATH in text or "spark.submit.deployMode" in text:
        raise NoClassArchive(f"{DEFAULTS} says where the driver runs, or puts a class path before Spark's jars")


def quiet(java: int) -> tuple[str, ...]:
    """Options by which a JVM keeps what it thinks of an archive to itself."""
    return ("-Xlog:cds*=off", *(("-Xlog:aot*=off",) if java >= _AOT_JAVA else ()))


def _values(plan: SubmitPlan, names: tuple[tuple[SettingKind, str], ...]) -> tuple[str, ...]:
    return tuple(_found(plan, names))


def _found(plan: SubmitPlan, names: tuple[tuple[SettingKind, str], ...]) -> Iterator[str]:
    for kind, name in names:
        if setting := plan.setting(kind, name):
            yield setting.value
