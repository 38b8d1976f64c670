"""The store over HTTP: what is sent, what is waited for, what is refused, and downloads that break."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, Request, Response

from config_store.wire import WIRE_VERSION, JobRequest, Language, Outcome, Report, State, StoredFile, Ticket
from couture_ops import client as client_module
from couture_ops.client import StoreClient
from couture_ops.errors import StoreRefused, StoreUnreachable
from tests.conftest import serving
from tests.couture_ops.late_server import bound_socket, late_server
from tests.couture_ops.raw_server import NO_STORE, RawServer, answer, raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.couture_ops.conftest import LiveStore

JOB = JobRequest(language=Language.PYTHON, code_artifact="job.py", env_vars={"MY_TOKEN": "canary-1f7a"})
CONTENT = bytes(range(256)) * 8
FILE = StoredFile(name="job.py", sha256=hashlib.sha256(CONTENT).hexdigest(), size=len(CONTENT))
PROOF = "Couture-Task ti:canary-77"
BINARY = "application/octet-stream"
#: The smallest plan.
PLAN = {"group": "g", "revision": 1, "language": "python", "app_name": "a"}
TICKET = {"submission_id": "s-1", "token": "t-1", "plan": PLAN}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of the growing pauses between two tries."""
    monkeypatch.setattr(client_module, "_FIRST_PAUSE_S", 0.01)


@contextmanager
def connect(url: str, authorization: str = PROOF, store_timeout_s: float = 20.0) -> Iterator[StoreClient]:
    """A client that is closed at the end."""
    client = StoreClient(url, authorization, store_timeout_s=store_timeout_s)
    try:
        yield client
    finally:
        client.close()


def fetch(server: RawServer, offset: int = 0, store_timeout_s: float = 20.0) -> io.BytesIO:
    """What a download of FILE leaves in its destination."""
    destination = io.BytesIO(CONTENT[:offset])
    destination.seek(offset)
    with connect(server.url, store_timeout_s=store_timeout_s) as client:
        client.download("s-1", "t-1", FILE, destination, offset)
    return destination


# --- what is sent ---


def test_a_submission(store: LiveStore) -> None:
    store.create_group("default")
    store.upload("job.py", CONTENT)
    with connect(store.url, store.add_task()) as client:
        ticket = client.submit(JOB)
        client.report(ticket.submission_id, ticket.token, Report(state=State.RUNNING, pids=(1, 2)))
        destination = io.BytesIO()
        client.download(ticket.submission_id, ticket.token, FILE, destination, 0)
        ended = Report(state=State.ENDED, outcome=Outcome.SUCCEEDED, exit_code=0)
        client.report(ticket.submission_id, ticket.token, ended)
    assert destination.getvalue() == CONTENT
    assert ticket.plan.application is not None
    assert (ticket.plan.group, ticket.plan.application.sha256) == ("default", FILE.sha256)
    (receipt,) = store.receipts()
    assert (receipt.submission_id, receipt.state, receipt.outcome) == (ticket.submission_id, "ended", "succeeded")
    assert (receipt.pids, receipt.exit_code) == ((1, 2), 0)


def test_the_headers_of_each_request() -> None:
    with raw_server(answer(201, TICKET), answer(200, b"{}"), answer(200, CONTENT, BINARY)) as server:
        with connect(server.url) as client:
            client.submit(JOB)
            client.report("s-1", "t-1", Report(state=State.RUNNING))
            client.download("s-1", "t-1", FILE, io.BytesIO(), 0)
        lines = [request.partition("\r\n")[0] for request in server.requests]
        assert lines == [
            "POST /couture/api/v1/submissions HTTP/1.1",
            "POST /couture/api/v1/submissions/s-1/reports HTTP/1.1",
            f"GET /couture/api/v1/submissions/s-1/files/{FILE.sha256} HTTP/1.1",
        ]
        assert [server.header(n, "Couture-Wire-Version") for n in range(3)] == [str(WIRE_VERSION)] * 3
        assert [server.header(n, "Authorization") for n in range(3)] == [
            PROOF,
            "Couture-Submission t-1",
            "Couture-Submission t-1",
        ]
        assert json.loads(server.requests[0].partition("\r\n\r\n")[2]) == JOB.model_dump(mode="json")
        assert json.loads(server.requests[1].partition("\r\n\r\n")[2]) == {"state": "running"}


