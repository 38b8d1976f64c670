"""The Spark that both sides run, the example's jobs and their data."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from tools.bench.errors import NoSpark, ProgramFailed
from tools.bench.progress import say
from tools.demo.home import CHECKOUT

JOBS = CHECKOUT / "example_dags" / "jobs"
BUILT = CHECKOUT / "build" / "jobs"
RATINGS_JOB, MOVIELENS = JOBS / "ratings.py", JOBS / "movielens.py"
RATINGS_JAR, JOB_ARGUMENT = BUILT / "ratings-jobs.jar", BUILT / "job-argument.jar"
MASTER, DRIVER_MEMORY = "local[2]", "1g"
CONFIGURATIONS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
}
#: A script in place of spark-submit that only writes lines: the file that this variable names.
LINES_FILE = "BENCH_LINES_FILE"
LINE = "26/01/01 00:00:00 INFO TaskSetManager: Finished task {0}.0 in stage 3.0 (TID {0}) in 12 ms on 127.0.0.1 (1/8)"


def spark_home() -> Path:
    """The Spark distribution of the package pyspark. Raises NoSpark."""
    found = find_spec("pyspark")
    if found is None or not found.origin:
        raise NoSpark
    return Path(found.origin).parent


def copy_sample(folder: Path) -> Path:
    """MovieLens' sample, which comes with PySpark."""
    folder.mkdir(parents=True, exist_ok=True)
    sample = spark_home() / "data" / "mllib" / "als" / "sample_movielens_ratings.txt"
    return Path(shutil.copy(sample, folder))


def clean_ratings(sample: Path, output: Path) -> Path:
    """What ratings.py makes of the sample: the input of the jar's job. Raises ProgramFailed."""
    if (output / "_SUCCESS").exists():
        return output
    say("the jar's input, by ratings.py")
    confs = [word for name, value in CONFIGURATIONS.items() for word in ("--conf", f"{name}={value}")]
    argv = [str(spark_home() / "bin" / "spark-submit"), "--master", MASTER, "--py-files", str(MOVIELENS), *confs]
    ended = subprocess.run(
        [*argv, str(RATINGS_JOB), str(sample), str(output)],
        env={**os.environ, "SPARK_HOME": str(spark_home())},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise ProgramFailed(argv[:3], ended.returncode, ended.stdout + ended.stderr)
    return output


def make_line_writer(home: Path, lines: int) -> Path:
    """A Spark home whose spark-submit writes that many lines as fast as they are read; answers their file."""
    script = home / "bin" / "spark-submit"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(f'#!/bin/sh\nexec cat "${LINES_FILE}"\n')
    script.chmod(0o755)
    file = home / "lines.txt"
    with file.open("w") as written:
        written.writelines(LINE.format(number) + "\n" for number in range(lines))
    return file
