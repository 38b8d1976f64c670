"""The id of the run that a master's task starts: the same on every try, another for every task and run.

A worker that was killed after it started a child finds the child by it; the tree of a master's run finds its children
by it. Workers may import this module: it needs Python alone.
"""

from __future__ import annotations

import hashlib
import re

# Airflow's column holds 250 characters (airflow.models.dagrun.DagRun.run_id).
LONGEST = 250
DIGEST = 12

# What `[scheduler] allowed_run_id_pattern` lets pass by default, and what needs no escape in an address.
OUTSIDE = re.compile(r"[^A-Za-z0-9_.~:+-]")


def child_run_id(parent_dag_id: str, parent_run_id: str, task_id: str, map_index: int = -1) -> str:
    """The id of the child's run, at most 250 characters.

    Readable first, ``couture__<master>__<task>[__<map index>]__<master's run>``, cut where it is too long; then a
    digest of all four, which alone makes it unique: ``a__b`` may be one name or two.

    ``map_index`` is -1 for a task that is not mapped, as in Airflow.
    """
    names = [parent_dag_id, task_id, *([str(map_index)] if map_index >= 0 else []), parent_run_id]
    whole = "\0".join((parent_dag_id, parent_run_id, task_id, str(map_index)))
    digest = hashlib.sha256(whole.encode()).hexdigest()[:DIGEST]
    readable = OUTSIDE.sub("-", "__".join(("couture", *names)))
    return f"{readable[: LONGEST - DIGEST - 2]}__{digest}"
