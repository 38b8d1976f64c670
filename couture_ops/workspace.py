"""What one try needs on the worker's disk: files by name, a conf directory, secrets; gone at its end."""

from __future__ import annotations

import base64
import binascii
import errno
import importlib.util
import os
import re
import secrets
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from config_store.wire import SettingKind
from couture_ops.cache import check_file_name, scratch_directory, space_needed, sweep_scratch
from couture_ops.class_archive import DEFAULTS
from couture_ops.command import join_properties, properties_text
from couture_ops.errors import (
    FileNameClash,
    KeytabUnreadable,
    NoSparkHome,
    UnknownSparkHome,
    UnusableSparkHome,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

    from config_store.wire import PlannedArtifact, StoredFile, SubmitPlan
    from couture_ops.cache import FileCache
    from couture_ops.class_archive import ClassArchive

    Fetch = Callable[[StoredFile, BinaryIO, int], None]

#: Where a hard link cannot be: across devices, on file systems without, or against fs.protected_hardlinks.
_NO_HARD_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})
_SPARK_CORE = re.compile(r"spark-core_[\d.]+-(.+)\.jar")
_RELEASE = re.compile(r"Spark (\S+)")
_DEFAULT = "default"


@dataclass(frozen=True)
class Workspace:
    """Where everything of one try lies. ``files`` maps a sha256 to a path that ends with the artifact's name.

    ``properties_file`` is None when the plan needs none: Spark then reads its spark-defaults.conf itself.
    ``class_archive`` lets the driver's JVM start faster; it lies in the cache, and may vanish at any time.
    """

    spark_submit: Path
    spark_home: Path
    files: Mapping[str, Path]
    hadoop_conf_dir: Path | None
    properties_file: Path | None
    keytab: Path | None
    krb5_conf: Path | None
    directory: Path
    class_archive: ClassArchive | None = None

    def path_of(self, artifact: StoredFile) -> Path:
        """The path that bears this artifact's name; one content may lie there under several names."""
        return self.files[artifact.sha256].with_name(artifact.name)


@contextmanager
def prepare_workspace(
    plan: SubmitPlan,
    cache: FileCache,
    tries_root: Path,
    fetch: Fetch,
    spark_home: Path,
    submission_id: str,
    environment: Mapping[str, str] | None = None,
    class_archive: ClassArchive | None = None,
) -> Iterator[Workspace]:
    """Everything that a plan needs, on this disk while the context lasts; first sweeps what dead tasks left.

    ``fetch(file, destination, offset)`` writes a stored file's bytes; it is called for those only that the
    cache lacks. ``environment`` (None: this process's) is asked for SPARK_CONF_DIR. Raises UnsafeFileName,
    FileNameClash, KeytabUnreadable, DamagedDownload, NoSpaceLeft, and what ``fetch`` raises; then nothing of
    the try stays.
    """
    artifacts = _artifacts(plan)
    _check_names(plan, artifacts, submission_id)
    sweep_tries(tries_root)
    defaults = conf_directory(plan, spark_home, os.environ if environment is None else environment) / DEFAULTS
    with ExitStack() as held:
        with space_needed(tries_root, sum(artifact.size for artifact in artifacts)):
            name = f"{submission_id}-{secrets.token_hex(4)}"  # never the directory of an earlier process
            directory = held.enter_context(scratch_directory(tries_root / name))
            cached = _hold_files(plan, artifacts, cache, fetch, held)
            workspace = Workspace(
                spark_submit=spark_home / "bin" / "spark-submit",
                spark_home=spark_home,
                files=_link_artifacts(artifacts, cached, directory / "files"),
                hadoop_conf_dir=_hold_hadoop_files(plan, cache, fetch, held),
                properties_file=_write_properties(plan, directory, defaults, needed=class_archive is not None),
                keytab=_write_keytab(plan, directory),
                krb5_conf=_link_krb5_conf(plan, cached, directory),
                directory=directory,
                class_archive=class_archive,
            )
        yield workspace


def sweep_tries(tries_root: Path) -> tuple[Path, ...]:
    """Remove the try directories of dead tasks and return their paths; a living task's stay."""
    return sweep_scratch(tries_root)


def find_spark_home(name: str | None, spark_homes: Mapping[str, str], environment: Mapping[str, str]) -> Path:
    """The Spark distribution to run: the one of that name, or the default one.

    ``name`` is a plan's ``spark_home``; None and "default" mean the map's "default", else SPARK_HOME, else
    pip's pyspark. ``spark_homes`` is the admin's map from names to directories. Raises UnknownSparkHome,
    UnusableSparkHome, NoSparkHome.
    """
    chosen = name or _DEFAULT
    if chosen in spark_homes:
        return _usable(Path(spark_homes[chosen]), f"{chosen!r} of [couture] spark_homes")
    if chosen != _DEFAULT:
        raise UnknownSparkHome(chosen, tuple(spark_homes))
    if home := environment.get("SPARK_HOME"):
        return _usable(Path(home), "SPARK_HOME")
    if home := _pyspark_directory():
        return _usable(Path(home), "The directory of the Python package pyspark")
    raise NoSparkHome


