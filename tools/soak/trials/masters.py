"""Masters of both operators meet the same faults: what Airflow's own does, beside ours."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tools.bench.host import host_facts
from tools.bench.page import PageTable, how_made, keep_records
from tools.demo.home import CHECKOUT
from tools.soak.figures import Figure, none_of
from tools.soak.pairs import TASK, Masters
from tools.soak.progress import say
from tools.soak.scale import FULL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tools.soak.pairs import Run
    from tools.soak.stage import Stage

COMMAND = "make soak ONLY=masters"
PAGE = CHECKOUT / "docs" / "master-dags.md"
LONG, BREAKS, PAUSED = "soak_child_long", "soak_child_breaks", "soak_child_paused"
#: How long a master with a paused child is looked at.
LOOK_S = 30.0


@dataclass
class Behaviour:
    """What both operators did in one fault; ``faults``: what ours should not have done."""

    what: str
    ours: str = ""
    peer: str = ""
    faults: list[str] = field(default_factory=list)


def measure(stage: Stage) -> list[Figure]:
    """Each fault for both operators at the same time, in one Airflow."""
    side = stage.airflow_without_jobs()
    masters = Masters(side.airflow.url, side.api())
    seen: dict[str, Behaviour] = {}
    try:
        for name, fault in FAULTS.items():
            seen[name] = fault(masters)
            say(f"masters: {name}: ours: {seen[name].ours}; Airflow's own: {seen[name].peer}")
    finally:
        masters.close()
    keep(stage, seen)
    faults = [f"{name}: {fault}" for name, behaviour in seen.items() for fault in behaviour.faults]
    return [none_of("masters_faults", "faults that DagOperator did not stand, of those it should", faults, len(seen))]


def keep(stage: Stage, seen: Mapping[str, Behaviour]) -> None:
    """Keep what was seen; the page tells only of runs at full scale."""
    made = how_made(COMMAND, host_facts())
    records = {
        name: {"what": one.what, "ours": one.ours, "peer": one.peer, "note": "", **made} for name, one in seen.items()
    }
    kept = keep_records(stage.folder / "masters.json", records)
    if stage.scale is FULL:
        TABLE.write(PAGE, kept, FAULTS)


def killed_worker(masters: Masters) -> Behaviour:
    """`kill -9` of the process in which the task waits."""
    seen = Behaviour("`kill -9` of the worker in which the task waits (`deferrable=False`, `retries=1`)")
    ours, peer = _begin(masters, "killed_worker")
    for run in (ours, peer):
        masters.running_child(LONG, run)
        masters.kill_worker(run)
    for run in (ours, peer):
        end, children = masters.end_of(run), masters.children(LONG, run)
        _tell(seen, ours, run, f"{told_children(children)}; the task ended as {end.state}")
        if run is ours and (end.state, len(children)) != ("success", 1):
            seen.faults.append(seen.ours)
    for run in (ours, peer):
        _stop_children(masters, LONG, run)
    return seen


def failed_child(masters: Masters) -> Behaviour:
    """The second task of the child fails once, and the master's task is tried again."""
    seen = Behaviour("the child's second task fails once, and Airflow retries the parent (`retries=1`)")
    ours, peer = _begin(masters, "failed_child")
    for run in (ours, peer):
        end, children = masters.end_of(run), masters.children(BREAKS, run)
        done = sum(masters.tasks(child)["first"]["try_number"] for child in children)
        text = f"{told_children(children)}; the task that was done ran {_times(done)}; the parent ended as {end.state}"
        _tell(seen, ours, run, text)
        if run is ours and (end.state, len(children), done) != ("success", 1, 1):
            seen.faults.append(seen.ours)
    return seen


def paused_child(masters: Masters) -> Behaviour:
    """The child is paused."""
    seen = Behaviour("the child is paused")
    ours, peer = _begin(masters, "paused_child")
    begun = time.monotonic()
    masters.end_of(ours)
    took = time.monotonic() - begun
    reason = masters.failure(ours)
    seen.ours = f"failed within {took:.0f} s: “{reason}”"
    if masters.look(ours).state != "failed" or "is paused" not in reason or masters.children(PAUSED, ours):
        seen.faults.append(seen.ours)
    time.sleep(max(0.0, LOOK_S - took))
    state, children = masters.tasks(peer)[TASK]["state"], masters.children(PAUSED, peer)
    told = "its log says" if "is paused" in masters.log(peer) else "its log does not say"
    waited = time.monotonic() - begun
    seen.peer = f"{state} after {waited:.0f} s, the child {_states(children)}; {told} that the child is paused"
    for run in (peer, *children):
        masters.stop(run)
    return seen


def killed_parent(masters: Masters) -> Behaviour:
    """The task is marked failed while it waits in the triggerer."""
    seen = Behaviour("the task is marked failed while it waits in the triggerer")
    ours, peer = _begin(masters, "killed_parent")
    children = [masters.running_child(LONG, run) for run in (ours, peer)]
    marked: list[float] = []
    for run in (ours, peer):
        masters.wait_for_task(run, "deferred")
        masters.mark_task_failed(run)
        marked.append(time.monotonic())
    for run, child, mark in zip((ours, peer), children, marked, strict=True):
        state = masters.end_of(child).state
        text = "the child was stopped" if state == "failed" else "the child ran on to its end"
        _tell(seen, ours, run, f"{text} ({state}, {time.monotonic() - mark:.0f} s after the mark)")
        if run is ours and state != "failed":
            seen.faults.append(seen.ours)
    return seen


FAULTS: dict[str, Callable[[Masters], Behaviour]] = {
    "killed worker": killed_worker,
    "failed child": failed_child,
    "paused child": paused_child,
    "killed parent": killed_parent,
}


def _begin(masters: Masters, fault: str) -> tuple[Run, Run]:
    """A run of each master of the pair: ours, and the standard operator's."""
    return masters.begin(f"soak_{fault}_ours"), masters.begin(f"soak_{fault}_peer")


def _tell(seen: Behaviour, ours: Run, run: Run, text: str) -> None:
    if run is ours:
        seen.ours = text
    else:
        seen.peer = text


def _stop_children(masters: Masters, child: str, parent: Run) -> None:
    for run in masters.children(child, parent):
        masters.stop(run)


def told_children(children: Sequence[Run]) -> str:
    """How many child runs there were, and whether two of them ran at the same time."""
    overlap = any(
        before.end is None or (after.begin is not None and after.begin < before.end)
        for before, after in pairwise(children)
    )
    counted = "one child run" if len(children) == 1 else f"{len(children)} child runs"
    return f"{counted}, at the same time" if overlap else counted


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _states(children: Sequence[Run]) -> str:
    return ", ".join(child.state for child in children) or "not started"


def _opening(commands: str, _records: Mapping[str, Mapping[str, Any]]) -> str:
    return f"Seen by {commands}, both operators in one Airflow at the same time."


def _cells(name: str, record: Mapping[str, Any]) -> list[str]:
    return [name, record["what"], record["peer"], record["ours"]]


TABLE = PageTable(COMMAND, ("fault", "what happens", "`TriggerDagRunOperator`", "`DagOperator`"), _cells, _opening)
