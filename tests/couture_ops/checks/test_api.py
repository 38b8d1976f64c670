"""The way from a worker to the API: what can stand in it, each told apart."""

from __future__ import annotations

import socket
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import httpx
import pytest

from config_store.wire import Finding, Verdict
from couture_ops import __version__
from couture_ops.checks import api as checked
from couture_ops.checks.api import check_api, check_clock
from couture_ops.checks.runner import Watch
from tests.couture_ops.late_server import bound_socket
from tests.couture_ops.raw_server import answer, raw_server

if TYPE_CHECKING:
    from tests.couture_ops.conftest import LiveStore

WHERE_FROM = "Workers take it from [couture] api_url, else [core] execution_api_server_url, else [api] base_url."
PAGE = b"<html><head>\n<title>Corporate\n Proxy</title></head></html>"
NOBODY = answer(404, {"detail": "Not Found"})


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def look(url: str) -> Finding:
    """What is found on the API; without an answer there is no clock to compare."""
    api, clock = check_api(url, Watch())
    assert (api.check, api.subject, clock.check) == ("api", url, "clock")
    return api


def description(version: str = __version__, title: str = "Couture") -> bytes:
    """The public description of an API."""
    return answer(200, {"info": {"title": title, "version": version}})


def test_the_store_answers(store: LiveStore) -> None:
    api, clock = check_api(store.url, Watch())
    assert api == Finding.ok("api", store.url, f"couture-ops {__version__} answers.")
    assert clock == Finding.ok("clock", f"this clock and that of {store.url}", "They agree within a few seconds.")
    assert store.receipts() == []


def test_another_version_answers() -> None:
    refusal = answer(401, {"type": "about:blank", "title": "Not authenticated"}, "application/problem+json")
    with raw_server(description("9.9.9"), refusal) as server:
        api = look(server.url)
        assert server.requests[1].startswith("POST /couture/api/v1/submissions ")
        assert server.header(1, "Couture-Wire-Version") == "1"
        assert server.header(1, "Authorization") is None
    assert api.verdict is Verdict.WARNING
    assert api.message == f"couture-ops 9.9.9 answers, and this worker has {__version__}; they understand each other."
    assert api.advice == "Install the same couture-ops on workers and API servers."


def test_another_wire_version_answers(store: LiveStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked, "WIRE_VERSION", 99)
    api = look(store.url)
    assert api.verdict is Verdict.FAULT
    assert api.message == (
        f"couture-ops {__version__} there refuses this worker: The caller speaks wire version 99, this server 1."
    )


def test_nothing_listens() -> None:
    with bound_socket() as (_, url):
        api = look(url)
    assert api == Finding.fault(
        "api",
        url,
        "The connection was refused: nothing listens there.",
        f"Start the API server, or mend host and port. {WHERE_FROM}",
    )


def test_a_name_that_nobody_knows() -> None:
    api = look("http://no-such-host.invalid:8080")
    assert api.verdict is Verdict.FAULT
    assert api.message.startswith("The name 'no-such-host.invalid' can't be resolved (")
    assert api.advice == f"Mend the name, or this machine's name server. {WHERE_FROM}"


def test_tls_where_there_is_none() -> None:
    with raw_server(b"HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n") as server:
        url = server.url.replace("http:", "https:")
        with pytest.MonkeyPatch.context() as patch:  # bytes of a handshake are no text
            patch.setattr("tests.couture_ops.raw_server._read_request", lambda connection: str(connection.recv(9)))
            api = look(url)
    assert api.verdict is Verdict.FAULT
    assert api.message.startswith("The TLS connection failed (")
    assert api.advice.startswith(
        "Use http:// for a server without TLS, or name your authority's certificate in SSL_CERT"
    )


def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked, "TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        api = look(f"http://127.0.0.1:{listening.getsockname()[1]}")
    assert api.message == "There was no answer within 0.3 s (ReadTimeout)."
    assert api.advice == f"Look at firewalls on the way. {WHERE_FROM}"


@pytest.mark.parametrize("url", ["airflow.example.com:8080", "", "ftp://airflow.example.com"])
def test_what_is_no_address(url: str) -> None:
    api = look(url)
    assert api.verdict is Verdict.FAULT
    assert api.message.startswith("This is no address of a server (")


