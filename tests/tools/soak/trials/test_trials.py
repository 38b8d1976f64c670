"""The trials that need no Airflow, a few times each, on real processes."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tools.ports import free_port
from tools.soak.errors import ComparisonEnded, Impossible
from tools.soak.integrity import Inspector
from tools.soak.ledger import Ledger
from tools.soak.plain_server import KEY_FILE, make_store
from tools.soak.scale import SMALL
from tools.soak.server import plain_server
from tools.soak.stage import Stage
from tools.soak.stand_ins import services_in
from tools.soak.trials import disk_full, hadoop_oracle, kills_server, saves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.soak.figures import Figure

pytestmark = pytest.mark.integration


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage without Airflow."""
    stage = Stage(tmp_path, replace(SMALL, saves=80))
    yield stage
    stage.close()


def unmet(figures: list[Figure]) -> dict[str, str]:
    """The figures that miss their bound, with what they say."""
    return {figure.name: f"{figure.value} {figure.note}" for figure in figures if not figure.met}


def test_no_save_of_several_clients_is_lost(stage: Stage) -> None:
    figures = saves.measure(stage)
    assert unmet(figures) == {}
    assert {figure.name: figure.value for figure in figures}["saves_acknowledged"] == 80


def test_killed_servers_leave_a_whole_store(stage: Stage, tmp_path: Path) -> None:
    make_store(tmp_path)
    services = services_in(tmp_path, (tmp_path / KEY_FILE).read_text())
    inspector = Inspector(services.database, services.blobs, services.cipher)
    server = plain_server(tmp_path, free_port())
    server.start()
    try:
        server.wait()
        figures = kills_server.kill_servers(stage.scale, [server], inspector)
    finally:
        server.stop()
        services.database.engine.dispose()
    assert unmet(figures) == {}


def test_kills_that_nothing_happened_between_prove_nothing() -> None:
    figures = kills_server._figures(3, Ledger(), [], 1.0)
    assert sorted(unmet(figures)) == ["kills_server_errors", "kills_server_saves", "kills_server_uploads"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_full_disks_refuse_in_words_and_go_on_afterwards(stage: Stage) -> None:
    try:
        figures = disk_full.measure(stage)
    except Impossible as error:
        pytest.skip(str(error))
    assert unmet(figures) == {}


def test_hadoop_reads_the_same(stage: Stage) -> None:
    stage.scale = replace(SMALL, oracle_examples=5)
    figures = hadoop_oracle.measure(stage)
    assert unmet(figures) == {}
    assert {figure.name: figure.value for figure in figures}["hadoop_oracle_files"] >= 23


def test_a_comparison_that_cannot_be_made_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hadoop_oracle, "TEST", "tests/none.py")
    with pytest.raises(ComparisonEnded, match=r"(?s)The comparison with Hadoop ended with 4\. The end of .*not found"):
        hadoop_oracle.measure(stage)


@pytest.mark.parametrize(("found", "missed"), [({"meaning_differs": 2}, "meaning"), ({"bytes_differ": 1}, "bytes")])
def test_differences_are_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, found: dict[str, int], missed: str
) -> None:
    monkeypatch.setattr(hadoop_oracle, "_run", lambda *_: {"drawn_files": 4, "default_files": 1, **found})
    assert list(unmet(hadoop_oracle.measure(stage))) == [f"hadoop_oracle_{missed}"]
