"""The demo's command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.demo.__main__ import main, read_arguments
from tools.demo.home import CHECKOUT


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEMO_DIR", raising=False)
    monkeypatch.delenv("DEMO_PORT", raising=False)


def test_by_default_it_stays_below_build_and_looks_for_a_port() -> None:
    asked = read_arguments([])
    assert (asked.dir, asked.port, asked.once) == (CHECKOUT / "build" / "demo", None, False)


def test_the_environment_puts_it_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_DIR", "/somewhere")
    monkeypatch.setenv("DEMO_PORT", "8090")
    asked = read_arguments(["--once"])
    assert (asked.dir, asked.port, asked.once) == (Path("/somewhere"), 8090, True)


def test_options_beat_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_DIR", "/somewhere")
    monkeypatch.setenv("DEMO_PORT", "")
    asked = read_arguments(["--dir", "/else", "--port", "1234"])
    assert (asked.dir, asked.port) == (Path("/else"), 1234)


def test_an_error_is_told_on_standard_error_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--dir", str(tmp_path / "demo")]) == 1
    assert capsys.readouterr().err == (
        "\ndemo failed: Spark needs Java: JAVA_HOME is /nowhere, which has no bin/java, and PATH has no java. "
        "`make setup` finds or installs one.\n"
    )
    assert not (tmp_path / "demo").exists()
