"""Completion: a script for each shell, and what it is told."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.couture_ops.cli.couture_process import Couture


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "complete -o nosort -F _couture_completion couture"),
        ("zsh", "#compdef couture"),
        ("fish", 'complete --no-files --command couture --arguments "(_couture_completion)";'),
    ],
)
def test_the_script(bare_couture: Couture, shell: str, line: str) -> None:
    script = bare_couture.ok("completion", shell)
    assert line in script
    assert f"_COUTURE_COMPLETE={shell}_complete" in script


def complete(couture: Couture, *words: str) -> list[str]:
    """What is offered for the last word."""
    answer = couture.ok(
        COMP_WORDS=" ".join(["couture", *words]),
        COMP_CWORD=str(len(words)),
        _COUTURE_COMPLETE="bash_complete",
    )
    return [line.partition(",")[2] for line in answer.splitlines()]


def test_what_is_offered(bare_couture: Couture) -> None:
    assert complete(bare_couture, "s") == ["settings", "submissions"]
    assert complete(bare_couture, "groups", "d") == ["default", "delete", "describe"]
    assert complete(bare_couture, "artifacts", "upload", "") == ["code", "dependencies"]
    assert complete(bare_couture, "settings", "set", "prod", "--fi") == ["--final"]


def test_bash_takes_the_script(bare_couture: Couture) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    script = f"{bare_couture.ok('completion', 'bash')}\ncomplete -p couture\n"
    run = subprocess.run([bash, "--norc"], input=script, capture_output=True, text=True, check=True)
    assert run.stdout == "complete -o nosort -F _couture_completion couture\n"
