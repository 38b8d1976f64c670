"""Prints how many seconds the imports of a DAG file take in this fresh interpreter. Argument: ours, or sdk."""

from __future__ import annotations

import sys
import time


def main(what: str) -> None:
    """Import what any DAG file needs, or our operators, which need that, too."""
    begun = time.perf_counter()
    # the SDK imports its names when they are asked for
    from airflow.sdk import DAG, BaseOperator  # noqa: F401

    if what == "ours":
        from couture_ops.operators import CouturePySparkOperator, CoutureSparkOperator  # noqa: F401
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    main(sys.argv[1])
