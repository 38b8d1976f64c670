"""A master DAG that must be done by a time, with a mail when it, or one of its children, is late.

Airflow's scheduler looks after the deadlines, its triggerer sends the mails through the connection `smtp_default`. A
child has its master's logical date, so all deadlines here count from the same moment: two o'clock. docs/deadlines.md
tells the rest. To see a mail, unpause the three DAGs and trigger `couture_nightly` with a logical date of yesterday.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import (  # type: ignore[attr-defined]  # Airflow's stub lacks three of them
    DAG,
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    task,
)
from airflow.sdk.configuration import conf

from couture_ops.operators import DagOperator

AIRFLOW = conf.get("api", "base_url", fallback="http://localhost:8080")
MAIL = {
    "to": "data-team@example.com",
    "subject": "{{ dag_run.dag_id }} is late",
    "html_content": (
        f'The run <a href="{AIRFLOW}'
        '/dags/{{ dag_run.dag_id }}/runs/{{ dag_run.dag_run_id | urlencode }}">{{ dag_run.dag_run_id | e }}</a> '
        "of {{ dag_run.dag_id }} was to be done by {{ deadline.deadline_time }}. It is {{ dag_run.state }}."
    ),
}


def late(hours: int) -> DeadlineAlert:
    """Tell the team when a run is not done so many hours after its logical date."""
    return DeadlineAlert(
        name=f"done within {hours} h",
        reference=DeadlineReference.DAGRUN_LOGICAL_DATE,
        interval=timedelta(hours=hours),
        callback=AsyncCallback(SmtpNotifier, kwargs=MAIL),
    )


with DAG("couture_nightly_load", schedule=None, tags=["couture", "example"], deadline=late(hours=2)) as load_dag:

    @task
    def load() -> None:
        """Stand for the job that is late most often."""

    load()

with DAG("couture_nightly_report", schedule=None, tags=["couture", "example"]) as report_dag:

    @task
    def report() -> None:
        """Stand for what needs the load."""

    report()

with DAG(
    "couture_nightly",
    schedule="0 2 * * *",
    catchup=False,
    deadline=late(hours=4),
    tags=["couture", "example", "master"],
    doc_md=__doc__,
) as dag:
    DagOperator(task_id="load", run_dag_id="couture_nightly_load") >> DagOperator(
        task_id="report", run_dag_id="couture_nightly_report"
    )
