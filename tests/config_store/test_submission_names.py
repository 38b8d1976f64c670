"""Names that the filters of submissions propose: what was typed anywhere in them, bounded, by seeks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from config_store import groups, submission_names
from config_store.artifacts import ArtifactKind, hide_versions
from config_store.submission_names import (
    artifact_names,
    group_names,
    matching,
    submitter_names,
    task_names,
)
from tests.config_store.store import CODE, Store
from tests.stand_ins import task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

KINDS = list(ArtifactKind)
UNFIT = ["", "  ", "a\x00b", "\ud800"]


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with some groups, and tasks of two DAGs that ran twice each."""
    for name in ("prod", "staging", "STAGE", "my_stage"):
        store.create(name)
    for run in ("one", "two"):
        for dag, names in (("sales", ("load", "offload", "clean")), ("nightly", ("load", "Loader", "zip"))):
            for name in names:
                store.submit(task(dag, name, run_id=run))
    return store


@pytest.fixture
def session(filled: Store) -> Iterator[Session]:
    """A look at it."""
    with filled.database.reading() as opened:
        yield opened


def asked_of(session: Session) -> list[tuple[str, tuple[object, ...]]]:
    """Every query from now on, with its parameters, as it comes."""
    asked: list[tuple[str, tuple[object, ...]]] = []

    def keep(*call: Any) -> None:
        if call[2].startswith("SELECT"):
            asked.append((call[2], call[3]))

    event.listen(session.get_bind(), "before_cursor_execute", keep)
    return asked


def test_those_come_first_that_begin_so_whatever_their_case() -> None:
    assert matching(["offload", "load", "LOADS", "other"], " Load ") == ["LOADS", "load", "offload"]


def test_groups_are_found_anywhere_in_their_names_and_when_deleted(filled: Store) -> None:
    with filled.database.writing() as session:
        groups.delete_group(session, "staging", "ada", force=True)
    with filled.database.reading() as session:
        assert group_names(session, "stag", 12) == ["STAGE", "staging", "my_stage"]
        assert group_names(session, "stag", 2) == ["STAGE", "staging"]


@pytest.mark.parametrize("typed", ["_", "%", "my_stage", "y_s"])
def test_wildcards_of_sql_are_letters(session: Session, typed: str) -> None:
    assert group_names(session, typed, 12) == ([] if typed == "%" else ["my_stage"])


def test_artifacts_of_both_kinds_are_named_once_deleted_ones_too(store: Store) -> None:
    for kind in KINDS:
        store.upload("both.jar", b"classes", kind=kind)
    store.upload("job.py", b"print()", kind=CODE)
    with store.database.writing() as session:
        hide_versions(session, CODE, "job.py", author="ada")
    with store.database.reading() as session:
        assert artifact_names(session, KINDS, "b", 12) == ["both.jar", "job.py"]
        assert artifact_names(session, [ArtifactKind.DEPENDENCY], "b", 12) == ["both.jar"]
        assert artifact_names(session, [], "b", 12) == []


def test_tasks_are_those_of_the_dag_or_of_all(session: Session) -> None:
    assert task_names(session, "sales", "load", 12) == ["load", "offload"]
    assert task_names(session, "", "load", 12) == ["Loader", "load", "offload"]
    assert task_names(session, "nobody", "load", 12) == []
    assert task_names(session, "a\x00b", "load", 12) == []


def test_who_submitted(session: Session) -> None:
    assert submitter_names(session, "AS", 12) == ["task"]
    assert submitter_names(session, "ada", 12) == []


@pytest.mark.parametrize("typed", UNFIT)
def test_what_no_name_can_hold_becomes_none(session: Session, typed: str) -> None:
    assert group_names(session, typed, 12) == []
    assert artifact_names(session, KINDS, typed, 12) == []
    assert task_names(session, "sales", typed, 12) == []
    assert submitter_names(session, typed, 12) == []


def test_of_very_many_values_those_near_what_was_typed_are_found(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names in the middle that only hold it are passed over; nobody waits for thousands of seeks."""
    monkeypatch.setattr(submission_names, "_MOST_SEEKS", 1)
    asked = asked_of(session)
    assert task_names(session, "sales", "of", 12) == ["offload"]
    assert task_names(session, "sales", "ffl", 12) == []
    assert task_names(session, "sales", "ea", 12) == ["clean"]
    assert len(asked) == 6


def test_each_seek_is_one_of_an_index(session: Session, database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("the others go by the statistics of their tables")
    asked = asked_of(session)
    assert task_names(session, "sales", "load", 12)
    assert task_names(session, "", "load", 12)
    assert submitter_names(session, "task", 12)
    queries = list(asked)
    assert len(queries) > 10
    for query, parameters in queries:
        (step,) = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", parameters).all()
        assert "USING COVERING INDEX" in step[3]
        # the first value of all is where the index begins
        assert step[3].startswith("SEARCH" if "WHERE" in query else "SCAN")
