"""Checks of the Java that a Spark distribution will run on."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from config_store.wire import Finding
from couture_ops.jvm import find_java

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: How long a program may take to tell its version, seconds.
ANSWER_S = 10.0

_NAME = "java"
_VERSION = re.compile(r'version "(\d+)(?:\.(\d+))?')


class Range(NamedTuple):
    """The first and the last Java that a line of Spark is made for."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first} to {self.last}" if self.first != self.last else str(self.first)


#: Spark's line -> its Javas. Source: the page "Downloading" of each line's documentation; from 4.0 on Java 8 and
#: 11 are gone (SPARK-45315), and 4.1 was measured on 25.
_MADE_FOR = {
    (2, 0): Range(8, 8),
    (3, 0): Range(8, 11),
    (3, 3): Range(8, 17),
    (4, 0): Range(17, 21),
    (4, 1): Range(17, 25),
}


def check_java(spark_home: Path | None, spark_version: str | None, environment: Mapping[str, str]) -> list[Finding]:
    """Whether the Java that this Spark's scripts choose is there, and of a version that the Spark runs on.

    ``environment`` is the worker's: Spark takes JAVA_HOME, else ``java`` out of PATH (its script spark-class).
    ``spark_home`` None: there is no Spark yet, and the Java is looked at all the same.
    """
    subject = f"the Java of {spark_home or 'this worker'}"
    java = find_java(environment)
    if java is None:
        return [_missing(subject, environment)]
    try:
        told = subprocess.run([str(java), "-version"], capture_output=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [_silent(subject, java, str(error))]
    text = (told.stderr + told.stdout).decode(errors="replace")
    match = _VERSION.search(text)
    if told.returncode or not match:
        return [_silent(subject, java, f"exit code {told.returncode}, {' '.join(text.split())[:200] or 'no output'}")]
    if spark_home is None:
        said = f"{java} is Java {_major(match)}; there is no Spark to compare it with."
        return [Finding.ok(_NAME, subject, said)]
    return [_judged(subject, java, _major(match), spark_version)]


def _major(match: re.Match[str]) -> int:
    """Java 8 says 1.8."""
    return int(match[2] or 1) if match[1] == "1" else int(match[1])


def _missing(subject: str, environment: Mapping[str, str]) -> Finding:
    if home := environment.get("JAVA_HOME"):
        message = f"JAVA_HOME is {home!r}, and there is no program bin/java in it."
        return Finding.fault(_NAME, subject, message, "Point JAVA_HOME to a JDK, or unset it to take java out of PATH.")
    message = "No Java was found: JAVA_HOME is not set, and PATH holds no java."
    return Finding.fault(_NAME, subject, message, "Install a JDK (17 runs every Spark from 3.3 on), or set JAVA_HOME.")


def _silent(subject: str, java: Path, reason: str) -> Finding:
    advice = f"Run `{java} -version` as the user that runs tasks, and mend or replace that Java."
    return Finding.fault(_NAME, subject, f"{java} does not tell its version: {reason}.", advice)


def _judged(subject: str, java: Path, major: int, spark_version: str | None) -> Finding:
    made_for = java_range(spark_version)
    if made_for is None:
        reason = f"{java} is Java {major}, and Spark does not tell a version that is known here."
        return Finding.warning(_NAME, subject, reason, "Look into Spark's documentation whether it runs on this Java.")
    said = f"{java} is Java {major}; Spark {spark_version} is made for Java {made_for}."
    advice = f"Install a JDK of that range, and point JAVA_HOME of the worker to it (now: Java {major})."
    if major < made_for.first:
        return Finding.fault(_NAME, subject, said, advice)
    return Finding.warning(_NAME, subject, said, advice) if major > made_for.last else Finding.ok(_NAME, subject, said)


def java_range(spark_version: str | None) -> Range | None:
    """The Javas that a Spark is made for; None for a version that says nothing."""
    match = re.match(r"(\d+)\.(\d+)", spark_version or "")
    line = (int(match[1]), int(match[2])) if match else (0, 0)
    return next((made_for for first, made_for in reversed(_MADE_FOR.items()) if line >= first), None)
