"""What the measurement of submissions sends is what a real API takes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tools.bench.big_store import Sizes
from tools.bench.errors import WrongResult
from tools.bench.measurements.resolve import Submitter

if TYPE_CHECKING:
    import httpx

SIZES = Sizes(groups=1, settings=3, artifacts=2, receipts=0)


API = "/couture/api/v1"


@pytest.fixture
def submitter(http: httpx.Client) -> Submitter:
    """Submits as an admin."""
    return Submitter(http, SIZES, random.Random(1))


def test_each_submission_is_of_another_task(http: httpx.Client, submitter: Submitter) -> None:
    http.post(f"{API}/artifacts/code/job-00000.jar/versions", content=b"PK\x03\x04").raise_for_status()
    http.post(f"{API}/groups", json={"name": "group-00000"}).raise_for_status()
    assert submitter() > 0
    assert submitter() > 0
    found = http.get(f"{API}/submissions").json()["items"]
    assert {item["task"]["task_id"] for item in found} == {"task-1", "task-2"}


def test_a_refused_submission_is_not_timed(submitter: Submitter) -> None:
    with pytest.raises(WrongResult, match=r"A submission: 201 expected, 404: .*group-00000"):
        submitter()
