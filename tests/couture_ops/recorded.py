"""What the recording spark-submit has written down."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

RECORDING_SPARK = Path(__file__).parents[1] / "integration" / "recording_spark"


def records() -> list[dict[str, Any]]:
    """How spark-submit was called, once for each call."""
    return [json.loads(path.read_text()) for path in sorted(Path(os.environ["COUTURE_TEST_RECORDS"]).glob("*.json"))]
