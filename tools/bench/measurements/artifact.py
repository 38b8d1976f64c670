"""Measures artifacts on their way: into a worker's cache, out of it again, and through the API server's memory."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.request import urlopen

import httpx

from config_store.wire import JobRequest, Language, StoredFile, TaskIdentity
from couture_ops.cache import FileCache
from couture_ops.client import StoreClient
from tools.bench.errors import WrongResult
from tools.bench.figures import Figure, Judged, at_least, at_most, figure_of
from tools.bench.memory import MemoryWatch
from tools.bench.progress import say
from tools.bench.raw_server import raw_server
from tools.bench.scale import MB
from tools.bench.side import API_SERVER
from tools.bench.statistics import Samples, take_turns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from tools.bench.stage import Stage

NAME, LARGE = "bench.jar", "large.jar"
UPLOADS = "/couture/api/v1/artifacts/code/{}/versions"
CHUNK = MB
#: How a jar begins; the store takes nothing else for one.
ZIP_MARK = b"PK\x03\x04"
STORE_TIMEOUT_S = 60.0
#: The first upload brings in what the server imports and keeps for all; it does not count.
FIRST_UPLOAD_BYTES = 20 * MB


@dataclass
class Worker:
    """What a task does with the file of its plan; ``received`` counts the bytes that came over the wire."""

    client: StoreClient
    cache: FileCache
    submission_id: str
    token: str
    file: StoredFile
    received: int = 0

    def hold(self) -> float:
        """Have the file in the cache; answers the seconds."""
        begun = time.perf_counter()
        with self.cache.hold(self.file, self._fetch) as path:
            seconds = time.perf_counter() - begun
            if path.stat().st_size != self.file.size:
                raise WrongResult(str(path), f"{self.file.size} bytes", path.stat().st_size)
        return seconds

    def forget(self) -> None:
        """Empty the cache."""
        shutil.rmtree(self.cache.root, ignore_errors=True)

    def _fetch(self, destination: BinaryIO, offset: int) -> None:
        self.client.download(self.submission_id, self.token, self.file, destination, offset)
        self.received += destination.tell() - offset


def measure(stage: Stage) -> list[Figure]:
    """Downloads in turns with a raw copy; then uploads, while the API server's memory is watched."""
    stage.run(ours=(API_SERVER,))
    stage.fill_store()
    folder = stage.scratch("artifact")
    api = stage.ours.api()
    headers = api.authorization()
    api.close()
    try:
        with httpx.Client(base_url=stage.ours.airflow.url, headers=headers, timeout=600) as http:
            return [*_downloads(stage, http, folder), _uploads(stage, http)]
    finally:
        shutil.rmtree(folder)


def _downloads(stage: Stage, http: httpx.Client, folder: Path) -> list[Figure]:
    size = stage.scale.artifact_bytes
    served = folder / "served"
    served.mkdir()
    source = served / NAME
    write_noise(source, size)
    with source.open("rb") as file:
        upload(http, NAME, iter(lambda: file.read(CHUNK), b""), size)
    worker = _worker(stage, http, folder)
    try:
        with raw_server(served) as address:

            def download() -> float:
                worker.forget()
                return size / MB / worker.hold()

            def copy() -> float:
                target = folder / "copy"
                target.unlink(missing_ok=True)
                return size / MB / copy_raw(f"{address}/{NAME}", target)

            download(), copy()
            samples = take_turns(stage.scale.artifact_runs, download, copy, _tell)
        repeated = _repeat(worker, stage.scale.artifact_runs)
    finally:
        worker.client.close()
    what = f"first download of {size // MB:,} MB into a worker's cache; the peer: a raw copy over the loopback"
    again = "bytes over the wire when the file is needed again"
    return [
        figure_of("artifact_first", what, samples, "MB/s", at_least(0.8)),
        Figure("artifact_repeat", again, repeated, None, "bytes", at_most(0, Judged.OURS), stage.scale.artifact_runs),
    ]


def _worker(stage: Stage, http: httpx.Client, folder: Path) -> Worker:
    """A worker with a submission whose plan names the artifact."""
    client = StoreClient(stage.ours.airflow.url, http.headers["Authorization"], store_timeout_s=STORE_TIMEOUT_S)
    task = TaskIdentity(dag_id="bench", task_id="artifact", run_id=folder.name)
    request = JobRequest(
        language=Language.JAVA, config_group="bench", code_artifact=NAME, class_path="com.example.Job", task=task
    )
    ticket = client.submit(request)
    assert ticket.plan.application is not None
    cache = FileCache(folder / "cache", 10 * stage.scale.artifact_bytes)
    return Worker(client, cache, ticket.submission_id, ticket.token, ticket.plan.application)


def _repeat(worker: Worker, times: int) -> int:
    worker.hold()
    worker.received = 0
    for _ in range(times):
        worker.hold()
    return worker.received


def copy_raw(url: str, target: Path) -> float:
    """The seconds in which a file comes from a server to the disk, durably, and nothing else is done to it."""
    begun = time.perf_counter()
    with urlopen(url) as answer, target.open("wb") as file:  # noqa: S310  # an address of our own
        shutil.copyfileobj(answer, file, CHUNK)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - begun


def _uploads(stage: Stage, http: httpx.Client) -> Figure:
    size = stage.scale.upload_bytes
    session = stage.ours.pid(API_SERVER)
    upload(http, LARGE, noise(FIRST_UPLOAD_BYTES, 0), FIRST_UPLOAD_BYTES)
    grown = []
    for number in range(1, stage.scale.upload_runs + 1):
        with MemoryWatch(session) as watch:
            seconds = upload(http, LARGE, noise(size, number), size)
        grown.append((watch.peak - watch.before) / MB)
        say(f"artifact upload {number}: {size / MB / seconds:,.0f} MB/s, the server grew by {grown[-1]:.1f} MB")
    what = f"the most by which the API server's memory grew in an upload of {size // MB:,} MB"
    return Figure("artifact_memory", what, max(grown), None, "MB", at_most(64, Judged.OURS), len(grown))


def upload(http: httpx.Client, name: str, chunks: Iterator[bytes], size: int) -> float:
    """Upload a code artifact; answers the seconds. Raises WrongResult."""
    begun = time.perf_counter()
    answer = http.post(UPLOADS.format(name), content=chunks, headers={"Content-Length": str(size)})
    if not answer.is_success:
        raise WrongResult(f"The upload of {name}", "201", f"{answer.status_code}: {answer.text[:500]}")
    return time.perf_counter() - begun


def noise(size: int, seed: int) -> Iterator[bytes]:
    """Bytes that no two seeds have in common: one random chunk, each time with its number in front, as a jar begins."""
    chunk = random.Random(seed).randbytes(CHUNK)  # noqa: S311  # guards nothing
    for number in range(0, size, CHUNK):
        yield (ZIP_MARK + hashlib.sha256(b"%d" % number).digest() + chunk)[: min(CHUNK, size - number)]


def write_noise(path: Path, size: int) -> None:
    """Write a file of noise."""
    with path.open("wb") as file:
        file.writelines(noise(size, 0))


def _tell(number: int, samples: Samples) -> None:
    say(f"artifact {number}: ours {samples.ours[-1]:,.0f} MB/s, raw {samples.peer[-1]:,.0f} MB/s")
