"""The command line: its help names every trial, and records say how they are made again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tools.soak import __main__ as soak
from tools.soak.errors import Impossible, TooLate
from tools.soak.figures import Figure, none_of
from tools.soak.trials import TRIALS, Trial

if TYPE_CHECKING:
    from pathlib import Path

    from tools.soak.stage import Stage


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a run writes in place of build/soak."""
    monkeypatch.setattr(soak, "FOLDER", tmp_path)
    return tmp_path


def test_the_help_names_every_trial(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        soak.read_arguments(["--help"])
    said = capsys.readouterr().out
    assert [name for name in TRIALS if f"  {name} " not in said] == []
    assert "make soak ONLY=saves" in said


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], "make soak"),
        (["--only", "saves", "fuzz"], "make soak ONLY='saves fuzz'"),
        (["--only", "saves", "--scale", "small"], "make soak ONLY='saves' SOAK_ARGS='--scale small'"),
    ],
)
def test_the_command_that_makes_a_record_again(arguments: list[str], command: str) -> None:
    assert soak.command_of(soak.read_arguments(arguments)) == command


@pytest.mark.parametrize(("faults", "code"), [([], 0), (["revision 7 is lost"], 1)])
def test_the_exit_code_tells_whether_every_bound_is_met(
    folder: Path, monkeypatch: pytest.MonkeyPatch, faults: list[str], code: int
) -> None:
    figures = [none_of("saves_lost", "what", faults, 9), Figure("saves_conflicts", "what", 3, "", 9)]
    monkeypatch.setitem(TRIALS, "saves", Trial("words", lambda stage: figures))
    assert soak.main(["--only", "saves", "--scale", "small"]) == code
    kept = json.loads((folder / "small.json").read_text())
    assert (kept["saves_lost"]["met"], kept["saves_lost"]["note"]) == (not faults, "".join(faults))


def test_what_this_machine_cannot_do_is_left_out_with_its_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(stage: Stage) -> list[Figure]:
        raise Impossible("a tmpfs needs root")

    monkeypatch.setitem(TRIALS, "disk_full", Trial("words", refuse))
    assert soak.main(["--only", "disk_full", "--scale", "small"]) == 0
    assert "disk_full is left out: a tmpfs needs root" in capsys.readouterr().out


def test_a_trial_that_cannot_go_on_ends_with_1_and_says_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(stage: Stage) -> list[Figure]:
        raise TooLate("the driver", 180)

    monkeypatch.setitem(TRIALS, "saves", Trial("words", fail))
    assert soak.main(["--only", "saves", "--scale", "small"]) == 1
    assert capsys.readouterr().err == "\nsoak failed: the driver did not come within 180 s.\n"
