"""Artifacts and their versions: upload, choose, delete, restore."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, update

from config_store.artifacts import (
    LARGEST_VERSION,
    SUFFIXES,
    ArtifactKind,
    find_newest,
    find_version,
    get_version,
    list_artifacts,
    list_versions,
)
from config_store.blobs.protocol import Blob
from config_store.errors import InUse, InvalidInput, NotFound, User
from config_store.models import ArtifactRow, VersionRow
from config_store.submissions import get_file
from tests.config_store.store import CODE, DEPENDENCY, Store
from tests.stand_ins import task

WRITERS = 8


def newest(store: Store, name: str, version: int | None = None, kind: ArtifactKind = DEPENDENCY) -> int:
    """The number of the version that a job would get."""
    with store.database.reading() as session:
        return find_version(session, kind, name, version).version


class TestUpload:
    def test_every_content_is_a_version(self, store: Store) -> None:
        first = store.upload("x.jar", b"one", author="bob", note="begin")
        second = store.upload("x.jar", b"two")
        assert [first.version, second.version] == [1, 2]
        assert (first.uploaded_by, first.note, first.size, first.hidden) == ("bob", "begin", 3, False)
        assert first.sha256 == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
        artifact, versions = store.artifact("x.jar")
        assert (artifact.shown.version, artifact.versions, artifact.hidden) == (2, 2, False)
        assert [version.version for version in versions] == [2, 1]

    def test_the_newest_content_again_is_no_version(self, store: Store) -> None:
        store.upload("x.jar", b"one")
        again, is_new = store.add_version("x.jar", store.keep(b"one"), author="bob")
        assert (again.version, again.uploaded_by, is_new) == (1, "ada", False)
        assert store.count(VersionRow) == 1

    def test_an_older_content_again_is_a_version_on_the_same_bytes(self, store: Store) -> None:
        versions = [store.upload("x.jar", data).version for data in (b"one", b"two", b"one")]
        assert versions == [1, 2, 3]
        assert len(list(store.blobs)) == 2

    def test_deleted_content_again_is_a_version(self, store: Store) -> None:
        store.upload("x.jar", b"one")
        store.hide("x.jar")
        again, is_new = store.add_version("x.jar", store.keep(b"one"))
        assert (again.version, is_new) == (2, True)

    def test_the_newest_content_that_is_left_again_is_no_version(self, store: Store) -> None:
        store.upload("x.jar", b"one")
        store.upload("x.jar", b"two")
        store.hide("x.jar", 2)
        again, is_new = store.add_version("x.jar", store.keep(b"one"))
        assert (again.version, is_new) == (1, False)

    def test_a_number_is_never_given_twice(self, store: Store) -> None:
        store.upload("x.jar", b"one")
        store.upload("x.jar", b"two")
        store.hide("x.jar")
        assert store.upload("x.jar", b"three").version == 3

    def test_kinds_have_names_of_their_own(self, store: Store) -> None:
        store.upload("x.py", b"code", kind=CODE)
        store.upload("x.py", b"one")
        assert store.upload("x.py", b"two").version == 2
        assert newest(store, "x.py", kind=CODE) == 1

    @pytest.mark.parametrize("kind", list(ArtifactKind))
    @pytest.mark.parametrize("suffix", [".jar", ".py", ".zip", ".egg", ".whl"])
    def test_these_files_are_taken(self, store: Store, kind: ArtifactKind, suffix: str) -> None:
        assert suffix in SUFFIXES[kind]
        assert store.upload(f"x{suffix}", kind=kind).version == 1

    @pytest.mark.parametrize(
        "name", ["../x.jar", "a/x.jar", "x.jar\x00", "x.exe", "   ", "", "x" * 300 + ".jar", "ö.py"]
    )
    @pytest.mark.parametrize(("kind", "where"), [(CODE, "code_artifact"), (DEPENDENCY, "dependency")])
    def test_a_bad_name_is_refused(self, store: Store, kind: ArtifactKind, where: str, name: str) -> None:
        with pytest.raises(InvalidInput, match=rf"^{where}: "):
            store.upload(name, b"x", kind=kind)
        assert store.count(VersionRow) == 0

    @pytest.mark.parametrize("note", ["x" * 10_001, "\x00", "\ud800"], ids=["long", "NUL", "surrogate"])
    def test_a_note_is_text(self, store: Store, note: str) -> None:
        with pytest.raises(InvalidInput, match=r"^note: must be text of at most 10,000 characters$"):
            store.upload("x.jar", note=note)

    def test_a_size_beyond_four_gigabytes_is_kept(self, store: Store) -> None:
        assert store.add_version("x.jar", Blob("ab" * 32, 5_000_000_000))[0].size == 5_000_000_000

    def test_uploads_at_once_have_numbers_of_their_own(self, store: Store) -> None:
        together = threading.Barrier(WRITERS)

        def upload(number: int) -> int:
            together.wait()
            return store.upload("x.jar", str(number).encode()).version

        with ThreadPoolExecutor(WRITERS) as threads:
            assert sorted(threads.map(upload, range(WRITERS))) == list(range(1, WRITERS + 1))

    def test_one_content_at_once_is_one_version(self, store: Store) -> None:
        together = threading.Barrier(WRITERS)

        def upload(_: int) -> int:
            together.wait()
            return store.upload("x.jar", b"same").version

        with ThreadPoolExecutor(WRITERS) as threads:
            assert set(threads.map(upload, range(WRITERS))) == {1}
        assert store.count(VersionRow) == 1


class TestNumbers:
    def test_behind_the_last_number_is_none(self, store: Store) -> None:
        store.upload("x.jar")
        with store.database.writing() as session:
            session.execute(update(ArtifactRow).values(newest=LARGEST_VERSION))
        with pytest.raises(InvalidInput, match=r"^version: 'x\.jar' has reached the number 999,999,999, the last; "):
            store.upload("x.jar", b"another")
        assert newest(store, "x.jar") == 1

    def test_more_names_than_a_statement_takes(self, store: Store) -> None:
        store.upload("x.jar")
        store.upload("x.py", kind=CODE)
        names = ["x.jar", *(f"absent{number}.jar" for number in range(70_000))]
        with store.database.reading() as session:
            found = find_newest(session, {DEPENDENCY: names, CODE: ["x.py"]})
        assert {key: version.version for key, version in found.items()} == {(DEPENDENCY, "x.jar"): 1, (CODE, "x.py"): 1}


class TestFind:
    def test_the_newest_visible_version_counts(self, store: Store) -> None:
        for data in (b"one", b"two", b"three"):
            store.upload("x.jar", data)
        store.hide("x.jar", 3)
        assert newest(store, "x.jar") == 2
        assert newest(store, "x.jar", 1) == 1

    @pytest.mark.parametrize(
        ("name", "version", "message"),
        [
            ("hbsae.jar", None, "There is no dependency 'hbsae.jar'. Did you mean: hbase.jar?"),
            ("zzz.whl", None, "There is no dependency 'zzz.whl'."),
            ("gone.whl", None, "There is no dependency 'gone.whl'."),
            ("job.py", None, "There is no dependency 'job.py'."),
            ("hbase.jar", 9, "There is no version of dependency 'hbase.jar' with number '9'. Did you mean: 3, 1?"),
            ("hbase.jar", 2, "There is no version of dependency 'hbase.jar' with number '2'. Did you mean: 3, 1?"),
            ("hbase.jar", 0, "There is no version of dependency 'hbase.jar' with number '0'. Did you mean: 3, 1?"),
            (
                "hbase.jar",
                10**30,
                f"There is no version of dependency 'hbase.jar' with number '{10**30}'. Did you mean: 3, 1?",
            ),
        ],
    )
    def test_what_is_missing_is_named_with_the_nearest(
        self, store: Store, name: str, version: int | None, message: str
    ) -> None:
        for data in (b"one", b"two", b"three"):
            store.upload("hbase.jar", data)
        store.hide("hbase.jar", 2)
        store.upload("gone.whl")
        store.hide("gone.whl")
        store.upload("job.py", kind=CODE)
        with pytest.raises(NotFound) as missing:
            newest(store, name, version)
        assert str(missing.value) == message

    @pytest.mark.parametrize("version", [2, 10**30])
    def test_a_hidden_version_is_read_by_its_number(self, store: Store, version: int) -> None:
        store.upload("x.jar")
        store.hide("x.jar")
        with store.database.reading() as session:
            assert get_version(session, DEPENDENCY, "x.jar", 1).hidden
            with pytest.raises(NotFound):
                get_version(session, DEPENDENCY, "x.jar", version)


class TestDelete:
    def test_it_hides_and_keeps_the_bytes(self, store: Store) -> None:
        version = store.upload("x.jar", b"one")
        assert store.hide("x.jar") == [1]
        with pytest.raises(NotFound):
            newest(store, "x.jar")
        with store.blobs.open(version.sha256) as blob:
            assert blob.read() == b"one"
        artifact, versions = store.artifact("x.jar")
        assert (artifact.hidden, versions[0].hidden) == (True, True)

    def test_one_version_may_go_alone(self, store: Store) -> None:
        store.upload("x.jar", b"one")
        store.upload("x.jar", b"two")
        assert store.hide("x.jar", 1) == [1]
        assert newest(store, "x.jar") == 2

    @pytest.mark.parametrize(("name", "version"), [("y.jar", None), ("x.jar", 2), ("x.jar", 1), ("x.jar", 10**30)])
    def test_what_is_not_there_cannot_go(self, store: Store, name: str, version: int | None) -> None:
        store.upload("x.jar")
        store.hide("x.jar")
        with pytest.raises(NotFound):
            store.hide(name, version)

    def test_what_groups_and_dags_use_goes_by_force_alone(self, store: Store) -> None:
        store.upload("x.jar")
        store.create("prod", jars=["x.jar"])
        store.create("dev", jars=["x.jar@1"])
        store.create("other")
        store.submit(task("sales", "load"))
        store.submit(task("sales", "again"), config_group="dev")
        store.submit(task("billing", "load"), config_group="other", jars=["x.jar"])
        with pytest.raises(InUse) as used:
            store.hide("x.jar")
        assert str(used.value) == (
            "The dependency 'x.jar' is used by group dev, group prod, DAG billing, DAG sales; "
            "delete it with force to do so anyway."
        )
        assert newest(store, "x.jar") == 1
        assert store.hide("x.jar", force=True) == [1]

    def test_code_is_kept_by_the_dags_that_ran_it(self, store: Store) -> None:
        store.create("prod")
        store.upload("job.py", kind=CODE)
        ticket = store.submit(code_artifact="job.py")
        with pytest.raises(InUse, match=r"^The code artifact 'job\.py' is used by DAG sales;"):
            store.hide("job.py", kind=CODE)
        store.age(ticket, timedelta(days=31))
        assert store.hide("job.py", kind=CODE) == [1]

    def test_a_version_that_nobody_uses_may_go(self, store: Store) -> None:
        for data in (b"one", b"two", b"three"):
            store.upload("x.jar", data)
        store.create("prod", jars=["x.jar@2"])
        assert store.hide("x.jar", 1) == [1]
        with pytest.raises(InUse) as used:
            store.hide("x.jar", 2)
        assert str(used.value) == (
            "The dependency 'x.jar@2' is used by group prod; delete it with force to do so anyway."
        )
        assert store.hide("x.jar", 3) == [3]

    def test_the_newest_version_is_used_by_the_groups_that_pin_none(self, store: Store) -> None:
        store.upload("x.jar", b"one")
        store.upload("x.jar", b"two")
        store.create("prod", jars=["x.jar"])
        with pytest.raises(InUse) as used:
            store.hide("x.jar", 2)
        assert used.value.users == (User("group", "prod"),)
        assert store.hide("x.jar", 1) == [1]
        with pytest.raises(InUse):
            store.hide("x.jar", 2)

    @pytest.mark.parametrize(
        ("code", "libraries"), [(None, ["one.py", "two.py"]), ("one.py", ["one.py"]), ("one.py", ["two.py", "one.py"])]
    )
    def test_equal_content_under_several_names_hides_no_user(
        self, store: Store, code: str | None, libraries: list[str]
    ) -> None:
        store.create("prod")
        used = [(library, DEPENDENCY) for library in libraries] + ([(code, CODE)] if code else [])
        for name, kind in used:
            store.upload(name, b"", kind=kind)
        store.submit(py_files=libraries, code_artifact=code)
        for name, kind in used:
            with pytest.raises(InUse, match="is used by DAG sales"):
                store.hide(name, kind=kind)

    def test_what_used_it_still_reads_it(self, store: Store) -> None:
        version = store.upload("x.jar", b"one")
        store.create("prod", jars=["x.jar"])
        ticket = store.submit()
        store.hide("x.jar", force=True)
        with store.database.reading() as session:
            file = get_file(session, ticket.submission_id, version.sha256)
        with store.blobs.open(file.sha256) as blob:
            assert (file.name, blob.read()) == ("x.jar", b"one")


class TestRestore:
    def test_everything_that_went_together_comes_back_together(self, store: Store) -> None:
        for data in (b"one", b"two", b"three"):
            store.upload("x.jar", data)
        assert store.hide("x.jar") == [3, 2, 1]
        artifact = store.restore("x.jar")
        assert (artifact.hidden, artifact.shown.version) == (False, 3)
        assert [version.hidden for version in store.artifact("x.jar")[1]] == [False, False, False]

    def test_the_newest_deletion_comes_back_first(self, store: Store) -> None:
        for data in (b"one", b"two", b"three"):
            store.upload("x.jar", data)
        store.hide("x.jar", 1)
        store.hide("x.jar")
        store.restore("x.jar")
        assert [version.hidden for version in store.artifact("x.jar")[1]] == [False, False, True]
        store.restore("x.jar")
        assert [version.hidden for version in store.artifact("x.jar")[1]] == [False, False, False]

    def test_what_was_not_deleted_stays_as_it_is(self, store: Store) -> None:
        store.upload("x.jar")
        assert store.restore("x.jar").shown.version == 1
        with pytest.raises(NotFound):
            store.restore("y.jar")


class TestList:
    @pytest.mark.parametrize(
        ("search", "hidden", "expected"),
        [
            ("", False, ["a.jar", "b_c.jar"]),
            ("", True, ["a.jar", "b_c.jar", "gone.jar"]),
            ("_", True, ["b_c.jar"]),
            ("B", False, ["b_c.jar"]),
            ("%", True, []),
        ],
    )
    def test_artifacts_are_found_by_a_part_of_their_name(
        self, store: Store, search: str, hidden: bool, expected: list[str]
    ) -> None:
        for name in ("gone.jar", "b_c.jar", "a.jar"):
            store.upload(name)
        store.upload("code.jar", kind=CODE)
        store.hide("gone.jar")
        with store.database.reading() as session:
            found, total = list_artifacts(session, DEPENDENCY, search=search, hidden=hidden)
        assert ([artifact.name for artifact in found], total) == (expected, len(expected))

    def test_artifacts_come_in_pages_and_show_their_newest_visible_version(self, store: Store) -> None:
        for name in ("b.jar", "a.jar", "c.jar"):
            store.upload(name, b"one")
            store.upload(name, b"two")
        store.hide("b.jar", 2)
        with store.database.reading() as session:
            found, total = list_artifacts(session, DEPENDENCY, limit=2, offset=1)
        assert [(artifact.name, artifact.shown.version, artifact.versions) for artifact in found] == [
            ("b.jar", 1, 2),
            ("c.jar", 2, 2),
        ]
        assert total == 3

    def test_a_list_can_hold_some_suffixes_alone(self, store: Store) -> None:
        for name in ("a.py", "b.JAR", "c.jar", "d.zip", "jar.py"):
            store.upload(name)
        with store.database.reading() as session:
            found, total = list_artifacts(session, DEPENDENCY, suffixes=(".jar", ".zip"), limit=2)
            assert ([artifact.name for artifact in found], total) == (["b.JAR", "c.jar"], 3)
            found, total = list_artifacts(session, DEPENDENCY, search="jar", suffixes=(".py",))
            assert ([artifact.name for artifact in found], total) == (["jar.py"], 1)

    def test_all_versions_of_many_names_are_two_queries(self, store: Store) -> None:
        for name in ("a.jar", "b.jar", "c.jar"):
            store.upload(name, b"one")
            store.upload(name, b"two")
        store.upload("a.py", kind=CODE)
        store.hide("b.jar", 2)
        statements: list[str] = []
        event.listen(store.database.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
        with store.database.reading() as session:
            found = list_versions(session, DEPENDENCY, ["a.jar", "b.jar", "a.py", "nobody.jar", "no/name"])
        assert len([statement for statement in statements if statement.startswith("SELECT")]) == 2
        assert {name: [(one.version, one.hidden) for one in versions] for name, versions in found.items()} == {
            "a.jar": [(2, False), (1, False)],
            "b.jar": [(2, True), (1, False)],
        }
