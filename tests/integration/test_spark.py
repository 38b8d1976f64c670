"""Real Spark under real task processes: what reaches a job, how it ends, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.integration.conftest import upload
from tests.integration.dags.real_spark import CANARY, ODD
from tests.integration.live_airflow import RUN_S, wait_for

if TYPE_CHECKING:
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

JOBS = Path(__file__).parent / "jobs"
GROUP_CANARY = "canary-91ab-group"
#: Seconds after which nothing of a killed job may be left, on a machine with other things to do.
LEFT_S = 120


def jdk(program: str) -> str:
    """A program of the JDK that make has found, else of the one on PATH."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", program)) if home else program


@pytest.fixture(scope="module", autouse=True)
def jobs(airflow: LiveAirflow, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The jobs as code artifacts, and a secret in their group."""
    built = tmp_path_factory.mktemp("jar")
    subprocess.run([jdk("javac"), "-d", str(built), str(JOBS / "Sleep.java")], check=True)
    subprocess.run([jdk("jar"), "cf", str(built / "sleep.jar"), "-C", str(built), "Sleep.class"], check=True)
    with airflow.client() as client:
        for path in (JOBS / "echo.py", JOBS / "sleep.py", built / "sleep.jar"):
            upload(client, "code", path.name, path.read_bytes())
    secret = {"value": GROUP_CANARY, "secret": True}
    airflow.save("real", configurations={"spark.echo.marked": secret}, environment={"MY_TOKEN": GROUP_CANARY})


class ProcessWatch:
    """Reads the command line of every process again and again while a block runs."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> ProcessWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes().replace(b"\x00", b" ").decode(errors="replace"))
                except OSError:
                    continue  # it ended meanwhile


@pytest.fixture(scope="module")
def echo(airflow: LiveAirflow, jobs: None) -> tuple[str, dict[str, Any], ProcessWatch]:
    """One run of the echoing job: its run id, what it said, and every command line seen meanwhile."""
    with ProcessWatch() as watch:
        run_id, state = airflow.run("echo")
    log = airflow.task_log("echo", "echo", run_id)
    assert state == "success", log[-3000:]
    (line,) = [line for line in log.splitlines() if line.startswith("ECHO ")]
    return run_id, json.loads(line.removeprefix("ECHO ")), watch


def test_arguments_arrive_as_they_are(echo: tuple[str, dict[str, Any], ProcessWatch]) -> None:
    assert echo[1]["arguments"] == ODD
    assert echo[1]["total"] == 45


def test_properties_arrive_as_they_are(echo: tuple[str, dict[str, Any], ProcessWatch]) -> None:
    properties = echo[1]["properties"]
    assert {index: properties[f"spark.echo.{index}"] for index, value in enumerate(ODD) if value} == {
        index: value for index, value in enumerate(ODD) if value
    }


def test_secrets_reach_the_job_and_nothing_else(
    airflow: LiveAirflow, echo: tuple[str, dict[str, Any], ProcessWatch]
) -> None:
    """The driver gets them; its own print of them is masked in the task's log."""
    run_id, said, watch = echo
    assert (said["properties"]["spark.echo.marked"], said["properties"]["spark.echo.password"]) == ("***", "***")
    assert any("echo.py" in line for line in watch.seen)
    (receipt,) = airflow.receipts("echo", "echo", run_id)
    with airflow.client() as client:
        preview = client.get("/couture/api/v1/previews/dags/echo/tasks/echo").raise_for_status().text
        audit = client.get("/api/v2/eventLogs", params={"limit": 1000}).raise_for_status().text
        group = client.get("/couture/api/v1/groups/real").raise_for_status().text
        rendered = client.get(f"/api/v2/dags/echo/dagRuns/{run_id}/taskInstances/echo").raise_for_status().text
    places = {
        "ps": " ".join(watch.seen),
        "receipt": json.dumps(receipt),
        "preview": preview,
        "audit": audit,
        "group": group,
        "rendered fields": rendered,
        "logs": _all_text(airflow.home / "logs"),
        "process logs": "".join(path.read_text(errors="replace") for path in airflow.home.glob("*.log")),
        "cache": _all_text(airflow.home / "cache"),
    }
    for canary in (CANARY, GROUP_CANARY):
        assert {place: text.count(canary) for place, text in places.items()} == dict.fromkeys(places, 0)
    # the DAG file itself says the operator's one; Airflow stores the file's text and its serialised form
    assert GROUP_CANARY.encode() not in _database(airflow)


def _all_text(folder: Path) -> str:
    return "".join(path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file())


def _database(airflow: LiveAirflow) -> bytes:
    return b"".join(path.read_bytes() for path in airflow.home.glob("airflow.db*"))


def sleeping_driver(airflow: LiveAirflow, name: str) -> list[psutil.Process] | None:
    """The processes whose command line names the job's file, of this Airflow alone; None when there is none."""
    found = [process for process in psutil.process_iter(["cmdline"]) if _names(process, airflow.home, name)]
    return found or None


def _names(process: psutil.Process, home: Path, file: str) -> bool:
    return any(str(home) in part and part.endswith(f"/{file}") for part in process.info["cmdline"] or ())


def start_sleeping(airflow: LiveAirflow, dag_id: str, task_id: str, file: str) -> tuple[str, list[psutil.Process]]:
    """A run whose driver has begun to sleep, and the driver's processes."""
    run_id = airflow.trigger(dag_id)
    wait_for("its first line", lambda: "sleeping" in airflow.task_log(dag_id, task_id, run_id) or None, RUN_S)
    return run_id, wait_for("the driver", lambda: sleeping_driver(airflow, file), LEFT_S)


def gone(airflow: LiveAirflow, name: str) -> bool | None:
    """True when no process of the job is left."""
    return True if sleeping_driver(airflow, name) is None else None


def task_process(driver: psutil.Process) -> psutil.Process:
    """The Airflow task process above a driver."""
    return next(parent for parent in driver.parents() if "airflow worker" in " ".join(parent.cmdline()))


@pytest.mark.parametrize(
    ("dag_id", "task_id", "file"), [("sleepy", "python", "sleep.py"), ("sleepy_jar", "jar", "sleep.jar")]
)
def test_kill_9_of_the_task_leaves_no_driver(airflow: LiveAirflow, dag_id: str, task_id: str, file: str) -> None:
    run_id, drivers = start_sleeping(airflow, dag_id, task_id, file)
    task_process(drivers[-1]).send_signal(signal.SIGKILL)
    wait_for("the end of the driver", lambda: gone(airflow, file), LEFT_S)
    assert airflow.wait_for_run(dag_id, run_id) == "failed"
    (receipt,) = airflow.receipts(dag_id, task_id, run_id)
    assert (receipt["state"], receipt["outcome"]) == ("ended", "lost")
    assert receipt["message"] == "its worker went away without a word; Airflow has its task as failed"


def test_10_marked_failed(airflow: LiveAirflow) -> None:
    run_id, _ = start_sleeping(airflow, "sleepy", "python", "sleep.py")
    with airflow.client() as client:
        path = f"/api/v2/dags/sleepy/dagRuns/{run_id}/taskInstances/python"
        client.patch(path, json={"new_state": "failed"}).raise_for_status()
    wait_for("the end of the driver", lambda: gone(airflow, "sleep.py"), LEFT_S)

    def ended() -> dict[str, Any] | None:
        (receipt,) = airflow.receipts("sleepy", "python", run_id)
        return receipt if receipt["state"] == "ended" else None

    receipt = wait_for("the end of the receipt", ended, LEFT_S)
    assert receipt["outcome"] == "killed"


def test_10_timed_out(airflow: LiveAirflow) -> None:
    run_id, state = airflow.run("too_slow")
    assert state == "failed"
    wait_for("the end of the driver", lambda: gone(airflow, "sleep.py"), LEFT_S)
    (receipt,) = airflow.receipts("too_slow", "python", run_id)
    assert (receipt["state"], receipt["outcome"]) == ("ended", "killed")


def test_nothing_of_a_try_stays_on_the_worker(airflow: LiveAirflow) -> None:
    """A crash leaves its directory to the next task, which sweeps it."""
    _, state = airflow.run("no_class")
    assert state == "failed"
    assert [path.name for path in (airflow.home / "cache" / "tries").iterdir()] == []


def test_a_missing_class_is_told_in_words(airflow: LiveAirflow) -> None:
    run_id, _ = airflow.run("no_class")
    (receipt,) = airflow.receipts("no_class", "jar", run_id)
    assert (receipt["outcome"], receipt["exit_code"]) == ("failed", 101)
    assert "the main class was not found; look at class_path" in receipt["message"]
    assert "Failed to load class No.Such" in receipt["last_lines"]
