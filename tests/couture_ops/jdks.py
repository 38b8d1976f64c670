"""Directories that look like a JDK and like a Spark home, as far as files tell."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: 2020-01-01, in seconds since 1970.
THEN = 1_577_836_800

#: Writes what couture_ops/key_catalogue/ListKeys.java would, into the file that is its last argument.
LISTING = """#!/bin/sh
for last; do :; done
cat > "$last" <<'END'
{"entries": [{"name": "spark.a", "default": "1", "documentation": "", "since": "", "public": true, "old_names": []}],
 "deprecated": [], "seen": [], "hadoop_deprecated": {}, "failed": []}
END
"""


def make_jdk(home: Path, version: str = "17.0.15") -> Path:
    """A JDK of that version."""
    for name in ("bin/java", "lib/server/libjvm.so"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch(0o755)
        os.utime(home / name, (THEN, THEN))
    (home / "bin" / "java").write_text(LISTING)
    os.utime(home / "bin" / "java", (THEN, THEN))
    (home / "release").write_text(f'IMPLEMENTOR="Example"\nJAVA_VERSION="{version}"\n')
    return home


def make_spark(home: Path, script: str = "#!/bin/sh\nexit 0\n") -> Path:
    """A Spark home with two jars, whose spark-submit is that script."""
    for name in ("bin", "jars"):
        (home / name).mkdir(parents=True)
    for name in ("spark-core_2.13-4.2.0.jar", "scala-library.jar"):
        (home / "jars" / name).write_bytes(b"PK")
        os.utime(home / "jars" / name, (THEN, THEN))
    (home / "bin" / "spark-submit").write_text(script)
    (home / "bin" / "spark-submit").chmod(0o755)
    return home
