"""What changed between two tries of a task, and who saved it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from config_store import what_changed
from config_store.content import from_document
from config_store.kerberos import seal_keytab
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
    request.setdefault("code_artifact", "job.py")
    ticket = store.submit(task(run_id=f"run {run}"), proof=f"ti-{run}", **request)
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


def outside(store: Store, outcome: Outcome, run: int, by: str = "ci", origin: str = "https://a") -> Ticket:
    """One try of the same task, as somebody outside this Airflow names it."""
    ticket = store.submit(task(run_id=f"run {run}"), by=by, code_artifact="job.py", origin=origin)
    store.report(ticket.submission_id, State.ENDED, outcome)
    return ticket


def test_a_success_that_an_outsider_tells_is_none_of_this_airflow(store: Store) -> None:
    success = ran(store, Outcome.SUCCEEDED, 1)
    for run in range(2, 25):  # more than are looked at at once
        outside(store, Outcome.SUCCEEDED, run, by="task")
    assert changed(store, ran(store, Outcome.FAILED, 30)).since == success.submission_id


def test_outsiders_are_told_of_their_own_airflow_and_user(store: Store) -> None:
    ran(store, Outcome.SUCCEEDED, 1)
    success = outside(store, Outcome.SUCCEEDED, 2)
    outside(store, Outcome.SUCCEEDED, 3, origin="https://b")
    outside(store, Outcome.SUCCEEDED, 4, by="eve")
    assert changed(store, outside(store, Outcome.FAILED, 5)).since == success.submission_id


def test_a_task_that_timed_out_is_told_what_changed(store: Store) -> None:
    success = ran(store, Outcome.SUCCEEDED, 1)
    store.save("prod", arguments={"executor-memory": "5g"}, author="bob")
    found = changed(store, ran(store, Outcome.KILLED, 2))
    assert found.since == success.submission_id
    assert told(found.changes) == [("arguments.executor-memory", "4g", "5g", ("bob", 2))]


def test_a_principal_is_told_with_its_save(store: Store) -> None:
    keytabs = [seal_keytab("etl.keytab", b"\x05" + key, store.cipher) for key in (b"1", b"2")]
    store.save("prod", principal="old@EXAMPLE", keytab=keytabs[0])
    ran(store, Outcome.SUCCEEDED, 1)
    store.save("prod", principal="etl@EXAMPLE", author="bob")
    store.save("prod", keytab=keytabs[1], author="eve")
    found = changed(store, ran(store, Outcome.FAILED, 2))
    assert told(found.changes) == [
        ("arguments.principal", "old@EXAMPLE", "etl@EXAMPLE", ("bob", 3)),
        ("keytab", "••••••", "••••••", ("eve", 4)),
    ]


def test_lists_of_files_are_told_with_their_saves(store: Store) -> None:
    store.upload("extra.jar", b"3", author="zoe")
    store.upload("lib.zip", b"4", author="zoe")
    ran(store, Outcome.SUCCEEDED, 1)
    store.save("prod", arguments={"files": "s3a://x/a.conf"}, author="bob")
    store.save(
        "prod", arguments={"files": "s3a://x/a.conf"}, configurations={"spark.jars": "extra.jar,/b.jar"}, author="eve"
    )
    store.save("prod", py_files=["lib.zip"], author="kim")
    found = changed(store, ran(store, Outcome.FAILED, 2)).changes
    assert [(c.where, c.saved and (c.saved.by, c.saved.revision)) for c in found] == [
        ("arguments.executor-memory", ("bob", 2)),
        ("configurations.spark.x", ("eve", 3)),
        ("files.s3a://x/a.conf", ("bob", 2)),
        ("jars./b.jar", ("eve", 3)),
        ("jars.extra.jar", ("eve", 3)),
        ("py-files.lib.zip", ("kim", 4)),
    ]


def test_a_secret_argument_that_changed_is_told_under_its_twin(store: Store) -> None:
    store.save("prod", arguments={"queue": secret("a")})
    ran(store, Outcome.SUCCEEDED, 1)
    store.save("prod", arguments={"queue": secret("b")}, author="bob")
    found = changed(store, ran(store, Outcome.FAILED, 2))
    assert told(found.changes) == [("configurations.spark.yarn.queue", "••••••", "••••••", ("bob", 3))]


def test_a_secret_is_told_however_many_saves_ago(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_changed, "MAX_REVISIONS", 3)
    store.save("prod", configurations={"spark.my.apikey": secret("a")})
    ran(store, Outcome.SUCCEEDED, 1)
    store.save("prod", configurations={"spark.my.apikey": secret("b")}, author="bob")
    for number in range(3):
        store.save("prod", arguments={"queue": str(number)}, author="eve")
    found = changed(store, ran(store, Outcome.FAILED, 2))
    assert told(found.changes)[-1] == ("configurations.spark.my.apikey", "••••••", "••••••", None)
    assert ("arguments.queue", None, "2", ("eve", 6)) in told(found.changes)


def test_a_secret_of_an_older_revision_is_told(store: Store) -> None:
    """As a run as then may have it."""
    store.save("prod", configurations={"spark.my.apikey": secret("a")})
    failure = ran(store, Outcome.FAILED, 1)
    store.save("prod", configurations={"spark.my.apikey": secret("b")}, author="bob")
    success = ran(store, Outcome.SUCCEEDED, 2)
    with store.database.reading() as session:
        _, changes = diff_submissions(session, success.submission_id, failure.submission_id)
    assert told(changes) == [
        ("configurations.spark.my.apikey", "••••••", "••••••", None),
        ("revision", "3", "2", None),
    ]


def test_no_more_revisions_are_read_than_tell_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []

    def counted(document: Any) -> Any:
        read.append(document)
        return from_document(document)

    monkeypatch.setattr("config_store.what_changed.from_document", counted)
    ran(store, Outcome.SUCCEEDED, 1)
    for number in range(30):
        store.save("prod", configurations={"spark.x": f"x{number}"}, author="eve")
    found = changed(store, ran(store, Outcome.FAILED, 2))
    assert told(found.changes) == [("configurations.spark.x", "1", "x29", ("eve", 31))]
    assert len(read) == 2


def test_the_uploader_of_code_is_not_that_of_a_dependency(store: Store) -> None:
    ran(store, Outcome.SUCCEEDED, 1)
    store.upload("same.py", b"1", author="mallory")
    store.upload("same.py", b"1", kind=CODE, author="eve")
    (found,) = changed(store, ran(store, Outcome.FAILED, 2, code_artifact="same.py")).changes
    assert found.where == "code_artifact"
    assert found.saved is not None
    assert found.saved.by == "eve"


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
