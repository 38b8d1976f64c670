"""Submissions: one receipt per try, its states, its token, and what it keeps."""

from __future__ import annotations

import hashlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from config_store.errors import InvalidInput, NotFound, UnknownGroup, WrongState
from config_store.models import SubmissionFileRow, SubmissionRow
from config_store.submission_lists import Filters, list_submissions
from config_store.submissions import check_token, get_file
from config_store.wire import JobRequest, Outcome, Receipt, State, TaskIdentity, Ticket
from tests.config_store.store import CODE, Store, effective, secret
from tests.stand_ins import task

PLANNED, KEYED, SUBMITTED, RUNNING, ENDED = State
LOST_WORDS = "its worker went away without a word; a later try of the task has begun"
FILLED_FIELDS: dict[str, Any] = {
    "host": "worker-1",
    "pids": (11, 12),
    "argv": ("spark-submit", "--name", "größe"),
    "environment_names": ("HADOOP_CONF_DIR",),
    "spark_version": "4.2.0",
    "class_archive": "2a9e94cc",
    "key": "application_1_2",
    "application_id": "application_1_2",
    "tracking_url": "http://rm/1",
    "exit_code": 1,
    "message": "class not found",
    "last_lines": "  indented\n\tlines",
}


@pytest.fixture
def store(store: Store) -> Store:
    """A store whose default group is ``prod``, with code to run."""
    store.upload("job.py", b"print()", kind=CODE)
    store.create("prod", arguments={"executor-memory": "4g"})
    return store


def states(store: Store, *tickets: Ticket) -> list[tuple[State, Outcome | None]]:
    receipts = [store.receipt(ticket.submission_id) for ticket in tickets]
    return [(receipt.state, receipt.outcome) for receipt in receipts]


def found(store: Store, **filters: Any) -> list[str]:
    """The tasks of the matching submissions, newest first."""
    with store.database.reading() as session:
        summaries, total = list_submissions(session, Filters(**filters))
    assert total == len(summaries)
    return [summary.task.task_id for summary in summaries]


class TestSubmit:
    def test_the_receipt_stands_before_anything_starts(self, store: Store) -> None:
        before = datetime.now(UTC)
        ticket = store.submit(task("sales", "load", try_number=2, map_index=3), proof="ti-2", code_artifact="job.py")
        receipt = store.receipt(ticket.submission_id)
        assert receipt == Receipt(
            submission_id=ticket.submission_id,
            task=TaskIdentity(dag_id="sales", task_id="load", run_id="manual__1", try_number=2, map_index=3),
            state=PLANNED,
            outcome=None,
            submitted_by="task",
            group="prod",
            revision=1,
            request=JobRequest.model_validate({"language": "python", "code_artifact": "job.py"}),
            plan=ticket.plan,
            timeline=receipt.timeline,
        )
        ((state, at),) = [(entry.state, entry.at) for entry in receipt.timeline]
        assert state is PLANNED
        assert before <= at <= datetime.now(UTC)

    def test_what_has_no_plan_has_no_receipt(self, store: Store) -> None:
        with pytest.raises(UnknownGroup):
            store.submit(config_group="prd")
        assert store.count(SubmissionRow) == 0

    def test_a_try_that_asks_again_has_the_same_receipt_resolved_anew(self, store: Store) -> None:
        first = store.submit(proof="ti-1")
        store.save("prod", arguments={"executor-memory": "8g"})
        again = store.submit(proof="ti-1")
        assert again.submission_id == first.submission_id
        assert store.count(SubmissionRow) == 1
        assert effective(again.plan) == {"--executor-memory": "8g"}
        receipt = store.receipt(first.submission_id)
        assert (receipt.revision, effective(receipt.plan)) == (2, {"--executor-memory": "8g"})
        assert [entry.state for entry in receipt.timeline] == [PLANNED]
        assert (store.opens(first), store.opens(again)) == (False, True)

    def test_a_try_that_asks_again_for_other_files_reads_these_alone(self, store: Store) -> None:
        old = store.upload("job.py", b"old", kind=CODE)
        ticket = store.submit(proof="ti-1", code_artifact="job.py")
        new = store.upload("job.py", b"new", kind=CODE)
        store.submit(proof="ti-1", code_artifact="job.py")
        with store.database.reading() as session:
            assert get_file(session, ticket.submission_id, new.sha256).name == "job.py"
            with pytest.raises(NotFound):
                get_file(session, ticket.submission_id, old.sha256)

    @pytest.mark.parametrize("state", [KEYED, SUBMITTED, RUNNING, ENDED])
    def test_a_try_that_has_begun_is_not_begun_again(self, store: Store, state: State) -> None:
        ticket = store.submit(proof="ti-1")
        store.report(ticket.submission_id, state)
        with pytest.raises(WrongState) as wrong:
            store.submit(proof="ti-1")
        assert str(wrong.value) == f"Submission {ticket.submission_id} is {state}; it cannot become planned."
        assert states(store, ticket)[0][0] is state

    def test_asking_at_once_makes_one_receipt(self, store: Store) -> None:
        together = threading.Barrier(4)

        def ask(_: int) -> str:
            together.wait()
            return store.submit(proof="ti-1").submission_id

        with ThreadPoolExecutor(4) as threads:
            assert len(set(threads.map(ask, range(4)))) == 1
        assert store.count(SubmissionRow) == 1

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("dag_id", ""),
            ("dag_id", "   "),
            ("task_id", "x" * 251),
            ("run_id", "a\x00b"),
            ("try_number", 2**31),
            ("try_number", -1),
            ("map_index", 10**30),
            ("map_index", -2),
        ],
    )
    def test_an_identity_that_no_task_has_is_refused(self, store: Store, field: str, value: Any) -> None:
        with pytest.raises(InvalidInput, match=rf"^task\.{field}: "):
            store.submit(task().model_copy(update={field: value}), by="ci")
        assert store.count(SubmissionRow) == 0


