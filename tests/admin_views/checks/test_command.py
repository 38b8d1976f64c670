"""What the command prints and how it ends; the whole is run in tests/integration."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

import pytest
import yaml

from admin_views.checks import command
from admin_views.checks.command import check_command, chosen_checks, exit_code, run_check
from config_store.wire import Finding
from couture_ops.checks.runner import Check, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OK = Finding.ok("java", "this", "fine")
WARNING = Finding.warning("clock", "that", "late", "Wind it up.")
FAULT = Finding.fault("spark", "a name\nof \x1b[31mothers", "gone", "Bring it back.")
SKIPPED = Finding.skipped("groups", "these", "No database.")


def run(monkeypatch: pytest.MonkeyPatch, *findings: Finding, output: str = "table", strict: bool = False) -> int:
    """Run the command with findings that are known; answers its exit code."""

    def known(*_arguments: object) -> Iterator[Check]:
        yield from map(told, findings)

    monkeypatch.setattr(command, "chosen_checks", known)
    with pytest.raises(SystemExit) as end:
        run_check(argparse.Namespace(on="all", group=None, output=output, deep=False, strict=strict, verbose=False))
    assert isinstance(end.value.code, int)
    return end.value.code


def test_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, OK, WARNING, FAULT, SKIPPED) == 1
    assert capsys.readouterr().out == (
        "ok       java          this: fine\n"
        "WARNING  clock         that: late\n"
        "                       -> Wind it up.\n"
        "FAULT    spark         a name\\nof \\x1b[31mothers: gone\n"
        "                       -> Bring it back.\n"
        "skipped  groups        these: No database.\n"
        "faults: 1, warnings: 1, skipped: 1, ok: 1\n"
    )


def test_documents(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    expected = {
        "ok": 1,
        "warning": 1,
        "fault": 0,
        "skipped": 0,
        "findings": [
            {"check": "java", "subject": "this", "verdict": "ok", "message": "fine", "advice": ""},
            {"check": "clock", "subject": "that", "verdict": "warning", "message": "late", "advice": "Wind it up."},
        ],
    }
    assert run(monkeypatch, OK, WARNING, output="json") == 0
    assert json.loads(capsys.readouterr().out) == expected
    assert run(monkeypatch, OK, WARNING, output="yaml") == 0
    assert yaml.safe_load(capsys.readouterr().out) == expected


def test_exit_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, OK, SKIPPED, WARNING) == 0
    assert run(monkeypatch, OK, SKIPPED, WARNING, strict=True) == 1
    assert run(monkeypatch, OK, SKIPPED, strict=True) == 0
    assert exit_code([], strict=True) == 0
    assert exit_code([FAULT], strict=False) == 1


def test_wrong_usage_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    for argument in check_command().args:
        argument.add_to_parser(parser)
    with pytest.raises(SystemExit) as end:
        parser.parse_args(["--on", "moon"])
    assert end.value.code == 2
    assert "invalid choice: 'moon'" in capsys.readouterr().err
    assert vars(parser.parse_args([])) == {
        "on": "all",
        "group": None,
        "output": "table",
        "deep": False,
        "strict": False,
        "verbose": False,
    }


def names(on: str, group: str | None = None) -> list[str]:
    """The checks that are chosen."""
    return [check.name for check in chosen_checks(on, group, deep=False)]


OPTIONS = ["options"]
WORKER = ["spark", "python", "api", "cache", "disk"]
SERVER = ["plugin", "database", "permissions", "fernet key", "blob storage", "artifacts", "master dags", "groups"]


def test_the_checks_of_each_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store.db").touch()
    monkeypatch.setenv("AIRFLOW__COUTURE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path / 'store.db'}")
    assert names("worker") == OPTIONS + WORKER
    assert names("server") == OPTIONS + SERVER
    assert names("all") == [*OPTIONS, *WORKER, *SERVER, "spark homes"]
    assert names("all", "prod") == [*OPTIONS, *WORKER, *SERVER]


def test_a_machine_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__COUTURE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path / 'no.db'}")
    assert names("all") == [*OPTIONS, *WORKER, *SERVER, "spark homes"]  # with a LocalExecutor it must have one
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    assert names("all") == [*OPTIONS, *WORKER, "server"]
    assert names("server") == OPTIONS + SERVER


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MAX_UPLOAD_BYTES", "much", 'Please check "max_upload_bytes" key'),
        ("SQL_ALCHEMY_CONN", "no url", "Could not parse SQLAlchemy URL from"),
    ],
)
def test_settings_that_can_not_be_read(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(f"AIRFLOW__COUTURE__{name}", value)
    _, check = chosen_checks("server", None, deep=False)
    from couture_ops.checks.runner import run_checks

    [found] = run_checks([check], print)
    assert (found.check, found.subject) == ("settings", "[couture] in airflow.cfg, as a server reads it")
    assert said in found.message
