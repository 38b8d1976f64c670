"""A master made of the standard provider's operator: children in a row, mapped, by a template, and one left out."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

CHILDREN = ("master_clean", "master_train", "master_report")

for dag_id in CHILDREN:
    with DAG(dag_id, schedule=None, is_paused_upon_creation=False):
        EmptyOperator(task_id="done")

with DAG("master", schedule=None, is_paused_upon_creation=False):
    clean = TriggerDagRunOperator(task_id="clean", trigger_dag_id="master_clean")
    train = TriggerDagRunOperator.partial(task_id="train", trigger_dag_id="master_train").expand(
        conf=[{"rank": 5}, {"rank": 10}]
    )
    TriggerDagRunOperator(task_id="report", trigger_dag_id="{{ 'master_' ~ 'report' }}")
    never = ShortCircuitOperator(task_id="never", python_callable=lambda: False)
    never >> TriggerDagRunOperator(task_id="compare", trigger_dag_id="master_report")
    clean >> train
