"""``airflow couture check`` on a broken installation: each fault named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config_store.blobs.file_system import FileSystemBlobs
from config_store.database import Database, open_engine
from config_store.secrets import FernetCipher
from tests.config_store.store import Store
from tests.integration.live_airflow import _SET_UP, LiveAirflow
from tests.integration.test_check import AIRFLOW, check, verdicts

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an Airflow without roles, on whose machine and in whose store everything is wrong."""
    home = tmp_path_factory.mktemp("broken")
    environment = LiveAirflow(home).environment
    migrated = subprocess.run([sys.executable, "-c", _SET_UP, '[["db", "migrate"]]'], env=environment, check=False)
    assert migrated.returncode == 0
    fill(home)
    (home / "cache").mkdir()
    (home / "cache").chmod(0o777)
    return {
        **environment,
        "JAVA_HOME": "/nowhere/jdk",
        "PYSPARK_PYTHON": "/nowhere/python",
        "AIRFLOW__COUTURE__SPARK_HOMES": '{"old": "/nowhere/spark"}',
        "AIRFLOW__COUTURE__CACHE_DIR": str(home / "cache"),
        "AIRFLOW__COUTURE__BLOB_ROOT": str(home / "blobs"),
    }


def fill(home: Path) -> None:
    """A store in which every group has a fault; its secrets have a key that nobody knows any more."""
    database = Database(open_engine(f"sqlite:///{home / 'airflow.db'}"))
    store = Store(database, FileSystemBlobs(home / "blobs"), FernetCipher([Fernet.generate_key().decode()]), home)
    for name in ("lost.jar", "gone.jar", "torn.jar"):
        store.upload(name)
    xml = store.config_file("core-site.xml", "<configuration><property>")
    store.create("files", hadoop_files=(xml,), arguments={"master": "yarn"})
    store.create("target", arguments={"master": "local[2]", "deploy-mode": "cluster"})
    store.create("dependencies", jars=("gone.jar",))
    store.create("secrets", configurations={"spark.my.password": "hunter2"}, spark_home="spark9")
    store.hide("gone.jar", force=True)
    store.blobs.delete(store.artifact("lost.jar")[0].shown.sha256)
    torn = store.blobs.path(store.artifact("torn.jar")[0].shown.sha256)
    torn.chmod(0o600)
    torn.write_bytes(b"TORN.jar")
    database.engine.dispose()


def test_each_fault_is_named(broken: dict[str, str]) -> None:
    code, document = check(broken)
    assert code == 1
    found = verdicts(document)
    for fault in {
        ("java", "fault", "JAVA_HOME is '/nowhere/jdk', and"),
        ("spark", "fault", "'old' of [couture] spark_homes"),
        ("python", "fault", "'/nowhere/python' is no Python"),
        ("api", "fault", "The connection was refused:"),
        ("clock", "skipped", "The API did not"),
        ("cache", "fault", "Others can write there"),
        ("permissions", "fault", "No role has any"),
        ("artifacts", "fault", "dependency lost.jar@1 is missing"),
        ("artifacts", "fault", "dependency torn.jar@1 is damaged:"),
        ("hadoop", "fault", "core-site.xml: is not well-formed"),
        ("hadoop", "fault", "No Hadoop file names"),
        ("hadoop", "fault", "master is yarn, and"),
        ("target", "fault", "deploy-mode=cluster with master=local[2] is"),
        ("dependencies", "fault", "There is no dependency"),
        ("secrets", "fault", "No Fernet key opens"),
        ("spark homes", "fault", "Config group secrets names"),
        ("database", "ok", "It answers; its tables"),
        ("fernet key", "ok", "1 usable; the first"),
        ("plugin", "ok", "Airflow loads the couture"),
    }:
        assert fault in found, fault
    assert all(f["advice"] for f in document["findings"] if f["verdict"] in ("fault", "warning"))
    assert "hunter2" not in str(document)


def test_one_group_of_a_broken_installation(broken: dict[str, str]) -> None:
    code, document = check(broken, "--on", "server", "--group", "target")
    assert code == 1
    subjects = {f["subject"] for f in document["findings"] if f["check"] in ("hadoop", "target", "secrets")}
    assert subjects == {"config group target"}
    assert "api" not in {f["check"] for f in document["findings"]}


def test_a_store_that_cannot_be_opened(broken: dict[str, str], tmp_path: Path) -> None:
    environment = {
        **broken,
        "AIRFLOW__COUTURE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'none.db'}",
        "AIRFLOW__CORE__FERNET_KEY": "no key",
    }
    code, document = check(environment, "--on", "server")
    assert code == 1
    found = verdicts(document)
    assert ("database", "fault", f"The file {tmp_path / 'none.db'} does") in found
    assert ("fernet key", "fault", "It is no Fernet") in found
    assert ("groups", "skipped", "Its tables can't be") in found
    assert not (tmp_path / "none.db").exists()


def test_wrong_usage(broken: dict[str, str]) -> None:
    run = subprocess.run([AIRFLOW, "couture", "check", "--on", "moon"], env=broken, capture_output=True, text=True)
    assert run.returncode == 2
    assert "invalid choice: 'moon'" in run.stderr
