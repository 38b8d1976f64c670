"""One module for each measurement; here is the list of them, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tools.bench.measurements import artifact, cli, dagop, local, log, pages, parse, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.bench.figures import Figure
    from tools.bench.stage import Stage


class Measurement(NamedTuple):
    """What it measures, in words, and how; ``figures``: the names of what comes out."""

    measures: str
    measure: Callable[[Stage], list[Figure]]
    figures: tuple[str, ...]


#: Those that need no Airflow come first, then those with both sides', then those with ours alone.
MEASUREMENTS: dict[str, Measurement] = {
    "parse": Measurement(
        "a DAG file with 1,000 operators through Airflow's DagBag, and the operators' imports",
        parse.measure,
        ("parse", "parse_import"),
    ),
    "local_pyspark": Measurement(
        "a real task with a PySpark job on local[2], from the begin of execute() to its end",
        local.measure_pyspark,
        ("local_pyspark",),
    ),
    "local_jar": Measurement("the same with a jar", local.measure_jar, ("local_jar",)),
    "log": Measurement("200,000 lines of a driver into the log of a real task", log.measure, ("log",)),
    "cli": Measurement("`couture groups list`, the whole process", cli.measure, ("cli",)),
    "resolve": Measurement(
        "submissions over HTTP to a store of 100 groups x 1,000 settings and 1,000 artifacts, and to ten times that",
        resolve.measure,
        ("resolve_p50", "resolve_p99", "resolve_growth"),
    ),
    "artifact": Measurement(
        "500 MB into a worker's cache, first and again, and the API server's memory while 2 GB are uploaded",
        artifact.measure,
        ("artifact_first", "artifact_repeat", "artifact_memory"),
    ),
    "pages": Measurement(
        "the pages with 10,000 settings in a group and 100,000 submissions, beside Airflow's list of Connections",
        pages.measure,
        ("pages_p95", "pages_beside", "pages_bytes", "pages_edit", "pages_xml"),
    ),
    "dagop": Measurement(
        "chains of 10 trivial children: from the end of one to the start of the next (about 75 minutes)",
        dagop.measure,
        ("dagop", "dagop_prompt"),
    ),
}

#: The order of the table's lines.
FIGURES = tuple(name for measurement in MEASUREMENTS.values() for name in measurement.figures)
