"""Lists of submissions: stretches by key, both ways; counts with an end; indexes that serve the filters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text, update

from config_store import submission_lists
from config_store.errors import InvalidInput
from config_store.models import SubmissionRow
from config_store.submission_lists import Filters, Place, count_submissions, read_place, read_stretch
from config_store.wire import Outcome, State
from tests.config_store.store import CODE, Store
from tests.stand_ins import task

if TYPE_CHECKING:
    from config_store.submission_lists import Stretch

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def listed(store: Store) -> Store:
    """Seven submissions named by their age, newest 0; three of them made in the same moment."""
    store.upload("job.py", b"print()", kind=CODE)
    store.create("prod")
    for name in range(6, -1, -1):
        ticket = store.submit(task("sales", str(name)), code_artifact="job.py")
        at = AT if name in (2, 3, 4) else AT - timedelta(seconds=name - 3)
        with store.database.writing() as session:
            row = update(SubmissionRow).where(SubmissionRow.id == ticket.submission_id)
            session.execute(row.values(created_at=at))
    return store


def read(store: Store, limit: int = 2, **more: Any) -> Stretch:
    filters = more.pop("filters", Filters())
    with store.database.reading() as session:
        return read_stretch(session, filters, limit=limit, **more)


def names(stretch: Stretch) -> list[str]:
    return [one.task.task_id for one in stretch.items]


def test_a_walk_to_the_end_and_back_meets_each_once(listed: Store) -> None:
    whole = names(read(listed, 50))
    assert sorted(whole) == ["0", "1", "2", "3", "4", "5", "6"]
    stretch = read(listed)
    assert stretch.newer is None
    walked = [stretch]
    while stretch.older:
        stretch = read(listed, older=stretch.older)
        walked.append(stretch)
    assert [name for one in walked for name in names(one)] == whole
    assert [len(one.items) for one in walked] == [2, 2, 2, 1]
    back = read(listed, newer=walked[2].newer)
    assert names(back) == names(walked[1])
    assert names(read(listed, newer=back.newer)) == names(walked[0])


def test_a_stretch_stays_where_it_is_while_new_ones_come(listed: Store) -> None:
    older = read(listed).older
    before = names(read(listed, older=older))
    listed.submit(task("sales", "new"))
    assert names(read(listed, older=older)) == before


def test_where_few_are_newer_the_newest_are_shown(listed: Store) -> None:
    second = read(listed, older=read(listed, 1).older)
    assert names(read(listed, 3, newer=second.newer)) == names(read(listed, 3))


def test_behind_the_last_there_is_nothing(listed: Store) -> None:
    stretch = read(listed, older=Place(AT - timedelta(days=1), "0" * 36))
    assert (stretch.items, stretch.newer, stretch.older) == ([], None, None)


def test_a_count_ends(listed: Store) -> None:
    with listed.database.reading() as session:
        assert [count_submissions(session, Filters(), most) for most in (3, 7, 100)] == [3, 7, 7]
        assert count_submissions(session, Filters(task_id="1"), 100) == 1


@pytest.mark.parametrize("rare", [0, 2_000])
def test_an_artifact_is_found_whether_its_uses_are_rare_or_not(
    listed: Store, rare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission_lists, "_RARE", rare)
    listed.submit(task("sales", "without"))
    assert sorted(names(read(listed, 50, filters=Filters(artifact="job.py")))) == ["0", "1", "2", "3", "4", "5", "6"]
    assert names(read(listed, 50, filters=Filters(artifact="other.py"))) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(live=True), ["1"]),
        (Filters(live=True, dag_id="sales"), ["1"]),
        (Filters(outcome=Outcome.FAILED, dag_id="sales"), ["2"]),
        (Filters(outcome=Outcome.FAILED, submitted_by="task", group="prod"), ["2"]),
        (Filters(outcome=Outcome.FAILED, state=State.ENDED), ["2"]),
        (Filters(state=State.PLANNED, group="prod"), ["1"]),
        (Filters(state=State.PLANNED, group="dev"), []),
        (Filters(dag_id="sales", submitted_by="ada"), []),
    ],
)
def test_filters_that_are_only_checked_count_as_much(store: Store, filters: Filters, expected: list[str]) -> None:
    store.create("prod")
    store.submit(task("sales", "1"))
    ticket = store.submit(task("sales", "2"))
    store.report(ticket.submission_id, State.ENDED, Outcome.FAILED)
    assert names(read(store, 50, filters=filters)) == expected


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place(datetime(2026, 11, 21, 12, 30, 0, 123456, tzinfo=UTC), "0" * 36)
    assert read_place("older", str(place)) == place
    assert read_place("older", "") is None


@pytest.mark.parametrize("written", ["7", "x-" + "0" * 36, "9" * 18 + "-" + "0" * 36, "1-short"])
def test_what_is_no_place_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_place("older", written)
    assert refused.value.faults[0].message == (
        f"{written!r} is no place in the list; follow its links, or leave older out"
    )


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(), "created_at"),
        (Filters(dag_id="a"), "dag_id_created_at_outcome"),
        (Filters(dag_id="a", outcome=Outcome.FAILED, submitted_by="task"), "dag_id_created_at_outcome"),
        (Filters(dag_id="a", task_id="b"), "dag_id_task_id_created_at_outcome"),
        (Filters(task_id="b"), "task_id_created_at"),
        (Filters(run_id="b"), "run_id_created_at"),
        (Filters(group="b"), "group_name_created_at_dag_id_task_id"),
        (Filters(outcome=Outcome.LOST), "outcome_created_at"),
        (Filters(submitted_by="ada", group="b"), "submitted_by_created_at"),
        (Filters(live=True, dag_id="a"), "state_created_at"),
    ],
)
def test_sqlite_seeks_by_the_index_of_the_rarest_filter(
    store: Store, database_kind: str, filters: Filters, index: str
) -> None:
    if database_kind != "sqlite":
        pytest.skip("the others go by the statistics of their tables")
    with store.database.reading() as session:
        asked = submission_lists._newest_first(submission_lists._matching(session, filters)).limit(5)
        compiled = asked.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        steps = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    assert f"ix_couture_submissions_{index} " in steps[0] + " "
