"""Hadoop's files as we read and edit them, beside Hadoop's own class in a JVM: the tests' comparison, a longer run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tools.demo.home import CHECKOUT
from tools.soak.errors import ComparisonEnded
from tools.soak.figures import Figure
from tools.soak.progress import say

if TYPE_CHECKING:
    from pathlib import Path

    from tools.soak.stage import Stage

TEST = "tests/integration/test_hadoop_configuration.py"
#: Of one test, whose thousands of examples take minutes on a busy machine.
TIMEOUT_S = 3600


def measure(stage: Stage) -> list[Figure]:
    """Compare that many drawn files, and every default file of the distribution; raises ComparisonEnded."""
    folder = stage.scratch("hadoop_oracle")
    found = _run(stage.scale.oracle_examples, folder / "figures.json", folder / "pytest.log", folder / "drawn")
    files = found.get("drawn_files", 0) + found.get("default_files", 0) + found.get("edits", 0)
    told = (
        f"{found.get('drawn_files', 0):,} drawn files and {found.get('default_files', 0):,} *-default.xml "
        f"({found.get('default_properties', 0):,} properties) read, {found.get('edits', 0):,} drawn files edited"
    )
    return [
        Figure("hadoop_oracle_files", "Hadoop files compared with Hadoop's own class", files, "", files, note=told),
        Figure("hadoop_oracle_meaning", "differences in meaning", found.get("meaning_differs", 0), "", files, 0),
        Figure("hadoop_oracle_bytes", "edits that changed other bytes", found.get("bytes_differ", 0), "", files, 0),
    ]


def _run(examples: int, figures: Path, log: Path, drawn: Path) -> dict[str, int]:
    """What the tests counted."""
    say(f"hadoop_oracle: {examples:,} examples of each kind; {log} tells more")
    told = {"COUTURE_ORACLE_EXAMPLES": str(examples), "COUTURE_ORACLE_FIGURES": str(figures)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--tb=short",
        f"--timeout={TIMEOUT_S}",
        f"--basetemp={drawn}",
        TEST,
    ]
    with log.open("wb") as output:
        code = subprocess.run(
            command, cwd=CHECKOUT, env={**os.environ, **told}, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode
    shutil.rmtree(drawn, ignore_errors=True)
    found: dict[str, int] = json.loads(figures.read_text()) if figures.is_file() else {}
    differs = found.get("meaning_differs", 0) + found.get("bytes_differ", 0)
    if not found.get("default_files") or (code != 0 and not differs):
        raise ComparisonEnded(code, log)
    return found
