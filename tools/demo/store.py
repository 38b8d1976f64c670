"""Fills the store with what the example names, by the client `couture`, as an admin would."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.demo.airflow import ADMIN
from tools.demo.commands import run_command
from tools.demo.errors import MissingFiles
from tools.demo.home import CHECKOUT
from tools.demo.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.demo.airflow import Airflow

JOBS = CHECKOUT / "example_dags" / "jobs"
BUILT = CHECKOUT / "build" / "jobs"
GROUPS = CHECKOUT / "example_dags" / "groups"
BATCHES = CHECKOUT / "example_dags" / "input" / "batches.csv"
CODE = (JOBS / "ratings.py", JOBS / "train.py", BUILT / "ratings-jobs.jar")
DEPENDENCIES = (JOBS / "movielens.py", BUILT / "job-argument.jar")
NOTE = "the demo"
COMMAND_S = 120.0


@dataclass(frozen=True)
class Client:
    """Runs `couture` against one Airflow; its output goes to one log, the last command's."""

    airflow: Airflow

    def __call__(self, *arguments: str, text_in: str = "") -> str:
        """What the command printed. Raises CommandFailed."""
        log = self.airflow.home.logs / "couture.log"
        return run_command(("couture", *arguments), self.airflow.environment(), log, COMMAND_S, text_in)


def check_files() -> None:
    """Raise MissingFiles unless all that will be uploaded is there."""
    if missing := [path for path in (*CODE, *DEPENDENCIES) if not path.exists()]:
        raise MissingFiles(missing)


def copy_input(airflow: Airflow) -> None:
    """Lay where the examples look for it: the sample of MovieLens that comes with PySpark, and batches of its users."""
    from importlib.util import find_spec

    found = find_spec("pyspark")
    pyspark = Path(found.origin).parent if found and found.origin else Path()
    sample = pyspark / "data" / "mllib" / "als" / "sample_movielens_ratings.txt"
    if not sample.exists():
        raise MissingFiles([sample])
    for file in (sample, BATCHES):
        shutil.copy(file, airflow.home.ratings / "input")


def fill_store(airflow: Airflow, couture: Callable[..., str]) -> None:
    """Log in, upload the artifacts, make the groups that are not there; what is there stays as it is."""
    couture("login", "--username", ADMIN, "--password-stdin", text_in=airflow.home.password_file.read_text())
    say(f"artifacts: {', '.join(path.name for path in (*CODE, *DEPENDENCIES))}")
    couture("artifacts", "upload", "code", *map(str, CODE), "--note", NOTE)
    couture("artifacts", "upload", "dependencies", *map(str, DEPENDENCIES), "--note", NOTE)
    listed = json.loads(couture("groups", "list", "--output", "json"))["items"]
    revisions = {group["name"]: group["revision"] for group in listed}
    for name, steps in group_steps().items():
        # Each step makes a revision, so the number says how far an interrupted demo came.
        for step in steps[revisions.get(name, 0) :]:
            couture(*step)
    say(f"config groups: {', '.join(group_steps())}")


def group_steps() -> dict[str, list[tuple[str, ...]]]:
    """Group -> the commands that make it, one for each revision. The first group becomes the default."""
    return {
        "default": [
            ("groups", "create", "default", "--description", "For tasks that name no group"),
            ("settings", "apply", "default", str(GROUPS / "default.yaml"), "--note", NOTE),
        ],
        "prod": [
            ("groups", "create", "prod", "--description", "Stands for the cluster of the nightly jobs"),
            ("settings", "apply", "prod", str(GROUPS / "prod.yaml"), "--note", NOTE),
            ("hadoop", "put", "prod", str(GROUPS / "prod" / "core-site.xml"), "--note", NOTE),
        ],
    }
