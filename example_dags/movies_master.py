"""A master DAG: prepares MovieLens ratings, trains two models side by side, and compares them when that is wanted.

Each step is a DAG of its own, which also runs alone. The master hands them their folders and parameters; its page in
Airflow links from each task into the child's run ("Zoom into DAG"). `make demo` uploads what the jobs name.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, task

from couture_ops.operators import CouturePySparkOperator, DagOperator

FOLDER = os.environ.get("RATINGS_FOLDER", "/data/ratings")
#: What the children take from their conf when they run alone.
ALONE = {"folder": Param(f"{FOLDER}/output/alone", type="string")}

with DAG("couture_prepare_ratings", schedule=None, tags=["couture", "example"], params=ALONE):
    CouturePySparkOperator(
        task_id="clean",
        code_artifact="ratings.py",
        application_arguments=[f"{FOLDER}/input/sample_movielens_ratings.txt", "{{ params.folder }}/ratings"],
    )

with DAG(
    "couture_train_model",
    schedule=None,
    tags=["couture", "example"],
    params={**ALONE, "damping": Param(5, type="number", minimum=0)},
):
    CouturePySparkOperator(
        task_id="train",
        code_artifact="train.py",
        application_arguments=[
            "{{ params.folder }}/ratings",
            "{{ params.folder }}/models/{{ params.damping }}",
            "{{ params.damping }}",
        ],
    )

with DAG("couture_compare_models", schedule=None, tags=["couture", "example"], params=ALONE):

    @task
    def compare(params: Any = None) -> dict[str, float]:
        """The model that is least wrong."""
        measured = sorted(Path(params["folder"]).glob("models/*/error/part-*.json"))
        best: dict[str, float] = min((json.loads(path.read_text()) for path in measured), key=lambda m: m["rmse"])
        print(f"compare: of {len(measured)} models the best has damping {best['damping']}, rmse {best['rmse']:.3f}")
        return best

    compare()


def when_wanted(context: Any, dag_run_obj: Any) -> Any:
    """Compare, unless the run of the master says that it need not be."""
    if not context["params"]["compare"]:
        return None
    dag_run_obj.payload = {"asked_by": context["dag_run"].run_id}
    return dag_run_obj


with DAG(
    "couture_movies",
    schedule=None,
    tags=["couture", "example", "master"],
    params={"compare": Param(True, type="boolean", description="Compare the two models")},
    doc_md=__doc__,
) as dag:
    shared = {"folder": f"{FOLDER}/output/{{{{ run_id }}}}"}
    prepare = DagOperator(task_id="prepare", run_dag_id="couture_prepare_ratings", dag_run_conf=shared, retries=1)
    train = [
        DagOperator(
            task_id=f"train_{name}",
            run_dag_id="couture_train_model",
            dag_run_conf={**shared, "damping": damping},
            retries=1,
        )
        for name, damping in (("freely", 1), ("carefully", 10))
    ]
    compared = DagOperator(
        task_id="compare", run_dag_id="couture_compare_models", python_callable=when_wanted, dag_run_conf=shared
    )
    prepare >> train >> compared
