"""Configuration as text, there and back: the real client as a process, the real API on a real store."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

from admin_views.app import API_PREFIX, create_app
from config_store.database import migrate
from tests.admin_views.archives import member, tar_gz
from tests.admin_views.calls import CORE_SITE, KEYTAB, KRB5_CONF, bearer, done, new_group, save_file, upload
from tests.admin_views.furnished import services_in
from tests.conftest import serving
from tests.couture_ops.cli.couture_process import REPOSITORY, Couture
from tests.stand_ins import RoleIdentity, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from admin_views.services import Services

SECRETS = {
    "COUTURE_SECRET_PROD_SPARK_MY_APIKEY": "hunter2",
    "COUTURE_SECRET_PROD_KEYTAB": "BQIAAAAqa2V5cyBvZiBldGxARVhBTVBMRS5DT00=",
}
KEY = "bF5yr0vS4FNl6rcW7V0QqdLcUBRhQcrQ6MIBPfWcCjo="
PROD_YAML = """\
description: The nightly cluster
arguments:
  driver-memory: 7g
  master:
    value: local[2]
    final: true
    note: |-
      Nobody leaves the cluster.

      Ask the admins.
configurations:
  spark.my.apikey:
    secret: COUTURE_SECRET_PROD_SPARK_MY_APIKEY
  spark.sql.shuffle.partitions: '210'
environment:
  TZ: UTC
jars:
  - lib.jar@1
  - other.jar
principal: etl@EXAMPLE.COM
keytab:
  name: user.keytab
  secret: COUTURE_SECRET_PROD_KEYTAB
