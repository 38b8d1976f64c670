"""The Java of a Spark: there, answering, and of a version that the Spark runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store.wire import Verdict
from couture_ops.checks.java import check_java, java_range
from tests.couture_ops.checks.programs import java, program

if TYPE_CHECKING:
    from pathlib import Path

    from config_store.wire import Finding


def look(tmp_path: Path, spark_version: str | None = "4.2.0", **environment: str) -> Finding:
    """The one finding on the Java of a Spark."""
    [finding] = check_java(tmp_path / "spark", spark_version, environment)
    assert (finding.check, finding.subject) == ("java", f"the Java of {tmp_path / 'spark'}")
    return finding


def test_java_home_points_nowhere(tmp_path: Path) -> None:
    finding = look(tmp_path, JAVA_HOME="/nowhere/jdk", PATH=str(java(tmp_path / "jdk", "17") / "bin"))
    assert finding.verdict is Verdict.FAULT
    assert finding.message == "JAVA_HOME is '/nowhere/jdk', and there is no program bin/java in it."
    assert finding.advice == "Point JAVA_HOME to a JDK, or unset it to take java out of PATH."


def test_no_java_at_all(tmp_path: Path) -> None:
    finding = look(tmp_path, PATH=str(tmp_path))
    assert finding.verdict is Verdict.FAULT
    assert finding.message == "No Java was found: JAVA_HOME is not set, and PATH holds no java."
    assert finding.advice == "Install a JDK (17 runs every Spark from 3.3 on), or set JAVA_HOME."


@pytest.mark.parametrize(
    ("told", "major", "spark", "made_for", "verdict"),
    [
        ("17.0.15", 17, "4.2.0", "17 to 25", Verdict.OK),
        ("25", 25, "4.1.4", "17 to 25", Verdict.OK),
        ("26-ea", 26, "4.1.4", "17 to 25", Verdict.WARNING),
        ("11.0.2", 11, "4.0.1", "17 to 21", Verdict.FAULT),
        ("1.8.0_402", 8, "4.0.1", "17 to 21", Verdict.FAULT),
        ("1.8.0_402", 8, "3.5.6", "8 to 17", Verdict.OK),
        ("21.0.1", 21, "3.5.6", "8 to 17", Verdict.WARNING),
        ("17.0.1", 17, "3.2.4", "8 to 11", Verdict.WARNING),
        ("11.0.2", 11, "2.4.8", "8", Verdict.WARNING),
    ],
)
def test_the_version_fits_the_spark(
    tmp_path: Path, told: str, major: int, spark: str, made_for: str, verdict: Verdict
) -> None:
    home = java(tmp_path / "jdk", told)
    finding = look(tmp_path, spark, JAVA_HOME=str(home))
    assert finding.verdict is verdict
    assert finding.message == f"{home}/bin/java is Java {major}; Spark {spark} is made for Java {made_for}."
    advice = f"Install a JDK of that range, and point JAVA_HOME of the worker to it (now: Java {major})."
    assert finding.advice == ("" if verdict is Verdict.OK else advice)


def test_java_out_of_the_path(tmp_path: Path) -> None:
    home = java(tmp_path / "jdk", "21.0.1")
    told = f"{home}/bin/java is Java 21; Spark 4.2.0 is made for Java 17 to 25."
    assert look(tmp_path, PATH=f"/nowhere:{home}/bin").message == told
    assert look(tmp_path, PATH=f"{home}/bin", JAVA_HOME="").message == told


def test_a_java_that_fails(tmp_path: Path) -> None:
    broken = program(tmp_path / "bin" / "java", "echo 'could not create the\nvirtual machine' >&2; exit 1")
    finding = look(tmp_path, JAVA_HOME=str(tmp_path))
    assert finding.verdict is Verdict.FAULT
    assert finding.message == (
        f"{broken} does not tell its version: exit code 1, could not create the virtual machine."
    )
    assert finding.advice == f"Run `{broken} -version` as the user that runs tasks, and mend or replace that Java."


def test_a_java_that_says_nothing_or_is_no_program(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "java", "exit 0")
    assert look(tmp_path, JAVA_HOME=str(tmp_path)).message.endswith("version: exit code 0, no output.")
    (tmp_path / "bin" / "java").write_bytes(b"\x7fELF of another machine")
    assert look(tmp_path, JAVA_HOME=str(tmp_path)).message.endswith(
        f"[Errno 8] Exec format error: '{tmp_path}/bin/java'."
    )


def test_a_java_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("couture_ops.checks.java.ANSWER_S", 0.2)
    program(tmp_path / "bin" / "java", "exec sleep 60")
    finding = look(tmp_path, JAVA_HOME=str(tmp_path))
    assert finding.verdict is Verdict.FAULT
    assert finding.message.endswith("timed out after 0.2 seconds.")


def test_a_spark_that_tells_no_version(tmp_path: Path) -> None:
    home = java(tmp_path / "jdk", "17")
    finding = look(tmp_path, None, JAVA_HOME=str(home))
    assert finding.verdict is Verdict.WARNING
    assert finding.message == f"{home}/bin/java is Java 17, and Spark does not tell a version that is known here."


@pytest.mark.parametrize(("spark", "expected"), [("1.6.0", None), ("", None), ("5.1.0", (17, 25)), ("3.3", (8, 17))])
def test_the_range_of_a_line(spark: str, expected: tuple[int, int] | None) -> None:
    assert java_range(spark) == expected