def spark_version(spark_home: Path) -> str | None:
    """The version that a Spark distribution says it has, such as "4.2.0"; None when it says none."""
    for jar in sorted(spark_home.glob("jars/spark-core_*.jar")):
        if match := _SPARK_CORE.fullmatch(jar.name):
            return match[1]
    release = spark_home / "RELEASE"
    match = _RELEASE.match(release.read_text(errors="replace")) if release.is_file() else None
    return match[1] if match else None


def _artifacts(plan: SubmitPlan) -> tuple[PlannedArtifact, ...]:
    """The files that Spark is given by name: the application and the uploaded dependencies."""
    artifacts = [plan.application, *(resource.artifact for resource in plan.resources)]
    return tuple(artifact for artifact in artifacts if artifact)


def _check_names(plan: SubmitPlan, artifacts: tuple[PlannedArtifact, ...], submission_id: str) -> None:
    """The store has checked them, but the disk is this worker's."""
    check_file_name(submission_id)
    for file in (*artifacts, *plan.hadoop_files):
        check_file_name(file.name)
    if plan.keytab:
        check_file_name(plan.keytab.name)
    digests: dict[str, str] = {}
    for artifact in artifacts:
        if (first := digests.setdefault(artifact.name, artifact.sha256)) != artifact.sha256:
            raise FileNameClash(artifact.name, first, artifact.sha256)


def _hold_files(
    plan: SubmitPlan, artifacts: tuple[PlannedArtifact, ...], cache: FileCache, fetch: Fetch, held: ExitStack
) -> dict[str, Path]:
    """The cached path of each sha256; the Hadoop files lie in a directory of their own."""
    files: list[StoredFile] = [*artifacts, *([plan.krb5_conf] if plan.krb5_conf else [])]
    by_digest = {file.sha256: file for file in files}
    return {sha256: held.enter_context(cache.hold(file, partial(fetch, file))) for sha256, file in by_digest.items()}


def _link_artifacts(
    artifacts: tuple[PlannedArtifact, ...], cached: Mapping[str, Path], directory: Path
) -> dict[str, Path]:
    """Give each artifact its name: Spark shows its files and Python imports them by name."""
    directory.mkdir(0o700)
    by_name = {artifact.name: artifact.sha256 for artifact in artifacts}
    return {sha256: _link(cached[sha256], directory / name) for name, sha256 in by_name.items()}


def _link_krb5_conf(plan: SubmitPlan, cached: Mapping[str, Path], directory: Path) -> Path | None:
    return _link(cached[plan.krb5_conf.sha256], directory / "krb5.conf") if plan.krb5_conf else None


def _link(source: Path, target: Path) -> Path:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINK:
            raise
        shutil.copyfile(source, target)
        target.chmod(0o444)
    return target


def _hold_hadoop_files(plan: SubmitPlan, cache: FileCache, fetch: Fetch, held: ExitStack) -> Path | None:
    if not plan.hadoop_digest:
        return None
    return held.enter_context(cache.hold_directory(plan.hadoop_digest, plan.hadoop_files, fetch))


def _write_properties(plan: SubmitPlan, directory: Path, defaults: Path, *, needed: bool) -> Path | None:
    """A file for the secrets, with spark-defaults.conf in front, because to Spark it replaces that one.

    ``needed``: Spark will not find its defaults itself.
    """
    properties = properties_text(plan)
    content = defaults.read_bytes() if (properties or needed) and defaults.is_file() else b""
    if not properties and not content:
        return None
    return _write_private(directory / "spark.properties", join_properties(content, properties))


def conf_directory(plan: SubmitPlan, spark_home: Path, environment: Mapping[str, str]) -> Path:
    """Where this spark-submit looks for its defaults; to Spark's scripts an empty variable is none."""
    setting = plan.setting(SettingKind.ENVIRONMENT, "SPARK_CONF_DIR")
    named = setting.value if setting else environment.get("SPARK_CONF_DIR")
    return Path(named) if named else spark_home / "conf"


def _write_keytab(plan: SubmitPlan, directory: Path) -> Path | None:
    if not plan.keytab:
        return None
    try:
        content = base64.b64decode(plan.keytab.content, validate=True)
    except (binascii.Error, ValueError) as error:  # ValueError: not ASCII
        raise KeytabUnreadable(plan.keytab.name) from error
    (directory / "kerberos").mkdir(0o700)
    return _write_private(directory / "kerberos" / plan.keytab.name, content)


def _write_private(path: Path, content: bytes) -> Path:
    """A new file that its owner alone reads from its first moment on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path


def _usable(home: Path, source: str) -> Path:
    if not (home / "bin" / "spark-submit").is_file():
        raise UnusableSparkHome(home, source)
    return home


def _pyspark_directory() -> str | None:
    """Where pip put pyspark, found without importing it: that takes most of a second."""
    spec = importlib.util.find_spec("pyspark")
    places = spec.submodule_search_locations if spec else None
    return next(iter(places), None) if places else None
