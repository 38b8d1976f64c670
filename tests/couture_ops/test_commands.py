"""``airflow couture warm`` as an admin calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from airflow.cli import cli_parser

from couture_ops.commands import spark_home_names, warm_command
from tests.couture_ops.jdks import make_jdk, make_spark
from tests.couture_ops.test_warm import TRAINED

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A worker with a JDK and two Spark homes."""
    for name in ("spark3", "spark4"):
        make_spark(tmp_path / name, TRAINED)
    homes = {name: str(tmp_path / name) for name in ("spark3", "spark4")} | {"default": str(tmp_path / "spark4")}
    monkeypatch.setenv("JAVA_HOME", str(make_jdk(tmp_path / "jdk")))
    monkeypatch.setenv("AIRFLOW__COUTURE__SPARK_HOMES", json.dumps(homes))
    monkeypatch.setenv("AIRFLOW__COUTURE__CACHE_DIR", str(tmp_path / "cache"))
    for name in ("SPARK_HOME", "SPARK_CONF_DIR", "SPARK_SUBMIT_OPTS", "JAVA_TOOL_OPTIONS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str) -> None:
    """Call it through Airflow's own command line."""
    parsed = cli_parser.get_parser().parse_args(["couture", "warm", *arguments])
    parsed.func(parsed)


def built(folder: Path) -> list[str]:
    """The Spark homes that have an archive."""
    records = (json.loads(path.read_text()) for path in (folder / "cache" / "class-archives").glob("*.json"))
    return sorted(record["spark_home"].rpartition("/")[2] for record in records)


def test_every_home_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    assert built(folder) == ["spark3", "spark4"]
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        f"{folder}/spark3",
        "Built",
        f"{folder}/spark3:",
        "Listed",
        f"{folder}/spark4",
        "Built",
        f"{folder}/spark4:",
        "Listed",
    ]


def test_only_the_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--keys", "--spark-home", "spark3")
    assert built(folder) == []
    assert capsys.readouterr().out == (
        f"{folder}/spark3: asking its jars for their keys; some seconds\n"
        f"Listed the keys of {folder}/spark3: 1 of Spark, 0 of Hadoop.\n"
    )
    run("--keys", "--spark-home", "spark3")
    (path,) = (folder / "cache" / "key-catalogues").glob("*.json")
    assert capsys.readouterr().out == f"{folder}/spark3: its keys are in {path}.\n"


def test_keys_that_can_not_be_listed_keep_no_archive_away(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    java = folder / "jdk" / "bin" / "java"
    java.write_text("#!/bin/sh\necho no compiler >&2\nexit 1\n")
    with pytest.raises(SystemExit) as ended:
        run("--spark-home", "spark3")
    assert (ended.value.code, built(folder)) == (1, ["spark3"])
    assert capsys.readouterr().err == (
        f"Spark home 'spark3': The keys of {folder}/spark3 can't be listed: {java} ended with 1; it needs a JDK of 11 "
        "or newer: no compiler\n"
    )


def test_one_home_by_its_name(folder: Path) -> None:
    run("--spark-home", "spark3")
    assert built(folder) == ["spark3"]


def test_force_builds_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--spark-home", "spark3")
    run("--spark-home", "spark3", "--force")
    assert capsys.readouterr().out.count("Built ") == 2


def test_an_unknown_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--spark-home", "spark5")
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "Spark home 'spark5': The plan asks for the Spark 'spark5', which [couture] spark_homes of this worker does "
        "not name (it names default, spark3, spark4). Add it there, or choose another spark_home in the group.\n"
    )


def test_a_fault_of_one_home_keeps_no_other_from_its_archive(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "spark3" / "bin" / "spark-submit").unlink()
    with pytest.raises(SystemExit) as ended:
        run()
    assert (ended.value.code, built(folder)) == (1, ["spark4"])
    assert capsys.readouterr().err == (
        f"Spark home 'spark3': 'spark3' of [couture] spark_homes is '{folder / 'spark3'}', and there is no program "
        "bin/spark-submit in it. Point it to the directory of a Spark distribution (the one that holds bin and jars).\n"
    )


def test_a_cache_that_can_not_be_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "cache").touch()
    with pytest.raises(SystemExit) as ended:
        run("--spark-home", "spark3")
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(
        f"Spark home 'spark3': No class archive was made for {folder / 'spark3'}: Not a directory ("
    )


def test_off_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AIRFLOW__COUTURE__CLASS_ARCHIVE", "off")
    run("--spark-home", "spark3")
    assert capsys.readouterr().out.startswith(
        "[couture] class_archive is off: no job uses an archive until it is auto.\n"
    )
    assert built(folder) == ["spark3"]


def test_a_broken_setting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__COUTURE__SPARK_HOMES", "{")
    with pytest.raises(SystemExit, match=r"\[couture\] spark_homes is not JSON"):
        run()


def test_without_names_the_default_home_counts(tmp_path: Path) -> None:
    home = str(make_spark(tmp_path / "spark"))
    assert spark_home_names({}, {"SPARK_HOME": home}) == ["default"]
    assert spark_home_names({"a": home}, {"SPARK_HOME": home}) == ["a"]
    assert spark_home_names({"a": "/other"}, {"SPARK_HOME": home}) == ["a", "default"]
    assert spark_home_names({}, {"SPARK_HOME": "/nowhere"}) == ["default"]


def test_its_help_has_examples() -> None:
    command = warm_command()
    assert command.description is not None
    assert "Examples:\n  airflow couture warm\n" in command.description
