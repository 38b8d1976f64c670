"""Counts with Spark, and says a property and an option of its JVM."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
total = spark.range(10).selectExpr("sum(id) as total").collect()[0]["total"]
said = spark.conf.get("spark.count.said", "nothing")
mine = spark.sql("SELECT java_method('java.lang.System', 'getProperty', 'mine') AS mine").collect()[0]["mine"]
print(f"COUNT {total} {said} {mine}", flush=True)
