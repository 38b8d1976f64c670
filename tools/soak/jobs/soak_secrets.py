"""Prints every secret that it was given, sleeps on its first try, ends on the second."""

import os
import sys
import time

from pyspark.sql import SparkSession

with SparkSession.builder.getOrCreate() as spark:
    conf = spark.sparkContext.getConf()
    for key, value in conf.getAll():
        if key.startswith("spark.soak."):
            print(f"HAS {key}={value}", flush=True)
    for name in ("SOAK_TOKEN", "SOAK_PASSWORD"):
        print(f"HAS {name}={os.environ[name]}", flush=True)
    print("sleeping", flush=True)
    time.sleep(600 if sys.argv[1].endswith(".1") else 0)
