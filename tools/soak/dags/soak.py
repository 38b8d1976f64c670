"""The soak's DAGs: drivers that sleep until they are killed, one that ends, one that is full of secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from couture_ops.operators import CouturePySparkOperator, CoutureSparkOperator

#: The argument by which the driver of one try is found among all processes.
MARK = ["{{ run_id }}.{{ ti.try_number }}"]
AGAIN: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(seconds=1), "config_group": "soak"}

with DAG("soak_python", schedule=None, is_paused_upon_creation=False, max_active_runs=32):
    CouturePySparkOperator(task_id="job", code_artifact="soak_sleep.py", application_arguments=MARK, **AGAIN)

with DAG("soak_jar", schedule=None, is_paused_upon_creation=False, max_active_runs=32):
    CoutureSparkOperator(
        task_id="job", code_artifact="soak_sleep.jar", class_path="SoakSleep", application_arguments=MARK, **AGAIN
    )

with DAG("soak_short", schedule=None, is_paused_upon_creation=False):
    CouturePySparkOperator(
        task_id="job", config_group="soak", code_artifact="soak_sleep.py", application_arguments=["{{ run_id }}"]
    )

with DAG("soak_secrets", schedule=None, is_paused_upon_creation=False):
    CouturePySparkOperator(
        task_id="job",
        code_artifact="soak_secrets.py",
        application_arguments=MARK,
        **(AGAIN | {"config_group": "soak-secrets"}),
        spark_configurations={"spark.soak.operator.password": "{{ var.value.soak_operator }}"},
        env_vars={"SOAK_PASSWORD": "{{ var.value.soak_environment }}"},
    )

with DAG("soak_elsewhere", schedule=None, is_paused_upon_creation=False):
    CouturePySparkOperator(
        task_id="job",
        config_group="soak",
        code_artifact="soak_sleep.py",
        application_arguments=["{{ run_id }}"],
        couture_conn_id="soak_store",
    )
