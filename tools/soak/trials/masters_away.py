"""The API server is dead while masters wait: no wait fails, and all go on when it is back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tools.bench.side import ALL, API_SERVER
from tools.soak.figures import Figure, none_of
from tools.soak.masters import Masters
from tools.soak.progress import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.soak.masters import MasterRun
    from tools.soak.stage import Stage

#: What the triggerer tells once, not with every look.
AWAY, BACK = "asked for again until it answers", "The config store answers again"


def measure(stage: Stage) -> list[Figure]:
    """`kill -9` of the API server, its return after a while, and the end of all masters."""
    side = stage.airflow_without_jobs()
    api = side.api()
    masters = Masters(api, side.home.database, stage.scratch("released"))
    runs = [masters.begin("soak_master") for _ in range(stage.scale.wave)]
    masters.wait_until_waiting(runs)
    say(f"masters_away: the API server is killed while {len(runs)} masters wait")
    side.kill(API_SERVER)
    time.sleep(stage.scale.away_s)
    side.run(ALL)
    masters.release(runs)
    masters.wait_for_ends(runs)
    api.close()
    faults = [fault for run in runs for fault in masters.faults(run, most_tries=1)]
    told = _times_told(side.home.logs / "tasks", runs)
    faults += [f"{text!r} was told {count} times" for text, count in told.items() if count != 1]
    what = f"masters that failed, tried again or got stuck while the API server was dead for {stage.scale.away_s:g} s"
    return [none_of("masters_away_faults", what, faults, len(runs))]


def _times_told(logs: Path, runs: Sequence[MasterRun]) -> dict[str, int]:
    """How often the logs of these masters say that the API server is away, and that it is back."""
    folders = [logs / f"dag_id={run.dag_id}" / f"run_id={run.run_id}" for run in runs]
    lines = [line for folder in folders for file in folder.rglob("*.log*") for line in file.read_text().splitlines()]
    return {text: sum(text in line for line in lines) for text in (AWAY, BACK)}
