"""Checks of the Spark distributions of a worker, and of the Python that jobs will run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from config_store.wire import Finding
from couture_ops.checks.java import ANSWER_S, check_java
from couture_ops.errors import NoSparkHome, UnusableSparkHome
from couture_ops.workspace import find_spark_home, spark_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from couture_ops.checks.runner import Watch
    from couture_ops.configuration import WorkerSettings

_SPARK, _PYTHON = "spark", "python"
_TELL_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"

#: Spark's line -> the first and the last Python that its PySpark is made for (None: the newest).
#: Source: python_requires and the classifiers of each line's setup.py.
_MADE_FOR: dict[tuple[int, int], tuple[tuple[int, int], tuple[int, int] | None]] = {
    (3, 0): ((3, 6), (3, 8)),
    (3, 2): ((3, 6), (3, 9)),
    (3, 3): ((3, 7), (3, 10)),
    (3, 4): ((3, 7), (3, 11)),
    (3, 5): ((3, 8), (3, 11)),
    (4, 0): ((3, 9), None),
    (4, 1): ((3, 10), None),
}


def check_spark(settings: WorkerSettings, environment: Mapping[str, str], watch: Watch) -> Iterator[Finding]:
    """Each Spark of ``[couture] spark_homes`` and the default one, with its Java; the Java also without a Spark."""
    is_there = False
    for name in sorted({"default", *settings.spark_homes}):
        watch.progress(f"Spark {name}")
        try:
            home = find_spark_home(name, settings.spark_homes, environment)
        except (UnusableSparkHome, NoSparkHome) as error:
            yield _unusable(name, error)
            continue
        is_there, version = True, spark_version(home)
        yield _spark(name, home, version)
        yield from check_java(home, version, environment)
    if not is_there:
        yield from check_java(None, None, environment)


def _unusable(name: str, error: Exception) -> Finding:
    said, _, advice = str(error).partition(". ")
    return Finding.fault(_SPARK, f"the Spark {name!r}", f"{said}.", advice)


def _spark(name: str, home: Path, version: str | None) -> Finding:
    subject = f"the Spark {name!r}"
    if not any((home / "jars").glob("*.jar")):
        advice = "Unpack the whole distribution, with its folder jars; a source checkout must be built first."
        return Finding.fault(_SPARK, subject, f"{home} has bin/spark-submit, and no jars in its folder jars.", advice)
    if version is None:
        advice = "Look whether jars/spark-core_*.jar is there."
        return Finding.warning(_SPARK, subject, f"{home} does not tell its version.", advice)
    return Finding.ok(_SPARK, subject, f"Spark {version} in {home}.")


def check_spark_names(asked: Mapping[str, Sequence[str]], known: Sequence[str]) -> Iterator[Finding]:
    """Whether a worker has every Spark that config groups name.

    ``asked``: names -> the groups that name them; ``known``: the names in ``[couture] spark_homes``.
    """
    unknown = sorted(asked.keys() - {*known, "default"})
    for name in unknown:
        message = (
            f"Config group {', '.join(asked[name])} names it; [couture] spark_homes names {', '.join(known) or 'none'}."
        )
        advice = "Add it to spark_homes of every worker, or choose another: couture settings spark-home GROUP NAME"
        yield Finding.fault("spark homes", f"the Spark {name!r}", message, advice)
    if not unknown:
        message = f"This worker has all that groups name ({', '.join(sorted(asked)) or 'they name none'})."
        yield Finding.ok("spark homes", "the Sparks of config groups", message)


def check_python(settings: WorkerSettings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether drivers and executors run one Python, which the default Spark is made for."""
    yield from _packages()
    chosen = {name: environment[name] for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON") if environment.get(name)}
    found = {name: _python_version(path, environment) for name, path in chosen.items()}
    for name, version in found.items():
        if version is None:
            advice = f"Point {name} to a Python, or unset it: local jobs then run the worker's own."
            yield Finding.fault(_PYTHON, name, f"{chosen[name]!r} is no Python that can be started.", advice)
    versions = {name: version for name, version in found.items() if version}
    if len(set(versions.values())) > 1:
        said = ", ".join(f"{name} is Python {_dotted(version)}" for name, version in versions.items())
        advice = "Give both the same Python: Spark refuses a driver and executors of different versions."
        yield Finding.fault(_PYTHON, " and ".join(versions), f"{said}.", advice)
    name, version = next(iter(versions.items()), ("the worker's Python", sys.version_info[:2]))
    if not chosen or versions:
        yield _fit(name, chosen.get(name, sys.executable), version, settings, environment)


def _packages() -> Iterator[Finding]:
    """Two packages write into the folder pyspark; of different versions, what was installed last wins."""
    versions = {name: _installed(name) for name in ("pyspark", "pyspark-client")}
    if all(versions.values()) and len(set(versions.values())) > 1:
        said = " and ".join(f"{name} {version}" for name, version in versions.items())
        advice = "Install the same version of both, or only one of them: they write into the same folder."
        yield Finding.fault(_PYTHON, "pyspark of the worker's Python", f"{said} are installed together.", advice)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _python_version(path: str, environment: Mapping[str, str]) -> tuple[int, int] | None:
    program = shutil.which(path, path=environment.get("PATH", ""))
    if program is None:
        return None
    try:
        told = subprocess.run([program, "-c", _TELL_VERSION], capture_output=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.fullmatch(r"(\d+)\.(\d+)\s*", told.stdout.decode(errors="replace"))
    return (int(match[1]), int(match[2])) if match else None


def _fit(
    name: str, path: str, version: tuple[int, int], settings: WorkerSettings, environment: Mapping[str, str]
) -> Finding:
    subject = f"{name} ({path})"
    try:
        spark = spark_version(find_spark_home(None, settings.spark_homes, environment))
    except (UnusableSparkHome, NoSparkHome):
        return Finding.skipped(_PYTHON, subject, "There is no default Spark to compare it with.")
    said = f"Python {_dotted(version)} with Spark {spark or 'of no known version'}"
    made_for = _python_range(spark)
    if made_for and not made_for[0] <= version <= (made_for[1] or version):
        last = _dotted(made_for[1]) if made_for[1] else "the newest"
        advice = "Point PYSPARK_PYTHON to a Python of that range, or take a Spark that knows this one."
        message = f"{said}, which is made for Python {_dotted(made_for[0])} to {last}."
        too_old = version < made_for[0]
        return (Finding.fault if too_old else Finding.warning)(_PYTHON, subject, message, advice)
    if version != sys.version_info[:2]:
        own = _dotted(sys.version_info[:2])
        advice = "Install what jobs import for that Python, or unset the variable."
        return Finding.warning(_PYTHON, subject, f"{said}; the worker itself runs Python {own}.", advice)
    return Finding.ok(_PYTHON, subject, f"{said}.")


def _python_range(spark: str | None) -> tuple[tuple[int, int], tuple[int, int] | None] | None:
    match = re.match(r"(\d+)\.(\d+)", spark or "")
    line = (int(match[1]), int(match[2])) if match else (0, 0)
    return next((made_for for first, made_for in reversed(_MADE_FOR.items()) if line >= first), None)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
