"""Export and import between stores: any valid configuration comes back equal; faults are told before anything."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config_store import groups
from config_store.blobs.file_system import FileSystemBlobs
from config_store.content import SECTIONS, Content, Dependency, check_content
from config_store.errors import MAX_TOLD, InvalidInput, PlanOutdated, StaleRevision
from config_store.groups import Save
from config_store.kerberos import seal_keytab
from config_store.models import GroupRow
from config_store.secrets import FernetCipher
from config_store.settings import Setting
from config_store.transfer.apply import Agreed, Applied, apply_request, keep_blobs
from config_store.transfer.archive import read_archive, write_archive
from config_store.transfer.export import export_entries, gather_export
from config_store.transfer.plan import ArtifactDeed, Plan, Request, agreement, make_plan
from config_store.transfer.tree import read_tree
from tests.admin_views.furnished import open_store
from tests.config_store.store import Store
from tests.stand_ins import task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config_store.secrets import Cipher

KEY = "bF5yr0vS4FNl6rcW7V0QqdLcUBRhQcrQ6MIBPfWcCjo="
CORE_SITE = "<configuration><property><name>a</name><value>1</value></property></configuration>"


@dataclass
class Transfer:
    """Words for exports and imports of one store."""

    store: Store

    def files(self, *names: str, artifacts: bool = False) -> dict[str, bytes]:
        """What an export holds."""
        archive = self.archive(*names, artifacts=artifacts)
        return read_archive(archive)

    def archive(self, *names: str, artifacts: bool = False) -> bytes:
        """An export."""
        with self.store.database.reading() as session:
            export = gather_export(session, names)
        return b"".join(write_archive(export_entries(export, self.store.blobs, artifacts=artifacts)))

    def request(self, files: dict[str, Any], **options: Any) -> Request:
        """An import of the files; artifacts among them come along."""
        bodies = {path: body.encode() if isinstance(body, str) else body for path, body in files.items()}
        carried = [path.removeprefix("artifacts/") for path in bodies if path.startswith("artifacts/")]
        text = {path: body for path, body in bodies.items() if not path.startswith("artifacts/")}
        for sha256 in carried:
            self.store.keep(bodies[f"artifacts/{sha256}"])
        return Request(read_tree(text), options.pop("values", {}), carried, **options)

    def plan(self, files: dict[str, Any], **options: Any) -> Plan:
        """The plan of an import."""
        with self.store.database.reading() as session:
            return make_plan(session, self.request(files, **options), self.store.cipher)

    def agreed(self, files: dict[str, Any], **options: Any) -> Agreed:
        """What the user agrees to when he sees the plan now."""
        with self.store.database.reading() as session:
            plan = agreement(session, self.request(files, **options), self.store.cipher)
        return Agreed({step.name: step.base for step in plan.groups}, plan.digest())

    def bring(self, files: dict[str, Any], agreed: Agreed | None = None, **options: Any) -> Applied:
        """Import the files."""
        agreed = agreed or self.agreed(files, **options)
        request = self.request(files, **options)
        keep_blobs(self.plan(files, **options), self.store.blobs)
        with self.store.database.writing() as session:
            return apply_request(session, request, agreed, Save("ada", "moved"), self.store.cipher)

    def faults(self, files: dict[str, Any], **options: Any) -> list[str]:
        """What is said of an import that is refused."""
        with pytest.raises(InvalidInput) as refused:
            self.plan(files, **options)
        return [str(fault) for fault in refused.value.faults]


@pytest.fixture
def transfer(store: Store) -> Transfer:
    """An empty store."""
    return Transfer(store)


@contextmanager
def another(folder: Path, migrated_file: Path, cipher: Cipher) -> Iterator[Transfer]:
    """One more empty store."""
    import shutil

    folder.mkdir()
    database = open_store(Path(shutil.copy(migrated_file, folder / "store.db")))
    yield Transfer(Store(database, FileSystemBlobs(folder / "blobs"), cipher, folder))
    database.engine.dispose()


# --- there and back ---

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
SETTING = st.builds(Setting, TEXT, final=st.booleans(), note=TEXT)
NAMES = st.one_of(
    st.sampled_from(["spark.a.b", "spark.my.password", "spark.A_B", "spark.a-b", "x", "true", "1e3", "-", "? a"[:1]]),
    st.from_regex(r"[^\s=,\x00-\x1f\x7f]{1,30}", fullmatch=True),
)
CONTENTS = st.builds(
    Content,
    arguments=st.dictionaries(st.sampled_from(["driver-memory", "queue", "num-executors", "proxy-user"]), SETTING),
    configurations=st.dictionaries(NAMES, st.builds(replace, SETTING, secret=st.booleans()), max_size=4),
    environment=st.dictionaries(st.sampled_from(["TZ", "A_TOKEN", "KEYTAB", "LANG"]), SETTING),
    jars=st.sampled_from([(), (Dependency("lib.jar"),), (Dependency("other.jar", 1), Dependency("lib.jar", 2))]),
    principal=st.sampled_from(["", "etl@EXAMPLE.COM"]),
    spark_home=st.sampled_from([None, "spark-4.2"]),
)


def _is_valid(wanted: Content) -> bool:
    try:
        check_content(wanted)
    except InvalidInput:
        return False
    return True


def opened(store: Store, name: str) -> tuple[str, Content]:
    """Description and content of a group with secrets in the open."""
    group = store.group(name)
    sections: dict[str, Any] = {
        section: {
            key: replace(
                setting, value=str(store.cipher.decrypt(setting.value, key) if setting.secret else setting.value)
            )
            for key, setting in getattr(group.content, section).items()
        }
        for section in SECTIONS
    }
    keytab = group.content.keytab
    if keytab:
        keytab = replace(keytab, token=store.cipher.decrypt(keytab.token, "keytab"))
    return group.description, replace(group.content, **sections, keytab=keytab)


def secrets_of(store: Store, plan: Plan) -> dict[str, str]:
    """The values of a plan's secrets, as the store knows them."""
    found = {}
    for use in plan.secrets:
        content = opened(store, use.group)[1]
        if use.where == "keytab":
            assert content.keytab
            found[use.name] = content.keytab.token
        else:
            section, _, name = use.where.partition(".")
            found[use.name] = getattr(content, section)[name].value
    return found


