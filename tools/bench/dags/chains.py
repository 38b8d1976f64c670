"""Masters that run one trivial child after another, by our operator and by the standard provider's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, chain, task

from couture_ops.operators import DagOperator

if TYPE_CHECKING:
    from collections.abc import Callable

LENGTH = int(os.environ["BENCH_CHAIN"])
#: Tells the children of one run of a master from those of another.
CONF = {"chain": "{{ run_id }}"}


def ours(task_id: str, child: str) -> DagOperator:
    """With all its defaults."""
    return DagOperator(task_id=task_id, run_dag_id=child, dag_run_conf=CONF)


def peer(task_id: str, child: str, **poll: Any) -> TriggerDagRunOperator:
    """Waiting in the triggerer, too; with its default poll."""
    return TriggerDagRunOperator(
        task_id=task_id, trigger_dag_id=child, conf=CONF, wait_for_completion=True, deferrable=True, **poll
    )


def prompt(task_id: str, child: str) -> TriggerDagRunOperator:
    """The same, with a poll as short as ours."""
    return peer(task_id, child, poke_interval=1)


def master_of(run_child: Callable[[str, str], Any]) -> DAG:
    """A child of its own, and the master that runs it so many times."""
    name = run_child.__name__
    with DAG(f"child_{name}", schedule=None, is_paused_upon_creation=False):

        @task
        def nothing() -> None:
            """Do nothing, in a process of its own as every task."""

        nothing()

    with DAG(f"chain_{name}", schedule=None, is_paused_upon_creation=False) as master:
        chain(*(run_child(f"run_{number}", f"child_{name}") for number in range(LENGTH)))
    return master


masters = {run_child.__name__: master_of(run_child) for run_child in (ours, peer, prompt)}
