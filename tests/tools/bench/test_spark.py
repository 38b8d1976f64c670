"""What stands in for spark-submit writes the lines that are counted."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tools.bench.measurements.log import SIGN
from tools.bench.spark import LINES_FILE, copy_sample, make_line_writer

if TYPE_CHECKING:
    from pathlib import Path


def test_the_line_writer_writes_so_many_lines(tmp_path: Path) -> None:
    file = make_line_writer(tmp_path, 3)
    argv = [str(tmp_path / "bin" / "spark-submit"), "--master", "local"]
    said = subprocess.check_output(argv, env={**os.environ, LINES_FILE: str(file)}, text=True)
    assert said.splitlines()[2].startswith("26/01/01 00:00:00 INFO TaskSetManager: Finished task 2.0 in stage 3.0")
    assert said.count(SIGN) == 3


def test_the_sample_comes_with_pyspark(tmp_path: Path) -> None:
    assert copy_sample(tmp_path / "input").read_text().startswith("0::2::3::1424380312\n")
