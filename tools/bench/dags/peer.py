"""The peer's side: the same jobs; what they need stands here, as its operator wants it."""

from __future__ import annotations

import json
import os

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG
from timed import Timed


class TimedSubmit(Timed, SparkSubmitOperator):  # type: ignore[misc]  # the provider is not in our environment
    """Runs a python file or a jar."""


INPUT, OUTPUT = os.environ["BENCH_INPUT"], os.environ["BENCH_OUTPUT"]
FILES = json.loads(os.environ["BENCH_FILES"])
SETTINGS = {
    "conf": json.loads(os.environ["BENCH_CONFIGURATIONS"]),
    "driver_memory": os.environ["BENCH_DRIVER_MEMORY"],
    "deploy_mode": "client",
}

with DAG("local_pyspark", schedule=None, is_paused_upon_creation=False):
    TimedSubmit(
        task_id="job",
        application=FILES["ratings.py"],
        py_files=FILES["movielens.py"],
        application_args=[f"{INPUT}/sample_movielens_ratings.txt", f"{OUTPUT}/ratings"],
        **SETTINGS,
    )

with DAG("local_jar", schedule=None, is_paused_upon_creation=False):
    TimedSubmit(
        task_id="job",
        application=FILES["ratings-jobs.jar"],
        jars=FILES["job-argument.jar"],
        java_class="example.RatingsJobs",
        application_args=[os.environ["BENCH_JAR_ARGUMENT"]],
        **SETTINGS,
    )

with DAG("log", schedule=None, is_paused_upon_creation=False):
    # its hook looks for spark-submit along the PATH of these
    path = f"{os.environ['BENCH_LINES_HOME']}/bin{os.pathsep}{os.environ['PATH']}"
    TimedSubmit(task_id="job", application=FILES["ratings.py"], env_vars={"PATH": path}, **SETTINGS)
