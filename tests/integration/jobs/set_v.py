"""Writes what `SET -v` says into the file that is its argument, as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
Path(sys.argv[1]).write_text(json.dumps([row.asDict() for row in spark.sql("SET -v").collect()]))
spark.stop()
