"""Both sides' Airflows are configured alike, apart from what only ours knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.bench.side import BenchAirflow
from tools.demo.home import DemoHome

if TYPE_CHECKING:
    from pathlib import Path


def airflow(folder: Path, *, is_ours: bool) -> BenchAirflow:
    """A side in a folder, not started."""
    home = DemoHome(folder)
    home.make()
    return BenchAirflow(home, 1234, folder / "bin", {"PATH": f"{folder}/bin:/usr/bin", "X": "1"}, is_ours)


def test_the_sides_differ_in_keys_places_and_our_section_alone(tmp_path: Path) -> None:
    ours, peer = (airflow(tmp_path / str(is_ours), is_ours=is_ours).settings() for is_ours in (True, False))
    assert set(ours) - set(peer) == {"couture"}
    places = {"fernet_key", "secret_key", "jwt_secret", "dags_folder", "sql_alchemy_conn", "base_log_folder"}
    different = {name for section in peer for name in peer[section] if ours[section][name] != peer[section][name]}
    assert different == places
    assert peer["core"]["parallelism"] == "1"


def test_its_variables_reach_every_process(tmp_path: Path) -> None:
    environment = airflow(tmp_path, is_ours=False).environment()
    assert (environment["PATH"], environment["X"]) == (f"{tmp_path}/bin:/usr/bin", "1")
    assert environment["AIRFLOW_HOME"] == str(tmp_path)
    assert environment["BENCH_TIMES"] == str(tmp_path / "times")
