"""The example with deadlines (its DAGs know airflow.sdk alone), not paused."""

from __future__ import annotations

import runpy
from pathlib import Path

from airflow.sdk import DAG

EXAMPLE = Path(__file__).parents[3] / "example_dags" / "deadlines.py"

for name, found in runpy.run_path(str(EXAMPLE)).items():
    if isinstance(found, DAG):
        found.is_paused_upon_creation = False
        globals()[name] = found
