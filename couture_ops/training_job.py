"""The job whose classes an archive keeps: a little of all that most jobs do; `airflow couture warm` submits it.

Run by spark-submit, so it needs Python and PySpark alone. A job in a jar takes the same way through the same
JVM, so one archive serves both languages; the classes of py4j are all that a jar leaves unused.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as f

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROWS = 200
FORMATS = ("parquet", "csv", "json")


def main(folder: str) -> None:
    """Compute, and write into a folder that is thrown away."""
    spark = SparkSession.builder.appName("couture class archive").getOrCreate()
    rows = spark.range(ROWS).withColumn("k", f.col("id") % 7).withColumn("name", f.concat(f.lit("n"), f.col("id")))
    for name in FORMATS:
        rows.write.mode("overwrite").format(name).save(f"{folder}/{name}")
    read = spark.read.parquet(f"{folder}/parquet").cache()
    text = spark.read.csv(f"{folder}/csv", inferSchema=True).toDF("id", "k", "name")
    _query(spark, read, text.unionByName(spark.read.json(f"{folder}/json").select("id", "k", "name")))
    _compute_in_python(spark, read)
    spark.stop()


def _query(spark: SparkSession, left: DataFrame, right: DataFrame) -> None:
    """Aggregates, joins, windows and SQL."""
    left.createOrReplaceTempView("rows")
    spark.sql(
        "SELECT k, count(*) AS n, avg(id), max(name) FROM rows WHERE id BETWEEN 3 AND 150 "
        "GROUP BY k HAVING count(*) > 1 ORDER BY n DESC, k LIMIT 5"
    ).collect()
    ranked = left.withColumn("rank", f.row_number().over(Window.partitionBy("k").orderBy(f.desc("id"))))
    ranked.filter("rank < 3").join(f.broadcast(right), "id", "left").drop_duplicates(["id"]).count()
    left.hint("merge").join(right.repartition(2, "id"), "id").agg(f.sum("id"), f.collect_set(left["name"])).collect()
    days = left.select(
        f.date_add(f.current_date(), f.col("k").cast("int")).alias("day"), f.split("name", "n").alias("s")
    )
    days.select(f.explode("s"), f.when(f.year("day") > 2000, f.to_json(f.struct("day")))).show(3)


def _compute_in_python(spark: SparkSession, rows: DataFrame) -> None:
    """Python workers: an RDD with a shuffle, and a function of SQL."""
    rdd = spark.sparkContext.parallelize(range(ROWS), 2)
    rdd.map(lambda x: (x % 5, x)).reduceByKey(lambda a, b: a + b).collect()
    rows.select(f.udf(lambda name: name.upper(), "string")("name")).collect()


if __name__ == "__main__":
    main(sys.argv[1])
