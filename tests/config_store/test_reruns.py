"""Running a task again, as then and as now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, update

from config_store import reruns
from config_store.errors import NotFound, Unresolvable, WrongState
from config_store.models import SubmissionFileRow, SubmissionRow
from config_store.wire import Outcome, RerunMode, State, Ticket
from tests.config_store.store import CODE, Store, effective, resources
from tests.stand_ins import task

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
THEN, NOW = RerunMode.THEN, RerunMode.NOW


@pytest.fixture
def store(store: Store) -> Store:
    """A store whose default group is ``prod``, with code to run and a library."""
    store.upload("job.py", b"print()", kind=CODE)
    store.upload("lib.jar", b"1")
    store.create("prod", arguments={"executor-memory": "4g"}, jars=["lib.jar"])
    return store


def ran(store: Store, number: int, outcome: Outcome = Outcome.FAILED, **request: Any) -> Ticket:
    """Another try of the task, to its end."""
    ticket = store.submit(task(try_number=number), proof=f"ti-{number}", code_artifact="job.py", **request)
    store.report(ticket.submission_id, State.ENDED, outcome)
    return ticket


def ask(store: Store, ticket: Ticket, mode: RerunMode) -> reruns.Wish:
    with store.database.writing() as session:
        asked = reruns.ask_rerun(session, ticket.submission_id, mode, "ada")
    assert (asked.task.dag_id, asked.task.task_id, asked.task.run_id) == ("sales", "load", "manual__1")
    return asked


def change_everything(store: Store) -> None:
    store.save("prod", arguments={"executor-memory": "8g"})
    store.upload("job.py", b"print(2)", kind=CODE)
    store.upload("lib.jar", b"2")
    store.hide("job.py", 1, kind=CODE, force=True)


def used(ticket: Ticket) -> tuple[int, str, list[str], int]:
    plan = ticket.plan
    assert plan.application is not None
    return plan.revision, effective(plan)["--executor-memory"], resources(plan), plan.application.version


OLD, NEW = (1, "4g", ["jars group lib.jar@1"], 1), (2, "8g", ["jars group lib.jar@2"], 2)


def test_as_then_uses_the_old_revision_and_artifacts(store: Store) -> None:
    first = ran(store, 1)
    change_everything(store)
    ask(store, first, THEN)
    again = ran(store, 2, Outcome.SUCCEEDED)
    assert used(again) == OLD
    assert again.plan.warnings == (
        f"Runs again as then: revision 1 of group 'prod' and the artifacts of submission {first.submission_id}, as ada "
        "asked",
    )
    assert used(ran(store, 3)) == NEW  # a wish is fulfilled once


def test_as_now_uses_what_is_there(store: Store) -> None:
    first = ran(store, 1)
    change_everything(store)
    ask(store, first, NOW)
    again = ran(store, 2)
    assert (used(again), again.plan.warnings) == (NEW, ())


@pytest.mark.parametrize("mode", list(RerunMode))
def test_the_receipts_name_each_other(store: Store, mode: RerunMode) -> None:
    first = ran(store, 1)
    ask(store, first, mode)
    asked = store.receipt(first.submission_id).rerun
    assert asked is not None
    assert (asked.mode, asked.asked_by, asked.submission_id) == (mode, "ada", None)
    again = ran(store, 2)
    assert store.receipt(first.submission_id).rerun == asked.model_copy(update={"submission_id": again.submission_id})
    assert store.receipt(again.submission_id).rerun_of == asked.model_copy(
        update={"submission_id": first.submission_id}
    )


def test_a_retry_of_a_run_as_then_is_as_then_until_one_succeeds(store: Store) -> None:
    first = ran(store, 1)
    change_everything(store)
    ask(store, first, THEN)
    assert [used(ran(store, number, outcome)) for number, outcome in ((2, Outcome.FAILED), (3, Outcome.SUCCEEDED))] == [
        OLD,
        OLD,
    ]
    assert used(ran(store, 4)) == NEW


def test_who_asks_for_now_ends_the_retries_as_then(store: Store) -> None:
    first = ran(store, 1)
    change_everything(store)
    ask(store, first, THEN)
    second = ran(store, 2)
    ask(store, second, NOW)
    assert [used(ran(store, number)) for number in (3, 4)] == [NEW, NEW]


def test_a_try_that_asks_again_is_still_as_then(store: Store) -> None:
    first = ran(store, 1)
    change_everything(store)
    ask(store, first, THEN)
    for _ in range(2):
        ticket = store.submit(task(try_number=2), proof="ti-2", code_artifact="job.py")
        assert used(ticket) == OLD


def test_another_task_or_run_fulfils_nothing(store: Store) -> None:
    first = ran(store, 1)
    change_everything(store)
    ask(store, first, THEN)
    for number, other in enumerate((task(run_id="other"), task(task_id="other"), task(map_index=1))):
        assert used(store.submit(other, proof=f"other-{number}", code_artifact="job.py")) == NEW
    assert used(store.submit(by="outside", code_artifact="job.py")) == NEW


def test_what_the_dag_pins_itself_counts_more(store: Store) -> None:
    first = ran(store, 1)
    change_everything(store)
    ask(store, first, THEN)
    assert used(ran(store, 2, code_artifact_version=2)) == (*OLD[:3], 2)


def test_a_task_that_names_another_group_now_can_not_run_as_then(store: Store) -> None:
    store.create("other")
    first = ran(store, 1)
    ask(store, first, THEN)
    with pytest.raises(
        Unresolvable, match=r"^The task names config group 'other' now, and submission .* Run it as now"
    ):
        ran(store, 2, config_group="other")
    store.delete("other")


def test_a_deleted_group_still_runs_as_then(store: Store) -> None:
    store.create("gone", arguments={"executor-memory": "1g"})
    first = ran(store, 1, config_group="gone")
    store.delete("gone", force=True)
    ask(store, first, THEN)
    again = store.submit(task(try_number=2), proof="ti-2", code_artifact="job.py", config_group="gone")
    assert (again.plan.group, effective(again.plan)) == ("gone", {"--executor-memory": "1g"})


def test_a_wish_can_be_taken_back(store: Store) -> None:
    first = ran(store, 1)
    wish = ask(store, first, THEN)
    with store.database.writing() as session:
        reruns.withdraw_rerun(session, wish)
    change_everything(store)
    assert store.receipt(first.submission_id).rerun is None
    assert used(ran(store, 2)) == NEW


def test_a_second_wish_that_is_taken_back_leaves_the_first(store: Store) -> None:
    """As who clicks twice: the task runs already."""
    first = ran(store, 1)
    change_everything(store)
    ask(store, first, THEN)
    twice = ask(store, first, THEN)
    with store.database.writing() as session:
        reruns.withdraw_rerun(session, twice)
    assert used(ran(store, 2)) == OLD


def test_the_link_of_a_wish_that_was_fulfilled_outlives_one_that_is_taken_back(store: Store) -> None:
    first = ran(store, 1)
    ask(store, first, THEN)
    second = ran(store, 2)
    again = ask(store, first, NOW)
    with store.database.writing() as session:
        reruns.withdraw_rerun(session, again)
    rerun = store.receipt(first.submission_id).rerun
    assert rerun is not None
    assert rerun.submission_id == second.submission_id


def test_a_newer_wish_makes_an_older_one_void(store: Store) -> None:
    first, second = ran(store, 1), ran(store, 2)
    change_everything(store)
    ask(store, first, THEN)
    ask(store, second, NOW)
    assert used(ran(store, 3)) == NEW
    assert used(ran(store, 4)) == NEW  # cleared by hand later: nobody asked for then any more
    assert store.receipt(first.submission_id).rerun is None


def test_what_can_not_run_again_is_told(store: Store) -> None:
    running, outside = store.submit(proof="ti-1"), store.submit(task("out"), by="ci")
    for ticket, error, words in (
        (running, WrongState, "is planned"),
        (outside, Unresolvable, "This submission came from outside this Airflow"),
        (running.model_copy(update={"submission_id": "nope"}), NotFound, "There is no submission 'nope'"),
    ):
        with pytest.raises(error, match=words):
            ask(store, ticket, THEN)


def test_a_receipt_that_is_asked_to_run_again_is_young_again(store: Store) -> None:
    """Else a cleaner would take it, and with it the wish."""
    first = ran(store, 1)
    with store.database.writing() as session:
        session.execute(update(SubmissionRow).values(updated_at=LONG_AGO))
    ask(store, first, THEN)
    with store.database.reading() as session:
        assert session.get_one(SubmissionRow, first.submission_id).updated_at > LONG_AGO
    with store.database.writing() as session:
        session.execute(update(SubmissionRow).values(updated_at=LONG_AGO))
    ran(store, 2)
    with store.database.reading() as session:
        assert session.get_one(SubmissionRow, first.submission_id).updated_at > LONG_AGO


def test_a_retry_is_as_then_when_the_first_receipt_was_cleaned(store: Store) -> None:
    first = ran(store, 1)
    change_everything(store)
    ask(store, first, THEN)
    second = ran(store, 2)
    with store.database.writing() as session:
        session.execute(delete(SubmissionFileRow).where(SubmissionFileRow.submission_id == first.submission_id))
        session.execute(delete(SubmissionRow).where(SubmissionRow.id == first.submission_id))
    third = ran(store, 3)
    assert [used(second), used(third)] == [OLD, OLD]
    rerun_of = store.receipt(third.submission_id).rerun_of
    assert rerun_of is not None
    assert rerun_of.submission_id == second.submission_id
