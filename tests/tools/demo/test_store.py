"""What the demo puts into the store, and that it leaves alone what is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tools.demo import store
from tools.demo.errors import CommandFailed, MissingFiles
from tools.demo.home import CHECKOUT
from tools.demo.store import Client, check_files, copy_input, fill_store

if TYPE_CHECKING:
    from pathlib import Path

    from tools.demo.airflow import Airflow

JOBS, BUILT, GROUPS = "example_dags/jobs", "build/jobs", "example_dags/groups"
LOGIN = ["login", "--username", "admin", "--password-stdin", "<swordfish\n"]
CODE = [f"{JOBS}/ratings.py", f"{JOBS}/train.py", f"{BUILT}/ratings-jobs.jar"]
UPLOADS = [
    ["artifacts", "upload", "code", *CODE, "--note", "the demo"],
    ["artifacts", "upload", "dependencies", f"{JOBS}/movielens.py", f"{BUILT}/job-argument.jar", "--note", "the demo"],
]
LIST = ["groups", "list", "--output", "json"]
DEFAULT = [
    ["groups", "create", "default", "--description", "For tasks that name no group"],
    ["settings", "apply", "default", f"{GROUPS}/default.yaml", "--note", "the demo"],
]
PROD = [
    ["groups", "create", "prod", "--description", "Stands for the cluster of the nightly jobs"],
    ["settings", "apply", "prod", f"{GROUPS}/prod.yaml", "--note", "the demo"],
    ["hadoop", "put", "prod", f"{GROUPS}/prod/core-site.xml", "--note", "the demo"],
]


class ListedCommands:
    """Stands for the client: keeps its commands, and answers the groups and their revisions."""

    def __init__(self, **revisions: int) -> None:
        self.commands: list[list[str]] = []
        self._groups = [{"name": name, "revision": revision} for name, revision in revisions.items()]

    def __call__(self, *arguments: str, text_in: str = "") -> str:
        shown = [argument.removeprefix(f"{CHECKOUT}/") for argument in arguments]
        self.commands.append([*shown, *([f"<{text_in}"] if text_in else [])])
        return json.dumps({"items": self._groups, "total": len(self._groups)})


def test_an_empty_store_gets_everything(airflow: Airflow) -> None:
    couture = ListedCommands()
    fill_store(airflow, couture)
    assert couture.commands == [LOGIN, *UPLOADS, LIST, *DEFAULT, *PROD]


def test_groups_that_an_admin_changed_stay_as_they_are(airflow: Airflow) -> None:
    couture = ListedCommands(default=2, prod=7)
    fill_store(airflow, couture)
    assert couture.commands == [LOGIN, *UPLOADS, LIST]


def test_an_interrupted_start_goes_on_where_it_was(airflow: Airflow) -> None:
    couture = ListedCommands(default=2, prod=1)
    fill_store(airflow, couture)
    assert couture.commands == [LOGIN, *UPLOADS, LIST, *PROD[1:]]


def test_the_client_is_the_real_one_and_its_refusals_are_told(airflow: Airflow) -> None:
    with pytest.raises(CommandFailed) as failed:
        Client(airflow)("groups", "list")
    assert str(failed.value).startswith("`couture groups list` ended with ")
    assert (airflow.home.logs / "couture.log").read_text() != ""


def test_missing_jars_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "CODE", (tmp_path / "ratings-jobs.jar",))
    monkeypatch.setattr(store, "DEPENDENCIES", (CHECKOUT / "Makefile",))
    with pytest.raises(MissingFiles, match=f"^Missing: {tmp_path}/ratings-jobs.jar. `make setup` makes them.$"):
        check_files()


def test_the_input_lies_where_the_examples_look(airflow: Airflow) -> None:
    copy_input(airflow)
    assert (airflow.home.ratings / "input" / "batches.csv").read_text() == "first,last\n0,9\n10,19\n20,29\n"
    lines = (airflow.home.ratings / "input" / "sample_movielens_ratings.txt").read_text().splitlines()
    assert len(lines) == 1501
    assert lines[0] == "0::2::3::1424380312"
    assert airflow.environment()["RATINGS_FOLDER"] == str(airflow.home.ratings)
