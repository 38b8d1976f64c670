"""The class archive of the demo: built once, beside the set-up and the start, by Airflow's own command."""

from __future__ import annotations

import os
import time
from threading import Event
from typing import TYPE_CHECKING

import psutil
import pytest

from couture_ops.class_archive import ArchiveRecord, ClassArchives, archive_key
from couture_ops.jvm import find_jvm
from couture_ops.workspace import find_spark_home
from tools.demo import warming as module
from tools.demo.errors import Interrupted
from tools.demo.warming import Warming, has_archive

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


def test_it_is_built_when_it_is_waited_for(airflow: Airflow, capsys: pytest.CaptureFixture[str]) -> None:
    with Warming(airflow) as warming:
        warming.wait(Event())
    first, *waited, built, listed = told(capsys)
    assert (first, built, listed) == (BEGUN, f"Built couture warm in {airflow.home.folder}.", "Listed 2 keys.")
    assert waited in ([], ["waiting for the class archive"])
    assert (airflow.home.logs / "couture-warm.log").read_text().startswith("building\n")


def test_a_failure_is_told_and_the_demo_goes_on(
    airflow: Airflow, command: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.write_text("#!/bin/sh\necho no disk >&2\nexit 1\n")
    with Warming(airflow) as warming:
        warming.wait(Event())
    assert any(line.startswith("no class archive, so the example starts slower: ") for line in told(capsys))


def test_what_is_there_is_not_built_again(airflow: Airflow, capsys: pytest.CaptureFixture[str]) -> None:
    assert not has_archive(airflow)
    archives = ClassArchives(airflow.home.worker_cache)
    spark_home, jvm = find_spark_home(None, {}, {}), find_jvm(os.environ)
    key = archive_key(spark_home, jvm)
    archives.root.mkdir(0o700, parents=True)
    archives.path(key).write_bytes(b"classes")
    archives.write_record(key, ArchiveRecord(str(spark_home), str(jvm.home), jvm.version, 7, 1.0), archives.root)
    with Warming(airflow) as warming:
        warming.wait(Event())
    assert told(capsys) == []


def test_one_that_takes_too_long_is_ended_and_told(
    airflow: Airflow, command: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WARM_S", 0.0)
    pid = hang(command)
    with Warming(airflow) as warming:
        wait_for_file(pid)
        warming.wait(Event())
        assert gone(pid)
    assert any(" did not end in time." in line for line in told(capsys))


def test_it_ends_with_the_demo(airflow: Airflow, command: Path) -> None:
    pid, stopping = hang(command), Event()
    stopping.set()
    with Warming(airflow) as warming:
        wait_for_file(pid)
        with pytest.raises(Interrupted):
            warming.wait(stopping)
        assert not gone(pid)
    assert gone(pid)


def hang(command: Path) -> Path:
    """Let the command take for ever; answers the file in which it writes down its number, that of its session."""
    pid = command.with_name("pid")
    command.write_text(f"#!/bin/sh\necho $$ >{pid}.part && mv {pid}.part {pid}\nexec sleep 600\n")
    return pid


def wait_for_file(path: Path) -> None:
    """Until it is there."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(pid: Path) -> bool:
    """Whether the process has ended."""
    return not psutil.pid_exists(int(pid.read_text()))
