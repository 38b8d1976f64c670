"""The client `couture` against a real Airflow: what an admin does in a day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.test_acceptance import Call

if TYPE_CHECKING:
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

COUTURE = Path(sys.executable).parent / "couture"


class Shell:
    """Runs the client as an admin who has logged in."""

    def __init__(self, airflow: LiveAirflow, folder: Path) -> None:
        self._environment = {**os.environ, "COUTURE_CONFIG_DIR": str(folder), "COUTURE_URL": airflow.url}
        self("login", "--username", "admin", "--password-stdin", stdin="admin\n")

    def __call__(self, *arguments: str, stdin: str = "", status: int = 0) -> str:
        """What a command prints; ``status`` is the exit code it must have."""
        done = subprocess.run(
            [COUTURE, *arguments], input=stdin, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def json(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self(*arguments, "--output", "json"))


@pytest.fixture(scope="module")
def couture(airflow: LiveAirflow, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The client, logged in."""
    return Shell(airflow, tmp_path_factory.mktemp("couture"))


def test_a_changed_setting_reaches_the_next_task_and_no_older_receipt(airflow: LiveAirflow, couture: Shell) -> None:
    couture("groups", "create", "daily", "--copy-of", "default")
    couture("settings", "set", "default", "executor-memory=4g", "--note", "more")
    first, _ = airflow.run("mapped")
    couture("settings", "set", "default", "executor-memory=3500m", "--note", "less again")
    second, _ = airflow.run("mapped")
    memory = []
    for run_id in (first, second):
        (item, _) = couture.json("submissions", "list", "--dag", "mapped", "--run", run_id)["items"]
        plan = couture.json("submissions", "show", item["submission_id"])["plan"]
        memory += [s["value"] for s in plan["settings"] if s["name"] == "executor-memory"]
    assert memory == ["4g", "3500m"]
    notes = [revision["note"] for revision in couture.json("groups", "history", "default")["items"]]
    assert notes[:2] == ["less again", "more"]


def test_render_shows_what_would_run(airflow: LiveAirflow, couture: Shell) -> None:
    airflow.run("plain")
    rendered = couture.json("render", "plain", "operator_task")
    previewed = Call({"argv": rendered["argv"][1:], "environment": {}, "hadoop_files": {}, "files": {}})
    ran = Call(airflow.recorded("plain", "operator_task")[-1])
    assert (previewed.options, previewed.application, previewed.arguments) == (
        ran.options,
        ran.application,
        ran.arguments,
    )
    shown = couture("render", "plain", "operator_task")
    assert "--driver-memory" in shown
    assert "group" in shown


def test_render_of_a_mapped_task_shows_what_its_instances_share(couture: Shell) -> None:
    rendered = couture.json("render", "mapped", "t")
    assert rendered["plan"]["class_path"] == "ai.couture.MainClass"
    assert rendered["plan"]["language"] == "java"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("render", "plain", "operator_tsk"), "Did you mean: operator_task"),
        (("render", "no_such_dag", "t"), "There is no DAG 'no_such_dag'"),
        (("settings", "set", "default", "executor-memroy=8g"), "did you mean executor-memory"),
        (("groups", "show", "defalt"), "Did you mean: default"),
        (("groups", "delete", "default", "--yes"), "is the default group"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(couture: Shell, arguments: tuple[str, ...], words: str) -> None:
    assert words in " ".join(couture(*arguments, status=1).split())


def test_a_used_artifact_is_not_deleted_by_accident(couture: Shell) -> None:
    told = couture("artifacts", "delete", "dependencies", "hbase.jar", "--yes", status=1)
    assert "group default" in " ".join(told.split())


def test_every_change_stands_in_airflows_audit_log(airflow: LiveAirflow, couture: Shell) -> None:
    couture("settings", "set", "daily", "queue=etl", "--note", "own queue")
    with airflow.client() as client:
        query: dict[str, str | int] = {"event": "couture.group.save", "order_by": "-when", "limit": 1}
        (entry,) = client.get("/api/v2/eventLogs", params=query).raise_for_status().json()["event_logs"]
    extra = json.loads(entry["extra"])
    assert (entry["owner"], extra["subject"], extra["note"], extra["ip"]) == (
        "admin",
        "group daily",
        "own queue",
        "127.0.0.1",
    )
    assert extra["changes"] == [{"where": "arguments.queue", "old": None, "new": "etl"}]


def test_the_whole_configuration_goes_through_text(airflow: LiveAirflow, couture: Shell, tmp_path: Path) -> None:
    conf = str(tmp_path / "conf")
    couture("export", conf)
    assert "Nothing to do" in couture("import", conf, "--dry-run")
    text = tmp_path / "conf" / "groups" / "g_large.yaml"
    text.write_text(text.read_text().replace("driver-memory: 7g", "driver-memory: 9g"))
    assert "9g" in couture("import", conf, "--dry-run", status=2)
    couture("import", conf, "--yes", "--note", "by text")
    assert couture.json("groups", "history", "g_large")["items"][0]["note"] == "by text"
    by_hand = {path: path.read_bytes() for path in (tmp_path / "conf").rglob("*") if path.is_file()}
    couture("export", conf)
    assert {path: path.read_bytes() for path in (tmp_path / "conf").rglob("*") if path.is_file()} == by_hand
    with airflow.client() as client:
        query: dict[str, str | int] = {"event": "couture.group.save", "order_by": "-when", "limit": 1}
        (entry,) = client.get("/api/v2/eventLogs", params=query).raise_for_status().json()["event_logs"]
    assert json.loads(entry["extra"])["subject"] == "group g_large"


def test_a_property_of_a_hadoop_file_changes_alone(couture: Shell, tmp_path: Path) -> None:
    text = '<configuration>\n  <!-- ours -->\n  <property name="a"  value="1"/>\n</configuration>\n'
    file = tmp_path / "core-site.xml"
    file.write_bytes(text.encode())
    couture("groups", "create", "properties")
    couture("hadoop", "put", "properties", str(file))
    assert "Saved revision 3 of properties." in couture("hadoop", "set", "properties", "core-site.xml", "a=${b}")
    assert couture("hadoop", "show", "properties", "core-site.xml") == text.replace('"1"', '"${b}"')
    [row] = couture.json("hadoop", "properties", "properties")["items"]
    assert (row["name"], row["value"], row["comment"]) == ("a", "${b}", "ours")
    refused = couture("hadoop", "unset", "properties", "core-site.xml", "aa", status=1)
    assert "aa" in refused
    assert "Saved revision 4 of properties." in couture("hadoop", "unset", "properties", "core-site.xml", "a")
    assert couture.json("hadoop", "properties", "properties")["items"] == []
