"""Where the login is kept, and that nobody else can read it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from couture_ops.cli.credentials import Login, credentials_path, read_login, remove_login, write_login
from couture_ops.cli.errors import CredentialsUnreadableError

LOGIN = Login("https://airflow.example.com", "token", "anna")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any login."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("COUTURE_CONFIG_DIR", raising=False)
    return tmp_path


def mode(path: Path) -> str:
    """The permissions, as ls shows them."""
    return stat.filemode(path.stat().st_mode)


def test_the_place(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials_path() == own_home / ".config" / "couture" / "credentials.json"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/xdg")
    assert credentials_path() == Path("/xdg/couture/credentials.json")
    monkeypatch.setenv("COUTURE_CONFIG_DIR", "/own")
    assert credentials_path() == Path("/own/credentials.json")


def test_the_file_is_the_owners_alone() -> None:
    path = write_login(LOGIN)
    assert (mode(path), mode(path.parent)) == ("-rw-------", "drwx------")
    assert json.loads(path.read_text()) == {
        "url": "https://airflow.example.com",
        "token": "token",
        "username": "anna",
    }
    assert read_login() == LOGIN


def test_a_file_that_others_could_read_is_replaced() -> None:
    path = credentials_path()
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    path.chmod(0o644)
    write_login(LOGIN)
    assert mode(path) == "-rw-------"
    assert [left.name for left in path.parent.iterdir()] == ["credentials.json"]


def test_a_write_that_fails_leaves_the_former_login(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_login(LOGIN)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_login(Login("https://other", "new"))
    assert read_login() == LOGIN
    assert [left.name for left in path.parent.iterdir()] == ["credentials.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"url": "x", "tokn": "y"}', "\xff"])
def test_a_damaged_file(content: str) -> None:
    path = write_login(LOGIN)
    path.write_text(content, encoding="latin-1")
    with pytest.raises(CredentialsUnreadableError) as unreadable:
        read_login()
    assert str(unreadable.value) == (f"{path} is not a login written by couture. Remove it and run: couture login")


def test_removing() -> None:
    assert remove_login() is False
    write_login(LOGIN)
    assert remove_login() is True
    assert read_login() is None
