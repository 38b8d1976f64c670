"""`kill -9` of tasks and of their supervisors: nothing of the job is left, and the next try runs."""

from __future__ import annotations

import random
import secrets
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from tools.bench.side import RUN_S
from tools.demo.errors import Unavailable
from tools.soak.figures import Figure, none_of
from tools.soak.progress import say
from tools.soak.server import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.demo.api import AirflowApi
    from tools.soak.airflow import SoakSide
    from tools.soak.stage import Stage

#: Seconds after which nothing of a killed job may be left, and for which a driver is waited for.
LEFT_S, START_S = 30.0, 180.0
#: A driver sleeps after about 3 seconds.
LONGEST_LIFE_S = 5.0
DAGS = {"python": "soak_python", "jar": "soak_jar"}


def measure_task(stage: Stage) -> list[Figure]:
    """Kill the process that runs the operator, per language."""
    side = stage.airflow()
    figures: list[Figure] = []
    for language, dag_id in DAGS.items():
        name = f"kills_task_{language}"
        figures += _kill_many(side, name, dag_id, stage.scale.task_kills, stage.scale.wave, task_process)
    return figures


def measure_supervisor(stage: Stage) -> list[Figure]:
    """Kill the process above the one that runs the operator."""
    side, name = stage.airflow(), "kills_supervisor"
    return _kill_many(side, name, DAGS["python"], stage.scale.supervisor_kills, stage.scale.wave, supervisor)


def drivers(mark: str) -> list[psutil.Process]:
    """The processes of one try's driver: the argument ends their command lines."""
    found = psutil.process_iter(["cmdline", "status"])
    return [
        process
        for process in found
        if mark in (process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def task_process(driver: psutil.Process) -> psutil.Process:
    """The Airflow task process above a driver."""
    return next(parent for parent in driver.parents() if "airflow worker" in " ".join(parent.cmdline()))


def supervisor(driver: psutil.Process) -> psutil.Process:
    """The process that started the task's and hears its heartbeats."""
    parent = task_process(driver).parent()
    assert parent is not None
    return parent


@dataclass
class _Run:
    """One DAG run; ``left_s``: until nothing was left of its first try."""

    run_id: str
    left_s: float = 0.0
    fault: str = ""

    @property
    def mark(self) -> str:
        """The argument of its first driver."""
        return f"{self.run_id}.1"


def _kill_many(
    side: SoakSide,
    name: str,
    dag_id: str,
    kills: int,
    wave: int,
    victim_of: Callable[[psutil.Process], psutil.Process],
) -> list[Figure]:
    """So many runs, a wave at a time; the first five are told apart."""
    runs: list[_Run] = []
    api = side.api()
    while len(runs) < kills:
        these = [_Run(f"soak-{secrets.token_hex(6)}") for _ in range(min(wave, kills - len(runs)))]
        _kill_wave(api, dag_id, these, victim_of)
        runs += these
        say(f"{name}: {len(runs)} kills, the longest {max(run.left_s for run in runs):.1f} s until nothing was left")
    api.close()
    faults = [f"{run.run_id}: {run.fault}" for run in runs if run.fault]
    first = ", ".join(f"{run.left_s:.1f}" for run in runs[:5])
    longest = max(run.left_s for run in runs)
    what = "seconds until nothing was left of a killed try, the longest"
    return [
        Figure(f"{name}_left", what, longest, "s", len(runs), LEFT_S, note=f"the first five: {first} s"),
        none_of(f"{name}_faults", "drivers left after 30 s, next tries that did not run", faults, len(runs)),
    ]


def _kill_wave(
    api: AirflowApi, dag_id: str, runs: Sequence[_Run], victim_of: Callable[[psutil.Process], psutil.Process]
) -> None:
    for run in runs:
        trigger(api, dag_id, run.run_id)
    for run in runs:
        wait_for(f"the driver of {run.run_id}", lambda run=run: drivers(run.mark) or None, START_S)  # type: ignore[misc]
    victims = [victim_of(drivers(run.mark)[-1]) for run in runs]
    for run, victim in zip(runs, victims, strict=True):
        time.sleep(random.uniform(0, LONGEST_LIFE_S))  # noqa: S311  # some die as they start, some when they sleep
        victim.send_signal(signal.SIGKILL)
        run.left_s = wait_until_gone(run.mark)
        if run.left_s >= LEFT_S:
            run.fault = f"left after {LEFT_S:.0f} s: {[p.pid for p in drivers(run.mark)]}"
    for run in runs:
        if (state := final_state(api, dag_id, run.run_id)) != "success" and not run.fault:
            run.fault = f"the next try ended as {state}"


def wait_until_gone(mark: str) -> float:
    """Seconds until no process of the try was left; LEFT_S when some still are."""
    begun = time.monotonic()
    while drivers(mark) and time.monotonic() - begun < LEFT_S:
        time.sleep(0.1)
    return time.monotonic() - begun


def trigger(api: AirflowApi, dag_id: str, run_id: str) -> None:
    """Start a run as soon as the DAG is parsed; SQLite may be locked for a moment."""

    def started() -> bool | None:
        if not api.has_dag(dag_id):
            return None
        try:
            api.trigger(dag_id, run_id)
        except Unavailable:
            return None
        return True

    wait_for(f"the DAG {dag_id}", started, START_S, 1.0)


def final_state(api: AirflowApi, dag_id: str, run_id: str) -> str:
    """The state in which a run ended. Raises TooLate."""
    found: list[str] = []

    def ended() -> bool | None:
        try:
            found.append(api.run_state(dag_id, run_id))
        except Unavailable:
            return None
        return True if found[-1] in ("success", "failed") else None

    wait_for(f"the end of {run_id}", ended, RUN_S)
    return found[-1]
