"""DAGs that run real Spark."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from couture_ops.operators import CouturePySparkOperator, CoutureSparkOperator, PySparkOperator

#: Texts that shells, property files and Java's decoding get wrong.
ODD = ["a b", "", "--conf", "-h", 'it\'s "quoted"', "100% $HOME `x` \\", "line\nbreak", "ä€😀", " edge "]
CANARY = "canary-7d2f-operator"

with DAG("echo", schedule=None, is_paused_upon_creation=False):
    PySparkOperator(
        task_id="echo",
        config_group="real",
        code_artifact="echo.py",
        application_arguments=ODD,
        spark_configurations={f"spark.echo.{index}": value for index, value in enumerate(ODD) if value}
        | {"spark.echo.password": CANARY},
    )

with DAG("held", schedule=None, is_paused_upon_creation=False):
    CouturePySparkOperator(
        task_id="python",
        config_group="real",
        code_artifact="hold.py",
        application_arguments=["{{ dag_run.conf['until'] }}"],
    )

with DAG("sleepy", schedule=None, is_paused_upon_creation=False):
    CouturePySparkOperator(task_id="python", config_group="real", code_artifact="sleep.py")

with DAG("sleepy_jar", schedule=None, is_paused_upon_creation=False):
    CoutureSparkOperator(task_id="jar", config_group="real", code_artifact="sleep.jar", class_path="Sleep")

with DAG("too_slow", schedule=None, is_paused_upon_creation=False):
    CouturePySparkOperator(
        task_id="python", config_group="real", code_artifact="sleep.py", execution_timeout=timedelta(seconds=15)
    )

with DAG("no_class", schedule=None, is_paused_upon_creation=False):
    CoutureSparkOperator(task_id="jar", config_group="real", code_artifact="sleep.jar", class_path="No.Such")
