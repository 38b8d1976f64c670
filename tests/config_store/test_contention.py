"""Who comes at the same time: writers take turns, none is lost, and each refusal says what is true by then."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from config_store import artifacts, groups
from config_store.artifacts import find_version
from config_store.database import Database
from config_store.errors import (
    AlreadyExists,
    DatabaseAway,
    DatabaseBusy,
    DefaultGroupKept,
    InUse,
    InvalidInput,
    StaleRevision,
    UnknownGroup,
)
from config_store.groups import Save
from config_store.models import GroupRow, SubmissionRow, VersionRow
from config_store.submissions import Submitter, submit
from tests.config_store.store import CODE, DEPENDENCY, TASK, content, job

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.config_store.store import Store

    Deed = Callable[[Session], Any]

#: Seconds that a transaction is given to show that it does not wait for the other.
WAITS_S = 0.2
WRITERS, ROUNDS = 8, 6


def outcome(database: Database, first: Deed, second: Deed) -> Any:
    """What ``second`` answers, begun while ``first`` is done and not committed; it must wait for that."""

    def run() -> Any:
        with database.writing() as session:
            return second(session)

    with ThreadPoolExecutor(1) as thread, ExitStack() as stack:
        first(stack.enter_context(database.writing()))
        later: Future[Any] = thread.submit(run)
        with pytest.raises(TimeoutError):
            later.result(WAITS_S)
        stack.close()
        return later.result()


def refused(database: Database, first: Deed, second: Deed) -> Exception:
    """The error of ``second``, see :func:`outcome`."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the caller looks at it
        outcome(database, first, second)
    return caught.value


@pytest.fixture
def two(store: Store) -> Store:
    """A default group ``a``, another one ``b``, a dependency and a code artifact."""
    store.create("a", environment={"TZ": "UTC"})
    store.create("b", environment={"TZ": "UTC"})
    store.upload("x.jar", b"one")
    return store


def saving(store: Store, name: str, parent: int = 1, **fields: Any) -> Deed:
    """A save on top of a revision."""

    def save(session: Session) -> Any:
        return groups.save_content(
            session, name, content(**fields), parent=parent, save=Save("bob", "mine"), cipher=store.cipher
        )

    return save


def hiding(session: Session) -> Any:
    return artifacts.hide_versions(session, DEPENDENCY, "x.jar", author="ada")


def restoring(session: Session) -> Any:
    return artifacts.restore_versions(session, DEPENDENCY, "x.jar")


def defaulting(session: Session) -> Any:
    return groups.make_default(session, "b")


def deleting(session: Session) -> Any:
    return groups.delete_group(session, "b", "ada")


def test_a_group_that_becomes_the_default_is_not_deleted(two: Store) -> None:
    error = refused(two.database, defaulting, deleting)
    assert isinstance(error, DefaultGroupKept)
    assert (two.default(), two.group("b").is_default) == ("b", True)


def test_a_group_that_is_deleted_does_not_become_the_default(two: Store) -> None:
    error = refused(two.database, deleting, defaulting)
    assert isinstance(error, UnknownGroup)
    assert two.default() == "a"


def test_a_group_that_is_deleted_is_not_saved(two: Store) -> None:
    error = refused(two.database, deleting, saving(two, "b", environment={"TZ": "CET"}))
    assert isinstance(error, UnknownGroup)


def test_a_dependency_that_is_chosen_is_not_deleted(two: Store) -> None:
    error = refused(two.database, saving(two, "b", jars=["x.jar"]), hiding)
    assert isinstance(error, InUse)
    assert str(error) == "The dependency 'x.jar' is used by group b; delete it with force to do so anyway."


def test_a_dependency_that_is_deleted_is_not_chosen(two: Store) -> None:
    error = refused(two.database, hiding, saving(two, "b", jars=["x.jar"]))
    assert isinstance(error, InvalidInput)
    assert str(error) == "jars: There is no dependency 'x.jar'. Upload it first."
    assert two.group("b").revision == 1


def test_of_two_saves_the_later_learns_of_the_first(two: Store) -> None:
    first, second = (saving(two, "b", environment={"TZ": zone}) for zone in ("CET", "EST"))
    error = refused(two.database, first, second)
    assert isinstance(error, StaleRevision)
    assert (error.expected, error.current, error.saved_by, error.note) == (1, 2, "bob", "mine")
    assert [(c.where, c.old, c.new) for c in error.changes] == [("environment.TZ", "UTC", "CET")]


def test_a_save_that_has_read_the_group_before_learns_of_the_first_too(two: Store) -> None:
    def second(session: Session) -> Any:
        return saving(two, "b", environment={"TZ": "EST"})(session)

    with two.database.writing() as session, ThreadPoolExecutor(1) as thread:
        if session.get_bind().dialect.name == "sqlite":
            pytest.skip("SQLite has one writer at a time: nobody saves between its reading and its saving")
        assert groups.get_group(session, "b").revision == 1
        thread.submit(two.save, "b", environment={"TZ": "CET"}).result()
        with pytest.raises(StaleRevision) as caught:
            second(session)
    assert (caught.value.current, len(caught.value.changes)) == (2, 1)


