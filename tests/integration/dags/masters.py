"""Master DAGs of the tests, and the children that they run."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, task

from couture_ops.operators import DagOperator, SkippableDagOperator


def conditionally_trigger(context, dag_run_obj):
    """The condition of the acceptance case, as its author wrote it."""
    if context["params"]["condition_param"]:
        dag_run_obj.payload = {"message": context["params"]["message"]}
        return dag_run_obj
    return None


with DAG("child_quick", schedule=None):

    @task
    def say(dag_run=None, logical_date=None):
        """Answer what the run was given."""
        return {"conf": dag_run.conf, "logical_date": logical_date.isoformat() if logical_date else None}

    say()

with DAG("child_slow", schedule=None):

    @task
    def hold(dag_run=None):
        """Run until the file that conf names is there, or for a minute."""
        deadline = time.monotonic() + 60
        while not Path(dag_run.conf["until"]).exists() and time.monotonic() < deadline:
            time.sleep(0.2)

    hold()

with DAG("child_breaks", schedule=None):

    @task
    def first():
        """What is done, and stays done."""

    @task
    def second(dag_run=None):
        """Fail until the file that conf names is there."""
        if not Path(dag_run.conf["until"]).exists():
            raise ValueError("not yet")

    @task
    def third():
        """What waits for the second."""

    first() >> second() >> third()

with DAG("child_paused", schedule=None, is_paused_upon_creation=True):

    @task
    def nothing():
        """Do nothing."""

    nothing()

with DAG("master_condition", schedule=None, params={"condition_param": True, "message": "Hi"}):
    DagOperator(
        task_id="Compare",
        run_dag_id="child_quick",
        python_callable=conditionally_trigger,
        params={"condition_param": True, "message": "Hi"},
        dag_run_conf={"top": "{{ run_id }}"},
    )
    SkippableDagOperator(task_id="skipped", run_dag_id="child_quick", skip_dag="{{ 1 == 1 }}")

with DAG("master_slow", schedule=None):
    DagOperator(task_id="hold", run_dag_id="child_slow")
    DagOperator(task_id="hold_in_slot", run_dag_id="child_slow", deferrable=False)

with DAG("master_short", schedule=None):
    DagOperator(task_id="hold", run_dag_id="child_slow", execution_timeout=timedelta(seconds=8))

with DAG("master_resumes", schedule=None):
    DagOperator(task_id="resume", run_dag_id="child_breaks", retries=1, retry_delay=timedelta(seconds=1))

with DAG("master_refused", schedule=None):
    DagOperator(task_id="paused", run_dag_id="child_paused")
    DagOperator(task_id="missing", run_dag_id="child_quik")
    DagOperator(task_id="itself", run_dag_id="master_refused")

with DAG("master_mapped", schedule=None):
    DagOperator.partial(task_id="batch", run_dag_id="child_quick").expand(dag_run_conf=[{"n": n} for n in range(3)])
