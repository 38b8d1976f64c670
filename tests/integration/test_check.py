"""``airflow couture check`` itself: on a running installation, all well."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

AIRFLOW = str(Path(sys.executable).parent / "airflow")


def check(environment: Mapping[str, str], *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the document of the command."""
    argv = [AIRFLOW, "couture", "check", "--output", "json", *options]
    run = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=240)
    assert run.stdout, run.stderr[-3000:]
    return run.returncode, json.loads(run.stdout)


def verdicts(document: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Check, verdict and the first words of the message."""
    return {(f["check"], f["verdict"], " ".join(f["message"].split()[:4])) for f in document["findings"]}


def test_a_running_installation_is_well(airflow: LiveAirflow) -> None:
    environment = {**airflow.environment, "AIRFLOW__COUTURE__SPARK_HOMES": "{}"}
    code, document = check(environment, "--group", "real", "--deep")
    faults = [finding for finding in document["findings"] if finding["verdict"] == "fault"]
    assert (code, faults) == (0, [])
    found = verdicts(document)
    assert ("api", "ok", "couture-ops 0.1.0 answers.") in found
    assert ("clock", "ok", "They agree within a") in found
    assert any(name == "permissions" and verdict == "ok" for name, verdict, _ in found)
    [masters] = [finding for finding in document["findings"] if finding["check"] == "master dags"]
    assert masters["verdict"] == "ok"
    assert re.search(
        r"every child they name is there, and none leads back to itself\. "
        r"Not known before they run: the children of \d+ templated tasks\.$",
        masters["message"],
    )
