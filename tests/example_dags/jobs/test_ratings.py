"""The example's jobs on real Spark, with input that is not as clean as the sample."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.demo.store import BUILT, JOBS, check_files

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.integration

DIRTY = """\
1::10::4::1424380312
1::11::2::1424380312
1::10::4::1424380399
2::10::5::1424380312
3::10::9::1424380312
3::10::x::1424380312
3::10::3
four::10::3::1424380312

2::12::1::1424380312
"""
SPARK_SUBMIT = Path(sys.executable).parent / "spark-submit"
OPTIONS = ("--master", "local[1]", "--driver-memory", "512m", "--conf", "spark.ui.enabled=false")
QUIET = ("--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.sql.shuffle.partitions=1")


def submit(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run spark-submit with the virtual environment's Spark and Python."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    environment |= {"PATH": f"{SPARK_SUBMIT.parent}:{os.environ['PATH']}", "PYSPARK_PYTHON": sys.executable}
    argv: Sequence[str] = [str(SPARK_SUBMIT), *OPTIONS, *QUIET, *map(str, arguments)]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=180, check=False)


def submit_jar(argument: str) -> subprocess.CompletedProcess[str]:
    """Run the jar with the one argument that the operator gives it."""
    jars = ("--jars", BUILT / "job-argument.jar", "--class", "example.RatingsJobs", BUILT / "ratings-jobs.jar")
    return submit(*jars, argument)


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of the cleaned ratings, and what the job printed."""
    check_files()
    folder = tmp_path_factory.mktemp("ratings")
    (folder / "dirty.txt").write_text(DIRTY)
    ended = submit("--py-files", JOBS / "movielens.py", JOBS / "ratings.py", folder / "dirty.txt", folder / "ratings")
    assert ended.returncode == 0, ended.stderr[-4000:]
    return folder, ended.stdout


def test_only_sound_ratings_stay_each_once(cleaned: tuple[Path, str]) -> None:
    folder, printed = cleaned
    assert printed.splitlines() == [
        "ratings: 4 of 2 users for 3 movies, 6 lines left out",
        "ratings: 3.00 on average",
        "ratings: 1 stars     1 times",
        "ratings: 2 stars     1 times",
        "ratings: 4 stars     1 times",
        "ratings: 5 stars     1 times",
        f"ratings: written to {folder}/ratings",
    ]


def test_the_jar_reads_what_the_python_job_wrote(cleaned: tuple[Path, str]) -> None:
    folder, _ = cleaned
    argument = {
        "method_id": "BusiestUsers",
        "dag_id": "any",
        "method_args_dict": {"limit": 5},
        "input_base_dir_path": str(folder),
        "output_base_dir_path": str(folder),
        "input_filenames_dict": {"ratings": "ratings"},
        "output_filenames_dict": {"busiest_users": "busiest"},
    }
    ended = submit_jar(json.dumps(argument))
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert ended.stdout.splitlines() == [
        f"written to {folder}/busiest",
        "busiest users: user  1 rated 2 movies",
        "busiest users: user  2 rated 2 movies",
    ]
    assert (folder / "busiest" / "_SUCCESS").exists()


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ('{"method_id": "TopFilms"}', "unknown method_id TopFilms; this jar has TopMovies and BusiestUsers"),
        ('{"dag_id": "any"}', 'the task did not give method_id: {"dag_id":"any"}'),
        ("TopMovies", "expected a JSON object, got: TopMovies"),
    ],
)
def test_the_jar_says_what_is_wrong_with_its_argument(argument: str, complaint: str) -> None:
    ended = submit_jar(argument)
    assert ended.returncode == 1
    assert f'Exception in thread "main" java.lang.IllegalArgumentException: {complaint}\n' in ended.stderr


def test_a_model_is_trained_and_measured(cleaned: tuple[Path, str]) -> None:
    folder, _ = cleaned
    ended = submit(JOBS / "train.py", folder / "ratings", folder / "model", "5")
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert "train: damping 5 is wrong by " in ended.stdout
    (written,) = (folder / "model" / "error").glob("part-*.json")
    assert json.loads(written.read_text())["damping"] == 5.0
    assert list((folder / "model" / "model").glob("part-*.parquet"))
