"""Measures what a user waits for: a task's execute(), with real Spark on local[2], in a real Airflow on each side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.bench import spark
from tools.bench.errors import WrongResult
from tools.bench.figures import Figure, at_most, figure_of
from tools.bench.progress import say
from tools.bench.statistics import Samples, take_turns

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bench.side import Side
    from tools.bench.stage import Stage


def measure_pyspark(stage: Stage) -> list[Figure]:
    """The example's first job: MovieLens' ratings cleaned and written as Parquet."""
    _prepare(stage)
    return [_measure(stage, "local_pyspark", "a PySpark task's execute()", "ratings")]


def measure_jar(stage: Stage) -> list[Figure]:
    """The example's second job: a jar ranks the movies."""
    spark.clean_ratings(_prepare(stage), stage.folder / "input" / "ratings")
    return [_measure(stage, "local_jar", "a jar task's execute()", "top-movies")]


def _prepare(stage: Stage) -> Path:
    return spark.copy_sample(stage.folder / "input")


def _measure(stage: Stage, name: str, what: str, result: str) -> Figure:
    ours, peer = stage.run_both()
    note = warm(ours)
    # the first run of each side fills its caches: the worker's, Python's, the disk's
    say(f"{name}: a first run of each side, which does not count")
    ours.time_run(name), peer.time_run(name)
    for side in (ours, peer):
        _check_result(stage.folder / f"output-{side.name}" / result, side)
    samples = take_turns(
        stage.scale.spark_runs, lambda: ours.time_run(name), lambda: peer.time_run(name), lambda n, s: _tell(name, n, s)
    )
    return figure_of(name, what, samples, "s", at_most(0.6), note)


def warm(side: Side) -> str:
    """Make the class-data archive as a user does, where this version can; answers what was done, in words."""
    if not has_command(side, "warm"):
        return "without a class-data archive: this version has no `airflow couture warm`"
    say("ours: airflow couture warm")
    side.call("airflow", "couture", "warm", "--spark-home", "default")
    return "with the class-data archive of `airflow couture warm`"


def has_command(side: Side, command: str) -> bool:
    """Whether `airflow couture` has the command, by its help."""
    words = side.call("airflow", "couture", "--help").split()
    return command in words


def _check_result(folder: Path, side: Side) -> None:
    if not (folder / "_SUCCESS").exists():
        raise WrongResult(f"The job of {side.name}", f"Parquet in {folder}", "none")


def _tell(name: str, number: int, samples: Samples) -> None:
    say(f"{name} {number}: ours {samples.ours[-1]:.2f} s, peer {samples.peer[-1]:.2f} s")
