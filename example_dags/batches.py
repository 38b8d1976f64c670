"""A master DAG that runs a child for each batch of a CSV file; one more child can be switched off.

The batches' bounds stand in the file, a line each with `first` and `last`; each child gets them, and its number, in its
conf. Two children of a run of the master run at once: `max_active_children` says so.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, task

from couture_ops.operators import DagOperator, SkippableDagOperator

FOLDER = os.environ.get("RATINGS_FOLDER", "/data/ratings")

with DAG(
    "couture_one_batch",
    schedule=None,
    tags=["couture", "example"],
    params={"batch": Param(1, type="integer"), "first": Param(0, type="integer"), "last": Param(0, type="integer")},
):

    @task
    def work(params: Any = None) -> int:
        """Stand for a job on the users of one batch."""
        users = int(params["last"]) - int(params["first"]) + 1
        print(f"batch {params['batch']}: {users} users, from {params['first']} to {params['last']}")
        return users

    work()

with DAG(
    "couture_batches",
    schedule=None,
    tags=["couture", "example", "master"],
    params={
        "batches": Param(f"{FOLDER}/input/batches.csv", type="string", description="CSV with the columns first, last"),
        "skip_last": Param(True, type="boolean", description="Leave out the last step"),
    },
    doc_md=__doc__,
) as dag:

    @task
    def read_batches(params: Any = None) -> list[dict[str, int]]:
        """The conf of each child, out of the file."""
        with Path(params["batches"]).open(newline="") as file:
            return [
                {"batch": number, "first": int(row["first"]), "last": int(row["last"])}
                for number, row in enumerate(csv.DictReader(file), start=1)
            ]

    batches = DagOperator.partial(task_id="batch", run_dag_id="couture_one_batch", max_active_children=2).expand(
        dag_run_conf=read_batches()
    )
    batches >> SkippableDagOperator(
        task_id="all_at_once",
        run_dag_id="couture_one_batch",
        dag_run_conf={"batch": 0, "first": 0, "last": 29},
        skip_dag="{{ params.skip_last }}",
    )