class TestLostTries:
    def test_the_next_try_closes_what_an_earlier_one_left_open(self, store: Store) -> None:
        first = store.submit(proof="ti-1")
        store.report(first.submission_id, RUNNING, host="worker-1")
        second = store.submit(task(try_number=2), proof="ti-2")
        assert states(store, first, second) == [(ENDED, Outcome.LOST), (PLANNED, None)]
        receipt = store.receipt(first.submission_id)
        assert (receipt.message, receipt.host) == (LOST_WORDS, "worker-1")
        assert [entry.state for entry in receipt.timeline] == [PLANNED, RUNNING, ENDED]
        assert not store.opens(first)
        with pytest.raises(WrongState):
            store.report(first.submission_id, RUNNING)

    def test_the_word_of_the_worker_counts_more_than_the_presumption(self, store: Store) -> None:
        first = store.submit(proof="ti-1")
        store.submit(task(try_number=2), proof="ti-2")
        receipt = store.report(first.submission_id, ENDED, Outcome.FAILED, exit_code=1)
        assert (receipt.outcome, receipt.message, receipt.exit_code) == (Outcome.FAILED, None, 1)
        with pytest.raises(WrongState):
            store.report(first.submission_id, ENDED, Outcome.SUCCEEDED)

    def test_what_had_ended_stays_as_it_ended(self, store: Store) -> None:
        first = store.submit(proof="ti-1")
        store.report(first.submission_id, ENDED, Outcome.FAILED, message="boom")
        store.submit(task(try_number=2), proof="ti-2")
        assert states(store, first) == [(ENDED, Outcome.FAILED)]
        assert store.receipt(first.submission_id).message == "boom"

    @pytest.mark.parametrize(
        "other",
        [task("other"), task(task_id="other"), task(run_id="other"), task(map_index=0)],
        ids=["dag", "task", "run", "map index"],
    )
    def test_another_task_closes_nothing(self, store: Store, other: TaskIdentity) -> None:
        first = store.submit(proof="ti-1")
        store.submit(other, proof="ti-2")
        assert states(store, first) == [(PLANNED, None)]

    def test_another_submitter_closes_nothing(self, store: Store) -> None:
        task_of_airflow, outsider = store.submit(proof="ti-1"), store.submit(by="ci")
        namesake, another = store.submit(by="task"), store.submit(by="eve")
        assert states(store, task_of_airflow, outsider, namesake, another) == [(PLANNED, None)] * 4
        again = store.submit(by="ci")
        assert states(store, outsider, again) == [(ENDED, Outcome.LOST), (PLANNED, None)]
        store.submit(task(try_number=2), proof="ti-2")
        assert states(store, task_of_airflow, namesake) == [(ENDED, Outcome.LOST), (PLANNED, None)]


