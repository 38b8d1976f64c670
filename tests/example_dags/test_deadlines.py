"""The example with deadlines: what counts from when, and what the mail says."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import DAG
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from couture_ops.operators import DagOperator
from example_dags import deadlines
from tests.mailbox import HOST, body_of, open_mailbox

if TYPE_CHECKING:
    import pytest

#: What the scheduler hands to the callback (airflow.models.deadline, Deadline.handle_miss).
CONTEXT: dict[str, Any] = {
    "dag_run": {"dag_id": "couture_nightly", "dag_run_id": "manual__<b> 2026", "state": "running"},
    "deadline": {"id": "1", "deadline_time": datetime(2026, 3, 1, 6, tzinfo=UTC)},
}


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


def test_the_mail_says_which_run_was_to_be_done_by_when(monkeypatch: pytest.MonkeyPatch) -> None:
    async def send() -> None:
        await SmtpNotifier(**alert(deadlines.dag).callback.kwargs, context=CONTEXT)

    with open_mailbox() as mailbox:
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"}
        connection = {"conn_type": "smtp", "host": HOST, "port": mailbox.port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
        asyncio.run(send())
    (mail,) = mailbox.mails
    assert (mail["From"], mail["To"]) == ("airflow@example.com", "data-team@example.com")
    assert mail["Subject"] == "couture_nightly is late"
    assert body_of(mail) == (
        f'The run <a href="{deadlines.AIRFLOW}/dags/couture_nightly/runs/manual__%3Cb%3E%202026">'
        "manual__&lt;b&gt; 2026</a> of couture_nightly was to be done by 2026-03-01 06:00:00+00:00. It is running."
    )


def test_the_report_waits_for_the_load() -> None:
    tasks = {task.task_id: task for task in deadlines.dag.tasks}
    assert {name: task.upstream_task_ids for name, task in tasks.items()} == {"load": set(), "report": {"load"}}
    children = {task.run_dag_id for task in tasks.values() if isinstance(task, DagOperator)}
    assert children == {deadlines.load_dag.dag_id, deadlines.report_dag.dag_id}
