"""Between Airflow's task and a Spark job: credentials, settings, where the log goes, who hears of the receipt."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from airflow.sdk.log import mask_secret

from config_store.wire import TaskIdentity
from couture_ops.client import StoreClient
from couture_ops.configuration import read_worker_settings
from couture_ops.hooks import CoutureHook
from couture_ops.job import JOB_FIELDS, build_request
from couture_ops.links import ReceiptLink, receipt_url
from couture_ops.proof import prove_task
from couture_ops.run import SparkJob, Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

    from config_store.wire import JobRequest
    from couture_ops.configuration import WorkerSettings
    from couture_ops.operators.base import BaseSparkOperator

#: What the driver writes, apart from what the suite says.
driver_log = logging.getLogger("couture_ops.driver")


@contextmanager
def open_job(operator: BaseSparkOperator, context: Context) -> Iterator[tuple[SparkJob, JobRequest]]:
    """The job of a running task and the request to run it with; the connection to the store closes with the context."""
    fields = {field: getattr(operator, field, None) for field in JOB_FIELDS}
    request = build_request(fields, dag_id=operator.dag_id, task_id=operator.task_id)
    settings = read_worker_settings()
    client, request = _connect(operator, context, settings, request)
    try:
        surroundings = Surroundings(
            emit=_log_driver_lines,
            mask_secret=mask_secret,
            on_submitted=partial(_push_link, context, client.base_url if operator.couture_conn_id else ""),
        )
        yield SparkJob(client, settings, surroundings), request
    finally:
        client.close()


def _connect(
    operator: BaseSparkOperator, context: Context, settings: WorkerSettings, request: JobRequest
) -> tuple[StoreClient, JobRequest]:
    """The store of this Airflow, where the task proves itself; or another's, where the connection speaks for it."""
    if operator.couture_conn_id is None:
        return StoreClient(settings.api_url, prove_task(context), store_timeout_s=settings.store_timeout_s), request
    hook = CoutureHook(operator.couture_conn_id)
    authorization = hook.authorization(patience_s=settings.store_timeout_s)
    client = StoreClient(hook.base_url(), authorization, store_timeout_s=settings.store_timeout_s)
    return client, request.model_copy(update={"task": _identity(context), "origin": settings.public_url})


def _identity(context: Context) -> TaskIdentity:
    task_instance = context["ti"]
    return TaskIdentity(
        dag_id=task_instance.dag_id,
        task_id=task_instance.task_id,
        run_id=task_instance.run_id,
        try_number=task_instance.try_number,
        map_index=-1 if task_instance.map_index is None else task_instance.map_index,
    )


def _log_driver_lines(block: str) -> None:
    driver_log.info("%s", block)


def _push_link(context: Context, base_url: str, submission_id: str) -> None:
    """Make the link right from the moment the receipt exists; Airflow itself pushes links after the task's end."""
    context["ti"].xcom_push(key=ReceiptLink().xcom_key, value=receipt_url(submission_id, base_url))
