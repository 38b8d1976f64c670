"""Programs that print what a test says, in place of Java and Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def program(path: Path, script: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def java(home: Path, version: str) -> Path:
    """A JAVA_HOME whose java tells the version as OpenJDK does, on stderr."""
    program(home / "bin" / "java", f"echo 'openjdk version \"{version}\" 2025-04-15' >&2")
    return home


def spark(home: Path, version: str) -> Path:
    """The bones of a Spark distribution."""
    program(home / "bin" / "spark-submit", "exit 0")
    (home / "jars").mkdir(exist_ok=True)
    (home / "jars" / f"spark-core_2.13-{version}.jar").touch()
    return home
