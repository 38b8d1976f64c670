"""Runs one command to its end: output to a log, a limit in time, nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from tools.demo.errors import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def run_command(
    argv: tuple[str, ...], environment: Mapping[str, str], log: Path, timeout_s: float, text_in: str = ""
) -> str:
    """The command's standard output, which the log gets too, before what it wrote to standard error.

    In a session of its own: so it finds no terminal to ask passwords at, and reads ``text_in`` instead.
    Raises CommandFailed when it ends with another code than 0 or takes more than ``timeout_s`` seconds.
    """
    program = shutil.which(argv[0], path=environment["PATH"]) or argv[0]
    process = subprocess.Popen(
        (program, *argv[1:]),
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    code: int | None
    try:
        out, err = process.communicate(text_in, timeout=timeout_s)
        code = process.returncode
    except subprocess.TimeoutExpired:
        _kill_group(process)
        out, err = process.communicate()
        code = None
    except BaseException:
        _kill_group(process)
        raise
    log.write_text(out + err)
    if code != 0:
        raise CommandFailed(argv, code, log)
    return out


def _kill_group(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
