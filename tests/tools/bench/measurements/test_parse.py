"""The probes measure in a fresh interpreter, and refuse to time what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.bench.errors import ProgramFailed
from tools.bench.measurements.parse import OURS, PEER, run_probe
from tools.demo.airflow import PROGRAMS

if TYPE_CHECKING:
    from pathlib import Path


def test_a_generated_dag_file_parses(tmp_path: Path) -> None:
    file = tmp_path / "ours.py"
    file.write_text(OURS.format(operators=3))
    assert run_probe(PROGRAMS, tmp_path, "parse_dags.py", str(file), "3") > 0


def test_a_dag_file_that_does_not_parse_is_not_timed(tmp_path: Path) -> None:
    """The peer's provider is not in our environment."""
    file = tmp_path / "peer.py"
    file.write_text(PEER.format(operators=3))
    with pytest.raises(ProgramFailed, match=r"0 tasks of 3; errors: .*No module named"):
        run_probe(PROGRAMS, tmp_path, "parse_dags.py", str(file), "3")


def test_the_imports_are_timed(tmp_path: Path) -> None:
    assert run_probe(PROGRAMS, tmp_path, "import_time.py", "ours") > 0
