"""The class archive of the demo: built once, beside the set-up, by Airflow's own command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from couture_ops.class_archive import ArchiveRecord, ClassArchives, archive_key
from couture_ops.jvm import find_jvm
from couture_ops.workspace import find_spark_home
from tools.demo import warming as module
from tools.demo.warming import has_archive, warming

if TYPE_CHECKING:
    from pathlib import Path

    from tools.demo.airflow import Airflow


@pytest.fixture(autouse=True)
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for Airflow's command; a script."""
    script = tmp_path / "airflow"
    script.write_text(
        '#!/bin/sh\necho building\necho "Built $1 $2 in $AIRFLOW_HOME."\necho "Listed 2 keys."\necho more\n'
    )
    script.chmod(0o755)
    monkeypatch.setattr(module, "COMMAND", (str(script), "couture", "warm"))
    return script


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the demo said, without the seconds."""
    return [line.partition(" s  ")[2] for line in capsys.readouterr().out.splitlines()]


BEGUN = "class archive (airflow couture warm), beside the rest: half a minute and 180 MB, once"


def test_it_is_built_when_the_block_has_ended(airflow: Airflow, capsys: pytest.CaptureFixture[str]) -> None:
    with warming(airflow):
        pass
    first, *waited, built, listed = told(capsys)
    assert (first, built, listed) == (BEGUN, f"Built couture warm in {airflow.home.folder}.", "Listed 2 keys.")
    assert waited in ([], ["waiting for the class archive"])
    assert (airflow.home.logs / "couture-warm.log").read_text().startswith("building\n")


def test_a_failure_is_told_and_the_demo_goes_on(
    airflow: Airflow, command: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.write_text("#!/bin/sh\necho no disk >&2\nexit 1\n")
    with warming(airflow):
        pass
    assert any(line.startswith("no class archive, so the example starts slower: ") for line in told(capsys))


def test_what_is_there_is_not_built_again(airflow: Airflow, capsys: pytest.CaptureFixture[str]) -> None:
    assert not has_archive(airflow)
    archives = ClassArchives(airflow.home.worker_cache)
    spark_home, jvm = find_spark_home(None, {}, {}), find_jvm(os.environ)
    key = archive_key(spark_home, jvm)
    archives.root.mkdir(0o700, parents=True)
    archives.path(key).write_bytes(b"classes")
    archives.write_record(key, ArchiveRecord(str(spark_home), str(jvm.home), jvm.version, 7, 1.0), archives.root)
    with warming(airflow):
        pass
    assert told(capsys) == []
