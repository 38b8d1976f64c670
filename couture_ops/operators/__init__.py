"""The operators, importable from here."""

from __future__ import annotations

from couture_ops.operators.dag import DagOperator, SkippableDagOperator
from couture_ops.operators.pyspark import CouturePySparkOperator, PySparkOperator
from couture_ops.operators.spark import CoutureSparkOperator, SparkOperator

__all__ = [
    "CouturePySparkOperator",
    "CoutureSparkOperator",
    "DagOperator",
    "PySparkOperator",
    "SkippableDagOperator",
    "SparkOperator",
]