class TestReport:
    FORWARD = {
        PLANNED: {PLANNED, KEYED, SUBMITTED, RUNNING, ENDED},
        KEYED: {KEYED, SUBMITTED, RUNNING, ENDED},
        SUBMITTED: {SUBMITTED, RUNNING, ENDED},
        RUNNING: {RUNNING, ENDED},
        ENDED: set(),
    }

    @pytest.mark.parametrize(("before", "after"), list(itertools.product(State, State)))
    def test_a_state_never_goes_back(self, store: Store, before: State, after: State) -> None:
        ticket = store.submit()
        store.report(ticket.submission_id, before)
        if after in self.FORWARD[before]:
            receipt = store.report(ticket.submission_id, after, host="worker-1")
            assert (receipt.state, receipt.host) == (after, "worker-1")
            expected = list(dict.fromkeys([PLANNED, before, after]))
            assert [entry.state for entry in receipt.timeline] == expected
        else:
            with pytest.raises(WrongState) as wrong:
                store.report(ticket.submission_id, after, host="worker-1")
            assert str(wrong.value) == f"Submission {ticket.submission_id} is {before}; it cannot become {after}."
            assert store.receipt(ticket.submission_id).host is None
        assert store.receipt(ticket.submission_id).state is (after if after in self.FORWARD[before] else before)

    @pytest.mark.parametrize("outcome", list(Outcome))
    def test_an_end_has_an_outcome(self, store: Store, outcome: Outcome) -> None:
        ticket = store.submit()
        assert store.report(ticket.submission_id, ENDED, outcome).outcome is outcome

    @pytest.mark.parametrize("state", [PLANNED, KEYED, SUBMITTED, RUNNING])
    def test_an_outcome_has_an_end(self, store: Store, state: State) -> None:
        ticket = store.submit()
        with pytest.raises(InvalidInput, match=r"^outcome: is given with state 'ended', and only then$"):
            store.report(ticket.submission_id, state, Outcome.SUCCEEDED)
        assert states(store, ticket) == [(PLANNED, None)]

    @pytest.mark.parametrize("state", list(State))
    def test_the_same_report_again_changes_nothing(self, store: Store, state: State) -> None:
        ticket = store.submit()
        first = store.report(ticket.submission_id, state, **FILLED_FIELDS)
        assert store.report(ticket.submission_id, state, **FILLED_FIELDS) == first

    def test_facts_add_up(self, store: Store) -> None:
        ticket = store.submit()
        store.report(ticket.submission_id, SUBMITTED, host="worker-1", pids=[11])
        store.report(ticket.submission_id, RUNNING, application_id="application_1_2", pids=[11, 12])
        receipt = store.report(ticket.submission_id, ENDED, Outcome.FAILED, exit_code=101, message="class not found")
        assert (receipt.host, receipt.pids, receipt.application_id) == ("worker-1", (11, 12), "application_1_2")
        assert (receipt.exit_code, receipt.message) == (101, "class not found")

    def test_every_fact_comes_back(self, store: Store) -> None:
        ticket = store.submit()
        store.report(ticket.submission_id, RUNNING, **FILLED_FIELDS)
        receipt = store.receipt(ticket.submission_id)
        assert {name: getattr(receipt, name) for name in FILLED_FIELDS} == FILLED_FIELDS

    def test_the_timeline_is_in_utc_and_in_order(self, store: Store) -> None:
        ticket = store.submit()
        for state in (KEYED, SUBMITTED, RUNNING, ENDED):
            store.report(ticket.submission_id, state)
        timeline = store.receipt(ticket.submission_id).timeline
        assert [entry.state for entry in timeline] == list(State)
        assert [entry.at for entry in timeline] == sorted(entry.at for entry in timeline)
        assert {entry.at.utcoffset() for entry in timeline} == {timedelta(0)}

    def test_of_an_unknown_submission_it_is_refused(self, store: Store) -> None:
        with pytest.raises(NotFound, match=r"^There is no submission 'nope'\.$"):
            store.report("nope", RUNNING)

    def test_reports_at_once_lose_no_fact(self, store: Store) -> None:
        ticket = store.submit()
        together = threading.Barrier(4)
        facts: list[dict[str, Any]] = [{"host": "w"}, {"key": "k"}, {"tracking_url": "u"}, {"application_id": "a"}]

        def tell(fact: dict[str, Any]) -> None:
            together.wait()
            store.report(ticket.submission_id, RUNNING, **fact)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(tell, facts))
        receipt = store.receipt(ticket.submission_id)
        assert (receipt.host, receipt.key, receipt.tracking_url, receipt.application_id) == ("w", "k", "u", "a")


