"""A master made of the standard provider's operator: children in a row, mapped, by a template, and one left out."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

from config_store.child_runs import child_run_id

CHILDREN = ("master_clean", "master_train", "master_report")
RUN_ID = "{{ child_run_id(dag.dag_id, run_id, task.task_id, ti.map_index) }}"

for dag_id in CHILDREN:
    with DAG(dag_id, schedule=None, is_paused_upon_creation=False):
        EmptyOperator(task_id="done")

with DAG("master", schedule=None, is_paused_upon_creation=False, user_defined_macros={"child_run_id": child_run_id}):
    clean = TriggerDagRunOperator(task_id="clean", trigger_dag_id="master_clean", trigger_run_id=RUN_ID)
    train = TriggerDagRunOperator.partial(task_id="train", trigger_dag_id="master_train", trigger_run_id=RUN_ID).expand(
        conf=[{"rank": 5}, {"rank": 10}]
    )
    # its run has an id of Airflow's own, which the task tells
    TriggerDagRunOperator(task_id="report", trigger_dag_id="{{ 'master_' ~ 'report' }}")
    never = ShortCircuitOperator(task_id="never", python_callable=lambda: False)
    never >> TriggerDagRunOperator(task_id="compare", trigger_dag_id="master_report", trigger_run_id=RUN_ID)
    clean >> train
