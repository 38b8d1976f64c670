"""Reads MovieLens' ``user::movie::rating::timestamp`` lines; the group ``default`` adds it to its jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PARTS = 4
HIGHEST_RATING = 5


def read_ratings(spark: SparkSession, path: str) -> tuple[DataFrame, int]:
    """The well-formed ratings of a file, and how many lines were left out.

    Columns: ``user`` and ``movie`` (int), ``rating`` (double, 0 to 5), ``rated_at`` (timestamp).
    """
    lines = spark.read.text(path).select(F.split("value", "::").alias("parts"))
    whole = lines.where(F.size("parts") == PARTS).select(
        F.expr("try_cast(parts[0] AS int)").alias("user"),
        F.expr("try_cast(parts[1] AS int)").alias("movie"),
        F.expr("try_cast(parts[2] AS double)").alias("rating"),
        F.expr("timestamp_seconds(try_cast(parts[3] AS bigint))").alias("rated_at"),
    )
    ratings = whole.dropna().where(F.col("rating").between(0, HIGHEST_RATING)).dropDuplicates(["user", "movie"])
    ratings = ratings.cache()
    return ratings, lines.count() - ratings.count()