class TestToken:
    @pytest.mark.parametrize("state", [PLANNED, KEYED, SUBMITTED, RUNNING])
    def test_it_opens_its_submission_until_the_end(self, store: Store, state: State) -> None:
        ticket = store.submit()
        store.report(ticket.submission_id, state)
        assert store.opens(ticket)
        store.report(ticket.submission_id, ENDED)
        assert not store.opens(ticket)
        with store.database.reading() as session:
            assert check_token(session, ticket.submission_id, ticket.token, ended=True)

    def test_it_opens_no_other(self, store: Store) -> None:
        one, other = store.submit(), store.submit(task("other"))
        assert one.token != other.token
        assert not store.opens(one.model_copy(update={"submission_id": other.submission_id}))
        assert not store.opens(one.model_copy(update={"submission_id": "nope"}))

    @pytest.mark.parametrize("token", ["", "x", "é", "\x00", "0" * 64])
    def test_nothing_else_opens(self, store: Store, token: str) -> None:
        ticket = store.submit()
        assert not store.opens(ticket.model_copy(update={"token": token}))

    def test_it_is_stored_as_a_digest_that_opens_nothing(self, store: Store) -> None:
        ticket = store.submit()
        with store.database.reading() as session:
            digest = session.scalars(select(SubmissionRow.token_sha256)).one()
        assert digest == hashlib.sha256(ticket.token.encode()).hexdigest()
        assert not store.opens(ticket.model_copy(update={"token": digest}))
        assert ticket.token.encode() not in store.stored_bytes()


class TestSecrets:
    def test_no_row_holds_a_planted_secret(self, store: Store) -> None:
        store.save(
            "prod",
            arguments={"queue": secret("planted-1")},
            configurations={"spark.my.password": "planted-2"},
            environment={"A_TOKEN": "planted-3"},
        )
        ticket = store.submit(
            spark_configurations={"spark.yarn.queue": "planted-4", "spark.my.password": "planted-5"},
            env_vars={"A_TOKEN": "planted-6", "TZ": "UTC"},
            application_arguments=["--date", "2026-11-21"],
        )
        store.report(ticket.submission_id, ENDED, Outcome.FAILED, **FILLED_FIELDS)
        assert effective(ticket.plan) == {
            "spark.yarn.queue": "planted-4",
            "spark.my.password": "planted-5",
            "$A_TOKEN": "planted-6",
            "$TZ": "UTC",
        }
        receipt = store.receipt(ticket.submission_id).model_dump_json()
        assert receipt.count("planted") == 0
        assert store.stored_bytes().count(b"planted-") == 0
        assert '"TZ":"UTC"' in receipt


