"""Trains a model of ratings and measures it. Arguments: folder of cleaned ratings, folder to write, damping."""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

#: Every fifth rating is kept back to measure the model with.
HELD_BACK = 5


def main(ratings_folder: str, output: str, damping: str) -> None:
    """Fit what each movie is rated above the mean, drawn towards it by ``damping``; write it with its error."""
    spark = SparkSession.builder.getOrCreate()
    ratings = spark.read.parquet(ratings_folder)
    is_held_back = F.pmod(F.hash("user", "movie"), F.lit(HELD_BACK)) == 0
    seen, held_back = ratings.where(~is_held_back), ratings.where(is_held_back)
    mean = seen.agg(F.mean("rating")).collect()[0][0]
    offsets = seen.groupBy("movie").agg(
        (F.sum(F.col("rating") - mean) / (F.count("*") + float(damping))).alias("offset")
    )
    guess = F.lit(mean) + F.coalesce("offset", F.lit(0.0))
    squared = F.mean(F.pow(F.col("rating") - guess, 2))
    measured = held_back.join(offsets, "movie", "left").agg(F.sqrt(squared).alias("rmse"))
    error = measured.withColumn("damping", F.lit(float(damping))).coalesce(1)

    offsets.write.mode("overwrite").parquet(f"{output}/model")
    error.write.mode("overwrite").json(f"{output}/error")
    print(f"train: damping {damping} is wrong by {measured.collect()[0][0]:.3f} stars; written to {output}")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
