"""Asks the jars of a Spark distribution for their keys: Spark's in a JVM, Hadoop's from its ``*-default.xml``."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from couture_ops.errors import CatalogueFailed, NoJvm
from couture_ops.jvm import find_java
from couture_ops.launch import driver_environment
from couture_ops.workspace import spark_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROGRAM = Path(__file__).with_name("ListKeys.java")
#: Seconds; it takes five on an idle machine.
TIMEOUT_S = 300.0
#: For a class path of 250 jars and a compiler that reads one file.
_OPTIONS = ("-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_DEFAULTS = re.compile(r"[a-z-]+-default\.xml")
_MAX_TOLD = 2_000


def list_keys(spark_home: Path, environment: Mapping[str, str], scratch: Path) -> dict[str, Any]:
    """The keys of a distribution, as config_store/catalogue/keys.py reads them.

    ``scratch``: a directory for the JVM's output. Raises NoJvm, CatalogueFailed, OSError.
    """
    jars = spark_home.absolute() / "jars"
    said = _ask_jvm(spark_home, jars, environment, scratch)
    return {"spark_version": spark_version(spark_home) or "", **said, "hadoop": list(_hadoop_defaults(jars))}


def _ask_jvm(spark_home: Path, jars: Path, environment: Mapping[str, str], scratch: Path) -> dict[str, Any]:
    java, output = find_java(environment), scratch / "keys.json"
    if java is None:
        raise NoJvm("JAVA_HOME leads to no program bin/java, and PATH has none")
    argv = [str(java), *_OPTIONS, "-cp", f"{jars}/*", str(PROGRAM), str(jars), str(output)]
    own = dict.fromkeys(("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"), "")
    try:
        ended = subprocess.run(
            argv,
            cwd=scratch,
            env=driver_environment(environment, own),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise CatalogueFailed(spark_home, f"the JVM did not end within {TIMEOUT_S:.0f} s") from error
    if ended.returncode != 0 or not output.is_file():
        told = (ended.stderr + ended.stdout).decode(errors="replace").strip()[-_MAX_TOLD:]
        raise CatalogueFailed(
            spark_home, f"{java} ended with {ended.returncode}; it needs a JDK of 11 or newer: {told}"
        )
    said: dict[str, Any] = json.loads(output.read_bytes())
    if not said["entries"]:
        raise CatalogueFailed(spark_home, f"its jars declare no keys: {'; '.join(said['failed'])[:_MAX_TOLD]}")
    return said


def _hadoop_defaults(jars: Path) -> Iterator[dict[str, str | None]]:
    """Each property of Hadoop's own files of defaults, with what the file says of it."""
    for path in sorted(jars.glob("hadoop-*.jar")):
        with zipfile.ZipFile(path) as jar:
            for name in sorted(filter(_DEFAULTS.fullmatch, jar.namelist())):
                yield from _properties(name, jar.read(name))


def _properties(file: str, content: bytes) -> Iterator[dict[str, str | None]]:
    root = ElementTree.fromstring(content)  # noqa: S314 - a file of the installed distribution, whose code we run, too
    for entry in root.iter("property"):
        said = {child.tag: (child.text or "").strip() for child in entry}
        if said.get("name"):
            yield {
                "name": said["name"],
                "default": said.get("value"),
                "documentation": " ".join(said.get("description", "").split()),
                "file": file,
            }
