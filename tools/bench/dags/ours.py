"""Our side: what a job needs stands in the store, in the groups `bench` and `lines`."""

from __future__ import annotations

import os

from airflow.sdk import DAG
from timed import Timed

from couture_ops.operators import CouturePySparkOperator, CoutureSparkOperator


class TimedPySpark(Timed, CouturePySparkOperator):
    """Runs a python file."""


class TimedSpark(Timed, CoutureSparkOperator):
    """Runs a jar."""


INPUT, OUTPUT = os.environ["BENCH_INPUT"], os.environ["BENCH_OUTPUT"]

with DAG("local_pyspark", schedule=None, is_paused_upon_creation=False):
    TimedPySpark(
        task_id="job",
        config_group="bench",
        code_artifact="ratings.py",
        py_files=["movielens.py"],
        application_arguments=[f"{INPUT}/sample_movielens_ratings.txt", f"{OUTPUT}/ratings"],
    )

with DAG("local_jar", schedule=None, is_paused_upon_creation=False):
    TimedSpark(
        task_id="job",
        config_group="bench",
        code_artifact="ratings-jobs.jar",
        jars=["job-argument.jar"],
        class_path="example.RatingsJobs",
        application_arguments=[os.environ["BENCH_JAR_ARGUMENT"]],
    )

with DAG("log", schedule=None, is_paused_upon_creation=False):
    TimedPySpark(task_id="job", config_group="lines", code_artifact="ratings.py")
