"""The DAG to read first: PySpark cleans MovieLens ratings, then a jar ranks the movies.

No memory size, `spark.*` key, jar path or cluster address stands here. Both tasks name an uploaded artifact
and a config group; the rest comes out of the store when they start. `make demo` uploads what they name: it
lies in jobs/ and groups/.
"""

from __future__ import annotations

import os

from airflow.sdk import DAG, Param

from couture_ops.operators import CouturePySparkOperator, CoutureSparkOperator

# Only the defaults of the two parameters below; `make demo` points them into its own folder.
FOLDER = os.environ.get("RATINGS_FOLDER", "/data/ratings")

with DAG(
    dag_id="couture_ratings",
    schedule=None,
    tags=["couture", "example"],
    params={
        "input_folder": Param(f"{FOLDER}/input", type="string", description="Holds sample_movielens_ratings.txt"),
        "output_folder": Param(f"{FOLDER}/output", type="string", description="Gets a folder for each run"),
    },
    doc_md=__doc__,
) as dag:
    # Plain arguments. Without a config_group the store's default group counts.
    clean = CouturePySparkOperator(
        task_id="clean_ratings",
        code_artifact="ratings.py",
        application_arguments=[
            "{{ params.input_folder }}/sample_movielens_ratings.txt",
            "{{ params.output_folder }}/{{ run_id }}/ratings",
        ],
    )

    # These parameters reach the main class as one JSON object; it runs the method that method_id names.
    top_movies = CoutureSparkOperator(
        task_id="top_movies",
        code_artifact="ratings-jobs.jar",
        class_path="example.RatingsJobs",
        config_group="prod",
        method_id="TopMovies",
        method_args_dict={"min_ratings": 10, "limit": 5},
        input_base_dir_path="{{ params.output_folder }}/{{ run_id }}",
        input_filenames_dict={"ratings": "ratings"},
        output_base_dir_path="{{ params.output_folder }}/{{ run_id }}",
        output_filenames_dict={"top_movies": "top-movies"},
    )

    clean >> top_movies
