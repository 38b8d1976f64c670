"""Configuration as text, there and back: the real client as a process, the real API on a real store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

from admin_views.app import API_PREFIX, create_app
from config_store.database import migrate
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
