"""Links from a task to what belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

#: Where Airflow shows the page of submissions, and behind it the page's own path.
RECEIPTS = "/plugin/spark-submissions"
_PAGE, _PREVIEWS = "/couture/pages/submissions", "/couture/pages/previews"


def receipt_url(submission_id: str, base_url: str = "") -> str:
    """The page of a receipt, within Airflow's own; ``base_url`` of another Airflow, or empty for this one's."""
    return f"{_pages_url(base_url)}{_PAGE}/{submission_id}"


def _pages_url(base_url: str) -> str:
    """What stands before the path of a page of ours."""
    from airflow.sdk.configuration import conf

    base = (base_url or conf.get("api", "base_url", fallback="") or "").rstrip("/")
    return f"{base}{RECEIPTS}{urlsplit(base).path}"


def preview_url(dag_id: str, task_id: str) -> str:
    """The page that tells what a task would run now, within Airflow's own."""
    from urllib.parse import urlencode

    return f"{_pages_url('')}{_PREVIEWS}?{urlencode({'dag': dag_id, 'task': task_id})}"


def run_url(dag_id: str, run_id: str) -> str:
    """Where a DAG run is looked at."""
    from urllib.parse import quote

    from airflow.sdk.configuration import conf

    base = conf.get("api", "base_url", fallback="") or ""
    return f"{base.rstrip('/')}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


class ReceiptLink(BaseOperatorLink):
    """The receipt of the newest try; the operator stores it as soon as the receipt exists."""

    name = "Spark receipt"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address the running task has stored; empty before there is a receipt.

        Airflow calls this after the task's end, in the task's process, and stores the answer under the same key.
        """
        return _stored_link(ti_key, self.xcom_key)


class PreviewLink(BaseOperatorLink):
    """From a task to what it would run now; stored by Airflow after a try, as every link."""

    name = "Spark preview"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address; empty for a task whose store is another Airflow's, which does not know the DAG."""
        is_elsewhere = getattr(operator, "couture_conn_id", None) is not None
        return "" if is_elsewhere else preview_url(ti_key.dag_id, ti_key.task_id)


class ZoomLink(BaseOperatorLink):
    """From a master's task to its child run; the operator stores it as soon as the run exists."""

    name = "Zoom into DAG"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """See :class:`ReceiptLink`; empty when the task triggered nothing."""
        return _stored_link(ti_key, self.xcom_key)


def _stored_link(ti_key: TaskInstanceKey, key: str) -> str:
    from airflow.sdk.execution_time.xcom import XCom

    stored = XCom.get_value(ti_key=ti_key, key=key)
    return stored if isinstance(stored, str) else ""
