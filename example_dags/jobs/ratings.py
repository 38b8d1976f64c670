"""Cleans MovieLens ratings and writes them as Parquet. Arguments: the ratings file, the folder to write."""

from __future__ import annotations

import sys

from movielens import read_ratings
from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def main(ratings_file: str, output: str) -> None:
    """Read, clean, write, and say in a few lines what came out."""
    # No master, memory or other setting here: all of it comes from the config group.
    spark = SparkSession.builder.getOrCreate()
    ratings, left_out = read_ratings(spark, ratings_file)
    ratings.write.mode("overwrite").parquet(output)

    users, movies, mean = ratings.select(F.countDistinct("user"), F.countDistinct("movie"), F.mean("rating")).collect()[
        0
    ]
    print(f"ratings: {ratings.count()} of {users} users for {movies} movies, {left_out} lines left out")
    print(f"ratings: {mean:.2f} on average")
    for row in ratings.groupBy("rating").count().orderBy("rating").collect():
        print(f"ratings: {row['rating']:.0f} stars {row['count']:5d} times")
    print(f"ratings: written to {output}")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
