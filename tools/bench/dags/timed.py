"""An operator that leaves behind how long its `execute` took; both sides' DAG files use it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class Timed(BaseOperator):
    """Mixed in before an operator; writes ``$BENCH_TIMES/<run id>.json`` when its work succeeded."""

    def execute(self, context: Context) -> Any:
        """Do the operator's work."""
        begun = time.monotonic()
        answer = super().execute(context)
        seconds = time.monotonic() - begun
        Path(os.environ["BENCH_TIMES"], f"{context['run_id']}.json").write_text(json.dumps({"seconds": seconds}))
        return answer
