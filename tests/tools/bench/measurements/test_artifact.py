"""What the measurement of artifacts does, against a real API: first over the wire, then out of the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store.wire import JobRequest, Language, TaskIdentity
from couture_ops.cache import FileCache
from couture_ops.client import StoreClient
from tools.bench.errors import WrongResult
from tools.bench.measurements.artifact import CHUNK, NAME, Worker, noise, upload

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

TASK = TaskIdentity(dag_id="d", task_id="t", run_id="r")


def test_the_second_time_nothing_comes_over_the_wire(http: httpx.Client, tmp_path: Path) -> None:
    size = CHUNK + 10
    upload(http, NAME, noise(size, 0), size)
    http.post("/couture/api/v1/groups", json={"name": "bench"}).raise_for_status()
    client = StoreClient(str(http.base_url), http.headers["Authorization"], store_timeout_s=5)
    request = JobRequest(language=Language.JAVA, config_group="bench", code_artifact=NAME, class_path="a.B", task=TASK)
    ticket = client.submit(request)
    assert ticket.plan.application is not None
    cache = FileCache(tmp_path / "cache", 10 * size)
    worker = Worker(client, cache, ticket.submission_id, ticket.token, ticket.plan.application)
    worker.hold()
    assert worker.received == size
    worker.hold()
    assert worker.received == size
    worker.forget()
    worker.hold()
    assert worker.received == 2 * size
    client.close()


def test_a_refused_upload_is_not_timed(http: httpx.Client) -> None:
    with pytest.raises(WrongResult, match=r"The upload of a\.exe: 201 expected, 422: "):
        upload(http, "a.exe", noise(10, 0), 10)


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_noise_has_the_size_that_is_asked_for(size: int) -> None:
    assert sum(map(len, noise(size, 1))) == size


def test_noise_of_two_seeds_differs() -> None:
    assert b"".join(noise(100, 1)) != b"".join(noise(100, 2))