def test_an_older_worker_is_told_both_versions(store: LiveStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "WIRE_VERSION", 0)
    with connect(store.url, store.add_task()) as client, pytest.raises(StoreRefused) as caught:
        client.submit(JOB)
    assert str(caught.value).startswith("Versions do not match: ")
    assert (caught.value.status, caught.value.problem["theirs"], caught.value.problem["ours"]) == (409, "0", 1)


# --- what is waited for ---


def test_a_store_that_comes_up_late_is_waited_for() -> None:
    app = FastAPI()

    @app.post("/couture/api/v1/submissions")
    def submit() -> dict[str, Any]:
        return TICKET

    with late_server(app) as server, connect(server.url) as client:
        assert client.submit(JOB) == Ticket.model_validate(TICKET)
    assert server.said[0] == (
        f"The config store at {server.url} is not ready ([Errno 111] Connection refused); trying again in 0.0 s"
    )


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"<html>Bad Gateway</html>", "text/html"), (b"", "text/plain"), ({"detail": "x"}, "application/json")],
)
def test_answers_that_pass_by_themselves_are_waited_out(
    status: int, body: bytes | dict[str, Any], content_type: str
) -> None:
    passing = answer(status, body, content_type)
    with raw_server(passing, passing, answer(201, TICKET)) as server, connect(server.url) as client:
        assert client.submit(JOB).submission_id == "s-1"
        assert len(server.requests) == 3


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    broken = answer(201, TICKET, cut=10)
    with raw_server(b"", broken, b"no HTTP at all\r\n\r\n", answer(201, TICKET)) as server:
        with connect(server.url) as client:
            assert client.submit(JOB).submission_id == "s-1"
        assert len(server.requests) == 4


def test_a_store_that_stays_away_is_given_up() -> None:
    with (
        bound_socket() as (_, url),
        connect(url, store_timeout_s=0.6) as client,
        pytest.raises(StoreUnreachable) as caught,
    ):
        client.submit(JOB)
    assert str(caught.value) == (
        f"The config store at {url} could not be reached ([Errno 111] Connection refused). Check that the "
        "API server runs and is reachable from this worker; [couture] store_timeout sets how long to wait."
    )
    assert (caught.value.base_url, caught.value.patience_s) == (url, 0.6)


def test_a_store_that_stays_ill_is_given_up() -> None:
    with raw_server(answer(503, b"", "text/plain")) as server:
        with connect(server.url, store_timeout_s=0.5) as client, pytest.raises(StoreUnreachable) as caught:
            client.submit(JOB)
        assert caught.value.reason == "it answered 503"
        assert len(server.requests) > 1


def test_a_report_may_be_given_less_patience() -> None:
    with raw_server(answer(503, b"", "text/plain")) as server, connect(server.url, store_timeout_s=300) as client:
        with pytest.raises(StoreUnreachable) as caught:
            client.report("s-1", "t-1", Report(state=State.RUNNING), store_timeout_s=0.0)
        assert (caught.value.patience_s, len(server.requests)) == (0.0, 1)


def test_a_problem_that_says_when_to_come_again_passes_by_itself() -> None:
    """The store's database gave a transaction up, or is away for a moment."""
    busy = {"type": "urn:couture:problem:DatabaseBusy", "title": "The database is busy", "detail": "x"}
    told = answer(503, busy, "application/problem+json", "Retry-After: 1")
    with raw_server(told, answer(200, b"{}")) as server, connect(server.url, store_timeout_s=30) as client:
        client.report("id", "token", Report(state=State.RUNNING))
    assert len(server.requests) == 2


