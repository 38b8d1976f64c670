"""Config groups and their revisions, one writer and many."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Text, event, insert, select, type_coerce, update

from config_store import groups
from config_store.content import Content, from_document, to_document
from config_store.diff import Change
from config_store.errors import (
    AlreadyExists,
    DefaultGroupKept,
    InUse,
    InvalidInput,
    NotFound,
    StaleRevision,
    UnknownGroup,
    User,
)
from config_store.groups import Save, change_content, create_group, describe_group, list_groups, make_default
from config_store.models import DefaultGroupRow, GroupRow, RevisionRow
from config_store.remembered import LEAST_CHARACTERS
from config_store.settings import Setting
from tests.config_store.store import Store, content, effective, final

if TYPE_CHECKING:
    from config_store.groups import Group, RevisionHead

WRITERS = 8


def described(revisions: list[RevisionHead]) -> list[tuple[int, int | None, str, str]]:
    return [(revision.number, revision.parent, revision.author, revision.note) for revision in revisions]


def test_a_large_content_is_what_its_document_says(store: Store) -> None:
    """What a save remembers of it is what others read of it."""
    group = store.create(
        "large",
        arguments={"queue": final("etl")},
        configurations={f"spark.a.k{number:05d}": f"ünï {number}" for number in range(8_000)}
        | {"spark.my.password": "of the lake"},
    )
    with store.database.reading() as session:
        text = session.scalar(select(type_coerce(RevisionRow.content, Text)))
        assert groups.get_group(session, "large").content is group.content
    assert text is not None
    assert len(text) > LEAST_CHARACTERS
    assert from_document(json.loads(text)) == group.content
    assert text == json.dumps(to_document(group.content), ensure_ascii=False, separators=(",", ":"))


def test_going_back_to_what_was_checked_by_older_rules(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr("config_store.content.value_faults", lambda *_: ())
        store.create("prod", arguments={"driver-memory": "1g\n"})
    store.save("prod", parent=1, arguments={"driver-memory": "2g"})
    with store.database.writing() as session:
        group = groups.roll_back(session, "prod", 1, parent=2, save=Save("ada"), cipher=store.cipher)
    assert (group.revision, group.content.arguments["driver-memory"].value) == (3, "1g\n")
    with pytest.raises(InvalidInput, match="blanks or a line break at its ends"):
        store.save("prod", parent=3, arguments={"driver-memory": "1g\n"})


class TestCreate:
    def test_a_group_begins_with_revision_1(self, store: Store) -> None:
        group = store.create(
            "prod", author="bob", note="begin", description="the cluster", arguments={"queue": final("etl")}
        )
        assert (group.name, group.description, group.revision, group.updated_by) == ("prod", "the cluster", 1, "bob")
        assert group.content == content(arguments={"queue": final("etl")})
        assert described(store.revisions("prod")) == [(1, None, "bob", "begin")]

    def test_the_first_group_is_the_default(self, store: Store) -> None:
        assert store.default() is None
        assert [store.create(name).is_default for name in ("first", "second")] == [True, False]
        assert store.default() == "first"

    def test_a_name_is_taken_once(self, store: Store) -> None:
        store.create("prod")
        with pytest.raises(AlreadyExists, match=r"^The config group 'prod' exists already; choose another name\.$"):
            store.create("prod")
        assert store.create("PROD").revision == 1

    @pytest.mark.parametrize("name", ["", "   ", "a/b", "..", "a\x00b", "größe", "x" * 300])
    def test_a_bad_name_makes_nothing(self, store: Store, name: str) -> None:
        with pytest.raises(InvalidInput):
            store.create(name)
        assert store.default() is None

    def test_a_bad_content_makes_nothing(self, store: Store) -> None:
        with pytest.raises(InvalidInput):
            store.create("prod", arguments={"queue": "\x00"})
        with pytest.raises(UnknownGroup):
            store.group("prod")

    @pytest.mark.parametrize("text", ["x" * 10_001, "\x00", "\ud800"], ids=["long", "NUL", "surrogate"])
    @pytest.mark.parametrize("field", ["note", "description"])
    def test_what_people_write_is_text(self, store: Store, field: str, text: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            store.create("prod", **{field: text})
        assert str(refused.value) == f"{field}: must be text of at most 10,000 characters"

    def test_first_groups_made_at_once_have_one_default(self, store: Store) -> None:
        together = threading.Barrier(WRITERS)

        def create(number: int) -> Group:
            together.wait()
            return store.create(f"group{number}")

        with ThreadPoolExecutor(WRITERS) as threads:
            made = list(threads.map(create, range(WRITERS)))
        defaults = [group.name for group in made if store.group(group.name).is_default]
        assert defaults == [store.default()]
        assert store.count(DefaultGroupRow) == 1

    def test_one_name_made_at_once_is_made_once(self, store: Store) -> None:
        together = threading.Barrier(WRITERS)

        def create(_: int) -> str:
            together.wait()
            try:
                return f"revision {store.create('prod').revision}"
            except AlreadyExists:
                return "taken"

        with ThreadPoolExecutor(WRITERS) as threads:
            assert sorted(threads.map(create, range(WRITERS))) == ["revision 1"] + ["taken"] * (WRITERS - 1)

    def test_a_copy_opens_the_secrets_of_its_original(self, store: Store) -> None:
        original = store.create("prod", environment={"A_TOKEN": "hunter2"})
        with store.database.writing() as session:
            create_group(session, "copy", Save("ada"), store.cipher, content=original.content)
        assert effective(store.plan(config_group="copy")) == {"$A_TOKEN": "hunter2"}


class TestDefault:
    def test_it_moves(self, store: Store) -> None:
        store.create("first")
        store.create("second")
        with store.database.writing() as session:
            assert make_default(session, "second").is_default
        assert store.default() == "second"
        assert not store.group("first").is_default
        assert store.count(DefaultGroupRow) == 1

    def test_it_does_not_move_to_a_group_that_is_not_there(self, store: Store) -> None:
        store.create("first")
        with pytest.raises(UnknownGroup), store.database.writing() as session:
            make_default(session, "second")
        assert store.default() == "first"

    @pytest.mark.parametrize("force", [False, True])
    def test_it_cannot_be_deleted(self, store: Store, force: bool) -> None:
        store.create("first")
        with pytest.raises(DefaultGroupKept) as kept:
            store.delete("first", force=force)
        assert str(kept.value) == "'first' is the default group; make another one the default before deleting it."
        assert store.default() == "first"


class TestSave:
    def test_every_save_is_a_revision(self, store: Store) -> None:
        store.create("prod", arguments={"queue": "a"})
        store.save("prod", arguments={"queue": "b"}, author="bob", note="more")
        saved = store.save("prod", arguments={"queue": "c"}, author="eve")
        assert (saved.revision, saved.updated_by) == (3, "eve")
        assert described(store.revisions("prod")) == [(3, 2, "eve", ""), (2, 1, "bob", "more"), (1, None, "ada", "")]

    def test_a_revision_never_changes(self, store: Store) -> None:
        store.create("prod", arguments={"queue": "a"})
        before = store.revision("prod", 1)
        store.save("prod", arguments={"queue": "b"})
        store.roll_back("prod", 1)
        assert store.revision("prod", 1) == before

    def test_the_same_content_again_is_no_revision(self, store: Store) -> None:
        store.create("prod", arguments={"queue": "a", "master": "yarn"}, environment={"A_TOKEN": "hunter2"})
        again = store.save("prod", arguments={"master": "yarn", "queue": "a"}, environment={"A_TOKEN": "hunter2"})
        assert again.revision == 1

    @pytest.mark.parametrize("changed", [final("a"), Setting("a", note="why"), Setting("a", secret=True)])
    def test_a_mark_alone_is_a_change(self, store: Store, changed: Setting) -> None:
        store.create("prod", arguments={"queue": "a"})
        assert store.save("prod", arguments={"queue": changed}).revision == 2

    def test_a_stale_save_names_who_saved_what_meanwhile_and_changes_nothing(self, store: Store) -> None:
        store.create("prod", arguments={"queue": "a"})
        store.save("prod", arguments={"queue": "b"}, author="eve")
        bobs = store.save("prod", arguments={"queue": "b"}, environment={"TZ": "UTC"}, author="bob", note="zone")
        with pytest.raises(StaleRevision) as stale:
            store.save("prod", arguments={"queue": "mine"}, parent=1)
        assert str(stale.value) == (
            f"Group 'prod' is at revision 3, not 1: bob saved it at {bobs.updated_at:%Y-%m-%d %H:%M:%S} UTC "
            "(zone; changed: arguments.queue, environment.TZ). Nothing was saved; read the group again and repeat "
            "the change."
        )
        assert list(stale.value.changes) == [
            Change("arguments.queue", "a", "b"),
            Change("environment.TZ", None, "UTC"),
        ]
        assert store.group("prod") == bobs

    @pytest.mark.parametrize("parent", [-1, 0, 2, 2**31, 2**63, 10**30])
    def test_a_parent_that_never_was_is_stale(self, store: Store, parent: int) -> None:
        store.create("prod", arguments={"queue": "a"})
        with pytest.raises(StaleRevision, match=rf"^Group 'prod' is at revision 1, not {parent}: ada saved it at "):
            store.save("prod", arguments={"queue": "b"}, parent=parent)
        assert store.group("prod").revision == 1

    def test_a_save_that_lost_the_race_after_reading_is_stale(self, store: Store) -> None:
        """As on a database whose writers don't take turns: the row was read before bob's save was committed."""
        moment = store.create("prod", arguments={"queue": "a"}).updated_at
        bobs = {"number": 2, "parent": 1, "author": "bob", "note": "", "created_at": moment}
        document = to_document(content(arguments={"queue": "b"}))
        with store.database.writing() as session:
            row = session.scalars(select(GroupRow)).one()
            session.execute(insert(RevisionRow).values(group_id=row.id, content=document, **bobs))
            session.execute(update(GroupRow).values(revision=2), execution_options={"synchronize_session": False})
            with pytest.raises(StaleRevision, match="is at revision 2, not 1: bob"):
                groups.save_content(session, "prod", Content(), parent=1, save=Save("ada"), cipher=store.cipher)
        assert [revision.author for revision in store.revisions("prod")] == ["bob", "ada"]

    def test_a_bad_content_changes_nothing(self, store: Store) -> None:
        before = store.create("prod", arguments={"queue": "a"})
        with pytest.raises(InvalidInput, match="master"):
            store.save("prod", arguments={"queue": "b", "mastr": "yarn"})
        assert store.group("prod") == before

    def test_of_many_dependencies_that_are_not_there_the_first_hundred_are_told(self, store: Store) -> None:
        with pytest.raises(InvalidInput) as refused:
            store.create("prod", configurations={"spark.jars": ",".join(f"l{n}.jar" for n in range(200))})
        told = [str(fault) for fault in refused.value.faults]
        assert len(told) == 100
        assert told[99] == "configurations.spark.jars: There is no dependency 'l99.jar'. Upload it first."

    def test_a_dependency_is_uploaded_before_it_is_chosen(self, store: Store) -> None:
        store.upload("hbase.jar")
        with pytest.raises(InvalidInput) as refused:
            store.create("prod", jars=["hbsae.jar", "hbase.jar@2"], py_files=["lib.zip"])
        assert [str(fault) for fault in refused.value.faults] == [
            "jars: There is no dependency 'hbsae.jar'. Did you mean: hbase.jar? Upload it first.",
            "jars: There is no version of dependency 'hbase.jar' with number '2'. Did you mean: 1? Upload it first.",
            "py_files: There is no dependency 'lib.zip'. Upload it first.",
        ]

    def test_a_change_by_function_starts_from_the_present_content(self, store: Store) -> None:
        store.create("prod", arguments={"queue": "a"}, environment={"A_TOKEN": "hunter2"})

        def change(current: Content) -> Content:
            return content(arguments={"queue": "b"}, environment=dict(current.environment))

        with store.database.writing() as session:
            change_content(session, "prod", change, parent=1, save=Save("bob"), cipher=store.cipher)
        assert effective(store.plan()) == {"--queue": "b", "$A_TOKEN": "hunter2"}

    def test_eight_writers_lose_no_update(self, store: Store) -> None:
        store.create("prod")
        together, saves = threading.Barrier(WRITERS), 12

        def write(writer: int) -> int:
            """Add variables to what was read last; answers how often somebody else was first."""
            current, names, conflicts = store.group("prod"), [f"W{writer}_{n}" for n in range(saves)], 0
            together.wait()
            while names:
                environment = {**current.content.environment, names[-1]: "1"}
                try:
                    current = store.save("prod", parent=current.revision, environment=environment)
                    names.pop()
                except StaleRevision:
                    current, conflicts = store.group("prod"), conflicts + 1
            return conflicts

        with ThreadPoolExecutor(WRITERS) as threads:
            conflicts = sum(threads.map(write, range(WRITERS)))
        expected = {f"W{writer}_{n}" for writer in range(WRITERS) for n in range(saves)}
        assert set(store.group("prod").content.environment) == expected
        assert [revision.number for revision in store.revisions("prod")] == list(range(len(expected) + 1, 0, -1))
        assert conflicts >= WRITERS - 1


class TestRollBack:
    def test_it_clones_the_revision(self, store: Store) -> None:
        store.upload("hbase.jar")
        first = store.create(
            "prod",
            arguments={"queue": final("a")},
            jars=["hbase.jar@1"],
            hadoop_files=(store.config_file("core-site.xml", "<configuration/>"),),
            principal="etl@EXAMPLE.ORG",
        )
        store.save("prod", arguments={}, jars=[], hadoop_files=(), principal="")
        back = store.roll_back("prod", 1)
        assert (back.revision, back.content) == (3, first.content)
        assert described(store.revisions("prod"))[0] == (3, 2, "ada", "roll back to revision 1")

    def test_its_note_may_be_given(self, store: Store) -> None:
        store.create("prod")
        store.save("prod", environment={"TZ": "UTC"})
        store.roll_back("prod", 1, note="it was the zone")
        assert described(store.revisions("prod"))[0] == (3, 2, "ada", "it was the zone")

    @pytest.mark.parametrize("meanwhile", [{}, {"A_TOKEN": "newer"}], ids=["removed", "changed"])
    def test_it_brings_a_secret_back_as_it_was(self, store: Store, meanwhile: dict[str, str]) -> None:
        store.create("prod", environment={"A_TOKEN": "hunter2"})
        store.save("prod", environment=meanwhile)
        store.roll_back("prod", 1)
        assert effective(store.plan()) == {"$A_TOKEN": "hunter2"}

    def test_to_the_present_revision_it_changes_nothing(self, store: Store) -> None:
        store.create("prod", environment={"A_TOKEN": "hunter2"})
        assert store.roll_back("prod", 1).revision == 1

    def test_a_stale_one_is_refused(self, store: Store) -> None:
        store.create("prod")
        store.save("prod", environment={"TZ": "UTC"})
        with pytest.raises(StaleRevision):
            store.roll_back("prod", 1, parent=1)

    @pytest.mark.parametrize("number", [0, 2, -1, 2**31, 10**30])
    def test_to_a_revision_that_never_was_it_is_refused(self, store: Store, number: int) -> None:
        store.create("prod")
        with pytest.raises(NotFound) as missing:
            store.roll_back("prod", number)
        assert str(missing.value) == f"There is no revision of config group 'prod' with number '{number}'."


class TestDelete:
    def test_a_deleted_group_is_gone_but_its_revisions_stay(self, store: Store) -> None:
        store.create("first")
        store.create("prod", arguments={"queue": "a"})
        store.delete("prod")
        with pytest.raises(UnknownGroup):
            store.group("prod")
        with pytest.raises(UnknownGroup):
            store.delete("prod")
        assert store.revision("prod", 1).content == content(arguments={"queue": "a"})

    def test_its_name_comes_back_and_its_numbers_go_on(self, store: Store) -> None:
        store.create("first")
        store.create("prod", arguments={"queue": "a"}, description="old")
        store.save("prod", arguments={"queue": "b"})
        store.delete("prod")
        again = store.create("prod", environment={"TZ": "UTC"})
        assert (again.revision, again.description, again.is_default) == (3, "", False)
        assert again.content == content(environment={"TZ": "UTC"})
        assert store.revision("prod", 2).content == content(arguments={"queue": "b"})
        assert store.save("prod", environment={}).revision == 4

    def test_what_dags_use_is_deleted_by_force_alone(self, store: Store) -> None:
        store.create("first")
        before = store.create("prod")
        store.submit(config_group="prod")
        with pytest.raises(InUse) as used:
            store.delete("prod")
        assert str(used.value) == (
            "The config group 'prod' is used by DAG sales; delete it with force to do so anyway."
        )
        assert used.value.users == (User("DAG", "sales"),)
        assert store.group("prod") == before
        store.delete("prod", force=True)
        with pytest.raises(UnknownGroup):
            store.group("prod")

    def test_a_use_longer_ago_than_30_days_does_not_count(self, store: Store) -> None:
        store.create("first")
        store.create("prod")
        store.age(store.submit(config_group="prod"), timedelta(days=31))
        store.delete("prod")


class TestRead:
    def test_an_unknown_group_lists_the_nearest_and_all(self, store: Store) -> None:
        for name in ("zeta", "prod", "prod_eu"):
            store.create(name)
        with pytest.raises(UnknownGroup) as unknown:
            store.group("prd")
        assert str(unknown.value) == (
            "There is no config group 'prd'. Did you mean: prod, prod_eu? Config groups: prod, prod_eu, zeta."
        )
        assert unknown.value.nearest == ("prod", "prod_eu")

    def test_an_empty_store_says_how_to_begin(self, store: Store) -> None:
        with pytest.raises(UnknownGroup) as unknown:
            store.group("prod")
        assert str(unknown.value) == (
            "There is no config group 'prod'. Config groups: none; create one with `couture groups create`."
        )

    @pytest.mark.parametrize(
        ("search", "expected"),
        [
            ("", ["a", "A_b", "axb", "z"]),
            ("A", ["a", "A_b", "axb"]),
            ("_", ["A_b"]),
            ("%", []),
            ("xb", ["axb"]),
            ("'; --", []),
        ],
    )
    def test_groups_are_found_by_a_part_of_their_name(self, store: Store, search: str, expected: list[str]) -> None:
        for name in ("z", "a", "axb", "A_b", "a_gone"):
            store.create(name)
        store.delete("a_gone")
        with store.database.reading() as session:
            found, total = list_groups(session, search=search)
        assert sorted((group.name for group in found), key=str.lower) == expected
        assert total == len(expected)

    def test_groups_come_in_pages(self, store: Store) -> None:
        for name in ("d", "b", "c", "a"):
            store.create(name)
        with store.database.reading() as session:
            pages = [list_groups(session, limit=3, offset=offset) for offset in (0, 3, 6)]
        assert [([group.name for group in page], total) for page, total in pages] == [
            (["a", "b", "c"], 4),
            (["d"], 4),
            ([], 4),
        ]
        assert [group.name for group in pages[1][0] if group.is_default] == ["d"]

    def test_revisions_come_in_pages(self, store: Store) -> None:
        store.create("other")
        store.create("prod")
        for number in range(4):
            store.save("prod", environment={"N": str(number)})
        with store.database.reading() as session:
            page, total = groups.list_revisions(session, "prod", limit=2, offset=1)
        assert ([revision.number for revision in page], total) == ([4, 3], 5)

    def test_the_description_is_no_part_of_a_revision(self, store: Store) -> None:
        store.create("prod")
        with store.database.writing() as session:
            described_group = describe_group(session, "prod", "the cluster")
        assert (described_group.description, described_group.revision) == ("the cluster", 1)


class TestLists:
    """Lists read what they show, and no content."""

    def test_no_content_is_read(self, store: Store) -> None:
        store.create("prod", configurations={"spark.x": "1"})
        store.save("prod", configurations={"spark.x": "2"})
        statements: list[str] = []

        def note(*told: object) -> None:
            statements.append(str(told[2]))

        event.listen(store.database.engine, "before_cursor_execute", note)
        with store.database.reading() as session:
            found, _ = list_groups(session)
            revisions, _ = groups.list_revisions(session, "prod")
            assert [(group.name, group.revision) for group in found] == [("prod", 2)]
            assert [revision.number for revision in revisions] == [2, 1]
            assert [statement for statement in statements if ".content" in statement] == []
            # the same session reads a whole group afterwards
            assert groups.get_group(session, "prod").content.configurations["spark.x"].value == "2"
        assert [statement for statement in statements if ".content" in statement] != []
