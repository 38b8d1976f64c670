"""Measures how long the store takes to resolve a submission over HTTP, and whether that grows with the store."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from config_store.artifacts import ArtifactKind
from tools.bench.big_store import Sizes, artifact_name, fill, group_name
from tools.bench.errors import WrongResult
from tools.bench.figures import Figure, Judged, at_most
from tools.bench.progress import say
from tools.bench.side import API_SERVER
from tools.bench.statistics import Samples, median, percentile, take_turns

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bench.stage import Stage

SUBMISSIONS = "/couture/api/v1/submissions"
CREATED = 201
WARM_UP = 20
MS = 1000


@dataclass
class Submitter:
    """Submits distinct tasks to one API server, each to a group and with a jar that chance picks."""

    client: httpx.Client
    sizes: Sizes
    chance: random.Random
    count: int = 0

    def __call__(self) -> float:
        """The milliseconds from the request to the last byte of its answer. Raises WrongResult."""
        self.count += 1
        body = self._body()
        begun = time.perf_counter()
        answer = self.client.post(SUBMISSIONS, json=body)
        taken = (time.perf_counter() - begun) * MS
        if answer.status_code != CREATED:
            raise WrongResult("A submission", CREATED, f"{answer.status_code}: {answer.text[:500]}")
        return taken

    def _body(self) -> dict[str, Any]:
        return {
            "language": "java",
            "config_group": group_name(self.chance.randrange(self.sizes.groups)),
            "code_artifact": artifact_name(ArtifactKind.CODE, self.chance.randrange(self.sizes.artifacts // 2)),
            "class_path": "com.example.Job",
            "application_arguments": ["2026-01-31"],
            "spark_configurations": {"spark.bench.part1.option0001": "the task's own"},
            "task": {"dag_id": "bench", "task_id": f"task-{self.count}", "run_id": "run"},
        }


def measure(stage: Stage) -> list[Figure]:
    """Two API servers side by side, one on the store, one on a store that is some times as large."""
    scale = stage.scale
    small = Sizes(scale.groups, scale.settings, scale.artifacts, scale.receipts)
    large = small.grown(scale.growth)
    folder = stage.scratch("stores")
    stage.run(ours=(API_SERVER,))
    submit, submit_to_large = (_submitter(stage, folder, name, sizes) for name, sizes in _named(small, large))
    try:
        for _ in range(WARM_UP):
            submit(), submit_to_large()
        samples = take_turns(scale.submissions, submit, submit_to_large, _tell)
        _check_answer(submit)
    finally:
        for submitter in (submit, submit_to_large):
            submitter.client.close()
    return _figures(samples, small, scale.growth)


def _named(small: Sizes, large: Sizes) -> list[tuple[str, Sizes]]:
    return [("small", small), ("large", large)]


def _submitter(stage: Stage, folder: Path, name: str, sizes: Sizes) -> Submitter:
    say(f"resolve: fills a store with {sizes}")
    url = f"sqlite:///{folder / name}.db"
    fill(url, sizes)
    settings = {
        "AIRFLOW__COUTURE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__COUTURE__BLOB_ROOT": str(folder / f"blobs-{name}"),
    }
    address = stage.ours.start_api_server(f"{API_SERVER}-{name}", settings)
    api = stage.ours.api(address)
    try:
        client = httpx.Client(base_url=address, headers=api.authorization(), timeout=60)
    finally:
        api.close()
    return Submitter(client, sizes, random.Random(20260131))  # noqa: S311  # the same choices in every run


def _check_answer(submit: Submitter) -> None:
    """The plan holds what the group says, else nothing was resolved."""
    settings = submit.client.post(SUBMISSIONS, json=submit._body()).json()["plan"]["settings"]
    expected = submit.sizes.settings + 2  # the suite adds the names of DAG and task
    if len(settings) != expected:
        raise WrongResult("A plan", f"{expected} settings", len(settings))


def _figures(samples: Samples, sizes: Sizes, growth: int) -> list[Figure]:
    n = len(samples.ours)
    p50, p99 = median(samples.ours), percentile(samples.ours, 99)
    store = f"{sizes.groups:,} groups x {sizes.settings:,} settings, {sizes.artifacts:,} artifacts"
    what = f"of a submission over HTTP, store of {store}"
    grown = f"p50 with a store {growth} times as large; the peer: our own p50 above"
    return [
        Figure("resolve_p50", f"p50 {what}", p50, None, "ms", at_most(15, Judged.OURS), n),
        Figure("resolve_p99", f"p99 {what}", p99, None, "ms", at_most(60, Judged.OURS), n),
        Figure("resolve_growth", grown, median(samples.peer), p50, "ms", at_most(1.2), n),
    ]


def _tell(number: int, samples: Samples) -> None:
    if number % 50 == 0:
        say(f"resolve {number}: p50 {median(samples.ours):.1f} ms, with the large store {median(samples.peer):.1f} ms")
