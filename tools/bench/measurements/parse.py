"""Measures what DAG processors feel: parsing 1,000 operators, and importing them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.errors import ProgramFailed
from tools.bench.figures import Figure, at_most, figure_of
from tools.bench.progress import say
from tools.bench.statistics import Samples, take_turns
from tools.demo.airflow import PROGRAMS

if TYPE_CHECKING:
    from tools.bench.stage import Stage

PROBES = Path(__file__).parents[1] / "probes"

#: Both files say the same jobs. What our side keeps in the store stands in the peer's file, as its users write it.
OURS = """from airflow.sdk import DAG

from couture_ops.operators import CouturePySparkOperator

with DAG("bench", schedule=None):
    for number in range({operators}):
        CouturePySparkOperator(
            task_id=f"job_{{number}}",
            config_group="prod",
            code_artifact="job.py",
            application_arguments=["{{{{ ds }}}}", str(number)],
        )
"""
PEER = """from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG

CONF = {{"spark.executor.memoryOverhead": "1g", "spark.sql.shuffle.partitions": "400", "spark.ui.enabled": "false"}}

with DAG("bench", schedule=None):
    for number in range({operators}):
        SparkSubmitOperator(
            task_id=f"job_{{number}}",
            application="/jobs/job.py",
            application_args=["{{{{ ds }}}}", str(number)],
            conf=CONF,
            driver_memory="2g",
            executor_memory="8g",
        )
"""


def measure(stage: Stage) -> list[Figure]:
    """Fresh processes in turns; only the parse or the imports are timed, not Python's start."""
    stage.run()
    folder = stage.scratch("parse")
    return [_parse(stage, folder), _imports(stage, folder)]


def _parse(stage: Stage, folder: Path) -> Figure:
    operators = stage.scale.operators
    ours, peer = folder / "ours.py", folder / "peer.py"
    ours.write_text(OURS.format(operators=operators))
    peer.write_text(PEER.format(operators=operators))

    def parse(programs: Path, file: Path) -> float:
        return run_probe(programs, folder, "parse_dags.py", str(file), str(operators))

    parse(PROGRAMS, ours), parse(stage.peer_programs, peer)  # compiled and in the disk's cache from now on
    samples = take_turns(
        stage.scale.parse_runs,
        lambda: parse(PROGRAMS, ours),
        lambda: parse(stage.peer_programs, peer),
        lambda number, samples: _tell("parse", number, samples),
    )
    what = f"a DAG file with {operators:,} operators through DagBag; the peer: SparkSubmitOperator"
    return figure_of("parse", what, samples, "s", at_most(0.8))


def _imports(stage: Stage, folder: Path) -> Figure:
    def probe(what: str) -> float:
        return run_probe(PROGRAMS, folder, "import_time.py", what)

    probe("ours"), probe("sdk")
    samples = take_turns(
        stage.scale.import_runs,
        lambda: probe("ours"),
        lambda: probe("sdk"),
        lambda number, samples: _tell("import", number, samples) if number % 7 == 0 else None,
    )
    what = "imports of a DAG file with our operators; the peer: airflow.sdk's DAG and BaseOperator"
    return figure_of("parse_import", what, samples, "s", at_most(1.05))


def run_probe(programs: Path, folder: Path, probe: str, *arguments: str) -> float:
    """The seconds that a probe prints; ``folder`` becomes its AIRFLOW_HOME. Raises ProgramFailed."""
    argv = (str(programs / "python"), str(PROBES / probe), *arguments)
    # written bytecode is read by all runs but the first, as in production
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**inherited, "AIRFLOW_HOME": str(folder), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    ended = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise ProgramFailed(argv[:3], ended.returncode, ended.stdout + ended.stderr)
    return float(ended.stdout.splitlines()[-1])  # Airflow may print before


def _tell(what: str, number: int, samples: Samples) -> None:
    say(f"{what} {number}: ours {samples.ours[-1]:.3f} s, peer {samples.peer[-1]:.3f} s")
