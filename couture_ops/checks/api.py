"""Checks of the way from a worker to the store's API: the address that tasks use, and what answers there."""

from __future__ import annotations

import re
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from config_store.wire import WIRE_VERSION, WIRE_VERSION_HEADER, Finding
from couture_ops import __version__
from couture_ops.client import API_PATH, PROBLEM_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from couture_ops.checks.runner import Watch

#: How long each step of a connection may take, seconds.
TIMEOUT_S = 10.0
#: Clocks further apart than this are worth a word; beyond the second Kerberos refuses tickets. Seconds.
SKEW_WARNED_S, SKEW_REFUSED_S = 30.0, 300.0

_API, _CLOCK = "api", "clock"
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_WHERE_FROM = "Workers take it from [couture] api_url, else [core] execution_api_server_url, else [api] base_url."


def check_api(url: str, watch: Watch) -> Iterator[Finding]:
    """Whether the store's API answers at ``url``, speaks our wire, and whether its clock is ours.

    Needs no login: it reads the public description of the API, and sends one request that must be refused.
    """
    watch.progress(f"asking {url}")
    try:
        with httpx.Client(timeout=TIMEOUT_S) as http:
            asked = time.time()
            answer = http.get(f"{url}{API_PATH}/openapi.json")
            answered = time.time()
            yield _judged(url, answer, http)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        yield _unreachable(url, error)
        yield Finding.skipped(_CLOCK, f"this clock and that of {url}", "The API did not answer.")
        return
    yield check_clock(url, answer.headers, asked, answered)


def _judged(url: str, answer: httpx.Response, http: httpx.Client) -> Finding:
    version = _store_version(answer)
    if version is None:
        return _no_store(url, answer, http)
    refusal = _wire_refusal(url, http)
    if refusal:
        advice = "Install the same couture-ops on workers and API servers."
        return Finding.fault(_API, url, f"couture-ops {version} there refuses this worker: {refusal}.", advice)
    if version != __version__:
        message = f"couture-ops {version} answers, and this worker has {__version__}; they understand each other."
        return Finding.warning(_API, url, message, "Install the same couture-ops on workers and API servers.")
    return Finding.ok(_API, url, f"couture-ops {version} answers.")


def _store_version(answer: httpx.Response) -> str | None:
    """The version that the API's description tells; None when it is no description of ours."""
    document = _document(answer)
    told = document.get("info") if isinstance(document, dict) else None
    return str(told.get("version")) if isinstance(told, dict) and told.get("title") == "Couture" else None


def _document(answer: httpx.Response) -> Any:
    try:
        return answer.json() if answer.is_success else None
    except ValueError:
        return None


def _wire_refusal(url: str, http: httpx.Client) -> str | None:
    """What the API says of our wire version; it looks at that before it asks who we are, so nothing is submitted."""
    headers = {WIRE_VERSION_HEADER: str(WIRE_VERSION)}
    answer = http.post(f"{url}{API_PATH}/submissions", headers=headers, json={})
    try:
        problem = answer.json()
    except ValueError:
        return None
    if isinstance(problem, dict) and problem.get("type") == f"{PROBLEM_TYPE}WireVersionMismatch":
        return str(problem.get("detail")).partition(";")[0]
    return None


def _no_store(url: str, answer: httpx.Response, http: httpx.Client) -> Finding:
    """Somebody answers, and it is not the store: Airflow without us, a proxy, or another program."""
    if answer.is_redirect:
        message = f"The answer is a redirect to {answer.headers.get('location', '')[:200]!r}: a proxy or a login page."
        return Finding.fault(_API, url, message, f"Name the address of the API server itself. {_WHERE_FROM}")
    if airflow := _airflow_version(url, http):
        message = f"Airflow {airflow} answers, without the couture plugin (HTTP {answer.status_code})."
        advice = "Install couture-ops[airflow] where the API server runs, restart it, and look at `airflow plugins`."
        return Finding.fault(_API, url, message, advice)
    shown = f"{_content(answer)}, HTTP {answer.status_code}"
    message = f"What answers there is no API server of Airflow: {shown}."
    return Finding.fault(
        _API, url, message, f"Mend host, port and path of the address. {_WHERE_FROM}{_proxy_hint(url)}"
    )


def _content(answer: httpx.Response) -> str:
    """What came, in words; the title of a page often names the proxy."""
    kind = str(answer.headers.get("content-type", "no content type")).partition(";")[0]
    title = _TITLE.search(answer.text) if kind == "text/html" else None
    return f"a page titled {' '.join(title[1].split())[:100]!r}" if title else kind


def _airflow_version(url: str, http: httpx.Client) -> str | None:
    document = _document(http.get(f"{url}/api/v2/version"))
    return str(document["version"]) if isinstance(document, dict) and "version" in document else None


def _unreachable(url: str, error: Exception) -> Finding:
    message, advice = _reason(url, error)
    return Finding.fault(_API, url, message, f"{advice} {_WHERE_FROM}{_proxy_hint(url)}")


def _reason(url: str, error: Exception) -> tuple[str, str]:
    """What went wrong below HTTP, and what to do about it."""
    host = _host(url) or url
    causes = list(_causes(error))
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return f"The name {host!r} can't be resolved ({said}).", "Mend the name, or this machine's name server."
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return (
            f"The TLS connection failed ({said}).",
            "Use http:// for a server without TLS, or name your authority's certificate in SSL_CERT_FILE.",
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "The connection was refused: nothing listens there.", "Start the API server, or mend host and port."
    if isinstance(error, httpx.TimeoutException):
        return f"There was no answer within {TIMEOUT_S:g} s ({type(error).__name__}).", "Look at firewalls on the way."
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError)):
        return f"This is no address of a server ({said}).", "Give it like https://airflow.example.com."
    return f"The request failed: {type(error).__name__}: {said}.", "Look whether that is the address of an API server."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _proxy_hint(url: str) -> str:
    """The proxy that the environment puts in between, which tasks use as well."""
    host, proxies, scheme = _host(url), getproxies(), url.partition(":")[0].lower()
    if not host or not (proxies.get(scheme) or proxies.get("all")) or proxy_bypass(host):
        return ""
    return f" Requests go through the proxy of {scheme.upper()}_PROXY; NO_PROXY={host} goes round it."


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def check_clock(url: str, headers: httpx.Headers, asked: float, answered: float) -> Finding:
    """How far this machine's clock is from the server's, by the header Date (whole seconds, RFC 9110).

    ``asked`` and ``answered``: this machine's time around the request, in seconds since 1970.
    """
    subject = f"this clock and that of {url}"
    try:
        told = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return Finding.skipped(_CLOCK, subject, "The answer has no header Date.")
    if "age" in headers:
        return Finding.skipped(_CLOCK, subject, "The answer came out of a cache, with its time.")
    # the server's time lies in the second from its Date on, at some moment between question and answer
    earliest, latest = told.timestamp() - answered, told.timestamp() + 1 - asked
    skew = earliest if earliest > 0 else min(latest, 0.0)
    if abs(skew) <= SKEW_WARNED_S:
        return Finding.ok(_CLOCK, subject, "They agree within a few seconds." if abs(skew) < 5 else _told(skew))
    advice = "Synchronise both machines with NTP (`timedatectl`): Kerberos refuses tickets beyond 5 minutes."
    return (Finding.fault if abs(skew) > SKEW_REFUSED_S else Finding.warning)(_CLOCK, subject, _told(skew), advice)


def _told(skew: float) -> str:
    return f"This machine's clock is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the server's."
