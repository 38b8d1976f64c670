"""``airflow couture rotate-secrets``: what it prints; and what Airflow's own rotation does not do for us."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.cli.cli_config import GroupCommand
from cryptography.fernet import Fernet
from sqlalchemy import Engine

from admin_views.commands import get_cli_commands
from admin_views.rotate_command import run_rotate
from config_store import rotation
from config_store.content import open_setting
from config_store.database import Database, open_engine
from config_store.errors import DatabaseAway, DatabaseBusy, DatabaseFull, SecretUnreadable, StoreError
from config_store.groups import Save, create_group, get_group
from config_store.secrets import FernetCipher
from config_store.settings import Setting
from tests.admin_views.airflow_rows import audit_rows
from tests.config_store.store import content

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def fill(file: Path) -> None:
    """A group with a secret under the old key."""
    database = Database(open_engine(f"sqlite:///{file}"))
    with database.writing() as session:
        secret = content(environment={"API_TOKEN": Setting("canary")})
        create_group(session, "prod", Save("ada"), FernetCipher([OLD]), content=secret)
    database.engine.dispose()


def opens(file: Path, key: str) -> bool:
    """Whether the key alone opens the group's secret."""
    database = Database(open_engine(f"sqlite:///{file}"))
    with database.reading() as session:
        setting = get_group(session, "prod").content.environment["API_TOKEN"]
    database.engine.dispose()
    try:
        return open_setting("API_TOKEN", setting, FernetCipher([key])).value == "canary"
    except SecretUnreadable:
        return False


@pytest.fixture
def store_file(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database of a store of its own, which the settings name."""
    file = Path(shutil.copy(empty_store, tmp_path / "store.db"))
    monkeypatch.setenv("AIRFLOW__COUTURE__SQL_ALCHEMY_CONN", f"sqlite:///{file}")
    fill(file)
    return file


@pytest.fixture(autouse=True)
def log(request: pytest.FixtureRequest) -> Engine | None:
    """Airflow's tables, which take the audit rows; the test of the whole command makes its own."""
    made: Engine | None = None if request.node.get_closest_marker("integration") else request.getfixturevalue("engine")
    return made


def rotate(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", ",".join(keys))
    (group,) = (command for command in get_cli_commands() if isinstance(command, GroupCommand))
    (command,) = (command for command in group.subcommands if command.name == "rotate-secrets")
    assert command.args
    run_rotate(argparse.Namespace(verbose=False))


def test_it_counts_and_may_be_repeated(
    store_file: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rotate(monkeypatch, NEW, OLD)
    rotate(monkeypatch, NEW, OLD)
    assert capsys.readouterr().out == (
        "Rotated 1 secret in 1 revision; 0 were encrypted with the first key already.\n"
        "Rotated 0 secrets in 0 revisions; 1 was encrypted with the first key already.\n"
    )
    assert (opens(store_file, NEW), opens(store_file, OLD)) == (True, False)
    subject = {"subject": "the secrets of all groups", "ip": socket.gethostname()}
    assert audit_rows(engine)[:3] == [
        ("couture.secrets.rotate.begin", getpass.getuser(), {**subject, "keys": 2}),
        ("couture.secrets.rotate.end", getpass.getuser(), {**subject, "secrets": 1, "revisions": 1, "unreadable": 0}),
        ("couture.secrets.rotate.begin", getpass.getuser(), {**subject, "keys": 2}),
    ]


def test_without_the_old_key_it_names_the_setting(store_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as ended:
        rotate(monkeypatch, NEW)
    assert str(ended.value) == (
        "The secret prod revision 1 environment.API_TOKEN cannot be decrypted with the present Fernet keys; add the "
        "former key to [core] fernet_key (new,old) or set the secret again.\nKeep every key until these are mended."
    )
    assert opens(store_file, OLD)


def test_what_is_no_key_is_refused(store_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as ended:
        rotate(monkeypatch, "no key")
    assert str(ended.value).startswith("[core] fernet_key holds what is no Fernet key: ")


@pytest.mark.parametrize("error", [DatabaseBusy("locked"), DatabaseAway("gone"), DatabaseFull("full")])
def test_a_database_that_gives_up_is_told(store_file: Path, monkeypatch: pytest.MonkeyPatch, error: StoreError) -> None:
    def give_up(*_: object) -> None:
        raise error

    monkeypatch.setattr(rotation, "rotate_secrets", give_up)
    with pytest.raises(SystemExit) as ended:
        rotate(monkeypatch, NEW, OLD)
    assert str(ended.value) == f"{error}\nWhat was rotated before stays rotated; then run it again."


#: Several commands in one process, because each `airflow` call costs seconds.
RUN = """
import json, sys
from airflow.cli.cli_parser import get_parser
for command in json.loads(sys.argv[1]):
    arguments = get_parser().parse_args(command)
    arguments.func(arguments)
"""


@pytest.mark.integration
def test_airflows_own_rotation_leaves_our_secrets_to_our_own(tmp_path: Path) -> None:
    def run(keys: str, *commands: list[str]) -> str:
        environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__FERNET_KEY": keys}
        argv = [sys.executable, "-c", RUN, json.dumps(commands)]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    run(OLD, ["db", "migrate"], ["variables", "set", "a_variable", "canary"])
    file = tmp_path / "airflow.db"
    fill(file)
    run(f"{NEW},{OLD}", ["rotate-fernet-key"])
    assert (opens(file, NEW), opens(file, OLD)) == (False, True)
    told = run(f"{NEW},{OLD}", ["couture", "rotate-secrets"])
    assert told.endswith("Rotated 1 secret in 1 revision; 0 were encrypted with the first key already.\n")
    assert (opens(file, NEW), opens(file, OLD)) == (True, False)
    assert run(NEW, ["variables", "get", "a_variable"]).strip().endswith("canary")
