"""Odd names and texts, on every database: unknown ones are not found, long ones are refused, the rest is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store import artifacts, groups, submission_lists, submissions
from config_store.errors import InvalidInput, NotFound
from config_store.submission_lists import Filters
from config_store.wire import State
from tests.config_store.store import CODE, DEPENDENCY
from tests.stand_ins import task

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.config_store.store import Store

#: What a driver or a database takes amiss, or takes for another name.
ODD = {
    "nul": "\x00",
    "nul within": "prod\x00",
    "surrogate": "\ud800",
    "long": "x" * 251,
    "very long": "x" * 100_000,
    "trailing blank": "prod ",
    "another case": "PROD",
    "accent": "prôd",
    "emoji": "\U0001f600",
    "newline": "prod\n",
    "like": "%",
    "empty": "",
}
BIG = 2**63

LOOKUPS: dict[str, Callable[[Session, str], object]] = {
    "group": groups.get_group,
    "revision": lambda session, name: groups.get_revision(session, name, 1),
    "revisions": groups.list_revisions,
    "default": groups.make_default,
    "describe": lambda session, name: groups.describe_group(session, name, ""),
    "delete": lambda session, name: groups.delete_group(session, name, "ada"),
    "version": lambda session, name: artifacts.find_version(session, DEPENDENCY, name),
    "numbered version": lambda session, name: artifacts.get_version(session, DEPENDENCY, name, 1),
    "artifact": lambda session, name: artifacts.get_artifact(session, CODE, name),
    "hide": lambda session, name: artifacts.hide_versions(session, DEPENDENCY, name, author="ada"),
    "restore": lambda session, name: artifacts.restore_versions(session, DEPENDENCY, name),
    "receipt": submissions.get_receipt,
    "file": lambda session, name: submissions.get_file(session, name, name),
}


@pytest.fixture
def filled(store: Store) -> Store:
    """A group ``prod``, a dependency and a submission."""
    store.create("prod")
    store.upload("prod.jar")
    store.submit()
    return store


@pytest.mark.parametrize("lookup", LOOKUPS.values(), ids=list(LOOKUPS))
def test_an_odd_name_is_not_found(filled: Store, lookup: Callable[[Session, str], object]) -> None:
    for name in ODD.values():
        with pytest.raises(NotFound), filled.database.writing() as session:
            lookup(session, name)
    assert filled.group("prod").revision == 1


def test_an_odd_search_finds_nothing(filled: Store) -> None:
    with filled.database.reading() as session:
        for search in [text for key, text in ODD.items() if key not in ("another case", "empty")]:
            assert groups.list_groups(session, search=search) == ([], 0), search
            assert artifacts.list_artifacts(session, DEPENDENCY, search=search) == ([], 0), search


def test_a_search_takes_no_notice_of_case(filled: Store) -> None:
    with filled.database.reading() as session:
        assert [group.name for group in groups.list_groups(session, search="ROD")[0]] == ["prod"]
        assert [found.name for found in artifacts.list_artifacts(session, DEPENDENCY, search="ROD.J")[0]] == [
            "prod.jar"
        ]


@pytest.mark.parametrize("name", ["\x00", "\ud800", "x" * 100_000, "\U0001f600"])
def test_an_odd_filter_matches_nothing(filled: Store, name: str) -> None:
    with filled.database.reading() as session:
        by_field = [
            Filters(dag_id=name),
            Filters(task_id=name),
            Filters(run_id=name),
            Filters(group=name),
            Filters(artifact=name),
        ]
        for filters in by_field:
            assert submission_lists.list_submissions(session, filters) == ([], 0)
        assert not submissions.check_token(session, name, "token")


@pytest.mark.parametrize("number", [0, -1, 2**31, BIG, -BIG, 10**400])
def test_a_number_beyond_the_column_is_not_found(filled: Store, number: int) -> None:
    with filled.database.reading() as session:
        with pytest.raises(NotFound):
            groups.get_revision(session, "prod", number)
        with pytest.raises(NotFound):
            artifacts.get_version(session, DEPENDENCY, "prod.jar", number)
        with pytest.raises(NotFound):
            artifacts.find_version(session, DEPENDENCY, "prod.jar", number)


@pytest.mark.parametrize(
    ("author", "message"),
    [
        ("x" * 251, "author: has 251 characters, at most 250 are kept; use a shorter login"),
        ("a\x00", "author: contains a NUL character"),
        ("\udc00", "author: contains \\udc00, half a surrogate pair"),
    ],
)
def test_an_author_that_no_column_holds_is_refused_before_anything_is_written(
    filled: Store, author: str, message: str
) -> None:
    deeds: list[Callable[[], object]] = [
        lambda: filled.create("new", author=author),
        lambda: filled.save("prod", author=author, environment={"TZ": "UTC"}),
        lambda: filled.delete("prod", author=author),
        lambda: filled.upload("new.jar", author=author),
        lambda: filled.submit(by=author),
    ]
    for deed in deeds:
        with pytest.raises(InvalidInput) as caught:
            deed()
        assert str(caught.value) == message
    assert filled.group("prod").revision == 1
    with filled.database.reading() as session:
        assert groups.list_groups(session)[1] == 1
        assert artifacts.list_artifacts(session, DEPENDENCY)[1] == 1


def test_an_author_of_250_characters_of_four_bytes_is_kept(filled: Store) -> None:
    author = "\U0001f600" * 250
    assert filled.save("prod", author=author, environment={"TZ": "UTC"}).updated_by == author
    assert filled.upload("new.jar", author=author).uploaded_by == author


def test_texts_of_four_byte_characters_come_back(filled: Store) -> None:
    emoji = "\U0001f600"
    note = emoji * 10_000  # 40,000 bytes: the longest that is taken, in MySQL's TEXT
    saved = filled.save("prod", note=note, environment={"TZ": emoji * 100_000})
    assert saved.content.environment["TZ"].value == emoji * 100_000
    assert filled.revision("prod", 2).note == note
    assert filled.create("other", description=note).description == note
    identity = task(f"dag {emoji}", f"task {emoji}", run_id=f"run {emoji}")
    ticket = filled.submit(identity, app_name=emoji * 10_000)
    assert filled.receipt(ticket.submission_id).task == identity
    assert filled.receipt(ticket.submission_id).plan.app_name == emoji * 10_000


def test_an_application_name_that_mysql_would_cut_is_refused(filled: Store) -> None:
    with pytest.raises(InvalidInput, match="app_name: must be text of at most 10,000 characters"):
        filled.submit(app_name="x" * 10_001)


def test_a_report_may_hold_nul_and_long_texts(filled: Store) -> None:
    """What a log says is not the worker's to choose; the end of the job must be told."""
    ticket = filled.submit(task("sales", "other"))
    lines = "a\x00b" + "\U0001f600" * 50_000
    filled.report(ticket.submission_id, State.ENDED, message="x\x00", last_lines=lines, argv=("a" * 200_000,))
    receipt = filled.receipt(ticket.submission_id)
    assert (receipt.message, receipt.last_lines, receipt.argv) == ("x\x00", lines, ("a" * 200_000,))


def test_names_that_differ_by_case_alone_are_two(store: Store) -> None:
    for name in ("prod", "Prod"):
        store.create(name, note=name)
        store.upload(f"{name}.jar")
    assert [store.revision(name, 1).note for name in ("prod", "Prod")] == ["prod", "Prod"]


def test_lists_are_sorted_byte_by_byte(store: Store) -> None:
    """A locale's order would put "a_b" before "B", and each database has another one."""
    names = ["B", "Z-1", "_x", "a", "aB", "a_b", "ab", "b"]
    for name in reversed(names):
        store.create(name)
        store.upload(f"{name.replace('Z-1', 'Z~1')}.jar")
    with store.database.reading() as session:
        assert [group.name for group in groups.list_groups(session)[0]] == names
        first, second = (groups.list_groups(session, limit=4, offset=offset)[0] for offset in (0, 4))
        assert [group.name for group in first + second] == names
        listed = [found.name for found in artifacts.list_artifacts(session, DEPENDENCY)[0]]
    assert listed == sorted(listed)
    with pytest.raises(NotFound) as caught:
        store.group("nothing")
    assert str(caught.value).endswith(f"Config groups: {', '.join(names)}.")
