"""The example with deadlines: what counts from when, and what the mail says."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from airflow.sdk import DAG
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from couture_ops.operators import DagOperator
from example_dags import deadlines


def alert(dag: DAG) -> DeadlineAlert:
    """The one alert of a DAG."""
    (found,) = cast("list[DeadlineAlert]", dag.deadline)
    return found


def test_the_masters_deadline_and_its_childs_count_from_the_same_logical_date() -> None:
    found = {dag.dag_id: alert(dag) for dag in (deadlines.dag, deadlines.load_dag)}
    assert {name: one.interval for name, one in found.items()} == {
        "couture_nightly": timedelta(hours=4),
        "couture_nightly_load": timedelta(hours=2),
    }
    assert {one.reference for one in found.values()} == {DeadlineReference.DAGRUN_LOGICAL_DATE}
    assert not deadlines.report_dag.deadline


def test_the_mail_is_sent_by_the_notifier_of_the_smtp_provider() -> None:
    callback = alert(deadlines.dag).callback
    assert callback.path == "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
    assert callback.kwargs["to"] == "data-team@example.com"


def test_the_report_waits_for_the_load() -> None:
    tasks = {task.task_id: task for task in deadlines.dag.tasks}
    assert {name: task.upstream_task_ids for name, task in tasks.items()} == {"load": set(), "report": {"load"}}
    children = {task.run_dag_id for task in tasks.values() if isinstance(task, DagOperator)}
    assert children == {deadlines.load_dag.dag_id, deadlines.report_dag.dag_id}
