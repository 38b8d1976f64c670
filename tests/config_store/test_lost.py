"""Tries whose worker went away: which are open, and how they are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store.lost import close_gone, open_tries
from config_store.wire import Outcome, State
from tests.config_store.store import CODE, Store
from tests.stand_ins import task

if TYPE_CHECKING:
    from config_store.wire import Ticket


@pytest.fixture
def store(store: Store) -> Store:
    """A store whose default group is ``prod``, with code to run."""
    store.upload("job.py", b"print()", kind=CODE)
    store.create("prod")
    return store


def opened(store: Store, ticket: Ticket | None = None) -> list[str]:
    with store.database.reading() as session:
        return sorted(open_tries(session, ticket.submission_id if ticket else None))


def test_what_has_no_end_and_a_task_in_this_airflow_is_open(store: Store) -> None:
    first, second = store.submit(task("a"), proof="ti-a"), store.submit(task("b"), proof="ti-b")
    outside = store.submit(task("c"), by="ci")
    assert (opened(store), opened(store, second), opened(store, outside)) == (["ti-a", "ti-b"], ["ti-b"], [])
    store.report(first.submission_id, State.ENDED)
    assert (opened(store), opened(store, first)) == (["ti-b"], [])


def test_what_is_gone_is_closed_and_nothing_else(store: Store) -> None:
    gone, ended = store.submit(task("a"), proof="ti-a"), store.submit(task("b"), proof="ti-b")
    alive = store.submit(task("c"), proof="ti-c")
    store.report(gone.submission_id, State.RUNNING, host="worker-1")
    store.report(ended.submission_id, State.ENDED)
    with store.database.writing() as session:
        close_gone(session, {"ti-a": "Airflow has its task as failed", "ti-b": "never told", "unknown": "never told"})
    receipt = store.receipt(gone.submission_id)
    assert (receipt.state, receipt.outcome, receipt.host) == (State.ENDED, Outcome.LOST, "worker-1")
    assert receipt.message == "its worker went away without a word; Airflow has its task as failed"
    assert store.receipt(ended.submission_id).outcome is Outcome.SUCCEEDED
    assert store.receipt(alive.submission_id).state is State.PLANNED