class TestFiles:
    def test_a_submission_reads_its_own_files_alone(self, store: Store) -> None:
        site = store.config_file("core-site.xml", "<configuration/>")
        krb5 = store.config_file("krb5.conf", "[libdefaults]")
        library, alien = store.upload("lib.zip"), store.upload("alien.zip")
        store.save("prod", hadoop_files=(site,), krb5_conf=krb5, py_files=["lib.zip"])
        ticket = store.submit(code_artifact="job.py")
        with store.database.reading() as session:
            names = {get_file(session, ticket.submission_id, file.sha256).name for file in ticket.plan.stored_files()}
            assert names == {"core-site.xml", "krb5.conf", "lib.zip", "job.py"}
            assert get_file(session, ticket.submission_id, library.sha256).size == len("lib.zip")
            for sha256 in (alien.sha256, "", "../../etc/passwd", "\x00"):
                with pytest.raises(NotFound):
                    get_file(session, ticket.submission_id, sha256)

    def test_every_name_of_one_content_is_recorded(self, store: Store) -> None:
        for name in ("a.py", "b.py"):
            store.upload(name, b"")
        store.submit(py_files=["a.py", "b.py"])
        assert store.count(SubmissionFileRow) == 2
        assert found(store, artifact="a.py") == found(store, artifact="b.py") == ["load"]


class TestList:
    @pytest.fixture
    def listed(self, store: Store) -> Store:
        """Three submissions, made in the order of their tasks' names."""
        store.create("dev")
        one = store.submit(task("sales", "1"), code_artifact="job.py")
        store.submit(task("sales", "2", run_id="manual__2"), config_group="dev")
        three = store.submit(task("billing", "3"))
        store.report(one.submission_id, ENDED, Outcome.FAILED, exit_code=1, message="boom")
        store.report(three.submission_id, RUNNING)
        return store

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, ["3", "2", "1"]),
            ({"dag_id": "sales"}, ["2", "1"]),
            ({"task_id": "3"}, ["3"]),
            ({"run_id": "manual__1"}, ["3", "1"]),
            ({"group": "dev"}, ["2"]),
            ({"artifact": "job.py"}, ["1"]),
            ({"artifact": "other.py"}, []),
            ({"state": State.RUNNING}, ["3"]),
            ({"outcome": Outcome.FAILED}, ["1"]),
            ({"dag_id": "sales", "state": State.PLANNED}, ["2"]),
            ({"dag_id": "%"}, []),
            ({"submitted_by": "task"}, ["3", "2", "1"]),
            ({"submitted_by": "ada"}, []),
            ({"since": datetime(2020, 1, 1, tzinfo=UTC)}, ["3", "2", "1"]),
            ({"until": datetime(2020, 1, 1, tzinfo=UTC)}, []),
        ],
    )
    def test_submissions_are_found_newest_first(
        self, listed: Store, filters: dict[str, Any], expected: list[str]
    ) -> None:
        assert found(listed, **filters) == expected

    def test_they_come_in_pages(self, listed: Store) -> None:
        with listed.database.reading() as session:
            page, total = list_submissions(session, Filters(), limit=1, offset=1)
        assert ([summary.task.task_id for summary in page], total) == (["2"], 3)

    def test_a_summary_tells_how_it_ended(self, listed: Store) -> None:
        with listed.database.reading() as session:
            ((summary,), _) = list_submissions(session, Filters(task_id="1"))
        assert (summary.state, summary.outcome, summary.exit_code, summary.message) == (
            ENDED,
            Outcome.FAILED,
            1,
            "boom",
        )
        assert (summary.group, summary.revision, summary.app_name) == ("prod", 1, "sales.1")


def test_a_list_reads_no_plans(store: Store) -> None:
    ticket = store.submit(config_group="prod")
    statements: list[str] = []

    def note(*told: object) -> None:
        statements.append(str(told[2]).translate({ord('"'): None, ord("`"): None}))  # "plan" is a keyword in some

    event.listen(store.database.engine, "before_cursor_execute", note)
    with store.database.reading() as session:
        (summary,), total = list_submissions(session, Filters())
        assert (summary.submission_id, total) == (ticket.submission_id, 1)
    large = ("couture_submissions.plan", "couture_submissions.request", "couture_submissions.timeline")
    assert [statement for statement in statements if any(column in statement for column in large)] == []
    assert store.receipt(ticket.submission_id).plan.group == "prod"
    assert all(column in statements[-1] for column in large)
