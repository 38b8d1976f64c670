"""``airflow couture clean`` as a command: what it prints, what it refuses, and that --yes alone removes."""

from __future__ import annotations

import argparse
import getpass
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.cli.cli_config import GroupCommand
from airflow.models.log import Log
from sqlalchemy import Engine

from admin_views.clean_command import age, run_clean
from admin_views.commands import get_cli_commands
from config_store.artifacts import ArtifactKind, add_version
from config_store.blobs.file_system import FileSystemBlobs
from config_store.database import Database, open_engine
from tests.admin_views.airflow_rows import audit_rows

#: Everything of the furnished store that nobody names, and two days old.
LITTER = b"x" * 1_500_000


@pytest.fixture
def home(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An AIRFLOW_HOME whose store holds a jar, one blob that nobody names and one unfinished upload, both old."""
    shutil.copy(empty_store, tmp_path / "store.db")
    monkeypatch.setenv("AIRFLOW__COUTURE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path / 'store.db'}")
    monkeypatch.setenv("AIRFLOW__COUTURE__BLOB_ROOT", str(tmp_path / "blobs"))
    blobs = FileSystemBlobs(tmp_path / "blobs")
    with blobs.writer("x") as writer:
        writer.write(LITTER)
        blob = writer.commit()
    with blobs.writer("used.jar") as writer:
        writer.write(b"used")
        used = writer.commit()
    database = Database(open_engine(f"sqlite:///{tmp_path / 'store.db'}"))
    with database.writing() as session:
        add_version(session, ArtifactKind.CODE, "used.jar", used, author="ada")
    database.engine.dispose()
    left = tmp_path / "blobs" / "incoming" / "left"
    left.write_bytes(b"half")
    for path in (blobs.path(blob.sha256), left):
        os.utime(path, (time.time() - 2 * 86400,) * 2)
    return tmp_path


def clean(*options: str) -> None:
    """Run the command as Airflow's parser would."""
    (group,) = (command for command in get_cli_commands() if isinstance(command, GroupCommand))
    (command,) = (command for command in group.subcommands if command.name == "clean")
    parser = argparse.ArgumentParser()
    for argument in command.args:
        argument.add_to_parser(parser)
    run_clean(parser.parse_args(options))


FOUND = """\
old receipts                  0
unused hidden versions        0
unneeded blobs                1  1.5 MB
unfinished uploads            1  4 bytes
"""


def test_it_shows_first_and_removes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean()
    assert capsys.readouterr().out == FOUND + "Nothing was removed; run it again with --yes to remove this.\n"
    assert len(list(FileSystemBlobs(home / "blobs"))) == 2


def test_yes_removes(home: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    clean("--yes")
    told = capsys.readouterr()
    assert told.out == FOUND + ("Removed 0 receipts, 0 versions, 1 blob (1.5 MB) and 1 unfinished upload (4 bytes).\n")
    assert told.err == (
        "Reading revisions …\nCounting receipts and hidden versions …\nListing blobs …\nBlobs: 0 of 1 …\n"
    )
    assert len(list(FileSystemBlobs(home / "blobs"))) == 1
    digest = hashlib.sha256(LITTER).hexdigest()
    found = {"subject": "the store", "receipts": 0, "blobs": [digest], "unfinished_uploads": 1}
    user, host = getpass.getuser(), socket.gethostname()
    assert audit_rows(engine) == [
        ("couture.clean.begin", user, {**found, "versions": [], "ip": host}),
        ("couture.clean.end", user, {**found, "versions": 0, "ip": host}),
    ]
    clean("--yes", "--receipts-older-than", "90d", "--hidden-versions-older-than", "1w")
    assert capsys.readouterr().out.endswith("There is nothing to remove.\n")
    assert len(audit_rows(engine)) == 2


def test_without_an_audit_row_nothing_is_removed(home: Path, engine: Engine) -> None:
    Log.__table__.drop(engine)
    with pytest.raises(SystemExit) as ended:
        clean("--yes")
    assert str(ended.value) == (
        "Airflow's database takes no audit row (no such table: log). Nothing more is done; start it, or run "
        "`airflow db migrate`."
    )
    assert len(list(FileSystemBlobs(home / "blobs"))) == 2


def test_a_storage_of_another_installation_is_left_alone(home: Path, tmp_path: Path, empty_store: Path) -> None:
    shutil.copy(empty_store, tmp_path / "store.db")
    with pytest.raises(SystemExit) as ended:
        clean("--yes")
    assert str(ended.value) == (
        "Of the blobs in the blob storage (2) this database names none: they may be those of another installation. "
        "Nothing is removed. Check [database] sql_alchemy_conn and [couture] blob_root; if they are right, remove the "
        "files in that storage by hand."
    )
    assert len(list(FileSystemBlobs(home / "blobs"))) == 2


def test_a_store_that_is_not_there_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__COUTURE__SQL_ALCHEMY_CONN", f"sqlite:///{home / 'none.db'}")
    with pytest.raises(SystemExit) as ended:
        clean()
    assert str(ended.value).endswith("are missing; run `airflow db migrate` first.")


def test_a_storage_that_is_not_there_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__COUTURE__BLOB_ROOT", "ftp://host/blobs")
    with pytest.raises(SystemExit) as ended:
        clean()
    assert str(ended.value).startswith("[couture] blob_root has the scheme 'ftp'")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90d", timedelta(days=90)), ("12h", timedelta(hours=12)), ("26w", timedelta(weeks=26)), ("0d", timedelta(0))],
)
def test_ages(text: str, expected: timedelta) -> None:
    assert age(text) == expected


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1.5d", "90 days", "1000000d", "9m"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        age(text)
    assert str(refused.value) == f"{text!r} is no age; write a number and h, d or w, such as 90d"


@pytest.mark.integration
def test_the_command_as_a_shell_runs_it(home: Path) -> None:
    """In a process of its own, found by Airflow through the provider."""
    airflow = Path(sys.executable).parent / "airflow"
    environment = {**os.environ, "AIRFLOW_HOME": str(home)}

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        argv = [str(airflow), "couture", "clean", *options]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)

    shown = run()
    assert (
        shown.returncode,
        shown.stdout.endswith(FOUND + "Nothing was removed; run it again with --yes to remove this.\n"),
    ) == (0, True), shown.stderr
    assert len(list(FileSystemBlobs(home / "blobs"))) == 2
    migrated = subprocess.run([str(airflow), "db", "migrate"], env=environment, capture_output=True, check=False)
    assert migrated.returncode == 0  # for the audit rows
    assert run("--yes").returncode == 0
    assert len(list(FileSystemBlobs(home / "blobs"))) == 1
    assert "is no age" in run("--receipts-older-than", "old").stderr
