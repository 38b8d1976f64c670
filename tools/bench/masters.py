"""One Airflow in which masters of both operators run, side by side: ours and the standard provider's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from tools.bench.errors import RunFailed, WrongResult
from tools.bench.side import DAGS, BenchAirflow, Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: How often the standard operator looks by default, in seconds; a child of it takes that long at most, and some more.
PEER_POLL_S = 60
LONGEST_CHILD_S = 180.0


@dataclass(frozen=True)
class MastersAirflow(BenchAirflow):
    """As the benchmarks' Airflows, with room for a task that waits in a worker slot beside its child's."""

    def settings(self) -> dict[str, dict[str, str]]:
        """Those of the other sides, but for the number of tasks at once."""
        settings = super().settings()
        settings["core"]["parallelism"] = "4"
        return settings


@dataclass(frozen=True)
class Chain:
    """One run of a master: ``children``, begin and end of each child's run in the order of time."""

    children: Sequence[tuple[datetime, datetime]]

    @property
    def gap_s(self) -> float:
        """The mean time from the end of a child's run to the start of the next one's, in seconds."""
        gaps = [(begin - end).total_seconds() for (_, end), (begin, _) in pairwise(self.children)]
        return sum(gaps) / len(gaps)


class MastersSide(Side):
    """Runs chains of children, one master for each way of waiting."""

    def dag_files(self) -> tuple[Path, ...]:
        """The masters' alone."""
        return (DAGS / "chains.py",)

    def run_chain(self, master: str, child: str, length: int) -> Chain:
        """Run a master to its end. Raises RunFailed, and WrongResult unless each child ran once, one after another."""
        run_id = f"bench-{secrets.token_hex(6)}"
        api = self.api()
        try:
            self._trigger(api, master, run_id)
            state = self._final_state(api, master, run_id, length * LONGEST_CHILD_S)
            if state != "success":
                states = api.task_states(master, run_id).items()
                raise RunFailed(self.name, master, state, [f"{task}: {found}" for task, found in states])
            runs = [run for run in api.runs(child) if run["conf"] == {"chain": run_id}]
        finally:
            api.close()
        return chain_of(master, runs, length)

    def requests_for_states(self) -> int:
        """How often triggerers have asked for the states of our children so far, by the API server's log."""
        return self._log("api-server").read_text(errors="replace").count("path=/couture/api/v1/child-runs/states ")


def chain_of(master: str, runs: Sequence[dict[str, str]], length: int) -> Chain:
    """The children's runs, as Airflow's API tells them, as a chain. Raises WrongResult."""
    children = sorted(
        (datetime.fromisoformat(run["start_date"]), datetime.fromisoformat(run["end_date"])) for run in runs
    )
    if len(children) != length:
        raise WrongResult(f"Children of a run of {master}", length, len(children))
    for (_, end), (begin, _) in pairwise(children):
        if begin < end:
            raise WrongResult(f"A child of {master}", f"a start after {end}", begin)
    return Chain(children)
