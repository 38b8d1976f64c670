"""What changed between two tries of a task, and who saved it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from config_store.settings import Setting
from config_store.submissions import diff_submissions
from config_store.wire import Outcome, State
from tests.config_store.store import CODE, Store, secret
from tests.stand_ins import task

if TYPE_CHECKING:
    from config_store.wire import ReceiptChange, Ticket, WhatChanged


@pytest.fixture
def store(store: Store) -> Store:
    """A store whose default group is ``prod``, with code to run and a library."""
    store.upload("job.py", b"print()", kind=CODE, author="eve")
    store.upload("lib.jar", b"1")
    store.create("prod", arguments={"executor-memory": "4g"}, configurations={"spark.x": "1"}, jars=["lib.jar"])
    return store


def ran(store: Store, outcome: Outcome, run: int, **request: Any) -> Ticket:
    """One try of the task in a run of its own, to its end."""
    ticket = store.submit(task(run_id=f"run {run}"), proof=f"ti-{run}", code_artifact="job.py", **request)
    store.report(ticket.submission_id, State.ENDED, outcome)
    return ticket


def changed(store: Store, ticket: Ticket) -> WhatChanged:
    found = store.receipt(ticket.submission_id).changed
    assert found is not None
    return found


def told(changes: tuple[ReceiptChange, ...]) -> list[tuple[Any, ...]]:
    """Place, values, and who saved them by which revision."""
    return [
        (c.where, c.old, c.new, (c.saved.by, c.saved.revision) if c.saved else None)
        for c in changes
        if not c.where.startswith(("code_artifact", "jars."))
    ]


def test_a_first_failure_has_nothing_to_compare_with(store: Store) -> None:
    found = changed(store, ran(store, Outcome.FAILED, 1))
    assert (found.since, found.succeeded_at, found.changes) == (None, None, ())


def test_a_success_tells_nothing(store: Store) -> None:
    assert store.receipt(ran(store, Outcome.SUCCEEDED, 1).submission_id).changed is None


def test_a_failure_without_any_change_says_so(store: Store) -> None:
    success = ran(store, Outcome.SUCCEEDED, 1)
    found = changed(store, ran(store, Outcome.FAILED, 2))
    assert (found.since, found.changes) == (success.submission_id, ())
    assert found.succeeded_at == store.receipt(success.submission_id).timeline[-1].at


def test_settings_are_told_with_the_newest_save_that_changed_them(store: Store) -> None:
    ran(store, Outcome.SUCCEEDED, 1)
    store.save("prod", arguments={"executor-memory": "5g"}, author="bob")
    store.save("prod", arguments={"executor-memory": "6g", "driver-memory": "1g"}, author="eve")
    store.save("prod", configurations={"spark.x": "2"}, author="bob")
    store.save("prod", configurations={"spark.x": "1"}, author="eve")  # there and back again
    found = changed(store, ran(store, Outcome.FAILED, 2, spark_configurations={"spark.y": "3"}))
    assert told(found.changes) == [
        ("arguments.driver-memory", None, "1g", ("eve", 3)),
        ("arguments.executor-memory", "4g", "6g", ("eve", 3)),
        ("configurations.spark.y", None, "3", None),
    ]


def test_a_secret_that_changed_is_told_hidden(store: Store) -> None:
    store.save("prod", configurations={"spark.my.apikey": secret("a")})
    ran(store, Outcome.SUCCEEDED, 1)
    store.save("prod", configurations={"spark.my.apikey": secret("b")}, author="bob")
    found = changed(store, ran(store, Outcome.FAILED, 2))
    assert told(found.changes) == [("configurations.spark.my.apikey", "••••••", "••••••", ("bob", 3))]


def test_artifacts_are_told_with_who_uploaded_or_chose_them(store: Store) -> None:
    ran(store, Outcome.SUCCEEDED, 1)
    store.upload("job.py", b"print(2)", kind=CODE, author="eve")
    store.upload("lib.jar", b"2", author="bob")
    found = changed(store, ran(store, Outcome.FAILED, 2)).changes
    assert [(c.where, c.saved.by if c.saved else None, c.saved.revision if c.saved else None) for c in found] == [
        ("code_artifact", "eve", None),
        ("jars.lib.jar", "bob", None),
    ]
    ran(store, Outcome.SUCCEEDED, 3)
    store.save("prod", jars=["lib.jar@1"], author="ada")
    (pinned,) = changed(store, ran(store, Outcome.FAILED, 4)).changes
    assert pinned.where == "jars.lib.jar"
    assert pinned.saved is not None
    assert (pinned.saved.by, pinned.saved.revision) == ("ada", 2)


def test_files_and_the_spark_home_are_told(store: Store) -> None:
    ran(store, Outcome.SUCCEEDED, 1)
    site = store.config_file("core-site.xml", "<configuration/>")
    store.save("prod", hadoop_files=(site,), spark_home="spark3", author="bob")
    found = changed(store, ran(store, Outcome.FAILED, 2))
    assert told(found.changes) == [
        ("hadoop_files.core-site.xml", None, site.sha256, ("bob", 2)),
        ("spark_home", None, "spark3", ("bob", 2)),
    ]


def test_another_group_is_told_without_saves(store: Store) -> None:
    store.create("other", arguments={"executor-memory": Setting("9g", note="big")})
    ran(store, Outcome.SUCCEEDED, 1)
    found = told(changed(store, ran(store, Outcome.FAILED, 2, config_group="other")).changes)
    assert ("group", "prod", "other", None) in found
    assert ("arguments.executor-memory", "4g", "9g", None) in found


def test_only_the_last_success_of_the_same_task_counts(store: Store) -> None:
    success = ran(store, Outcome.SUCCEEDED, 1)
    other = store.submit(task(task_id="other"), proof="ti-o", code_artifact="job.py")
    store.report(other.submission_id, State.ENDED)
    mapped = store.submit(task(map_index=1), proof="ti-m", code_artifact="job.py")
    store.report(mapped.submission_id, State.ENDED)
    ran(store, Outcome.FAILED, 2)
    assert changed(store, ran(store, Outcome.FAILED, 3)).since == success.submission_id


def test_a_lost_try_is_told_what_changed_too(store: Store) -> None:
    success = ran(store, Outcome.SUCCEEDED, 1)
    lost = store.submit(task(run_id="run 2"), proof="ti-2", code_artifact="job.py")
    store.submit(task(run_id="run 2", try_number=2), proof="ti-3", code_artifact="job.py")
    assert changed(store, lost).since == success.submission_id


def test_the_difference_of_one_submission_is_that_from_its_last_success(store: Store) -> None:
    success, failure = ran(store, Outcome.SUCCEEDED, 1), ran(store, Outcome.FAILED, 2, app_name="other")
    with store.database.reading() as session:
        since, changes = diff_submissions(session, None, failure.submission_id)
        assert diff_submissions(session, success.submission_id, failure.submission_id) == (since, changes)
        assert diff_submissions(session, None, success.submission_id) == (None, ())
    assert (since, told(changes)) == (success.submission_id, [("app_name", "sales.load", "other", None)])
