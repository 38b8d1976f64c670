"""Says its arguments, its properties and the modules it can import, as one line of JSON."""

import json
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
said = {key: value for key, value in spark.sparkContext.getConf().getAll() if key.startswith("spark.echo.")}
rows = spark.range(10).selectExpr("sum(id) as total").collect()
print("ECHO " + json.dumps({"arguments": sys.argv[1:], "properties": said, "total": rows[0]["total"]}), flush=True)
