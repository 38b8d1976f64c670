"""A task's process around its job: credentials, the log, the link. In Airflow's own: tests/integration."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest
from airflow.sdk import DAG
from airflow.sdk.bases.operator import ExecutorSafeguard

from admin_views.problems import NotProven
from config_store.submissions import Submitter
from config_store.wire import PROOF_KEY, proof_digest
from couture_ops.errors import JobStopped, StoreRefused, UnfitParameter
from couture_ops.operators import CouturePySparkOperator
from tests.couture_ops.recorded import RECORDING_SPARK, records
from tests.stand_ins import task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow.sdk import BaseOperator, Context

    from admin_views.services import Services
    from tests.couture_ops.conftest import LiveStore


class TaskProcess:
    """What Airflow gives to a running task: its row's keys, its state store, a place for XComs."""

    def __init__(self) -> None:
        self.id = uuid4()
        self.dag_id, self.task_id, self.run_id, self.try_number = "sales", "load", "manual__1", 2
        self.map_index: int | None = None
        self.state: dict[str, str] = {}
        self.pushed: dict[str, Any] = {}

    @property
    def context(self) -> Context:
        """The context that operators get."""
        state_store = SimpleNamespace(set=lambda key, value, retention: self.state.update({key: value}))
        return cast("Context", {"ti": self, "task_state_store": state_store})

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep it."""
        self.pushed[key] = value

    def prove(self, proof: str) -> Submitter:
        """What the API server makes of a proof, with this task's row alone."""
        task_instance_id, _, secret = proof.partition(":")
        if self.state.get(PROOF_KEY) != proof_digest(task_instance_id, secret):
            raise NotProven("The credential proves no running task.")
        return Submitter(name="task", task=task(try_number=self.try_number), task_instance_id=task_instance_id)


#: Where Airflow shows receipts.
RECEIPTS = "/plugin/spark-submissions/couture/pages/submissions"


@pytest.fixture
def process(services: Services, monkeypatch: pytest.MonkeyPatch) -> TaskProcess:
    """The process of one try, which the store knows."""
    process = TaskProcess()
    monkeypatch.setattr(services.identity, "prove_task", process.prove)
    return process


@pytest.fixture
def filled(store: LiveStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveStore:
    """A store with a job, and a worker that is configured for it."""
    (tmp_path / "records").mkdir()
    for name, value in {
        "COUTURE_TEST_RECORDS": str(tmp_path / "records"),
        "AIRFLOW__COUTURE__API_URL": store.url,
        "AIRFLOW__COUTURE__CACHE_DIR": str(tmp_path / "cache"),
        "AIRFLOW__COUTURE__SPARK_HOMES": json.dumps({"default": str(RECORDING_SPARK)}),
        "AIRFLOW__COUTURE__STORE_TIMEOUT": "5",
        "AIRFLOW__API__BASE_URL": "https://airflow.example.com",
    }.items():
        monkeypatch.setenv(name, value)
    store.create_group("default", arguments={"master": "local[1]"})
    store.upload("job.py", b"print('job')")
    return store


def operator(**parameters: Any) -> CouturePySparkOperator:
    """The task ``load`` of the DAG ``sales``."""
    with DAG("sales", schedule=None):
        return CouturePySparkOperator(**{"task_id": "load", "code_artifact": "job.py", **parameters})


@contextmanager
def task_runner(of: BaseOperator) -> Iterator[None]:
    """The part of Airflow that alone may execute operators."""
    token = ExecutorSafeguard.tracker.set(of)
    try:
        yield
    finally:
        ExecutorSafeguard.tracker.reset(token)


def execute(of: CouturePySparkOperator, process: TaskProcess) -> str:
    """Run the operator as Airflow does."""
    with task_runner(of):
        return str(of.execute(process.context))


def test_a_task_proves_itself_and_runs(
    filled: LiveStore, process: TaskProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="couture_ops.driver")
    submission_id = execute(operator(application_arguments=["in", 1]), process)
    (receipt,) = filled.receipts()
    assert (receipt.submission_id, receipt.submitted_by, receipt.outcome) == (submission_id, "task", "succeeded")
    assert receipt.task == task(try_number=2)
    assert receipt.request.task is None
    (record,) = records()
    assert record["argv"][-2:] == ["in", "1"]
    said = [record.getMessage() for record in caplog.records if record.name == "couture_ops.driver"]
    assert said == ["Exception in thread main\n    at the.second(line)\n\tat the.third(line)"]


def test_the_link_is_there_as_soon_as_the_receipt(filled: LiveStore, process: TaskProcess) -> None:
    filled.is_away = lambda asked: "/files/" in asked and process.pushed == {}
    submission_id = execute(operator(), process)
    assert process.pushed == {"_link_ReceiptLink": f"https://airflow.example.com{RECEIPTS}/{submission_id}"}


@pytest.mark.parametrize(("map_index", "told"), [(None, -1), (-1, -1), (3, 3)])
def test_a_task_of_another_airflow_says_who_it_is(
    filled: LiveStore, process: TaskProcess, monkeypatch: pytest.MonkeyPatch, map_index: int | None, told: int
) -> None:
    monkeypatch.setenv("AIRFLOW__COUTURE__API_URL", "http://nowhere.invalid")
    connection = {"conn_type": "couture", "host": filled.url, "password": "ci:Couture Worker"}
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(connection))
    process.map_index = map_index
    submission_id = execute(operator(couture_conn_id="other"), process)
    (receipt,) = filled.receipts()
    assert (receipt.submission_id, receipt.submitted_by, receipt.outcome) == (submission_id, "ci", "succeeded")
    assert receipt.task == task(try_number=2, map_index=told)
    assert process.state == {}  # nothing to prove there
    assert process.pushed == {"_link_ReceiptLink": f"{filled.url}{RECEIPTS}/{submission_id}"}


