"""The link from a task to its receipt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk.execution_time.comms import GetXCom, XComResult

from couture_ops.links import PreviewLink, ReceiptLink, receipt_url

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey

KEY = SimpleNamespace(dag_id="sales", task_id="load", run_id="manual__1", map_index=2)


class Supervisor:
    """Stands for the supervisor that a task's process asks for XComs."""

    def __init__(self, value: Any) -> None:
        self.asked: list[GetXCom] = []
        self._value = value

    def send(self, message: GetXCom) -> XComResult:
        """Answer with the value."""
        self.asked.append(message)
        return XComResult(key=message.key, value=self._value)


@pytest.mark.parametrize(
    ("api_base_url", "base_url", "url"),
    [
        ("", "", "/plugin/spark-submissions/couture/pages/submissions/s-1"),
        ("http://here:8080/", "", "http://here:8080/plugin/spark-submissions/couture/pages/submissions/s-1"),
        (
            "http://here:8080/airflow",
            "",
            "http://here:8080/airflow/plugin/spark-submissions/airflow/couture/pages/submissions/s-1",
        ),
        ("http://here:8080", "https://there/", "https://there/plugin/spark-submissions/couture/pages/submissions/s-1"),
    ],
)
def test_where_a_receipt_is_read(monkeypatch: pytest.MonkeyPatch, api_base_url: str, base_url: str, url: str) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", api_base_url)
    assert receipt_url("s-1", base_url) == url


@pytest.mark.parametrize(("stored", "url"), [("http://here/s-1", "http://here/s-1"), (None, ""), (7, "")])
def test_the_link_is_what_the_task_has_stored(monkeypatch: pytest.MonkeyPatch, stored: Any, url: str) -> None:
    supervisor = Supervisor(stored)
    monkeypatch.setattr("airflow.sdk.execution_time.task_runner.SUPERVISOR_COMMS", supervisor, raising=False)
    link = ReceiptLink()
    assert link.get_link(cast("Any", None), ti_key=cast("TaskInstanceKey", KEY)) == url
    (asked,) = supervisor.asked
    assert (asked.key, asked.dag_id, asked.task_id, asked.run_id, asked.map_index) == (
        "_link_ReceiptLink",
        "sales",
        "load",
        "manual__1",
        2,
    )


def test_its_name() -> None:
    assert ReceiptLink().name == "Spark receipt"


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        (None, "http://here/plugin/spark-submissions/couture/pages/previews?dag=sales&task=load"),
        ("other_store", ""),
    ],
)
def test_the_link_to_the_preview_is_one_of_this_airflow(
    monkeypatch: pytest.MonkeyPatch, connection: str | None, url: str
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://here")
    operator = cast("Any", SimpleNamespace(couture_conn_id=connection))
    link = PreviewLink()
    assert (link.name, link.get_link(operator, ti_key=cast("TaskInstanceKey", KEY))) == ("Spark preview", url)
