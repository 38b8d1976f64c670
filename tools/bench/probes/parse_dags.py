"""Prints how many seconds Airflow's DagBag takes to parse a DAG file. Arguments: the file, how many tasks it has.

Runs with the Python of either side. Airflow itself is imported before: the DAG processor forks from a process
that has done so, and each parse begins with the imports of the file.
"""

from __future__ import annotations

import sys
import time


def main(dag_file: str, tasks: int) -> None:
    """Parse the file once."""
    from airflow.dag_processing.dagbag import DagBag

    begun = time.perf_counter()
    bag = DagBag(dag_file)
    seconds = time.perf_counter() - begun
    found = sum(len(dag.tasks) for dag in bag.dags.values())
    if bag.import_errors or found != tasks:
        sys.exit(f"{found} tasks of {tasks}; errors: {bag.import_errors}")
    print(seconds)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
