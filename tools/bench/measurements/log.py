"""Measures how fast a driver's lines reach the task's log, in a real task on each side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.bench import spark
from tools.bench.errors import WrongResult
from tools.bench.figures import Figure, at_least, figure_of
from tools.bench.progress import say
from tools.bench.statistics import Samples, take_turns

if TYPE_CHECKING:
    from tools.bench.side import Side
    from tools.bench.stage import Stage

#: Text of a driver's line that nothing else in a log has.
SIGN = "INFO TaskSetManager: Finished task"


def measure(stage: Stage) -> list[Figure]:
    """Lines a second of a whole execute(); in place of spark-submit a script writes lines as fast as they are read."""
    lines = stage.scale.log_lines
    spark.make_line_writer(stage.folder / "lines", lines)
    ours, peer = stage.run_both()
    samples = take_turns(
        stage.scale.log_runs,
        lambda: lines / time_lines(ours, lines),
        lambda: lines / time_lines(peer, lines),
        _tell,
    )
    what = f"{lines:,} lines of a driver into the task's log"
    return [figure_of("log", what, samples, "lines/s", at_least(20))]


def time_lines(side: Side, lines: int) -> float:
    """The seconds of one execute(); every line must have reached the log. Raises WrongResult."""
    seconds = side.time_run("log")
    log = side.task_logs("log")[-1]
    found = log.read_text().count(SIGN)
    log.unlink()
    if found != lines:
        raise WrongResult(f"The log {log} of {side.name}", f"{lines} lines", found)
    return seconds


def _tell(number: int, samples: Samples) -> None:
    say(f"log {number}: ours {samples.ours[-1]:,.0f} lines/s, peer {samples.peer[-1]:,.0f} lines/s")
