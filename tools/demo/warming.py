"""Builds the class archive, with which the example's drivers start faster, beside Airflow's own set-up."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from couture_ops.class_archive import ClassArchives
from couture_ops.errors import CoutureError
from couture_ops.jvm import find_jvm
from couture_ops.workspace import find_spark_home
from tools.demo.commands import run_command
from tools.demo.errors import CommandFailed
from tools.demo.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.demo.airflow import Airflow

COMMAND = ("airflow", "couture", "warm")
#: How the lines begin that tell what it has made.
DONE = ("Built ", "Listed ")
WARM_S = 240.0


@contextmanager
def warming(airflow: Airflow) -> Iterator[None]:
    """Build the archive while the block runs, and wait for it; nothing happens when it is there.

    The set-up takes one of two cores, so both together take little longer than one. A demo without an
    archive is a slower one, no broken one.
    """
    if has_archive(airflow):
        yield
        return
    say("class archive (airflow couture warm), beside the rest: half a minute and 180 MB, once")
    thread = threading.Thread(target=_warm, args=(airflow,), name="warming", daemon=True)
    thread.start()
    yield
    if thread.is_alive():
        say("waiting for the class archive")
        thread.join()


def has_archive(airflow: Airflow) -> bool:
    """Whether the drivers will find a whole one; looked up without Airflow's command, which takes 5 s."""
    environment = airflow.environment()
    try:
        home = find_spark_home(None, {}, environment)
        ClassArchives(airflow.home.worker_cache).find(home, find_jvm(environment))
    except CoutureError:
        return False
    return True


def _warm(airflow: Airflow) -> None:
    try:
        out = run_command(COMMAND, airflow.environment(), airflow.home.logs / "couture-warm.log", WARM_S)
    except CommandFailed as error:
        say(f"no class archive, so the example starts slower: {error}")
    else:
        for line in out.splitlines():
            if line.startswith(DONE):
                say(line)
