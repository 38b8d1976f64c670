"""One module for each trial; here is the list of them, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tools.soak.trials import (
    canaries,
    disk_full,
    fuzz,
    fuzz_pages,
    hadoop_oracle,
    kills_master,
    kills_server,
    kills_task,
    masters,
    masters_away,
    masters_many,
    saves,
    server_away,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.soak.figures import Figure
    from tools.soak.stage import Stage


class Trial(NamedTuple):
    """What is tried, in words, and how."""

    tries: str
    measure: Callable[[Stage], list[Figure]]


#: Those that need no Airflow come first.
TRIALS: dict[str, Trial] = {
    "fuzz": Trial("input that nobody meant, to the whole API as each role and to the domain", fuzz.measure),
    "fuzz_pages": Trial("input that nobody meant, to what the pages read", fuzz_pages.measure),
    "hadoop_oracle": Trial("drawn Hadoop files and edits beside Hadoop's own class", hadoop_oracle.measure),
    "saves": Trial("8 clients save 10,000 times to a few groups", saves.measure),
    "disk_full": Trial("a blob storage and a database on full disks (root)", disk_full.measure),
    "kills_server": Trial("100 x `kill -9` of API servers while clients save and upload", kills_server.measure),
    "kills_task": Trial("20 x `kill -9` of the task's process, for python and jar each", kills_task.measure_task),
    "kills_supervisor": Trial("20 x `kill -9` of the task's supervisor", kills_task.measure_supervisor),
    "masters": Trial("master DAGs and faults, Airflow's own operator beside ours", masters.measure),
    "server_away": Trial("the API is away for 60 s at each step of a task", server_away.measure),
    "kills_master": Trial(
        "20 x `kill -9` of a master's worker, of the triggerer, of the scheduler each", kills_master.measure
    ),
    "masters_away": Trial("the API server is dead for 60 s while masters wait", masters_away.measure),
    "masters_many": Trial("200 children of one master at once", masters_many.measure),
    "canaries": Trial("secrets planted in every field that can hold one", canaries.measure),
}