"""


class Store:
    """An API with a store of its own, and the client in front of it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        migrate(f"sqlite:///{folder / 'store.db'}")
        self.folder = folder
        self.services: Services = services_in(folder, KEY)
        self.app = FastAPI()
        self.app.mount("/couture", create_app(self.services))
        self.url = ""

    def couture(self, role: str = "Admin", **environment: str) -> Couture:
        """The client of a CI job in the store's folder."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        own = {"HOME": str(self.folder), "PYTHONPATH": str(REPOSITORY), "COUTURE_URL": self.url}
        return Couture(self.folder, {**kept, **own, "COUTURE_TOKEN": f"ada:{role}", **environment})

    def api(self) -> httpx.Client:
        """The API as the admin ada sees it."""
        return httpx.Client(
            base_url=f"{self.url}/couture{API_PREFIX}", headers=bearer("Admin", "ada"), verify=False, timeout=60
        )

    def group(self, name: str = "prod") -> Any:
        """A group as the API shows it."""
        with self.api() as api:
            return done(api.get(f"/groups/{name}"))

    def notes(self, name: str) -> list[str]:
        """The notes of a group's revisions, the newest first."""
        with self.api() as api:
            return [revision["note"] for revision in done(api.get(f"/groups/{name}/revisions"))["items"]]


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """Makes empty stores with a server each."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def make(name: str) -> Store:
            store = Store(tmp_path / name)
            stack.callback(store.services.database.engine.dispose)
            store.url = stack.enter_context(serving(store.app))
            return store

        yield make


@pytest.fixture
def full(make_store: Callable[[str], Store]) -> Store:
    """A store with two groups, files, secrets and artifacts; the DAG sales has run with prod."""
    store = make_store("full")
    with store.api() as api:
        upload(api, "lib.jar", b"classes", "dependencies")
        upload(api, "lib.jar", b"newer classes", "dependencies")
        upload(api, "other.jar", b"classes", "dependencies")
        upload(api, "job.py")
        new_group(
            api,
            "prod",
            arguments={
                "master": {"value": "local[2]", "final": True, "note": "Nobody leaves the cluster.\n\nAsk the admins."},
                "driver-memory": "7g",
            },
            configurations={"spark.sql.shuffle.partitions": "210", "spark.my.apikey": "hunter2"},
            environment={"TZ": "UTC"},
            jars=[{"name": "lib.jar", "version": 1}, {"name": "other.jar"}],
            principal="etl@EXAMPLE.COM",
        )
        done(api.patch("/groups/prod", json={"description": "The nightly cluster"}))
        save_file(api, "prod", 1, CORE_SITE)
        save_file(api, "prod", 2, KRB5_CONF, "kerberos/krb5.conf")
        save_file(api, "prod", 3, KEYTAB, "kerberos/keytab")
        new_group(api, "spare")
        done(api.post("/groups/spare/default"))
        identity = store.services.identity
        assert isinstance(identity, RoleIdentity)
        request = {"language": "python", "code_artifact": "job.py", "config_group": "prod"}
        done(api.post("/submissions", json=request, headers=identity.add_task("ti-0:secret", task())))
    return store


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_export_is_readable_text(full: Store) -> None:
    assert full.couture().ok("export", "conf") == "Exported all groups to conf.\n"
    files = files_of(full.folder / "conf")
    assert sorted(files) == [
        "artifacts.yaml",
        "couture.yaml",
        "groups/prod.yaml",
        "groups/prod/core-site.xml",
        "groups/prod/krb5.conf",
        "groups/spare.yaml",
    ]
    assert files["couture.yaml"] == b"format: 1\ndefault_group: spare\n"
    assert files["groups/spare.yaml"] == b"{}\n"
    assert files["groups/prod.yaml"].decode() == PROD_YAML
    assert (files["groups/prod/core-site.xml"], files["groups/prod/krb5.conf"]) == (CORE_SITE, KRB5_CONF)
    assert files["artifacts.yaml"].decode().startswith("code:\n  job.py:\n    - version: 1\n      sha256: ")
    everything = b"".join(files.values())
    assert b"hunter2" not in everything
    assert KEYTAB not in everything


@pytest.mark.parametrize("target", ["conf", "conf.tar.gz"])
def test_what_is_exported_comes_back_equal(
    full: Store, make_store: Callable[[str], Store], tmp_path: Path, target: str
) -> None:
    full.couture().ok("export", target, "--artifacts")
    empty = make_store("empty")
    told = empty.couture(**SECRETS).ok("import", str(full.folder / target), "--yes", "--note", "moved")
    assert told.endswith(
        "Added job.py (code).\nAdded lib.jar (dependencies).\nAdded lib.jar (dependencies).\n"
        "Added other.jar (dependencies).\nCreated prod, revision 1.\nCreated spare, revision 1.\n"
        "spare is the default.\n"
    )
    empty.couture().ok("export", target, "--artifacts")
    if target == "conf":
        assert files_of(empty.folder / target) == files_of(full.folder / target)
    else:
        assert (empty.folder / target).read_bytes() == (full.folder / target).read_bytes()
    assert (empty.notes("prod"), empty.notes("spare")) == (["moved"], ["moved"])
    stored = empty.services.cipher
    with empty.services.database.reading() as session:
        from config_store.groups import get_group

        content = get_group(session, "prod").content
    assert stored.decrypt(content.configurations["spark.my.apikey"].value, "") == "hunter2"
    assert content.keytab is not None
    assert content.keytab.size == len(KEYTAB)
    again = empty.couture(**SECRETS)("import", str(full.folder / target), "--dry-run")
    assert (again.returncode, again.stdout) == (0, "Nothing to do: the store is what the files say.\n")


def test_one_file_may_be_both_code_and_dependency(make_store: Callable[[str], Store]) -> None:
    full, empty = make_store("full"), make_store("empty")
    with full.api() as api:
        upload(api, "lib.jar", b"classes", "dependencies")
        upload(api, "job.jar", b"classes", "code")
    full.couture().ok("export", "conf", "--artifacts")
    assert (
        empty.couture()
        .ok("import", str(full.folder / "conf"), "--yes")
        .endswith("Added job.jar (code).\nAdded lib.jar (dependencies).\n")
    )


def test_a_change_by_hand_is_shown_imported_and_exported_again(full: Store) -> None:
    couture = full.couture()
    couture.ok("export", "conf")
    text = full.folder / "conf" / "groups" / "prod.yaml"
    text.write_text(text.read_text().replace("driver-memory: 7g", "driver-memory: 8g"))
    (full.folder / "conf" / "groups" / "prod" / "core-site.xml").write_bytes(CORE_SITE.replace(b"8020", b"9000"))
    by_hand = files_of(full.folder / "conf")
    run = couture("import", "conf", "--dry-run")
    assert run.returncode == 2
    lines = [line.split() for line in run.stdout.splitlines() if line]
    assert lines[:2] == [["GROUP", "WHERE", "STORE", "FILES"], ["prod", "arguments.driver-memory", "7g", "8g"]]
    assert ["prod", "hadoop_files.core-site.xml.fs.defaultFS", "hdfs://a:8020", "hdfs://a:9000"] in lines
    assert lines[-2:] == [["DAGs", "of", "the", "last", "30", "days"], ["sales"]]
    assert full.group()["revision"] == 4
    assert couture.ok("import", "conf", "--yes", "--note", "pull request 12").endswith(
        "Saved prod, now at revision 5.\n"
    )
    assert (full.group()["revision"], full.notes("prod")[0], full.group("spare")["revision"]) == (
        5,
        "pull request 12",
        1,
    )
    couture.ok("export", "conf")
    assert files_of(full.folder / "conf") == by_hand
    assert couture("import", "conf", "--dry-run").returncode == 0


def groups_in(folder: Path, **texts: str) -> Path:
    """A folder with the groups."""
    (folder / "conf" / "groups").mkdir(parents=True)
    for name, text in texts.items():
        (folder / "conf" / "groups" / f"{name}.yaml").write_text(text)
    return folder / "conf"


@pytest.fixture
def empty(make_store: Callable[[str], Store]) -> Store:
    """An empty store."""
    return make_store("empty")


WITH_SECRET = "configurations:\n  spark.my.apikey:\n    secret: true\n"
NAME = "COUTURE_SECRET_PROD_SPARK_MY_APIKEY"


def test_missing_secrets_are_all_named_and_nothing_is_done(empty: Store) -> None:
    groups_in(empty.folder, prod=WITH_SECRET, other="keytab: {name: a.keytab}\n")
    run = empty.couture()("import", "conf", "--yes")
    assert (run.returncode, run.stderr) == (
        1,
        "Error: Nothing was imported: the store does not have these secrets, and no value is given.\n"
        "  COUTURE_SECRET_OTHER_KEYTAB (keytab of group other)\n"
        f"  {NAME} (configurations.spark.my.apikey of group prod)\n"
        "  Set them in the environment, or name a file by --secrets-from.\n",
    )
    assert empty.couture().ok("groups", "list", "--output", "json").startswith('{\n  "items": []')


def test_secrets_come_from_a_file(empty: Store) -> None:
    groups_in(empty.folder, prod=WITH_SECRET)
    (empty.folder / "secrets.yaml").write_text(f"{NAME}: 'hunter2'\n")
    couture = empty.couture()
    assert couture.ok("import", "conf", "--yes", "--secrets-from", "secrets.yaml").endswith(
        "Created prod, revision 1.\nprod is the default.\n"
    )
    for text in ("hunter2", "- hunter2", "a: [hunter2", "a: {b: hunter2}"):
        (empty.folder / "secrets.yaml").write_text(text)
        told = couture.error("import", "conf", "--yes", "--secrets-from", "secrets.yaml")
        assert told.startswith("Error: secrets.yaml: ")
        assert "hunter2" not in told


def test_a_terminal_is_asked_for_secrets_and_then_for_the_import(empty: Store) -> None:
    groups_in(empty.folder, prod=WITH_SECRET)
    typed = [(f"{NAME}: ", "hunter2\n"), ("Import this (1 group)? [y/N]: ", "y\n")]
    session = empty.couture().at_terminal("import", "conf", typed=typed)
    assert (session.returncode, "hunter2" in session.screen) == (0, False)
    assert session.stdout.endswith("Created prod, revision 1.\nprod is the default.\n")
    (empty.folder / "conf" / "groups" / "prod.yaml").write_text("{}")
    session = empty.couture().at_terminal("import", "conf", typed=[("Import this (1 group)? [y/N]: ", "n\n")])
    assert session.returncode == 1
    assert empty.group()["revision"] == 1


def test_exit_codes_are_those_of_a_diff(empty: Store) -> None:
    folder = groups_in(empty.folder, prod="{}")
    couture = empty.couture()
    assert couture("import", "conf", "--dry-run").returncode == 2
    assert "asks first" in couture("import", "conf").stderr
    couture.ok("import", "conf", "--yes")
    assert couture.ok("import", "conf", "--dry-run") == "Nothing to do: the store is what the files say.\n"
    assert couture.error("import", "conf", "--dry-rn").splitlines()[-1].startswith("Error: No such option '--dry-rn'")
    (folder / "groups" / "prod.yaml").write_text("arguments:\n  queu: etl\n")
    assert couture.error("import", "conf", "--dry-run") == (
        "Error: Invalid input\n"
        "  groups/prod.yaml:2: arguments.queu: spark-submit has no option --queu; did you mean queue?\n"
    )


def test_prune_deletes_and_tells(full: Store) -> None:
    couture = full.couture()
    couture.ok("export", "conf")
    (full.folder / "conf" / "groups" / "prod.yaml").unlink()
    shutil.rmtree(full.folder / "conf" / "groups" / "prod")
    assert couture.ok("import", "conf", "--dry-run").startswith("Nothing to do")
    run = couture("import", "conf", "--dry-run", "--prune")
    assert run.returncode == 2
    assert [line.split() for line in run.stdout.splitlines() if line][1:] == [
        ["prod", "(the", "group)", "there", "(deleted)"],
        ["DAGs", "of", "the", "last", "30", "days"],
        ["sales"],
    ]
    assert couture.ok("import", "conf", "--prune", "--yes").endswith("Deleted prod.\n")


def test_a_plan_for_programs_is_json(empty: Store) -> None:
    groups_in(empty.folder, prod="{}")
    run = empty.couture()("import", "conf", "--dry-run", "--output", "json")
    assert json.loads(run.stdout)["groups"] == [
        {"name": "prod", "deed": "create", "base": None, "changes": [], "dags": []}
    ]


def test_a_reader_is_told_what_he_lacks(empty: Store) -> None:
    groups_in(empty.folder, prod="{}")
    reader = empty.couture("Viewer")
    run = reader("import", "conf", "--dry-run")
    assert (run.returncode, run.stderr) == (2, "")
    assert run.stdout.endswith(
        "\nPermissions that the import needs\ncan_create on Couture Config Groups, can_edit on Couture Config Groups\n"
    )
    run = reader("import", "conf", "--yes")
    assert (run.returncode, run.stderr) == (
        1,
        "Error: Nothing was imported: it needs can_create on Couture Config Groups, can_edit on Couture Config "
        "Groups, which you lack.\n"
        "  Ask an admin to give that to one of your roles; `couture diff` shows what would change without it.\n",
    )


def test_a_diff_of_files_is_the_plan_of_their_import(full: Store) -> None:
    couture = full.couture("Viewer")
    full.couture().ok("export", "conf")
    full.couture().ok("export", "conf.tar.gz")
    for source in ("conf", "conf.tar.gz", "./conf"):
        assert couture.ok("diff", source, "--exit-code") == "Nothing to do: the store is what the files say.\n"
    settings = full.folder / "conf" / "groups" / "prod.yaml"
    settings.write_text(settings.read_text().replace("driver-memory: 7g", "driver-memory: 8g"))
    told = couture.ok("diff", "conf")
    assert told == (
        "GROUP  WHERE                    STORE  FILES\n"
        "prod   arguments.driver-memory  7g     8g\n"
        "\nDAGs of the last 30 days\nsales\n"
        "\nPermissions that the import needs\ncan_edit on Couture Config Groups\n"
    )
    run = couture("diff", "conf", "--exit-code")
    assert (run.returncode, run.stdout, run.stderr) == (2, told, "")
    assert json.loads(couture.ok("diff", "conf", "--output", "json"))["differs"] is True
    assert full.group()["content"]["arguments"]["driver-memory"]["value"] == "7g"
    settings.write_text("arguments: {queu: etl}\n")
    assert couture.error("diff", "conf") == (
        "Error: Invalid input\n"
        "  groups/prod.yaml:1: arguments.queu: spark-submit has no option --queu; did you mean queue?\n"
    )


def test_of_several_hadoop_files_none_is_stored_when_one_is_refused(full: Store) -> None:
    couture, revision = full.couture(), full.group()["revision"]
    (full.folder / "hdfs-site.xml").write_text("<configuration/>")
    (full.folder / "yarn-site.xml").write_text("<configuration>")
    refused = couture.error("hadoop", "put", "prod", "hdfs-site.xml", "yarn-site.xml")
    assert refused.startswith("Error: Invalid input\n  yarn-site.xml: is not well-formed")
    assert full.group()["revision"] == revision
    (full.folder / "yarn-site.xml").write_text("<configuration/>")
    assert couture.ok("hadoop", "put", "prod", "hdfs-site.xml", "yarn-site.xml") == (
        f"hdfs-site.xml: Saved revision {revision + 1} of prod.\n"
        f"yarn-site.xml: Saved revision {revision + 2} of prod.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["groups", "rollback", "prod", "99"],
            "There is no revision of config group 'prod' with number '99'.\n"
            "  `couture groups history prod` lists its revisions.",
        ),
        (
            ["diff", "prod", "99"],
            "There is no revision of config group 'prod' with number '99'.\n"
            "  `couture groups history prod` lists its revisions.",
        ),
        (
            ["artifacts", "show", "dependencies", "zzz.whl"],
            "There is no dependency 'zzz.whl'.\n  `couture artifacts list dependencies` lists what there is.",
        ),
        (
            ["hadoop", "show", "prod", "zzz.xml"],
            "There is no Hadoop file of config group 'prod' named 'zzz.xml'.\n"
            "  `couture hadoop list prod` lists its files.",
        ),
        (["submissions", "show", "nope"], "There is no submission 'nope'.\n  `couture submissions` lists them."),
        (
            ["dags", "tree", "nope"],
            "There is no DAG 'nope'.\n"
            "  `couture dags` lists the DAGs that start others; Airflow's page Dags, all runs.",
        ),
        (
            ["render", "nope", "task"],
            "There is no task 'task'.\n"
            "  A DAG is known once Airflow has read its file: look at its page Dags, and at the import errors there.",
        ),
    ],
)
def test_what_is_not_there_is_told_with_what_lists_it(full: Store, arguments: list[str], told: str) -> None:
    assert full.couture().error(*arguments) == f"Error: Not found: {told}\n"


def test_a_link_may_lead_within_the_folder_and_nowhere_else(empty: Store) -> None:
    folder = groups_in(empty.folder, prod="arguments: {queue: etl}\n")
    (folder / "groups" / "same.yaml").symlink_to("prod.yaml")
    couture = empty.couture()
    assert couture("import", "conf", "--dry-run").returncode == 2
    (empty.folder / "outside.yaml").write_text("{}")
    (folder / "groups" / "out.yaml").symlink_to(empty.folder / "outside.yaml")
    assert couture.error("import", "conf", "--dry-run") == (
        "Error: conf: groups/out.yaml is a link that leads out of the folder\n"
    )
    (folder / "groups" / "out.yaml").unlink()
    os.mkfifo(folder / "groups" / "pipe.yaml")
    assert couture.error("import", "conf", "--dry-run") == "Error: conf: groups/pipe.yaml is no plain file\n"


def test_what_lies_beside_an_export_is_somebody_elses(full: Store) -> None:
    (full.folder / "conf" / ".git").mkdir(parents=True)
    (full.folder / "conf" / "README.md").write_text("mine")
    couture = full.couture()
    couture.ok("export", "conf")
    assert couture("import", "conf", "--dry-run").returncode == 0
    (full.folder / "conf" / "groups" / "old.yaml").write_text("{}")
    couture.ok("export", "conf")
    assert sorted(os.listdir(full.folder / "conf")) == [".git", "README.md", "artifacts.yaml", "couture.yaml", "groups"]
    assert sorted(os.listdir(full.folder / "conf" / "groups")) == ["prod", "prod.yaml", "spare.yaml"]
    assert couture.error("export", "conf", "--group", "spare") == (
        "Error: conf: holds an export already; export single groups into a folder of their own\n"
    )
    (full.folder / "mine" / "groups").mkdir(parents=True)
    assert couture.error("export", "mine") == (
        "Error: mine: holds groups, but no couture.yaml: it may not be an export\n"
    )


def test_a_failed_export_leaves_what_was_there(full: Store) -> None:
    couture = full.couture()
    couture.ok("export", "conf")
    couture.ok("export", "conf.tar.gz")
    before = files_of(full.folder / "conf"), (full.folder / "conf.tar.gz").read_bytes()
    assert "There is no config group 'prd'" in couture.error("export", "conf.tar.gz", "--group", "prd")
    shutil.rmtree(full.services.blobs.root)  # type: ignore[attr-defined]
    assert "is not in the blob storage" in couture.error("export", "conf")
    assert "is not in the blob storage" in couture.error("export", "conf.tar.gz")
    assert (files_of(full.folder / "conf"), (full.folder / "conf.tar.gz").read_bytes()) == before
    assert sorted(path.name for path in full.folder.iterdir() if path.name.startswith(".couture")) == []


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("/etc/passwd", tarfile.REGTYPE, "/etc/passwd: has an absolute path"),
        ("groups/../../a.yaml", tarfile.REGTYPE, "groups/../../a.yaml: leads out of its folder by '..'"),
        ("groups/a.yaml", tarfile.SYMTYPE, "groups/a.yaml: is a symbolic link; only plain files are taken"),
    ],
)
def test_a_hostile_archive_is_judged_by_the_server(empty: Store, name: str, kind: bytes, words: str) -> None:
    info = member(name, kind, "/etc/passwd")
    (empty.folder / "evil.tar.gz").write_bytes(tar_gz((info, b"")))
    assert empty.couture().error("import", "evil.tar.gz", "--yes") == f"Error: Invalid input\n  {words}\n"


def test_what_is_no_archive_is_told(empty: Store) -> None:
    (empty.folder / "a.tar.gz").write_bytes(b"PK\x03\x04")
    assert empty.couture().error("import", "a.tar.gz").startswith("Error: a.tar.gz: is no tar.gz that can be read: ")
    (empty.folder / "nothing").mkdir()
    assert empty.couture().error("import", "nothing") == (
        "Error: nothing: holds none of couture.yaml, artifacts.yaml, groups: it is no export\n"
    )
    pax = member("pax", b"x")
    pax.size = 1 << 33
    (empty.folder / "b.tar.gz").write_bytes(gzip.compress(pax.tobuf(tarfile.GNU_FORMAT)))
    assert "it has a header of 8,589,934,592 bytes" in empty.couture().error("import", "b.tar.gz")


def test_the_examples_groups_are_of_this_format(empty: Store) -> None:
    with empty.api() as api:
        upload(api, "job-argument.jar", b"classes", "dependencies")
        upload(api, "movielens.py", b"pass\n", "dependencies")
    told = empty.couture().ok("import", str(REPOSITORY / "example_dags"), "--yes")
    assert told.endswith("Created default, revision 1.\nCreated prod, revision 1.\ndefault is the default.\n")
    prod = empty.group()["content"]
    assert [file["name"] for file in prod["hadoop_files"]] == ["core-site.xml"]
    assert prod["configurations"]["spark.sql.shuffle.partitions"]["value"] == "4"
