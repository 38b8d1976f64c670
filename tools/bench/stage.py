"""What measurements share: both sides' Airflows, set up when first needed and ended when no longer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench import spark
from tools.bench.errors import ProgramFailed
from tools.bench.masters import MastersAirflow, MastersSide
from tools.bench.progress import say
from tools.bench.side import ALL, API_SERVER, BenchAirflow, Side
from tools.demo.airflow import ADMIN, PROGRAMS, choose_port
from tools.demo.home import CHECKOUT, DemoHome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.bench.scale import Scale

PEER_PROGRAMS = Path("build", "bench", "peer", "bin")


@dataclass
class Stage:
    """``folder``: all of its files, absolute. Close it with :meth:`close`."""

    folder: Path
    scale: Scale
    _begun: list[Side] = field(default_factory=list)
    _has_store: bool = False

    @cached_property
    def peer_programs(self) -> Path:
        """The programs of the peer's virtual environment, which is made when it is missing. Raises ProgramFailed."""
        argv = ["tools/bootstrap.sh", "peer"]
        ended = subprocess.run(argv, cwd=CHECKOUT, check=False)
        if ended.returncode != 0:
            raise ProgramFailed(argv, ended.returncode, "its output is above")
        return CHECKOUT / PEER_PROGRAMS

    @cached_property
    def ours(self) -> Side:
        """Our side, whose processes :meth:`run` starts."""
        return self._side("ours", PROGRAMS, is_ours=True)

    @cached_property
    def peer(self) -> Side:
        """The Apache Spark provider's side."""
        return self._side("peer", self.peer_programs, is_ours=False)

    def run(self, *, ours: Sequence[str] = (), peer: Sequence[str] = ()) -> None:
        """Have exactly these of Airflow's processes run: an idle Airflow would take time from what is measured."""
        for name, wanted in (("ours", ours), ("peer", peer)):
            if wanted or any(side.name == name for side in self._begun):
                side: Side = getattr(self, name)
                side.run(wanted)

    def run_both(self) -> tuple[Side, Side]:
        """Both sides with all of Airflow's processes, ours with its store filled."""
        self.run(ours=ALL, peer=ALL)
        self.fill_store()
        return self.ours, self.peer

    @contextmanager
    def masters(self) -> Iterator[MastersSide]:
        """One more Airflow, for masters of both operators; meanwhile no other runs."""
        self.run()
        home = DemoHome(self.folder / "airflow-masters")
        variables = {"BENCH_CHAIN": str(self.scale.chain_length)}
        side = MastersSide("masters", MastersAirflow(home, choose_port(None), PROGRAMS, variables, is_ours=True))
        self._begun.append(side)
        side.run(ALL)
        try:
            yield side
        finally:
            side.stop()

    def fill_store(self) -> None:
        """Upload the jobs and make the groups, by the client `couture`, once."""
        if self._has_store:
            return
        self.log_in()
        upload = ("artifacts", "upload")
        couture = ("couture",)
        self.ours.call(*couture, *upload, "code", str(spark.RATINGS_JOB), str(spark.RATINGS_JAR))
        self.ours.call(*couture, *upload, "dependencies", str(spark.MOVIELENS), str(spark.JOB_ARGUMENT))
        self._make_group("bench", {})
        self._make_group("lines", {"spark_home": "lines"})
        self._has_store = True

    def log_in(self) -> None:
        """Log the client `couture` in at our side."""
        password = self.ours.home.password_file.read_text()
        self.ours.call("couture", "login", "--username", ADMIN, "--password-stdin", text_in=password)

    def scratch(self, name: str) -> Path:
        """An empty folder."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def close(self) -> None:
        """End all processes and remove what takes room; logs stay."""
        for side in self._begun:
            say(f"{side.name}: ends its processes")
            side.stop()
            shutil.rmtree(side.home.folder / "worker-cache", ignore_errors=True)
            shutil.rmtree(side.home.folder / "couture", ignore_errors=True)

    def _make_group(self, name: str, more: dict[str, str]) -> None:
        content = {
            "arguments": {"master": spark.MASTER, "driver-memory": spark.DRIVER_MEMORY},
            "configurations": spark.CONFIGURATIONS,
            **more,
        }
        file = self.folder / f"group-{name}.json"  # JSON is YAML
        file.write_text(json.dumps(content))
        self.ours.call("couture", "groups", "create", name)
        self.ours.call("couture", "settings", "apply", name, str(file), "--note", "benchmarks")

    def _side(self, name: str, programs: Path, *, is_ours: bool) -> Side:
        home = DemoHome(self.folder / f"airflow-{name}")
        variables = self._variables(name)
        side = Side(name, BenchAirflow(home, choose_port(None), programs, variables, is_ours))
        self._begun.append(side)
        return side

    def _variables(self, name: str) -> dict[str, str]:
        """What the DAG files and both sides' Spark read: the same on both sides, but for the output."""
        home, lines_home = spark.spark_home(), self.folder / "lines"
        ratings = self.folder / "input" / "ratings"
        argument = {
            "method_id": "TopMovies",
            "method_args_dict": {"min_ratings": 10, "limit": 5},
            "input_base_dir_path": str(ratings.parent),
            "input_filenames_dict": {"ratings": ratings.name},
            "output_base_dir_path": str(self.folder / f"output-{name}"),
            "output_filenames_dict": {"top_movies": "top-movies"},
        }
        files = (spark.RATINGS_JOB, spark.MOVIELENS, spark.RATINGS_JAR, spark.JOB_ARGUMENT)
        connection = {"conn_type": "spark", "host": spark.MASTER, "extra": {"deploy-mode": "client"}}
        return {
            "SPARK_HOME": str(home),
            "PATH": os.pathsep.join((str(self._programs_of(name)), str(home / "bin"), os.environ["PATH"])),
            # one interpreter for both sides' drivers
            "PYSPARK_PYTHON": str(PROGRAMS / "python"),
            "BENCH_INPUT": str(ratings.parent),
            "BENCH_OUTPUT": str(self.folder / f"output-{name}"),
            "BENCH_JAR_ARGUMENT": json.dumps(argument),
            "BENCH_FILES": json.dumps({file.name: str(file) for file in files}),
            "BENCH_CONFIGURATIONS": json.dumps(spark.CONFIGURATIONS),
            "BENCH_DRIVER_MEMORY": spark.DRIVER_MEMORY,
            "BENCH_LINES_HOME": str(lines_home),
            spark.LINES_FILE: str(lines_home / "lines.txt"),
            "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(connection),
            "AIRFLOW__COUTURE__SPARK_HOMES": json.dumps({"lines": str(lines_home)}),
        }

    def _programs_of(self, name: str) -> Path:
        return PROGRAMS if name == "ours" else self.peer_programs


__all__ = ["ALL", "API_SERVER", "Stage"]
