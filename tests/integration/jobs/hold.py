"""Counts with Spark, then waits until the file of its argument is there."""

import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession

with SparkSession.builder.getOrCreate() as spark:
    total = spark.range(10).groupBy().sum("id").collect()[0][0]
    print(f"holding {total}", flush=True)
    while not Path(sys.argv[1]).exists():
        time.sleep(0.1)
    print("let go", flush=True)
