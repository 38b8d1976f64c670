"""`kill -9` of workers, triggerers and schedulers while masters wait: one child run each, and the right end."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from tools.bench.side import ALL
from tools.soak.figures import Figure, none_of
from tools.soak.masters import BEGIN_S, MasterRun, Masters
from tools.soak.progress import say
from tools.soak.server import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.soak.airflow import SoakSide
    from tools.soak.stage import Stage

DEFERRED, IN_SLOT = "soak_master", "soak_master_in_slot"
#: Triggerers or schedulers die in turns for so many seconds while the same masters wait.
WAVE_S = 60.0
#: A master's task has triggered its child, and has left, about a second after its process has a name.
LONGEST_LIFE_S = 1.0


def measure(stage: Stage) -> list[Figure]:
    """All three, one after the other."""
    side = stage.airflow_without_jobs()
    api = side.api()
    masters = Masters(api, side.home.database, stage.scratch("released"))
    kills, wave = stage.scale.master_kills, stage.scale.wave
    figures = [
        *_kill_workers(masters, kills),
        *_kill_daemons(side, masters, "triggerer", kills, wave),
        *_kill_daemons(side, masters, "scheduler", kills, wave),
    ]
    api.close()
    return figures


# --- workers ---


def _kill_workers(masters: Masters, kills: int) -> list[Figure]:
    """In turns: a worker that triggers, one that waits in its slot, and such a one's supervisor."""
    faults: list[str] = []
    ways = (_kill_as_it_triggers, _kill_as_it_waits, _kill_supervisor)
    for number in range(kills):
        way = ways[number % len(ways)]
        run = way(masters)
        masters.release([run])
        masters.wait_for_ends([run])
        faults += [f"{fault} ({way.__name__.strip('_')})" for fault in masters.faults(run)]
        say(f"kills_master: {number + 1} workers killed, {len(faults)} faults")
    what = "masters that ended wrongly, got stuck or had two children after `kill -9` of their worker"
    return [none_of("kills_master_worker", what, faults, kills)]


def _kill_as_it_triggers(masters: Masters) -> MasterRun:
    """One that was quicker than the kill does not count: another is begun."""
    while True:
        run = masters.begin(DEFERRED)
        worker = _worker(masters, run)
        time.sleep(random.uniform(0, LONGEST_LIFE_S))  # noqa: S311  # when it dies guards nothing
        try:
            worker.kill()
        except psutil.NoSuchProcess:
            masters.release([run])
            masters.wait_for_ends([run])
            continue
        return run


def _kill_as_it_waits(masters: Masters) -> MasterRun:
    return _kill_in_slot(masters, lambda worker: worker)


def _kill_supervisor(masters: Masters) -> MasterRun:
    return _kill_in_slot(masters, lambda worker: worker.parent() or worker)


def _kill_in_slot(masters: Masters, victim_of: Callable[[psutil.Process], psutil.Process]) -> MasterRun:
    run = masters.begin(IN_SLOT)
    worker = _worker(masters, run)
    masters.wait_until_waiting([run], "running")
    victim_of(worker).kill()
    return run


def _worker(masters: Masters, run: MasterRun) -> psutil.Process:
    """The process of the master's task, as soon as there is one."""
    found: list[psutil.Process] = []

    def look() -> bool | None:
        names = {task.worker for task in masters.rows.tasks(run.dag_id, run.run_id) if task.state == "running"}
        found.extend(p for p in psutil.process_iter(["cmdline"]) if " ".join(p.info["cmdline"] or ()).strip() in names)
        return True if found else None

    wait_for(f"the worker of {run.run_id}", look, BEGIN_S, 0.02)
    return found[0]


# --- the triggerer and the scheduler ---


def _kill_daemons(side: SoakSide, masters: Masters, name: str, kills: int, wave: int) -> list[Figure]:
    """Some masters at a time wait while one after the other dies; each is started again, and takes over."""
    faults: list[str] = []
    waits: list[float] = []
    while len(waits) < kills:
        runs = [masters.begin(DEFERRED) for _ in range(wave)]
        masters.wait_until_waiting(runs)
        until = time.monotonic() + WAVE_S
        while len(waits) < kills and time.monotonic() < until:
            # of the scheduler every other one dies alone, which leaves its workers behind
            waits.append(_kill_daemon(side, masters, name, alone=name == "scheduler" and len(waits) % 2 == 0))
        masters.release(runs)
        masters.wait_for_ends(runs)
        faults += [fault for run in runs for fault in masters.faults(run, most_tries=_most_tries(name))]
        say(f"kills_master: {len(waits)} x the {name} killed, {len(faults)} faults, back after {max(waits):.0f} s")
    what = f"masters that ended wrongly, got stuck or had two children after `kill -9` of the {name}"
    back = f"the longest time until a successor of the killed {name} had taken over"
    return [
        none_of(f"kills_master_{name}", what, faults, len(waits)),
        Figure(f"kills_master_{name}_back", back, max(waits), "s", len(waits)),
    ]


def _most_tries(name: str) -> int | None:
    """A dead triggerer costs no try; a scheduler's workers may die with it."""
    return 1 if name == "triggerer" else None


def _kill_daemon(side: SoakSide, masters: Masters, name: str, *, alone: bool) -> float:
    """Kill it and start it again; answers the seconds until the successor had taken over."""
    time.sleep(random.uniform(0, 3))  # noqa: S311  # when it dies guards nothing
    kind = f"{name.capitalize()}Job"
    former, killed_at = masters.rows.newest_job(kind), time.monotonic()
    left = side.kill(name, alone=alone)
    try:
        side.run(ALL)
        wait_for(f"a new {name}", lambda: _has_taken_over(masters, kind, former) or None, BEGIN_S)
    finally:
        _end(left)
    return time.monotonic() - killed_at


def _has_taken_over(masters: Masters, kind: str, former: int) -> bool:
    newest = masters.rows.newest_job(kind)
    return newest > former and (kind != "TriggererJob" or masters.rows.untaken_waits(newest) == 0)


def _end(left: Sequence[psutil.Process]) -> None:
    """End the workers that a killed scheduler left: they would wait for work for ever."""
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
