"""The DAGs of the acceptance cases, as a user of the former orchestrator would write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from couture_ops.operators import CouturePySparkOperator, CoutureSparkOperator

PATHS: dict[str, Any] = {
    "input_base_dir_path": "/ga/2025-01-01/",
    "output_base_dir_path": "/h/",
    "input_filenames_dict": {"query_position_data": "query_position"},
    "output_filenames_dict": {"history_queries_data": "HistoryMerged"},
}
JAR = {"code_artifact": "couture.jar", "class_path": "ai.couture.MainClass"}

with DAG("plain", schedule=None, is_paused_upon_creation=False):
    CoutureSparkOperator(
        task_id="operator_task",
        app_name="Couture",
        class_path="ai.couture.MainClass",
        code_artifact="couture.jar",
        application_arguments=["inputData", "/outputData"],
        description="",
    )
    CoutureSparkOperator(
        task_id="history",
        **JAR,
        method_id="PreProcessHistoryData",
        method_args_dict={"search_term_column": "search_term"},
        **PATHS,
    )
    CoutureSparkOperator(
        task_id="only_method", **JAR, method_id="Load", method_args_dict={"file_paths": ["/a/{{ run_id }}", 1, 2.5]}
    )
    CoutureSparkOperator(
        task_id="empties",
        **JAR,
        method_id="Load",
        method_args_dict={},
        input_base_dir_path="",
        input_filenames_dict={"": ""},
    )

with DAG("video_embedding_dag", schedule=None, is_paused_upon_creation=False):
    CoutureSparkOperator(task_id="fetch_videos", **JAR, task_args_dict={"task_strategy": "parallel"}, **PATHS)

with DAG("groups", schedule=None, is_paused_upon_creation=False, default_args={"config_group": "g_large", **JAR}):
    CoutureSparkOperator(task_id="t1")
    CoutureSparkOperator(task_id="t2", config_group="g_delta")

with DAG("unknown_group", schedule=None, is_paused_upon_creation=False):
    CoutureSparkOperator(task_id="t", config_group="g_lagre", **JAR)

with DAG("live_edit", schedule=None, is_paused_upon_creation=False):
    CoutureSparkOperator(task_id="t", config_group="g_delta", **JAR)

with DAG("python", schedule=None, is_paused_upon_creation=False):
    CouturePySparkOperator(
        task_id="a",
        app_name="A",
        config_group="python",
        code_artifact="pi.py",
        application_arguments=[],
        exclude_spark_args=["jars"],
    )
    CouturePySparkOperator(
        task_id="b", config_group="python", code_artifact="pi.py", python_conf="/data/envs/p3/bin/python"
    )

with DAG(
    "defaults",
    schedule=None,
    is_paused_upon_creation=False,
    default_args={"config_group": "g_delta", "code_artifact": "job.jar", "class_path": "a.b.Main"},
):
    CoutureSparkOperator(task_id="only_method_id", method_id="Merge")

with DAG("missing_artifact", schedule=None, is_paused_upon_creation=False):
    CoutureSparkOperator(task_id="never_uploaded", code_artifact="coutur.jar", class_path="a.B")
    CoutureSparkOperator(task_id="escaping", code_artifact="../x.jar", class_path="a.B")

with DAG("failure", schedule=None, is_paused_upon_creation=False):
    CoutureSparkOperator(
        task_id="t", **JAR, application_arguments=["exit=1"], retries=1, retry_delay=timedelta(seconds=1)
    )

with DAG("mapped", schedule=None, is_paused_upon_creation=False):
    CoutureSparkOperator.partial(task_id="t", **JAR).expand(application_arguments=[["first"], ["second"]])

with DAG("again", schedule=None, is_paused_upon_creation=False):
    CoutureSparkOperator(
        task_id="t", config_group="g_delta", **JAR, application_arguments=["exit={{ dag_run.conf.get('exit', 0) }}"]
    )