# --- what is refused ---


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 428, 500, 503, 507])
def test_what_the_store_itself_refuses_is_told_at_once(status: int) -> None:
    problem = {"type": "urn:couture:problem:X", "title": "No key for secrets", "status": status, "detail": "Set one."}
    with raw_server(answer(status, problem, "application/problem+json")) as server, connect(server.url) as client:
        with pytest.raises(StoreRefused) as caught:
            client.submit(JOB)
        assert str(caught.value) == "No key for secrets: Set one."
        assert (caught.value.status, caught.value.problem) == (status, problem)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (200, b"<!doctype html><title>Airflow</title>", "text/html; charset=utf-8"),
        (404, b"<html>404</html>", "text/html"),
        (405, {"detail": "Method Not Allowed"}, "application/json"),
        (307, b"", "text/plain"),
        (403, b"{broken", "application/json"),
        (403, b"[]", "application/json"),
    ],
)
def test_what_is_no_store_is_told_as_such(status: int, body: bytes | dict[str, Any], content_type: str) -> None:
    """Airflow itself answers unknown paths with its own page and 200."""
    with raw_server(answer(status, body, content_type)) as server, connect(server.url) as client:
        with pytest.raises(StoreRefused) as caught:
            client.submit(JOB)
        url = f"{server.url}/couture/api/v1/submissions"
        assert str(caught.value) == f"Not the config store: POST {url} answered {status}, {NO_STORE}"
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (json.dumps({**TICKET, "plan": {**PLAN, "extra": "canary-2c"}}).encode(), "plan.extra"),
        (json.dumps({"token": "canary-2c", "plan": {**PLAN, "revision": "canary-2c"}}).encode(), "plan.revision, sub"),
        (b'{"token": "canary-2c"', "the whole"),
    ],
)
def test_an_answer_that_is_no_ticket_is_refused_without_its_values(body: bytes, places: str) -> None:
    with (
        raw_server(answer(201, body)) as server,
        connect(server.url) as client,
        pytest.raises(StoreRefused) as caught,
    ):
        client.submit(JOB)
    assert str(caught.value).startswith(f"The answer can't be read: it is no Ticket as this worker knows it ({places}")
    assert str(caught.value).endswith("Install the same couture-ops on workers and API servers.")
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__} {caught.value.problem}"
    assert caught.value.__suppress_context__


def test_no_secret_stands_in_what_is_said() -> None:
    """Neither that of the task nor those of its job, whatever goes wrong."""
    said = []
    for wrong in (b"", answer(503, b"", "text/plain"), answer(404, b"x", "text/html"), answer(201, {"token": "x"})):
        with (
            raw_server(wrong) as server,
            connect(server.url, store_timeout_s=0.05) as client,
            pytest.raises((StoreRefused, StoreUnreachable)) as caught,
        ):
            client.submit(JOB)
        said.append(repr(caught.value))
    assert [text for text in said if "canary" in text] == []
    assert len(said) == 4


# --- downloads ---


def test_a_broken_download_goes_on_where_it_broke() -> None:
    rest = answer(206, CONTENT[500:], BINARY, f"Content-Range: bytes 500-{FILE.size - 1}/{FILE.size}")
    with raw_server(answer(200, CONTENT, BINARY, cut=FILE.size - 500), rest) as server:
        assert fetch(server).getvalue() == CONTENT
        assert [server.header(n, "Range") for n in range(2)] == [None, "bytes=500-"]


def test_a_download_starts_at_its_offset() -> None:
    with raw_server(answer(206, CONTENT[700:], BINARY)) as server:
        assert fetch(server, offset=700).getvalue() == CONTENT
        assert server.header(0, "Range") == "bytes=700-"


