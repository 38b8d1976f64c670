"""The real Airflow of the soak: the benchmarks' one, with other DAGs, DEBUG logs and impatient heartbeats."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tools.bench.side import BenchAirflow, Side
from tools.demo.airflow import PROCESSES, PROGRAMS
from tools.soak.server import KillableServer

if TYPE_CHECKING:
    from collections.abc import Mapping

DAGS = Path(__file__).parent / "dags"
#: After so many seconds without a heartbeat Airflow takes a task for dead; 300 by default.
HEARTBEAT_TIMEOUT_S = 20
#: And so a scheduler or a triggerer; both send one every 5 seconds. 30 by default.
DEAD_AFTER_S = 12


@dataclass(frozen=True)
class SoakAirflow(BenchAirflow):
    """``task_url``: where tasks reach the store, a proxy. ``at_once``: tasks that may run at the same time."""

    task_url: str
    at_once: int

    def settings(self) -> dict[str, dict[str, str]]:
        """The benchmarks', and what makes faults show sooner and secrets show at all."""
        settings = super().settings()
        settings["core"]["parallelism"] = str(self.at_once + 1)
        settings["logging"]["logging_level"] = "DEBUG"
        settings["scheduler"] = {
            "task_instance_heartbeat_timeout": str(HEARTBEAT_TIMEOUT_S),
            "task_instance_heartbeat_timeout_detection_interval": "5",
            "scheduler_health_check_threshold": str(DEAD_AFTER_S),
            "orphaned_tasks_check_interval": "5",
        }
        settings["triggerer"] = {"triggerer_health_check_threshold": str(DEAD_AFTER_S)}
        settings["couture"] |= {"api_url": self.task_url, "blob_root": str(self.blobs), "store_timeout": "300"}
        return settings

    @property
    def blobs(self) -> Path:
        """Where its artifacts lie."""
        return self.home.folder / "couture" / "blobs"

    @property
    def tries(self) -> Path:
        """Where tasks have their directories."""
        return self.home.folder / "worker-cache" / "tries"


class SoakSide(Side):
    """Runs the soak's DAGs."""

    airflow: SoakAirflow

    def dag_files(self) -> tuple[Path, ...]:
        """The soak's."""
        return tuple(sorted(DAGS.glob("*.py")))

    def set_up(self) -> None:
        """Make the folder, the database and the admin, once."""
        self._set_up()

    def kill(self, name: str, *, alone: bool = False) -> list[psutil.Process]:
        """`kill -9` of one of Airflow's processes with all below it, or alone; answers those that it left behind."""
        leader = psutil.Process(self._processes[name].pid)
        leader.suspend()  # else it may start a worker after these were listed, which nobody would end
        below = leader.children(recursive=True)
        for process in [leader] if alone else [leader, *below]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._processes.pop(name).wait()
        return below if alone else []

    def forget_files(self) -> None:
        """Empty the worker's cache; no task may run."""
        shutil.rmtree(self.airflow.tries.with_name("files"), ignore_errors=True)

    def killable_server(self, port: int, token: str = "") -> KillableServer:
        """One more API server on this Airflow's database."""
        name, *rest = PROCESSES["api-server"]
        argv = (str(PROGRAMS / name), *rest, "--port", str(port))
        log = self.home.logs / f"killed-api-server-{port}.log"
        return KillableServer(argv, self.airflow.environment(), port, log, token)


def variables(spark_home: Path, secrets: Mapping[str, str]) -> dict[str, str]:
    """What the soak's DAG files and its Spark read; ``secrets`` come as Airflow's Variables of these names."""
    return {
        "SPARK_HOME": str(spark_home),
        "PYSPARK_PYTHON": str(PROGRAMS / "python"),
        "PATH": os.pathsep.join((str(PROGRAMS), os.environ["PATH"])),
        **{f"AIRFLOW_VAR_{name.upper()}": value for name, value in secrets.items()},
    }
