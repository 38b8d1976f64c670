"""How a task proves that it is that task. Airflow's side of it is in tests/integration/test_identity.py."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from config_store.wire import proof_digest
from couture_ops.proof import prove_task

if TYPE_CHECKING:
    from airflow.sdk import Context

TASK_INSTANCE = UUID("019a0000-0000-7000-8000-000000000001")


class StateStore:
    """Stands for a task's own store, which only a running task has."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Any, timedelta]] = {}

    def set(self, key: str, value: object, *, retention: timedelta) -> None:
        """Keep it."""
        self.kept[key] = value, retention


def prove(store: StateStore) -> str:
    """The header of a task with that store."""
    context = {"ti": SimpleNamespace(id=TASK_INSTANCE), "task_state_store": store}
    return prove_task(cast("Context", context))


def test_the_store_gets_the_digest_of_what_the_header_says() -> None:
    store = StateStore()
    scheme, _, credential = prove(store).partition(" ")
    task_instance_id, _, secret = credential.partition(":")
    assert (scheme, task_instance_id) == ("Couture-Task", str(TASK_INSTANCE))
    assert store.kept == {"couture_proof": (proof_digest(str(TASK_INSTANCE), secret), timedelta(days=1))}
    assert secret not in str(store.kept)


def test_each_proof_has_a_secret_of_its_own() -> None:
    """256 bits of it: whoever reads one digest learns no other secret."""
    store = StateStore()
    secrets = {prove(store).rpartition(":")[2] for _ in range(20)}
    assert len(secrets) == 20
    assert {len(secret) for secret in secrets} == {43}
