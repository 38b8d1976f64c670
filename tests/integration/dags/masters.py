"""Master DAGs of the tests, and the children that they run."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, task

from couture_ops.operators import DagOperator, SkippableDagOperator


def conditionally_trigger(context: Any, dag_run_obj: Any) -> Any:
    """The condition of the acceptance case, as its author wrote it."""
    if context["params"]["condition_param"]:
        dag_run_obj.payload = {"message": context["params"]["message"]}
        return dag_run_obj
    return None


with DAG("child_quick", schedule=None, is_paused_upon_creation=False):

    @task
    def say(dag_run: Any = None) -> dict[str, Any]:
        """Answer what the run was given."""
        return dict(dag_run.conf)

    say()

with DAG("child_slow", schedule=None, is_paused_upon_creation=False):

    @task
    def hold(dag_run: Any = None) -> None:
        """Run until the file that conf names is there, or for four minutes, or as long as conf says."""
        deadline = time.monotonic() + dag_run.conf.get("seconds", 240)
        while not Path(dag_run.conf["until"]).exists() and time.monotonic() < deadline:
            time.sleep(0.2)

    hold()

with DAG("child_breaks", schedule=None, is_paused_upon_creation=False):

    @task
    def first() -> None:
        """What is done, and stays done."""

    @task
    def second(ti: Any = None) -> None:
        """Fail at the first try, unless this is the second run that a task has triggered."""
        if ti.try_number == 1 and not ti.run_id.endswith("-1"):
            raise ValueError("not yet")

    @task
    def third() -> None:
        """What waits for the second."""

    first() >> second() >> third()

with DAG("child_paused", schedule=None, is_paused_upon_creation=True):

    @task
    def nothing() -> None:
        """Do nothing."""

    nothing()

for dag_id in ("child_unpaused", "child_woken"):
    with DAG(dag_id, schedule=None, is_paused_upon_creation=True):

        @task
        def awake() -> None:
            """Run, now that it may."""

        awake()

with DAG("child_narrow", schedule=None, is_paused_upon_creation=False, max_active_runs=1):
    hold()

with DAG(
    "master_condition", schedule=None, is_paused_upon_creation=False, params={"condition_param": True, "message": "Hi"}
):
    DagOperator(
        task_id="Compare",
        run_dag_id="child_quick",
        python_callable=conditionally_trigger,
        params={"condition_param": True, "message": "Hi"},
        dag_run_conf={"top": "{{ run_id }}"},
    )
    SkippableDagOperator(task_id="skipped", run_dag_id="child_quick", skip_dag="{{ 1 == 1 }}")

with DAG("master_slow", schedule=None, is_paused_upon_creation=False):
    DagOperator(task_id="hold", run_dag_id="child_slow")

with DAG("master_in_slot", schedule=None, is_paused_upon_creation=False):
    DagOperator(task_id="hold", run_dag_id="child_slow", deferrable=False)

with DAG("master_short", schedule=None, is_paused_upon_creation=False):
    DagOperator(task_id="hold", run_dag_id="child_slow", execution_timeout=timedelta(seconds=8))

with DAG("master_resumes", schedule=None, is_paused_upon_creation=False):
    DagOperator(task_id="resume", run_dag_id="child_breaks", retries=1, retry_delay=timedelta(seconds=1))

with DAG("master_refused", schedule=None, is_paused_upon_creation=False):
    # by templates: what is written plainly is told by `airflow couture check` already, which is to find nothing here
    DagOperator(task_id="paused", run_dag_id="{{ 'child_paused' }}")
    DagOperator(task_id="missing", run_dag_id="{{ 'child_quik' }}")
    DagOperator(task_id="itself", run_dag_id="{{ dag.dag_id }}")

with DAG("master_mapped", schedule=None, is_paused_upon_creation=False):
    DagOperator.partial(task_id="batch", run_dag_id="child_quick").expand(dag_run_conf=[{"n": n} for n in range(3)])

with DAG("master_restart", schedule=None, is_paused_upon_creation=False):
    DagOperator(
        task_id="again",
        run_dag_id="child_breaks",
        on_child_failed="restart",
        retries=1,
        retry_delay=timedelta(seconds=1),
    )

with DAG("master_new", schedule=None, is_paused_upon_creation=False):
    DagOperator(
        task_id="again", run_dag_id="child_breaks", on_child_failed="new", retries=1, retry_delay=timedelta(seconds=1)
    )

with DAG("master_unpause", schedule=None, is_paused_upon_creation=False):
    DagOperator(task_id="wake", run_dag_id="{{ 'child_unpaused' }}", when_paused="unpause")

with DAG("master_wait", schedule=None, is_paused_upon_creation=False):
    DagOperator(task_id="wake", run_dag_id="{{ 'child_woken' }}", when_paused="wait")

with DAG("master_broken", schedule=None, is_paused_upon_creation=False):
    DagOperator(task_id="broken", run_dag_id="{{ 'child_broken' }}")

with DAG("master_narrow", schedule=None, is_paused_upon_creation=False):
    DagOperator(task_id="queue", run_dag_id="child_narrow")

for dag_id, below in (("master_ring", "master_ring_middle"), ("master_ring_middle", "master_ring")):
    with DAG(dag_id, schedule=None, is_paused_upon_creation=False):
        DagOperator(task_id="down", run_dag_id=f"{{{{ '{below}' }}}}")

with DAG("master_limited", schedule=None, is_paused_upon_creation=False):
    DagOperator.partial(task_id="batch", run_dag_id="child_quick", max_active_children=1).expand(
        dag_run_conf=[{"n": n} for n in range(3)]
    )
