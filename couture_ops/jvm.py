"""The JVM that spark-submit will start: which one, and what it says of itself. Starts nothing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENTRY = re.compile(r'^(JAVA_RUNTIME_VERSION|JAVA_VERSION|IMPLEMENTOR)="(.*)"$', re.MULTILINE)


def find_java(environment: Mapping[str, str]) -> Path | None:
    """The program ``java`` as Spark's bin/spark-class chooses it: JAVA_HOME's, else the one on PATH."""
    if home := environment.get("JAVA_HOME"):
        java = Path(home, "bin", "java")
        return java if java.exists() else None
    found = shutil.which("java", path=environment.get("PATH"))
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
