"""The inspector finds what it is there to find: without that its silence would prove nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import delete, text, update

from config_store.database import VERSION_TABLE
from config_store.models import RevisionRow
from config_store.schema_check import read_schema
from config_store.secrets import FernetCipher
from tools.soak.integrity import Inspector
from tools.soak.ledger import Ledger, Saved, Uploaded
from tools.soak.server import plain_server

if TYPE_CHECKING:
    import httpx

    from admin_views.services import Services
    from config_store.blobs.file_system import FileSystemBlobs

TWINS = {"spark.soak.c0.a": {"value": "1"}, "spark.soak.c0.b": {"value": "1"}}


@pytest.fixture
def ledger(api: httpx.Client) -> Ledger:
    """A store with one save and one upload, both promised."""
    api.post("/groups", json={"name": "g"}).raise_for_status()
    api.patch("/groups/g/content", json={"configurations": TWINS}, headers={"If-Match": '"1"'}).raise_for_status()
    told = api.post("/artifacts/code/job.py/versions", content=b"pass\n").raise_for_status().json()
    ledger = Ledger()
    ledger.save(Saved("g", 2, "c0", 1))
    ledger.upload(Uploaded("job.py", 1, told["sha256"]))
    return ledger


def faults(services: Services, ledger: Ledger) -> list[str]:
    return Inspector(services.database, services.blobs, services.cipher).faults(ledger)


def test_a_whole_store_has_no_faults(services: Services, ledger: Ledger) -> None:
    assert faults(services, ledger) == []


def test_a_lost_save_and_a_hole_are_found(services: Services, ledger: Ledger) -> None:
    ledger.save(Saved("g", 3, "c0", 2))
    with services.database.writing() as session:
        session.execute(delete(RevisionRow).where(RevisionRow.number == 1))
    assert faults(services, ledger) == [
        "g has no revision 1, but one 2",
        "Saved(group='g', revision=3, client='c0', value=2) is lost: the revision has None",
    ]


def test_half_a_save_is_found(services: Services, ledger: Ledger) -> None:
    with services.database.writing() as session:
        row = session.query(RevisionRow).filter_by(number=2).one()
        content = dict(row.content)
        content["configurations"] = {"spark.soak.c0.a": content["configurations"]["spark.soak.c0.a"]}
        session.execute(update(RevisionRow).where(RevisionRow.id == row.id).values(content=content))
    assert faults(services, ledger) == ["g 2: spark.soak.c0 has 1 and None"]


def test_torn_bytes_and_lost_uploads_are_found(services: Services, ledger: Ledger, blobs: FileSystemBlobs) -> None:
    (uploaded,) = ledger.uploaded
    path = blobs.path(uploaded.sha256)
    path.chmod(0o600)
    path.write_bytes(b"pass")
    ledger.upload(Uploaded("job.py", 2, "00"))
    assert faults(services, ledger) == [
        "job.py version 1 has not its 5 bytes",
        "Uploaded(name='job.py', version=2, sha256='00') is lost: the store has None",
        f"the blob {uploaded.sha256} has other bytes",
        "check artifacts, the newest versions: code artifact job.py@1 has 4 bytes in the blob storage, not 5 "
        f"(sha256 {uploaded.sha256}).",
    ]


def test_what_only_the_checks_of_users_see_is_found(api: httpx.Client, services: Services, ledger: Ledger) -> None:
    secret = {"configurations": {"spark.my.password": {"value": "hunter2", "secret": True}}}
    api.patch("/groups/g/content", json=secret, headers={"If-Match": '"2"'}).raise_for_status()
    with services.database.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0000'"))
    assert faults(replace(services, cipher=FernetCipher([Fernet.generate_key().decode()])), ledger) == [
        f"the tables have version 0000, not {read_schema(services.database.engine).head}; missing: ()",
        "check secrets, config group g: No Fernet key opens configurations.spark.my.password.",
    ]


def test_a_server_knows_its_address() -> None:
    from pathlib import Path

    assert plain_server(Path("/x"), 4711).url == "http://127.0.0.1:4711"
