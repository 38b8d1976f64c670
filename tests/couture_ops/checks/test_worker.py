"""The checks of a worker as a whole, on this very machine's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from couture_ops.checks.runner import run_checks
from couture_ops.checks.worker import worker_checks

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_checks_of_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__COUTURE__CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("AIRFLOW__COUTURE__API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AIRFLOW__COUTURE__SPARK_HOMES", '{"old": "/nowhere"}')
    checks, sparks = worker_checks()
    assert sparks == ["old"]
    found = list(run_checks(checks, print))
    names = [finding.check for finding in found if finding.check not in ("spark", "java")]
    assert names == ["python", "api", "clock", "cache", "disk", "disk"]
    assert [f.message for f in found if f.subject == "the Spark 'old'"] == [
        "'old' of [couture] spark_homes is '/nowhere', and there is no program bin/spark-submit in it."
    ]


def test_settings_that_can_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value, told in (
        ("SPARK_HOMES", "{", "[couture] spark_homes is not JSON: "),
        ("CACHE_LIMIT_MB", "much", 'Failed to convert value to int. Please check "cache_limit_mb" key'),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(f"AIRFLOW__COUTURE__{name}", value)
            checks, sparks = worker_checks()
            [found] = run_checks(checks, print)
        assert sparks is None
        assert (found.check, found.subject) == ("settings", "[couture] in airflow.cfg, as a worker reads it")
        assert found.message.startswith(told)
        assert found.advice.startswith("Mend it in airflow.cfg or in the environment, and run the check again")
