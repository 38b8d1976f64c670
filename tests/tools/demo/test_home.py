"""The demo's folder: private files, keys that stay, one demo at a time."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from tools.demo.errors import AlreadyRunning
from tools.demo.home import CHECKOUT, DemoHome, only_demo, read_secrets, write_privately

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from tools.demo.home import DemoHome, only_demo
with only_demo(DemoHome(Path(sys.argv[1])), "http://127.0.0.1:8080"):
    print("held", flush=True)
    sys.stdin.read()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def home(tmp_path: Path) -> DemoHome:
    made = DemoHome(tmp_path / "demo")
    made.make()
    return made


def test_the_folder_is_for_its_owner_alone(home: DemoHome) -> None:
    assert mode(home.folder) == 0o700
    home.make()
    assert sorted(path.name for path in home.folder.iterdir()) == ["couture-client", "logs", "pids", "ratings"]


def test_private_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        write_privately(tmp_path / "password", "secret\n")
        write_privately(tmp_path / "password", "other\n")
    finally:
        os.umask(former)
    assert (tmp_path / "password").read_text() == "other\n"
    assert mode(tmp_path / "password") == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "password"]


def test_keys_are_drawn_once(home: DemoHome, tmp_path: Path) -> None:
    drawn = read_secrets(home)
    assert set(drawn) == {"fernet_key", "jwt_secret", "secret_key"}
    assert Fernet(drawn["fernet_key"]).decrypt(Fernet(drawn["fernet_key"]).encrypt(b"x")) == b"x"
    assert len({*drawn.values()}) == 3
    assert read_secrets(home) == drawn
    assert mode(home.folder / "secrets.json") == 0o600
    other = DemoHome(tmp_path / "other")
    other.make()
    assert read_secrets(other) != drawn


def test_paths_in_the_checkout_are_shown_as_typed_there(tmp_path: Path) -> None:
    assert DemoHome(CHECKOUT / "build" / "demo").shown(CHECKOUT / "build" / "demo" / "logs") == "build/demo/logs"
    assert DemoHome(tmp_path).shown(tmp_path / "logs") == f"{tmp_path}/logs"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_second_demo_is_refused_until_the_first_has_gone(home: DemoHome, number: signal.Signals) -> None:
    argv = [sys.executable, "-c", HOLD, str(home.folder)]
    with subprocess.Popen(argv, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout
        assert first.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning) as refused, only_demo(home, "http://127.0.0.1:1"):
            pass
        first.send_signal(number)
        first.wait(10)
    assert str(refused.value) == (
        f"A demo already runs in {home.folder}: process {first.pid} at http://127.0.0.1:8080.\n"
        f"Stop it with Ctrl-C in its terminal or with: kill {first.pid}\n"
        "Or run a second one in a folder of its own: make demo DEMO_DIR=build/demo-2"
    )
    with only_demo(home, "http://127.0.0.1:1"):
        assert (home.folder / "running").read_text() == f"{os.getpid()}\nhttp://127.0.0.1:1\n"
    assert (home.folder / "running").read_text() == ""
