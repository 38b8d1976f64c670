"""``airflow couture dags tree`` through Airflow's own command line."""

from __future__ import annotations

import json

import pytest
import yaml
from airflow.cli import cli_parser

from admin_views.dags_command import dags_command
from config_store.dag_tree import RunHead
from config_store.master_dags import DagHead, DagTask
from tests.stand_ins import ListedDags


@pytest.fixture(autouse=True)
def _dags(monkeypatch: pytest.MonkeyPatch) -> None:
    """An Airflow of two DAGs, the one master of the other."""
    listed = ListedDags(
        known={"night": DagHead(), "load": DagHead(is_paused=True)},
        starting=[DagTask("night", "load", "load", "load")],
        all_runs=[RunHead("night", "r1", "queued"), RunHead("night", "r2", "success")],
    )
    monkeypatch.setattr("admin_views.dag_catalogue.AirflowDags", lambda: listed)


def run(*arguments: str) -> None:
    """Call it."""
    parsed = cli_parser.get_parser().parse_args(["couture", "dags", "tree", *arguments])
    parsed.func(parsed)


def test_the_tree(capsys: pytest.CaptureFixture[str]) -> None:
    run("night")
    assert capsys.readouterr().out == "Run r2 of night\nnight            success\n└─ load -> load  -          PAUSED\n"


def test_another_run(capsys: pytest.CaptureFixture[str]) -> None:
    run("night", "--run", "r1")
    assert capsys.readouterr().out.startswith("Run r1 of night\nnight            queued\n")


def test_documents(capsys: pytest.CaptureFixture[str]) -> None:
    run("night", "--output", "json")
    document = json.loads(capsys.readouterr().out)
    assert (document["run_id"], document["tree"]["children"][0]["kind"]) == ("r2", "paused")
    run("night", "--output", "yaml")
    assert yaml.safe_load(capsys.readouterr().out) == document


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nihgt"], "There is no DAG 'nihgt'."),
        (["night", "--run", "r3"], "There is no run of DAG 'night' named 'r3'."),
    ],
)
def test_what_there_is_not(arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == said


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("night", "--output", "xml")
    assert ended.value.code == 2
    assert "invalid choice: 'xml'" in capsys.readouterr().err


def test_its_help_has_examples() -> None:
    [tree] = dags_command().subcommands
    assert "Examples:\n  airflow couture dags tree nightly\n" in str(tree.description)
