"""The JVM that spark-submit will start: which one, and what it says of itself. Starts nothing."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from couture_ops.errors import NoJvm

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Below the JVM's directory: what changes with every other build of it.
_LIBRARY = Path("lib", "server", "libjvm.so")
_ENTRY = re.compile(r'^(JAVA_RUNTIME_VERSION|JAVA_VERSION|IMPLEMENTOR)="(.*)"$', re.MULTILINE)


@dataclass(frozen=True)
class Jvm:
    """One installed JVM. ``version`` is such as "17.0.15"; ``identity`` changes with every other build."""

    home: Path
    version: str
    identity: str

    @property
    def feature(self) -> int:
        """The number before the first dot, as 17; for Java 8, which says 1.8, this is 1."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0] or 0)


def find_java(environment: Mapping[str, str]) -> Path | None:
    """The program ``java`` as Spark's bin/spark-class chooses it: JAVA_HOME's, else the one on PATH."""
    if home := environment.get("JAVA_HOME"):
        java = Path(home, "bin", "java")
        return java if java.is_file() and os.access(java, os.X_OK) else None
    found = shutil.which("java", path=environment.get("PATH", ""))
    return Path(found) if found else None


def java_version(environment: Mapping[str, str]) -> str | None:
    """Version and maker, ``17.0.9+9 Eclipse Adoptium``, by the file ``release`` of the JVM; None where it has none."""
    java = find_java(environment)
    if java is None:
        return None
    release = java.resolve().parents[1] / "release"
    try:
        entries = dict(_ENTRY.findall(release.read_text(errors="replace")))
    except OSError:
        return None
    words = (entries.get("JAVA_RUNTIME_VERSION") or entries.get("JAVA_VERSION"), entries.get("IMPLEMENTOR"))
    return " ".join(filter(None, words)) or None


def find_jvm(environment: Mapping[str, str]) -> Jvm:
    """The JVM of :func:`find_java`, told from others; raises NoJvm."""
    if java := find_java(environment):
        return read_jvm(java.resolve().parents[1])
    home = environment.get("JAVA_HOME")
    raise NoJvm(
        f"JAVA_HOME is {home}, which has no program bin/java" if home else "JAVA_HOME is not set, and PATH has no java"
    )


def read_jvm(home: Path) -> Jvm:
    """The JVM of a directory by its file ``release`` and its library; raises NoJvm.

    Links are followed: a new JDK behind an old link is another one.
    """
    home = home.resolve()
    try:
        release = (home / "release").read_text(errors="replace")
        library = (home / _LIBRARY).stat()
    except OSError as error:
        raise NoJvm(f"{home} does not look like a JDK ({error.strerror}: {error.filename})") from error
    if not (version := dict(_ENTRY.findall(release)).get("JAVA_VERSION")):
        raise NoJvm(f"{home / 'release'} names no JAVA_VERSION")
    return Jvm(home, version, f"{release}\n{library.st_size} {library.st_mtime_ns}")
