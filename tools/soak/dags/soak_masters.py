"""The soak's masters: a child that lasts until it is released, waited for in a slot and outside, and many children."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, task

from couture_ops.operators import DagOperator

#: Airflow gives a task up when the API server or the scheduler is away: the children need tries for that.
PATIENT, TRIES, DELAY = 100, 3, timedelta(seconds=1)
PLENTY = 1_000

with DAG("soak_child", schedule=None, is_paused_upon_creation=False, max_active_runs=PLENTY):

    @task(retries=PATIENT, retry_delay=DELAY)
    def last(dag_run: Any = None) -> None:
        """Last until the file that conf names is there; so a later try has no more to do than an earlier one."""
        while not Path(dag_run.conf["release"]).exists():
            time.sleep(0.2)

    last()

with DAG("soak_master", schedule=None, is_paused_upon_creation=False, max_active_runs=PLENTY):
    DagOperator(task_id="child", run_dag_id="soak_child", retries=TRIES, retry_delay=DELAY)

with DAG("soak_master_in_slot", schedule=None, is_paused_upon_creation=False, max_active_runs=PLENTY):
    DagOperator(task_id="child", run_dag_id="soak_child", deferrable=False, retries=TRIES, retry_delay=DELAY)

with DAG("soak_gated", schedule=None, is_paused_upon_creation=False, max_active_runs=PLENTY, max_active_tasks=PLENTY):

    @task(pool="soak_gate", retries=PATIENT, retry_delay=DELAY)
    def pass_through() -> None:
        """End at once; it begins when there is such a pool."""

    pass_through()

with DAG("soak_many", schedule=None, is_paused_upon_creation=False, max_active_tasks=PLENTY):

    @task(retries=TRIES, retry_delay=DELAY)
    def batches(dag_run: Any = None) -> list[dict[str, int]]:
        """The conf of each child."""
        return [{"n": number} for number in range(dag_run.conf["children"])]

    DagOperator.partial(task_id="child", run_dag_id="soak_gated", retries=TRIES, retry_delay=DELAY).expand(
        dag_run_conf=batches()
    )
