"""Many children of one master at once: all end right, and what it costs to wait for each."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from tools.bench.memory import resident
from tools.bench.side import API_SERVER
from tools.soak.figures import Figure, none_of
from tools.soak.masters import BEGIN_S, END_S, Masters
from tools.soak.progress import say
from tools.soak.server import wait_for

if TYPE_CHECKING:
    from tools.soak.airflow import SoakSide
    from tools.soak.masters import MasterRun
    from tools.soak.stage import Stage

#: How long each measurement of processor time lasts, seconds.
WINDOW_S = 30.0
#: On two cores tasks begin one or two a second.
EACH_S = 10.0


@dataclass(frozen=True)
class Load:
    """What a process and those below it take: bytes now, processor seconds a minute."""

    memory: int
    cpu_s_a_minute: float


def measure(stage: Stage) -> list[Figure]:
    """Hold all children in a pool that is not there yet, measure, and make the pool."""
    side, count = stage.airflow_without_jobs(), stage.scale.children
    api = side.api()
    masters = Masters(api, side.home.database, stage.scratch("released"))
    warm = masters.begin("soak_master")  # the triggerer imports what it needs
    masters.wait_until_waiting([warm])
    masters.release([warm])
    masters.wait_for_ends([warm])
    idle = _loads(side)
    run = masters.begin("soak_many", children=count)
    took = wait_for(f"{count} children that run", lambda: _all_run(masters, run, count), BEGIN_S + EACH_S * count)
    say(f"masters_many: {count} children run and are waited for, after {took:.0f} s")
    waiting = _loads(side)
    begun = time.monotonic()
    side.call("airflow", "pools", "set", "soak_gate", str(count), "opened by the soak")
    masters.wait_for_ends([run], END_S + EACH_S * count)
    ended_after = time.monotonic() - begun
    api.close()
    faults = [*masters.faults(warm), *masters.faults(run, count)]
    retried = sum(task.try_number > 1 for task in masters.rows.tasks(run.dag_id, run.run_id))
    what = f"faults of one master with {count} children at once"
    return [
        none_of("masters_many_faults", what, faults, count),
        Figure("masters_many_retried", "tasks of it that took a second try", retried, "", count),
        Figure("masters_many_end", "from the children's release to the master's end", ended_after, "s", count),
        *_costs("triggerer", idle, waiting, count),
        *_costs(API_SERVER, idle, waiting, count),
    ]


def _all_run(masters: Masters, run: MasterRun, count: int) -> bool | None:
    """Whether each child runs as far as it may, and its parent waits in the triggerer."""
    tasks = [task.state for task in masters.rows.tasks(run.dag_id, run.run_id)]
    children = [child.state for child in masters.rows.children(run.dag_id, run.run_id)]
    return True if tasks == ["deferred"] * count and children == ["running"] * count else None


def _loads(side: SoakSide) -> dict[str, Load]:
    """Of the triggerer and of the API server, over the same window."""
    trees = {name: _tree(side.pid(name)) for name in ("triggerer", API_SERVER)}
    before = {name: _cpu_s(tree) for name, tree in trees.items()}
    begun = time.monotonic()
    time.sleep(WINDOW_S)
    minutes = (time.monotonic() - begun) / 60
    return {name: Load(resident(tree), (_cpu_s(tree) - before[name]) / minutes) for name, tree in trees.items()}


def _tree(pid: int) -> list[psutil.Process]:
    leader = psutil.Process(pid)
    return [leader, *leader.children(recursive=True)]


def _cpu_s(tree: list[psutil.Process]) -> float:
    total = 0.0
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _costs(name: str, idle: dict[str, Load], waiting: dict[str, Load], count: int) -> list[Figure]:
    memory_kb = (waiting[name].memory - idle[name].memory) / count / 1_000
    cpu_ms = (waiting[name].cpu_s_a_minute - idle[name].cpu_s_a_minute) / count * 1_000
    key = name.replace("-", "_")
    note = (
        f"from {idle[name].memory / 1e6:.0f} to {waiting[name].memory / 1e6:.0f} MB, from"
        f" {idle[name].cpu_s_a_minute:.1f} to {waiting[name].cpu_s_a_minute:.1f} s of processor time a minute"
    )
    memory_of, cpu_of = f"memory of the {name} for each wait", f"processor time of the {name} for each wait and minute"
    return [
        Figure(f"masters_many_{key}_memory", memory_of, memory_kb, "kB", count, note=note),
        Figure(f"masters_many_{key}_cpu", cpu_of, cpu_ms, "ms", count),
    ]
