"""Hadoop's own Configuration in one JVM, asked through a pipe."""

from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from couture_ops.workspace import find_spark_home

if TYPE_CHECKING:
    from collections.abc import Iterable

JOBS = Path(__file__).parent / "jobs"
#: What the JVM sees, and we are told.
SYSTEM = {"sys.a": "of the system", "sys.b": "${a}", "user.name": "ada", "user.home": "/home/ada"}
ENVIRONMENT = {"SET": "of the environment", "EMPTY": "", "A-B": "odd", "VAR": "${b}"}


@dataclass(frozen=True)
class Read:
    """What is known of one name: ``raw`` None is a name that is final without a value.

    ``effective`` is None where Hadoop fails when somebody asks.
    """

    raw: str | None
    effective: str | None
    final: bool


class HadoopFailed(Exception):
    """Hadoop can't read the files; its words."""


class Oracle:
    """The JVM; to be closed."""

    def __init__(self, folder: Path) -> None:
        jars = f"{find_spark_home(None, {}, {})}/jars"
        self.jars = Path(jars)
        classes = folder / "classes"
        source = str(JOBS / "ReadConfiguration.java")
        subprocess.run([_jdk("javac"), "-cp", f"{jars}/*", "-d", str(classes), source], check=True)
        system = [f"-D{name}={value}" for name, value in SYSTEM.items()]
        self._process = subprocess.Popen(
            [_jdk("java"), *system, "-cp", f"{classes}:{jars}/*", "ReadConfiguration"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd=folder,
            text=True,
            encoding="utf-8",
        )

    def close(self) -> None:
        """End the JVM."""
        self._process.communicate(timeout=120)
        assert self._process.returncode == 0

    def deprecated(self) -> dict[str, tuple[str, ...]]:
        """Old name -> the names that take its value."""
        table: dict[str, tuple[str, ...]] = {}
        line = self._ask("?")
        while line != ".":
            old, new = line.split("\t")[:2]
            table[old] = (*table.get(old, ()), new)
            line = self._line()
        return table

    def read(self, paths: Iterable[Path]) -> dict[str, Read]:
        """What Hadoop knows after these files, in this order; raises HadoopFailed."""
        answer = self._ask(" ".join(map(str, paths)))
        if answer.startswith("!"):
            words = _decode(answer[1:]) or ""
            assert "Too many open files" not in words, "what Hadoop makes of the files is unknown"
            raise HadoopFailed(words)
        found = {}
        for entry in answer.split():
            name, raw, effective, final = entry.split(":")
            found[_decode(name) or ""] = Read(_decode(raw), _decode(effective), final == "1")
        return found

    def _ask(self, line: str) -> str:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the JVM ended"
        return line.removesuffix("\n")


def _decode(text: str) -> str | None:
    if not text.startswith("="):
        return None
    return base64.b64decode(text[1:] + "=" * (-len(text[1:]) % 4)).decode()


def _jdk(program: str) -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", program)) if home else program