def test_a_wrong_parameter_is_told_before_the_store_is_asked(filled: LiveStore, process: TaskProcess) -> None:
    with pytest.raises(UnfitParameter, match=r"^jars must be a list of strings"):
        execute(operator(jars=[1]), process)
    assert (filled.asked, process.state) == ([], {})


def test_a_proof_that_is_not_in_the_tasks_state_store_proves_nothing(filled: LiveStore, process: TaskProcess) -> None:
    keeps_nothing = SimpleNamespace(set=lambda *_, **__: None)
    forged, context = operator(), cast("Context", {"ti": process, "task_state_store": keeps_nothing})
    with task_runner(forged), pytest.raises(StoreRefused) as caught:
        forged.execute(context)
    assert str(caught.value) == "Not proven: The credential proves no running task."
    assert (filled.receipts(), records(), process.pushed) == ([], [], {})


class StopsAtFirstLine(logging.Handler):
    """Kills a task when its driver writes something."""

    def __init__(self, of: CouturePySparkOperator) -> None:
        super().__init__()
        self._operator = of

    def emit(self, record: logging.LogRecord) -> None:
        """Kill it as Airflow does, from elsewhere."""
        threading.Thread(target=self._operator.on_kill).start()


def test_on_kill_ends_the_job(
    filled: LiveStore, process: TaskProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spark_submit = tmp_path / "sleeping" / "bin" / "spark-submit"
    spark_submit.parent.mkdir(parents=True)
    spark_submit.write_text("#!/bin/sh\necho ready\nexec sleep 600\n")
    spark_submit.chmod(0o755)
    monkeypatch.setenv("AIRFLOW__COUTURE__SPARK_HOMES", json.dumps({"default": str(tmp_path / "sleeping")}))
    killed = operator()
    killed.on_kill()  # before there is anything to kill
    handler = StopsAtFirstLine(killed)
    driver_log = logging.getLogger("couture_ops.driver")
    driver_log.addHandler(handler)
    monkeypatch.setattr(driver_log, "level", logging.INFO)
    try:
        with pytest.raises(JobStopped):
            execute(killed, process)
    finally:
        driver_log.removeHandler(handler)
    (receipt,) = filled.receipts()
    assert (receipt.outcome, receipt.message) == ("killed", "Stopped with its task.")
