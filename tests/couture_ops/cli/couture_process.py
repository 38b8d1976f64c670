"""The real client, as a process in a folder and with a home of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import couture_ops
from tests.couture_ops.cli.terminal import Session, run_at_terminal

REPOSITORY = Path(couture_ops.__file__).parents[1]
Run = subprocess.CompletedProcess[str]


class Couture:
    """Runs ``couture`` in a process of its own, in a folder of its own, with a home of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.argv = [sys.executable, "-m", "couture_ops.cli"]

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> Run:
        """The finished process; ``environment`` adds variables."""
        return subprocess.run(
            [*self.argv, *arguments],
            input=stdin,
            env={**self.environment, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ok(self, *arguments: str, stdin: str = "", **environment: str) -> str:
        """The standard output of a run that succeeds and says nothing on stderr."""
        run = self(*arguments, stdin=stdin, **environment)
        assert (run.returncode, run.stderr) == (0, ""), run
        return run.stdout

    def error(self, *arguments: str, stdin: str = "", code: int = 1, **environment: str) -> str:
        """The standard error of a run that fails with ``code`` and prints nothing."""
        run = self(*arguments, stdin=stdin, **environment)
        assert (run.returncode, run.stdout) == (code, ""), run
        return run.stderr

    def at_terminal(self, *arguments: str, typed: Iterable[tuple[str, str]] = ()) -> Session:
        """The run at a terminal that types."""
        return run_at_terminal([*self.argv, *arguments], self.environment, self.folder, typed)
