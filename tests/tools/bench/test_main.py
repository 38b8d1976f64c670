"""The command line: its help names every measurement, and records say how they are made again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tools.bench import __main__ as bench
from tools.bench.errors import WrongResult
from tools.bench.figures import Figure, at_most
from tools.bench.measurements import FIGURES, MEASUREMENTS, Measurement

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bench.stage import Stage


def test_the_help_names_every_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        bench.read_arguments(["--help"])
    said = capsys.readouterr().out
    assert [name for name in MEASUREMENTS if f"  {name} " not in said] == []
    assert "make bench ONLY=cli" in said


def test_an_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench.read_arguments(["--only", "resolv"])
    said = capsys.readouterr().err
    assert "resolv" in said
    assert "local_pyspark" in said


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], "make bench"),
        (["--only", "cli", "parse"], "make bench ONLY='cli parse'"),
        (["--only", "cli", "--scale", "small"], "make bench ONLY='cli' BENCH_ARGS='--scale small'"),
    ],
)
def test_the_command_that_makes_a_record_again(arguments: list[str], command: str) -> None:
    assert bench.command_of(bench.read_arguments(arguments)) == command


def test_every_figure_has_its_place_in_the_table_once() -> None:
    assert sorted(set(FIGURES)) == sorted(FIGURES)
    assert {"parse", "resolve_p50"} <= set(FIGURES), "figures of one measurement and of several"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a run writes in place of build/bench."""
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    return tmp_path


def test_figures_of_small_runs_are_kept_apart(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = Figure("cli", "what", 1.0, 4.0, "s", at_most(0.5), 1)
    monkeypatch.setitem(MEASUREMENTS, "cli", Measurement("words", lambda stage: [figure], ("cli",)))
    assert bench.main(["--only", "cli", "--scale", "small"]) == 0
    assert json.loads((folder / "small.json").read_text())["cli"]["ratio"] == 0.25
    assert "| `cli` | what | 1 s | 4 s | 0.25 | ratio <= 0.5 | yes | 1 |" in capsys.readouterr().out


def test_what_could_not_be_measured_ends_with_1_and_says_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(stage: Stage) -> list[Figure]:
        raise WrongResult("The log", "10 lines", 9)

    monkeypatch.setitem(MEASUREMENTS, "cli", Measurement("words", fail, ("cli",)))
    assert bench.main(["--only", "cli", "--scale", "small"]) == 1
    assert capsys.readouterr().err == (
        "\nbench failed: The log: 10 lines expected, 9 came. Its time would say nothing.\n"
    )
    assert not (folder / "small.json").exists()
