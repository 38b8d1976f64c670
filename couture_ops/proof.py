"""How a running task proves that it is that task: it writes a digest where only it can write."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from config_store.wire import PROOF_KEY, TASK_SCHEME, proof_digest

if TYPE_CHECKING:
    from airflow.sdk import Context

#: The proof serves one submission; Airflow's clean-up removes the row after this time.
RETENTION = timedelta(days=1)


def prove_task(context: Context) -> str:
    """Draw a secret, put its digest into the task's state store, and answer the Authorization header.

    Airflow's execution API lets a task instance write into its own state store only, so that the API server
    can tell from its own row who holds the secret. Needs no configuration; takes one call to the API server.
    """
    task_instance_id, secret = str(context["ti"].id), secrets.token_urlsafe(32)
    context["task_state_store"].set(PROOF_KEY, proof_digest(task_instance_id, secret), retention=RETENTION)
    return f"{TASK_SCHEME} {task_instance_id}:{secret}"
