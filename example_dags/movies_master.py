"""A master DAG: prepares MovieLens ratings, trains two models side by side, and compares them when that is wanted.

Each step is a DAG of its own, which also runs alone; the first one is in ratings.py. The master hands them folders and
parameters; its page in Airflow links from each task into the child's run ("Zoom into DAG"). `make demo` runs it.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, task

from couture_ops.operators import CouturePySparkOperator, DagOperator

# Only the default of a parameter below; `make demo` points it into its own folder.
FOLDER = os.environ.get("RATINGS_FOLDER", "/data/ratings")
#: Must be given with a run of the children below.
PREPARED = Param(type="string", minLength=1, description="The folder of a run of couture_ratings; results go there")

with DAG(
    "couture_train_model",
    schedule=None,
    tags=["couture", "example"],
    params={"folder": PREPARED, "damping": Param(5, type="number", minimum=0)},
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

with DAG("couture_compare_models", schedule=None, tags=["couture", "example"], params={"folder": PREPARED}):

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
    params={
        "output_folder": Param(f"{FOLDER}/output", type="string", description="Gets a folder for each run"),
        "compare": Param(True, type="boolean", description="Compare the two models"),
    },
    # a further try goes on with the child where it broke
    default_args={"retries": 1, "retry_delay": timedelta(seconds=10)},
    doc_md=__doc__,
) as dag:
    prepare = DagOperator(
        task_id="prepare",
        run_dag_id="couture_ratings",
        dag_run_conf={"output_folder": "{{ params.output_folder }}"},
    )
    # the result of a DagOperator says which run it was, and couture_ratings writes into a folder of that name
    folder = "{{ params.output_folder }}/{{ ti.xcom_pull(task_ids='prepare')['run_id'] }}"
    train = [
        DagOperator(
            task_id=f"train_{name}",
            run_dag_id="couture_train_model",
            dag_run_conf={"folder": folder, "damping": damping},
        )
        for name, damping in (("freely", 1), ("carefully", 10))
    ]
    compared = DagOperator(
        task_id="compare",
        run_dag_id="couture_compare_models",
        python_callable=when_wanted,
        dag_run_conf={"folder": folder},
    )
    prepare >> train >> compared