@given(wanted=CONTENTS.filter(_is_valid), description=TEXT, keytab=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_valid_group_comes_back_equal(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_file: Path,
    wanted: Content,
    description: str,
    keytab: bool,
) -> None:
    folder, cipher = tmp_path_factory.mktemp("stores"), FernetCipher([KEY])
    with another(folder / "a", migrated_file, cipher) as full, another(folder / "b", migrated_file, cipher) as empty:
        for data in (b"1", b"2"):
            full.store.upload("lib.jar", data)
        full.store.upload("other.jar")
        if keytab:
            wanted = replace(wanted, keytab=seal_keytab("e.keytab", b"\x05\x02keys", cipher))
        wanted = replace(wanted, hadoop_files=(full.store.config_file("core-site.xml", CORE_SITE),))
        with full.store.database.writing() as session:
            groups.create_group(session, "prod", Save("ada"), cipher, description=description, content=wanted)
        files = full.files(artifacts=False) | {entry.path: b"".join(entry.chunks) for entry in _artifacts(full)}
        values = secrets_of(full.store, empty.plan(files))
        empty.bring(files, values=values)
        assert opened(empty.store, "prod") == opened(full.store, "prod")
        assert empty.archive(artifacts=True) == full.archive(artifacts=True)
        assert not full.plan(files, values=values).changes_anything()


def _artifacts(transfer: Transfer) -> list[Any]:
    with transfer.store.database.reading() as session:
        entries = export_entries(gather_export(session), transfer.store.blobs, artifacts=True)
    return [entry for entry in entries if entry.path.startswith("artifacts/")]


def test_secrets_that_would_share_a_name_get_names_of_their_own(transfer: Transfer) -> None:
    transfer.store.create("prod", configurations={"spark.a.password": "1", "spark.a-password": "2"})
    plan = transfer.plan(transfer.files())
    assert sorted(use.name for use in plan.secrets) == [
        "COUTURE_SECRET_PROD_SPARK_A_PASSWORD_CE2C1FDA",
        "COUTURE_SECRET_PROD_SPARK_A_PASSWORD_EACA287F",
    ]
    assert transfer.files() == transfer.files()


def test_a_group_alone_brings_the_dependencies_it_chooses(transfer: Transfer) -> None:
    transfer.store.upload("lib.jar", b"1")
    transfer.store.upload("lib.jar", b"2")
    transfer.store.upload("unused.jar")
    transfer.store.create("default")
    transfer.store.create("prod", jars=["lib.jar@1"])
    files = transfer.files("prod")
    assert sorted(files) == ["artifacts.yaml", "couture.yaml", "groups/prod.yaml"]
    assert files["couture.yaml"] == b"format: 1\n"
    assert files["artifacts.yaml"].decode().splitlines()[:3] == ["dependencies:", "  lib.jar:", "    - version: 1"]
    assert b"unused.jar" not in files["artifacts.yaml"]
    assert not transfer.plan(files).changes_anything()


# --- what an import does ---


def test_secrets_are_kept_given_or_missing(transfer: Transfer) -> None:
    transfer.store.create("prod", configurations={"spark.my.password": "old"}, environment={"TZ": "UTC"})
    files = {
        "groups/prod.yaml": "configurations: {spark.my.password: {secret: true}, spark.b.token: {secret: true}}",
    }
    states = {use.where: str(use.state) for use in transfer.plan(files).secrets}
    assert states == {"configurations.spark.b.token": "missing", "configurations.spark.my.password": "stored"}
    with pytest.raises(
        InvalidInput, match=r"^COUTURE_SECRET_PROD_SPARK_B_TOKEN: has no value; configurations\.spark\.b"
    ):
        transfer.bring(files)
    assert transfer.store.group("prod").revision == 1
    transfer.bring(files, values={"COUTURE_SECRET_PROD_SPARK_B_TOKEN": "new"})
    settings_now = opened(transfer.store, "prod")[1].configurations
    assert {name: setting.value for name, setting in settings_now.items()} == {
        "spark.my.password": "old",
        "spark.b.token": "new",
    }
    assert transfer.faults(files, values={"COUTURE_SECRET_PROD_SPARK_B_TOKN": "x"}) == [
        "COUTURE_SECRET_PROD_SPARK_B_TOKN: no file names this secret; did you mean "
        "COUTURE_SECRET_PROD_SPARK_B_TOKEN or COUTURE_SECRET_PROD_SPARK_MY_PASSWORD?"
    ]


def test_only_a_value_that_differs_makes_a_revision(transfer: Transfer) -> None:
    transfer.store.create("prod", configurations={"spark.my.password": "old"})
    files, name = transfer.files(), "COUTURE_SECRET_PROD_SPARK_MY_PASSWORD"
    assert not transfer.plan(files, values={name: "old"}).changes_anything()
    (step,) = transfer.plan(files, values={name: "new"}).steps()
    assert [(c.where, c.old, c.new) for c in step.changes] == [("configurations.spark.my.password", "••••••", "••••••")]
    transfer.bring(files, values={name: "new"})
    assert opened(transfer.store, "prod")[1].configurations["spark.my.password"].value == "new"
    assert transfer.store.group("prod").revision == 2


def test_groups_that_the_files_lack_go_with_prune_alone(transfer: Transfer) -> None:
    for name in ("default", "old"):
        transfer.store.create(name)
    transfer.store.submit(task("nightly"), config_group="old")
    files = {"groups/new.yaml": "arguments: {queue: etl}"}
    assert [(s.name, str(s.deed)) for s in transfer.plan(files).steps()] == [("new", "create")]
    assert transfer.faults(files, prune=True) == [
        "couture.yaml: 'default' is the default group and has no groups/default.yaml: name another default_group"
    ]
    files["couture.yaml"] = "format: 1\ndefault_group: new\n"
    plan = transfer.plan(files, prune=True)
    assert [(s.name, str(s.deed)) for s in plan.steps()] == [
        ("new", "create"),
        ("default", "delete"),
        ("old", "delete"),
    ]
    assert plan.dags() == ["nightly"]
    transfer.bring(files, prune=True)
    assert transfer.store.default() == "new"
    with transfer.store.database.reading() as session:
        assert groups.list_group_names(session) == ["new"]


def test_nothing_is_done_when_the_store_has_moved_on(transfer: Transfer) -> None:
    transfer.store.create("a", arguments={"queue": "x"})
    transfer.store.create("b", arguments={"queue": "x"})
    files = {"groups/a.yaml": "arguments: {queue: y}", "groups/b.yaml": "arguments: {queue: x}"}
    agreed = transfer.agreed(files)
    transfer.store.save("b", arguments={"queue": "z"}, author="bob")
    with pytest.raises(
        StaleRevision, match=r"^Group 'b' is at revision 2, not 1: bob saved it at .* changed: arguments"
    ):
        transfer.bring(files, agreed)
    assert transfer.store.group("a").revision == 1
    agreed = transfer.agreed(files)
    with transfer.store.database.writing() as session:
        groups.describe_group(session, "a", "somebody else's words")
    with pytest.raises(PlanOutdated):
        transfer.bring(files, agreed)
    agreed = transfer.agreed(files, prune=True)
    transfer.store.create("c")
    with pytest.raises(PlanOutdated):
        transfer.bring(files, agreed, prune=True)


def test_a_fault_in_one_group_leaves_all_as_they_were(transfer: Transfer) -> None:
    files = {f"groups/g{number}.yaml": "arguments: {queue: etl}" for number in range(9)}
    agreed = transfer.agreed(files)
    transfer.store.upload("lib.jar")
    request = transfer.request(files)
    broken = replace(request.tree.groups["g7"], description="x" * 20_000)
    request = replace(request, tree=replace(request.tree, groups={**request.tree.groups, "g7": broken}))
    with transfer.store.database.reading() as session:
        agreed = Agreed({}, agreement(session, request, transfer.store.cipher).digest())
    with pytest.raises(InvalidInput), transfer.store.database.writing() as session:
        apply_request(session, request, agreed, Save("ada"), transfer.store.cipher)
    assert transfer.store.count(GroupRow) == 0


def test_versions_keep_their_numbers_and_none_is_deleted(
    transfer: Transfer, tmp_path: Path, migrated_file: Path
) -> None:
    for data in (b"1", b"2", b"3"):
        transfer.store.upload("lib.jar", data)
    transfer.store.hide("lib.jar", 2)
    files = {"artifacts.yaml": transfer.files()["artifacts.yaml"], "couture.yaml": "format: 1\n"}
    files |= {entry.path: b"".join(entry.chunks) for entry in _artifacts(transfer)}
    with another(tmp_path / "b", migrated_file, transfer.store.cipher) as other:
        other.bring(files)
        assert [(v.version, v.sha256) for v in other.store.artifact("lib.jar")[1]] == [
            (v.version, v.sha256) for v in transfer.store.artifact("lib.jar")[1] if not v.hidden
        ]
        assert other.store.upload("lib.jar", b"4").version == 4
        other.store.hide("lib.jar", 1)
        other.store.upload("mine.jar")
        assert [str(step.deed) for step in other.plan(files).additions()] == ["restore"]
        other.bring(files)
        assert {v.version: v.hidden for v in other.store.artifact("lib.jar")[1]} == {1: False, 3: False, 4: False}
        text_only = {path: body for path, body in files.items() if not path.startswith("artifacts/")}
        other.store.hide("lib.jar", 1)
        assert other.plan(text_only).additions() == []
        assert [str(step.deed) for step in other.plan(text_only).artifacts] == ["absent", "keep"]


# --- faults ---


def test_every_fault_of_every_file_is_told_at_once(transfer: Transfer) -> None:
    files = {
        "couture.yaml": "format: 2\ndefault_grup: x\n",
        "groups/prod.yaml": (
            "arguments:\n  driver-memroy: 7g\n  queue: [a]\n  master: {value: yarn, finl: true, final: maybe}\n"
            "configurations:\n  spark.my.password: hunter2\n  spark.x: {secret: PATH}\n"
            "  spark.y: {secret: true, value: z}\n"
            "jars: lib.jar\npy_files: [a.jar, b.py@x]\nnotes: x\nspark_home: /opt\n"
        ),
        "groups/prod/core-site.xml": "<configuration>",
        "groups/lost/core-site.xml": CORE_SITE,
        "groups/prod/readme.txt": "x",
        "groups/we ird.yaml": "{}",
        "conf/groups/a.yaml": "{}",
        "artifacts.yaml": "code:\n  a.jar: [{version: 0, sha256: x}]\n  b.exe: []\njars: {}\n",
    }
    assert transfer.faults(files) == [
        "conf/groups/a.yaml: lies too deep: pack what is in conf/, not the folder itself",
        "groups/lost/core-site.xml: belongs to no group: there is no groups/lost.yaml",
        "groups/prod/readme.txt: is no file of an export; beside a group lie groups/NAME/*.xml and "
        "groups/NAME/krb5.conf",
        "groups/prod.yaml:11: notes: is no key that counts here; known are description, arguments, configurations, "
        "environment, jars, py_files, principal, keytab, spark_home",
        "groups/prod.yaml:3: arguments.queue: must be a text, not a list",
        "groups/prod.yaml:4: arguments.master.finl: is no key that counts here; did you mean final?",
        "groups/prod.yaml:4: arguments.master.final: must be true or false, not 'maybe'",
        "groups/prod.yaml:6: configurations.spark.my.password: is a secret by its name; write "
        "{secret: COUTURE_SECRET_PROD_SPARK_MY_PASSWORD} and give the value at import",
        "groups/prod.yaml:7: configurations.spark.x.secret: must be a name of capitals, digits and _ that begins with "
        "COUTURE_SECRET_",
        "groups/prod.yaml:8: configurations.spark.y: holds the value of a secret, which must not stand in a file; "
        "take it out",
        "groups/prod.yaml:9: jars: must be a list, not 'lib.jar'",
        "groups/prod.yaml: py_files[1]: 'b.py@x': the version behind '@' must be a number",
        "groups/prod/core-site.xml: is not well-formed XML at line 1, column 16: no element found",
        "groups/prod.yaml:12: spark_home: '/opt' is no name out of [couture] spark_homes",
        "groups/prod.yaml:2: arguments.driver-memroy: spark-submit has no option --driver-memroy; did you mean "
        "driver-memory or driver-cores or executor-memory?",
        "groups/prod.yaml:10: py_files: 'a.jar' must end with .py or .zip or .egg or .whl",
        "groups/we ird.yaml: name: 'we ird' is refused: a name consists of letters, digits and _ @ ( ) -",
        "couture.yaml:2: default_grup: is no key that counts here; did you mean default_group?",
        "couture.yaml:1: format: is '2'; this version reads format 1",
        "artifacts.yaml:4: jars: is no key that counts here; known are code, dependencies",
        "artifacts.yaml:2: code.a.jar[0].sha256: must be 64 digits of 0-9 and a-f, not 'x'",
        "artifacts.yaml: code.a.jar[0].size: must be a number of bytes, not ''",
        "artifacts.yaml:2: code.a.jar[0].version: must be a number from 1 on, not '0'",
        "artifacts.yaml: code_artifact: 'b.exe' must end with .jar or .py or .zip or .egg or .whl",
    ]


def test_what_no_group_can_choose_is_told_with_what_is_near(transfer: Transfer) -> None:
    transfer.store.upload("hbase.jar")
    files = {"groups/prod.yaml": "jars: [hbas.jar, hbase.jar@7]\narguments: {jars: libb.jar}"}
    assert transfer.faults(files) == [
        "groups/prod.yaml: jars: There is no dependency 'hbas.jar'. Did you mean: hbase.jar? Upload it first, or "
        "import it from an export with artifacts.",
        "groups/prod.yaml: jars: There is no version of dependency 'hbase.jar' with number '7'. Did you mean: 1? "
        "Upload it first, or import it from an export with artifacts.",
        "groups/prod.yaml: arguments.jars: There is no dependency 'libb.jar'. Did you mean: hbase.jar? "
        "Upload it first, or import it from an export with artifacts.",
    ]


def test_after_many_unknown_dependencies_no_further_is_looked_for(transfer: Transfer) -> None:
    names = ", ".join(f"lib{number}.jar" for number in range(MAX_TOLD + 50))
    faults = transfer.faults({"groups/prod.yaml": f"jars: [{names}]"})
    assert len(faults) == MAX_TOLD + 1


def test_a_number_that_means_another_file_is_refused(transfer: Transfer) -> None:
    mine = transfer.store.upload("lib.jar", b"mine")
    manifest = f"dependencies:\n  lib.jar: [{{version: 1, sha256: {'0' * 64}, size: 1}}]\n"
    files = {"couture.yaml": "format: 1", "artifacts.yaml": manifest}
    assert [step.deed for step in transfer.plan(files).artifacts] == [ArtifactDeed.ABSENT]
    files["groups/prod.yaml"] = "jars: [lib.jar@1]"
    assert transfer.faults(files) == [
        f"artifacts.yaml: dependencies.lib.jar: lib.jar@1 is another file in the store (sha256 {mine.sha256}, here "
        f"{'0' * 64}); give it another number, or leave the number out for the next one"
    ]


def test_a_tree_without_anything_is_no_export(transfer: Transfer) -> None:
    assert transfer.faults({}) == ["couture.yaml: is not there, and no groups/NAME.yaml: this is no export"]


def test_a_keytab_comes_as_base64_or_not_at_all(transfer: Transfer) -> None:
    files = {"groups/prod.yaml": "keytab: {name: a.keytab}"}
    name = "COUTURE_SECRET_PROD_KEYTAB"
    assert transfer.faults(files, values={name: "!!!"}) == [
        f"groups/prod.yaml: keytab: {name} is no base64: Only base64 data is allowed"
    ]
    wrong = base64.b64encode(b"x").decode()
    assert transfer.faults(files, values={name: wrong}) == [
        "groups/prod.yaml: keytab: is no Kerberos keytab: its first byte is not 5"
    ]
    transfer.bring(files, values={name: base64.b64encode(b"\x05\x02k").decode()})
    renamed = {"groups/prod.yaml": "keytab: {name: b.keytab}"}
    transfer.bring(renamed)
    keytab = opened(transfer.store, "prod")[1].keytab
    assert keytab is not None
    assert (keytab.name, base64.b64decode(keytab.token)) == ("b.keytab", b"\x05\x02k")
