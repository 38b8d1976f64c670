"""Commands that the demo runs to their end."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tools.demo.commands import run_command
from tools.demo.errors import CommandFailed

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def test_output_is_answered_and_logged(tmp_path: Path) -> None:
    out = run_command(("sh", "-c", "echo out; echo err >&2"), ENVIRONMENT, tmp_path / "log", 10)
    assert out == "out\n"
    assert (tmp_path / "log").read_text() == "out\nerr\n"


def test_the_environment_is_the_given_one(tmp_path: Path) -> None:
    out = run_command(("sh", "-c", "echo $HOME-$NAME"), {**ENVIRONMENT, "NAME": "given"}, tmp_path / "log", 10)
    assert out == "-given\n"


def test_a_password_prompt_reads_the_text_and_no_terminal(tmp_path: Path) -> None:
    ask = "import getpass, warnings; warnings.simplefilter('ignore'); print(getpass.getpass(), getpass.getpass())"
    out = run_command((sys.executable, "-c", ask), dict(os.environ), tmp_path / "log", 10, text_in="one\ntwo\n")
    assert out.endswith("one two\n")


def test_a_failure_says_command_code_and_last_lines(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as failed:
        run_command(("sh", "-c", "seq 30; exit 3"), ENVIRONMENT, tmp_path / "log", 10)
    tail = "\n".join(f"  {number}" for number in range(6, 31))
    assert str(failed.value) == f"`sh -c seq 30; exit 3` ended with 3.\nThe end of {tmp_path}/log:\n{tail}"


def test_a_command_that_takes_too_long_ends_with_all_it_started(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(CommandFailed, match="did not end in time"):
        run_command(("sh", "-c", "sleep 300 & echo $!; wait"), ENVIRONMENT, tmp_path / "log", 0.5)
    assert time.monotonic() - begun < 10
    child = int((tmp_path / "log").read_text())
    if psutil.pid_exists(child):  # killed, but not yet gone
        psutil.Process(child).wait(10)
    assert not psutil.pid_exists(child)