def test_what_is_here_is_not_asked_for() -> None:
    with raw_server(answer(500, b"")) as server:
        assert fetch(server, offset=FILE.size).getvalue() == CONTENT
        assert server.requests == []


def test_a_proxy_that_ignores_the_range_makes_it_start_again() -> None:
    with raw_server(answer(200, CONTENT, BINARY, cut=100), answer(200, CONTENT, BINARY)) as server:
        assert fetch(server).getvalue() == CONTENT


def test_all_bytes_without_the_end_of_the_answer_are_all_bytes() -> None:
    """Another request would ask for a range behind the end, which is refused."""
    chunked = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    with raw_server(chunked + b"%x\r\n%s\r\n" % (FILE.size, CONTENT), answer(416, b"")) as server:
        assert fetch(server).getvalue() == CONTENT
        assert len(server.requests) == 1


def test_a_long_transfer_may_break_more_often_than_the_store_is_waited_for() -> None:
    """What counts is how long the store is silent; here each break alone takes all of the patience."""
    parts = [
        answer(206 if start else 200, CONTENT[start:], BINARY, cut=FILE.size - start - 512)
        for start in range(0, FILE.size - 512, 512)
    ]
    with raw_server(*parts, answer(206, CONTENT[-512:], BINARY)) as server:
        assert fetch(server, store_timeout_s=0.0).getvalue() == CONTENT
        assert [server.header(n, "Range") for n in range(4)] == [None, "bytes=512-", "bytes=1024-", "bytes=1536-"]


def test_a_transfer_that_never_gets_further_is_given_up() -> None:
    with raw_server(answer(200, CONTENT, BINARY, cut=100)) as server:
        with pytest.raises(StoreUnreachable, match="the transfer broke off: 100 bytes are missing"):
            fetch(server, store_timeout_s=0.1)
        assert len(server.requests) > 1


def test_a_download_that_is_refused_writes_nothing() -> None:
    problem = {"type": "urn:couture:problem:BlobMissing", "title": "A stored file is missing", "detail": "x"}
    for refusal in (answer(500, problem, "application/problem+json"), answer(200, b"<html>", "text/html")):
        destination = io.BytesIO()
        with raw_server(refusal) as server, connect(server.url) as client:
            with pytest.raises(StoreRefused):
                client.download("s-1", "t-1", FILE, destination, 0)
            assert (destination.getvalue(), len(server.requests)) == (b"", 1)


def test_an_answer_without_end_is_left() -> None:
    """The cache finds that it is not the file."""
    chunk = b"%x\r\n%s\r\n" % (FILE.size, CONTENT)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    with raw_server(head + chunk * 5000 + b"0\r\n\r\n") as server:
        assert FILE.size < len(fetch(server).getvalue()) < FILE.size * 3000


def test_a_proxy_that_compresses_is_asked_not_to() -> None:
    """Its bytes would not be those of the file, and no range would fit them."""
    app = FastAPI()

    @app.get("/couture/api/v1/submissions/s-1/files/{sha256}")
    def read(request: Request, sha256: str) -> Response:
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return Response(gzip.compress(CONTENT), media_type=BINARY, headers={"Content-Encoding": "gzip"})
        return Response(CONTENT, media_type=BINARY)

    destination = io.BytesIO()
    with serving(app) as url, connect(url) as client:
        client.download("s-1", "t-1", FILE, destination, 0)
    assert destination.getvalue() == CONTENT


def test_the_stores_own_compression_leaves_files_as_they_are(store: LiveStore) -> None:
    """Airflow's API server compresses what does not say its encoding; so does this one."""
    store.create_group("default")
    text = b"print('again and again')\n" * 1000
    store.upload("job.py", text)
    with connect(store.url, store.add_task()) as client:
        ticket = client.submit(JOB)
        destination = io.BytesIO(text[:5])
        destination.seek(5)
        application = ticket.plan.application
        assert application is not None
        client.download(ticket.submission_id, ticket.token, application, destination, 5)
    assert destination.getvalue() == text
