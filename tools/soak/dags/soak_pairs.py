"""Pairs of masters, one with our operator and one with the standard provider's, and the children that faults meet."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, task

from couture_ops.operators import DagOperator

#: By it the children of one run of a master are found; all tries of a task give the same.
CONF = {"parent": "{{ run_id }}"}
HOLD_S = 60
AGAIN: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(seconds=1)}

with DAG("soak_child_long", schedule=None, is_paused_upon_creation=False):

    @task
    def hold() -> None:
        """Take a minute."""
        time.sleep(HOLD_S)

    hold()

with DAG("soak_child_breaks", schedule=None, is_paused_upon_creation=False):

    @task
    def first() -> None:
        """What is done, and should stay done."""

    @task
    def second(dag_run: Any = None) -> None:
        """Fail once for each run of a master."""
        mark = Path(os.environ["AIRFLOW_HOME"], f"broken-{dag_run.conf['parent']}")
        if not mark.exists():
            mark.touch()
            raise ValueError("not yet")

    first() >> second()

with DAG("soak_child_paused", schedule=None, is_paused_upon_creation=True):

    @task
    def nothing() -> None:
        """Do nothing."""

    nothing()


def pair(fault: str, child: str, *, deferrable: bool = True, **both: Any) -> tuple[DAG, DAG]:
    """Two masters that differ in nothing but the operator."""
    with DAG(f"soak_{fault}_ours", schedule=None, is_paused_upon_creation=False) as ours:
        DagOperator(task_id="run", run_dag_id=child, dag_run_conf=CONF, deferrable=deferrable, **both)
    with DAG(f"soak_{fault}_peer", schedule=None, is_paused_upon_creation=False) as peer:
        TriggerDagRunOperator(
            task_id="run",
            trigger_dag_id=child,
            conf=CONF,
            wait_for_completion=True,
            poke_interval=5,
            deferrable=deferrable,
            **both,
        )
    return ours, peer


pairs = {
    "killed_worker": pair("killed_worker", "soak_child_long", deferrable=False, **AGAIN),
    "failed_child": pair("failed_child", "soak_child_breaks", **AGAIN),
    "paused_child": pair("paused_child", "soak_child_paused"),
    "killed_parent": pair("killed_parent", "soak_child_long"),
}