def test_a_server_that_hangs_up() -> None:
    with raw_server(b"") as server:
        api = look(server.url)
    assert api.message == ("The request failed: RemoteProtocolError: Server disconnected without sending a response.")


def test_airflow_without_the_plugin() -> None:
    page = answer(200, b"<!doctype html><title>Airflow</title>", "text/html; charset=utf-8")
    with raw_server(page, answer(200, {"version": "3.3.2", "git_version": None})) as server:
        api = look(server.url)
        assert server.requests[1].startswith("GET /api/v2/version ")
    assert api.verdict is Verdict.FAULT
    assert api.message == "Airflow 3.3.2 answers, without the couture plugin (HTTP 200)."
    assert api.advice == (
        "Install couture-ops[airflow] where the API server runs, restart it, and look at `airflow plugins`."
    )


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (answer(200, PAGE, "text/html"), "a page titled 'Corporate Proxy', HTTP 200"),
        (answer(403, b"<html></html>", "text/html"), "text/html, HTTP 403"),
        (answer(200, b"{", "application/json"), "application/json, HTTP 200"),
        (answer(200, b"[1]", "application/json"), "application/json, HTTP 200"),
        (description(title="Petstore"), "application/json, HTTP 200"),
        (NOBODY, "application/json, HTTP 404"),
    ],
)
def test_what_answers_is_no_airflow(first: bytes, told: str) -> None:
    with raw_server(first, NOBODY) as server:
        api = look(server.url)
    assert api.verdict is Verdict.FAULT
    assert api.message == f"What answers there is no API server of Airflow: {told}."
    assert api.advice == f"Mend host, port and path of the address. {WHERE_FROM}"


def test_a_redirect_to_a_login() -> None:
    with raw_server(answer(302, b"", "text/html", "Location: https://login.example.com/")) as server:
        api = look(server.url)
    assert api.message == "The answer is a redirect to 'https://login.example.com/': a proxy or a login page."
    assert api.advice == f"Name the address of the API server itself. {WHERE_FROM}"


def test_a_proxy_in_between_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with bound_socket() as (_, url):
        monkeypatch.setenv("http_proxy", url)
        api = look("http://airflow.example.com:8080")
    assert api.message == "The connection was refused: nothing listens there."
    assert api.advice.endswith(
        f"{WHERE_FROM} Requests go through the proxy of HTTP_PROXY; NO_PROXY=airflow.example.com goes round it."
    )


# --- clocks ---


def clock(skew: float, **headers: str) -> Finding:
    """What is found when the server's clock is so many seconds ahead."""
    now = time.time()
    headers = {"date": formatdate(now + skew, usegmt=True), **headers}
    return check_clock("http://a", httpx.Headers(headers), now, now + 0.1)


@pytest.mark.parametrize("skew", [0, 3, -3])
def test_clocks_that_agree(skew: float) -> None:
    assert clock(skew) == Finding.ok("clock", "this clock and that of http://a", "They agree within a few seconds.")


@pytest.mark.parametrize(
    ("skew", "verdict", "told"),
    [
        (20, Verdict.OK, "s behind the server's."),
        (100, Verdict.WARNING, "s behind the server's."),
        (-100, Verdict.WARNING, "s ahead of the server's."),
        (4000, Verdict.FAULT, "s behind the server's."),
        (-4000, Verdict.FAULT, "s ahead of the server's."),
    ],
)
def test_clocks_that_differ(skew: float, verdict: Verdict, told: str) -> None:
    found = clock(skew)
    assert found.verdict is verdict
    assert found.message.startswith("This machine's clock is ")
    assert found.message.endswith(told)
    assert abs(int(found.message.split()[4]) - abs(skew)) <= 2
    assert found.advice == (
        ""
        if verdict is Verdict.OK
        else "Synchronise both machines with NTP (`timedatectl`): Kerberos refuses tickets beyond 5 minutes."
    )


def test_a_time_that_says_nothing() -> None:
    assert clock(0, date="yesterday").message == "The answer has no header Date."
    assert clock(0, age="7").message == "The answer came out of a cache, with its time."


def test_without_an_answer_no_clock_is_compared() -> None:
    with bound_socket() as (_, url):
        _, found = check_api(url, Watch())
    assert found == Finding.skipped("clock", f"this clock and that of {url}", "The API did not answer.")