def test_two_groups_of_one_name_are_one(two: Store) -> None:
    def making(session: Session) -> Any:
        return groups.create_group(session, "new", Save("ada"), two.cipher)

    assert isinstance(refused(two.database, making, making), AlreadyExists)
    two.delete("new")
    assert isinstance(refused(two.database, making, making), AlreadyExists)
    assert two.group("new").revision == 2


def test_first_uploads_of_one_name_are_versions_of_one_artifact(two: Store) -> None:
    blobs = [two.keep(data) for data in (b"one", b"two")]

    def upload(index: int) -> Deed:
        return lambda session: artifacts.add_version(session, CODE, "new.py", blobs[index], author="ada")

    version, is_new = outcome(two.database, upload(0), upload(1))
    assert (version.version, is_new) == (2, True)
    assert two.artifact("new.py", CODE)[0].versions == 2


def test_deletion_and_restoration_take_turns(two: Store) -> None:
    two.upload("x.jar", b"two")
    assert not outcome(two.database, hiding, restoring).hidden
    with two.database.reading() as session:
        assert set(session.scalars(select(VersionRow.hidden_at))) == {None}
    assert len(outcome(two.database, restoring, hiding)) == 2


def test_a_try_that_asks_twice_at_once_has_one_receipt(two: Store) -> None:
    def asking(session: Session) -> Any:
        return submit(session, job(), Submitter("task", TASK, "ti-1"), two.cipher)

    ticket = outcome(two.database, asking, asking)
    assert two.count(SubmissionRow) == 1
    assert (two.receipt(ticket.submission_id).state, two.opens(ticket)) == ("planned", True)


def test_savers_of_several_groups_lose_nothing_and_do_not_lock_each_other_out(store: Store) -> None:
    """Every writer saves every group, in an order of his own, with the same dependencies, which others upload."""
    names = [f"g{number}" for number in range(4)]
    jars = [f"{letter}.jar" for letter in "abc"]
    for jar in jars:
        store.upload(jar, b"first")
    for name in names:
        store.create(name, jars=jars)
    together = threading.Barrier(WRITERS)

    def write(writer: int) -> int:
        done = 0
        together.wait()
        for turn in range(ROUNDS):
            name = names[(writer + turn) % len(names)]
            store.upload(jars[(writer + turn) % len(jars)], f"{writer} {turn}".encode())
            chosen = jars if writer % 2 else jars[::-1]
            with suppress(StaleRevision):
                store.save(name, environment={f"W{writer}": str(turn)}, jars=chosen)
                done += 1
        return done

    with ThreadPoolExecutor(WRITERS) as threads:
        saved = sum(threads.map(write, range(WRITERS)))
    assert saved >= len(names)
    assert sum(store.group(name).revision - 1 for name in names) == saved
    for name in names:
        assert [revision.number for revision in store.revisions(name)] == list(range(store.group(name).revision, 0, -1))
    with store.database.reading() as session:
        newest = [find_version(session, DEPENDENCY, jar).version for jar in jars]
    assert sum(newest) == len(jars) + WRITERS * ROUNDS


@pytest.mark.parametrize("database_kind", ["postgresql", "mariadb"])
def test_a_deadlock_is_told_as_one(two: Store) -> None:
    """Made by hand: the store's own deeds lock in one order."""
    together = threading.Barrier(2)

    def lock(names: tuple[str, str]) -> str:
        with two.database.writing() as session:
            session.scalars(select(GroupRow).where(GroupRow.name == names[0]).with_for_update()).one()
            together.wait()
            session.scalars(select(GroupRow).where(GroupRow.name == names[1]).with_for_update()).one()
        return "done"

    with ThreadPoolExecutor(2) as threads:
        tries = [threads.submit(lock, names) for names in (("a", "b"), ("b", "a"))]
        errors = [attempt.exception() for attempt in tries]
    (error,) = [error for error in errors if error is not None]
    assert isinstance(error, DatabaseBusy)
    assert str(error).startswith("The store's database is busy with other changes (")
    assert "eadlock" in error.reason
    assert str(error).endswith("Nothing was saved; send it again.")


@pytest.mark.parametrize(
    ("database_kind", "statement"),
    [("postgresql", "SELECT pg_terminate_backend(pg_backend_pid())"), ("mariadb", "KILL CONNECTION_ID()")],
)
def test_a_connection_that_goes_away_is_told_and_the_next_is_a_new_one(two: Store, statement: str) -> None:
    def use_and_lose() -> None:
        with two.database.writing() as session:
            session.execute(text(statement))
            session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseAway, match="send it again"):
        use_and_lose()
    assert two.save("b", environment={"TZ": "CET"}).revision == 2
