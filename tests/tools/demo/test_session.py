"""Before the demo begins: Java, and what a killed demo left behind."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tools.demo.errors import NoJava
from tools.demo.session import check_java, end_former_demo

if TYPE_CHECKING:
    from pathlib import Path

    from tools.demo.airflow import Airflow


def test_java_home_must_hold_a_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoJava) as missing:
        check_java()
    assert str(missing.value) == (
        f"Spark needs Java: JAVA_HOME is {tmp_path}, which has no bin/java, and PATH has no java. "
        "`make setup` finds or installs one."
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch(0o755)
    check_java()


def test_without_java_home_the_path_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoJava, match="JAVA_HOME is not set, and PATH has no java"):
        check_java()
    (tmp_path / "java").touch(0o755)
    check_java()


def test_what_a_killed_demo_left_is_ended_and_told(airflow: Airflow, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {**os.environ, "COUTURE_DEMO": str(airflow.home.folder)}
    with subprocess.Popen(["sleep", "300"], env=environment) as left:
        end_former_demo(airflow.home)
        left.wait(10)  # it would sleep for 300 s; whoever ends it may have read its status before us
    assert capsys.readouterr().out.endswith("ending 1 processes that a killed demo left behind\n")
