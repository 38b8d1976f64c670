"""The check of master DAGs where Airflow's database tells them, and where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import OperationalError

from admin_views.checks.masters import look_at_masters
from config_store.master_dags import DagHead, DagTask
from config_store.wire import Finding
from tests.stand_ins import ListedDags

if TYPE_CHECKING:
    from pathlib import Path

ADVICE = "Start that database, or make it: airflow db migrate"


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ListedDags:
    """The DAGs of an Airflow whose database is there."""
    (tmp_path / "airflow.db").touch()
    dags = ListedDags()
    monkeypatch.setattr("airflow.settings.SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path / 'airflow.db'}")
    monkeypatch.setattr("admin_views.dag_catalogue.AirflowDags", lambda: dags)
    return dags


def test_a_chain_that_leads_back(listed: ListedDags) -> None:
    listed.known |= {"a": DagHead(), "b": DagHead()}
    listed.starting += [DagTask("a", "t", "b", "b"), DagTask("b", "t", "a", "a")]
    assert look_at_masters() == [
        Finding.fault(
            "master dags", "DAG a", "It would start itself: a -> b -> a.", "Take one of these DAGs out of the chain."
        )
    ]


@pytest.mark.usefixtures("listed")
def test_no_masters() -> None:
    assert look_at_masters() == [Finding.ok("master dags", "the master DAGs", "No DAG starts another one.")]


def test_a_database_that_does_not_answer(listed: ListedDags, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OperationalError("SELECT", {}, Exception("no such table:\n dag"))

    monkeypatch.setattr(listed, "tasks", fail)
    said = "Airflow's database does not tell them: no such table: dag"
    assert look_at_masters() == [Finding.fault("master dags", "the master DAGs", said, ADVICE)]


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "none.db"
    monkeypatch.setattr("airflow.settings.SQL_ALCHEMY_CONN", f"sqlite:///{file}")
    said = f"Airflow's database does not tell them: the file {file} does not exist"
    assert look_at_masters() == [Finding.fault("master dags", "the master DAGs", said, ADVICE)]
    assert not file.exists()
