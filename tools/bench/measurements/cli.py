"""Measures what a person at a terminal waits for: one listing by `couture`, and one by `airflow`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tools.bench.figures import Figure, Judged, at_most, figure_of
from tools.bench.progress import say
from tools.bench.side import API_SERVER
from tools.bench.statistics import Samples, take_turns

if TYPE_CHECKING:
    from tools.bench.side import Side
    from tools.bench.stage import Stage


def measure(stage: Stage) -> list[Figure]:
    """Whole processes, from their start to their end."""
    stage.run(ours=(API_SERVER,))
    stage.fill_store()
    ours = stage.ours
    time_call(ours, "couture", "groups", "list"), time_call(ours, "airflow", "pools", "list")
    samples = take_turns(
        stage.scale.cli_runs,
        lambda: time_call(ours, "couture", "groups", "list"),
        lambda: time_call(ours, "airflow", "pools", "list"),
        _tell,
    )
    what = "`couture groups list`, the whole process; the peer: `airflow pools list`"
    return [figure_of("cli", what, samples, "s", at_most(0.5, Judged.OURS))]


def time_call(side: Side, *argv: str) -> float:
    """The seconds of a program. Raises ProgramFailed."""
    begun = time.perf_counter()
    side.call(*argv)
    return time.perf_counter() - begun


def _tell(number: int, samples: Samples) -> None:
    say(f"cli {number}: couture {samples.ours[-1]:.2f} s, airflow {samples.peer[-1]:.2f} s")
