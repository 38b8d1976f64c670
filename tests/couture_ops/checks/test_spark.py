"""The Sparks of a worker and the Python of its jobs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config_store.wire import Finding, Verdict
from couture_ops.checks import spark as checked
from couture_ops.checks.runner import Watch
from couture_ops.checks.spark import check_python, check_spark, check_spark_names
from couture_ops.configuration import WorkerSettings, read_worker_settings
from tests.couture_ops.checks.programs import java, program, spark

if TYPE_CHECKING:
    from collections.abc import Callable

OWN = "{}.{}".format(*sys.version_info[:2])


def settings(tmp_path: Path, **spark_homes: str) -> WorkerSettings:
    """The settings of a worker with these Sparks."""
    return replace(read_worker_settings(), cache_dir=tmp_path / "cache", spark_homes=spark_homes)


def sparks(tmp_path: Path, environment: dict[str, str], **spark_homes: Path) -> list[Finding]:
    """What is found on the Sparks themselves, which run on a Java 17."""
    environment = {"JAVA_HOME": str(java(tmp_path / "jdk", "17.0.1")), **environment}
    homes = {name: str(home) for name, home in spark_homes.items()}
    found = list(check_spark(settings(tmp_path, **homes), environment, Watch()))
    assert all(finding.verdict is Verdict.OK for finding in found if finding.check == "java")
    return [finding for finding in found if finding.check == "spark"]


def test_every_spark_of_the_worker_with_its_java(tmp_path: Path) -> None:
    default, other = spark(tmp_path / "a", "4.2.0"), spark(tmp_path / "b", "3.5.6")
    homes = settings(tmp_path, default=str(default), spark3=str(other))
    found = list(check_spark(homes, {"JAVA_HOME": str(java(tmp_path / "jdk", "11.0.1"))}, Watch()))
    assert [(finding.check, finding.subject, finding.verdict) for finding in found] == [
        ("spark", "the Spark 'default'", Verdict.OK),
        ("java", f"the Java of {default}", Verdict.FAULT),
        ("spark", "the Spark 'spark3'", Verdict.OK),
        ("java", f"the Java of {other}", Verdict.OK),
    ]
    assert found[0].message == f"Spark 4.2.0 in {default}."


def test_a_directory_that_is_no_spark(tmp_path: Path) -> None:
    default = spark(tmp_path / "a", "4.2.0")
    assert sparks(tmp_path, {}, default=default, old=tmp_path)[1] == Finding.fault(
        "spark",
        "the Spark 'old'",
        f"'old' of [couture] spark_homes is {str(tmp_path)!r}, and there is no program bin/spark-submit in it.",
        "Point it to the directory of a Spark distribution (the one that holds bin and jars).",
    )


def test_spark_home_of_the_environment(tmp_path: Path) -> None:
    [found] = sparks(tmp_path, {"SPARK_HOME": "/nowhere"})
    assert found.message == "SPARK_HOME is '/nowhere', and there is no program bin/spark-submit in it."


def test_no_spark_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("couture_ops.workspace._pyspark_directory", lambda: None)
    [found] = sparks(tmp_path, {})
    assert found.verdict is Verdict.FAULT
    assert found.message == (
        "No Spark was found: [couture] spark_homes has no 'default', SPARK_HOME is not set, and Python has no package "
        "pyspark."
    )
    assert found.advice == "Name a Spark distribution in [couture] spark_homes, set SPARK_HOME, or install pyspark."


def test_the_java_is_looked_at_also_without_a_spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("couture_ops.workspace._pyspark_directory", lambda: None)
    home = java(tmp_path / "jdk", "17.0.1")
    for environment, finding in (
        (
            {"JAVA_HOME": str(home)},
            Finding.ok(
                "java",
                "the Java of this worker",
                f"{home}/bin/java is Java 17; there is no Spark to compare it with.",
            ),
        ),
        (
            {"JAVA_HOME": "/nowhere"},
            Finding.fault(
                "java",
                "the Java of this worker",
                "JAVA_HOME is '/nowhere', and there is no program bin/java in it.",
                "Point JAVA_HOME to a JDK, or unset it to take java out of PATH.",
            ),
        ),
    ):
        found = list(check_spark(settings(tmp_path), environment, Watch()))
        assert [finding.check for finding in found] == ["spark", "java"]
        assert found[1] == finding


def test_a_spark_without_its_jars(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "spark-submit", "exit 0")
    [found] = sparks_of(tmp_path)
    assert (found.verdict, found.message) == (
        Verdict.FAULT,
        f"{tmp_path} has bin/spark-submit, and no jars in its folder jars.",
    )


def test_a_spark_that_tells_no_version(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "spark-submit", "exit 0")
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "other.jar").touch()
    [found] = sparks_of(tmp_path)
    assert (found.verdict, found.message) == (Verdict.WARNING, f"{tmp_path} does not tell its version.")


def sparks_of(home: Path) -> list[Finding]:
    """What is found on a default Spark."""
    found = check_spark(settings(home, default=str(home)), {"JAVA_HOME": "/nowhere"}, Watch())
    return [finding for finding in found if finding.check == "spark"]


def test_sparks_that_groups_name_and_this_worker_does_not_have() -> None:
    asked = {"spark3": ["old", "older"], "spark4": ["prod"], "default": ["other"]}
    assert list(check_spark_names(asked, ["spark4"])) == [
        Finding.fault(
            "spark homes",
            "the Spark 'spark3'",
            "Config group old, older names it; [couture] spark_homes names spark4.",
            "Add it to spark_homes of every worker, or choose another: couture settings spark-home GROUP NAME",
        )
    ]


def test_sparks_that_groups_name_are_there() -> None:
    [found] = check_spark_names({"spark4": ["prod"]}, ["spark3", "spark4"])
    assert found == Finding.ok(
        "spark homes", "the Sparks of config groups", "This worker has all that groups name (spark4)."
    )
    [found] = check_spark_names({}, [])
    assert found.message == "This worker has all that groups name (they name none)."


# --- Python ---


@pytest.fixture
def pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Finding]]:
    """Look at the Python of jobs that run on a Spark of a version."""
    monkeypatch.setattr(checked, "_installed", lambda _name: None)

    def look(spark_version: str = "4.2.0", **environment: str) -> list[Finding]:
        home = spark(tmp_path / f"spark-{spark_version}", spark_version)
        return list(check_python(settings(tmp_path, default=str(home)), environment))

    return look


def test_the_workers_own_python(pythons: Callable[..., list[Finding]]) -> None:
    [found] = pythons()
    assert found == Finding.ok("python", f"the worker's Python ({sys.executable})", f"Python {OWN} with Spark 4.2.0.")


def test_a_python_that_a_spark_is_not_made_for(tmp_path: Path, pythons: Callable[..., list[Finding]]) -> None:
    old = program(tmp_path / "python2", "echo 2.7")
    [found] = pythons(PYSPARK_PYTHON=str(old))
    assert found == Finding.fault(
        "python",
        f"PYSPARK_PYTHON ({old})",
        "Python 2.7 with Spark 4.2.0, which is made for Python 3.10 to the newest.",
        "Point PYSPARK_PYTHON to a Python of that range, or take a Spark that knows this one.",
    )
    new = program(tmp_path / "python3", "echo 3.14")
    [found] = pythons("3.5.6", PYSPARK_PYTHON=str(new))
    assert found.verdict is Verdict.WARNING
    assert found.message == "Python 3.14 with Spark 3.5.6, which is made for Python 3.8 to 3.11."


def test_another_python_than_the_workers(tmp_path: Path, pythons: Callable[..., list[Finding]]) -> None:
    other = program(tmp_path / "bin" / "python-of-jobs", "echo 3.99")
    [found] = pythons(PYSPARK_DRIVER_PYTHON="python-of-jobs", PATH=str(other.parent))
    assert found == Finding.warning(
        "python",
        "PYSPARK_DRIVER_PYTHON (python-of-jobs)",
        f"Python 3.99 with Spark 4.2.0; the worker itself runs Python {OWN}.",
        "Install what jobs import for that Python, or unset the variable.",
    )


def test_driver_and_executors_of_two_pythons(tmp_path: Path, pythons: Callable[..., list[Finding]]) -> None:
    other = program(tmp_path / "other", "echo 3.99")
    found = pythons(PYSPARK_PYTHON=sys.executable, PYSPARK_DRIVER_PYTHON=str(other))
    assert found[0] == Finding.fault(
        "python",
        "PYSPARK_PYTHON and PYSPARK_DRIVER_PYTHON",
        f"PYSPARK_PYTHON is Python {OWN}, PYSPARK_DRIVER_PYTHON is Python 3.99.",
        "Give both the same Python: Spark refuses a driver and executors of different versions.",
    )


@pytest.mark.parametrize("script", ["exit 1", "echo no number"])
def test_a_python_that_can_not_be_started(tmp_path: Path, pythons: Callable[..., list[Finding]], script: str) -> None:
    broken = program(tmp_path / "broken", script)
    assert pythons(PYSPARK_PYTHON=str(broken)) == [
        Finding.fault(
            "python",
            "PYSPARK_PYTHON",
            f"{str(broken)!r} is no Python that can be started.",
            "Point PYSPARK_PYTHON to a Python, or unset it: local jobs then run the worker's own.",
        )
    ]
    assert [finding.subject for finding in pythons("4.1.0", PYSPARK_PYTHON="/nowhere")] == ["PYSPARK_PYTHON"]


def test_two_packages_in_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"pyspark": "4.2.0", "pyspark-client": "4.1.0"}
    monkeypatch.setattr(checked, "_installed", versions.get)
    found = list(check_python(settings(tmp_path, default="/nowhere"), {}))
    assert found[0].message == "pyspark 4.2.0 and pyspark-client 4.1.0 are installed together."
    assert found[1] == Finding.skipped(
        "python", f"the worker's Python ({sys.executable})", "There is no default Spark to compare it with."
    )
    versions["pyspark-client"] = "4.2.0"
    assert len(list(check_python(settings(tmp_path, default="/nowhere"), {}))) == 1


def test_the_packages_of_this_very_python() -> None:
    assert checked._installed("pytest") == pytest.__version__
    assert checked._installed("no-such-package") is None
