"""The API server as tasks and triggers of masters reach it: a client as configured, and the stop of a child run."""

from __future__ import annotations

import logging

from couture_ops.client import StoreClient
from couture_ops.configuration import read_worker_settings
from couture_ops.errors import StoreRefused

log = logging.getLogger(__name__)


def open_client(authorization: str = "") -> StoreClient:
    """A client of this Airflow's API server; without an authorization the tokens of child runs speak for it."""
    settings = read_worker_settings()
    return StoreClient(settings.api_url, authorization, store_timeout_s=settings.store_timeout_s)


def stop_child_run(dag_id: str, run_id: str, token: str) -> None:
    """Stop a child run, as long as the token opens it."""
    log.info("Stopping the run %s of %s", run_id, dag_id)
    # a client of its own: a kill comes by a signal, in the middle of anything
    client = open_client()
    try:
        client.stop_child(token)
    except StoreRefused as refused:  # a later try owns the run by now, or it is gone
        log.info("It is not stopped: %s", refused)
    finally:
        client.close()
