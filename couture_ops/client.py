"""The store over HTTP, as a worker needs it: submit, fetch files, report. Waits for a store that is away."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Any

import httpx

from config_store.wire import (
    SUBMISSION_SCHEME,
    WIRE_VERSION,
    WIRE_VERSION_HEADER,
    JobRequest,
    Report,
    Ticket,
)
from couture_ops.errors import StoreRefused, StoreUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from config_store.wire import StoredFile

log = logging.getLogger(__name__)

API_PATH = "/couture/api/v1"
PROBLEM_TYPE = "urn:couture:problem:"
_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S = 5.0, 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
_CHUNK_BYTES = 1024 * 1024
#: Answers of a server (or the proxy before it) that is starting, stopping or overloaded.
_PASSING = frozenset({429, 500, 502, 503, 504})


class StoreClient:
    """One worker's view of the store at ``base_url``; ``authorization`` is the whole header value.

    Whatever may pass by itself (no connection, 5xx, 429) is tried again with growing pauses for
    ``store_timeout_s`` seconds; then StoreUnreachable. What the store refuses raises StoreRefused at once.
    """

    def __init__(self, base_url: str, authorization: str, *, store_timeout_s: float) -> None:
        self.base_url = base_url
        self._authorization = authorization
        self._store_timeout_s = store_timeout_s
        self._http = httpx.Client(
            base_url=base_url + API_PATH,
            headers={WIRE_VERSION_HEADER: str(WIRE_VERSION)},
            timeout=httpx.Timeout(_READ_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(self, job: JobRequest) -> Ticket:
        """Have a job resolved and its receipt written; nothing is started when this raises."""
        headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
        body = job.model_dump_json()
        answer = self._patiently(lambda: self._http.post("/submissions", content=body, headers=headers))
        return Ticket.model_validate_json(answer.content)

    def report(self, submission_id: str, token: str, report: Report, *, store_timeout_s: float | None = None) -> None:
        """Add to the receipt; repeating a report does no harm."""
        headers = {**_submission_header(token), "Content-Type": "application/json"}
        body = report.model_dump_json(exclude_none=True)
        path = f"/submissions/{submission_id}/reports"
        self._patiently(lambda: self._http.post(path, content=body, headers=headers), store_timeout_s)

    def download(self, submission_id: str, token: str, file: StoredFile, destination: BinaryIO, offset: int) -> None:
        """Append the bytes of a file from ``offset`` on; a broken transfer goes on where it broke."""
        path = f"/submissions/{submission_id}/files/{file.sha256}"
        done = offset

        def transfer() -> httpx.Response:
            nonlocal done
            headers = {**_submission_header(token), "Range": f"bytes={done}-"} if done else _submission_header(token)
            with self._http.stream("GET", path, headers=headers) as answer:
                if answer.status_code not in (200, 206):
                    answer.read()
                    return answer
                for chunk in answer.iter_raw(_CHUNK_BYTES):
                    destination.write(chunk)
                    done += len(chunk)
            return answer

        if file.size > offset:
            self._patiently(transfer)

    def _patiently(self, send: Callable[[], httpx.Response], store_timeout_s: float | None = None) -> httpx.Response:
        """Send until an answer comes that is final."""
        patience = self._store_timeout_s if store_timeout_s is None else store_timeout_s
        deadline = time.monotonic() + patience
        pause = _FIRST_PAUSE_S
        while True:
            reason = ""
            try:
                answer = send()
                if answer.status_code not in _PASSING or _is_decided(answer):
                    return self._accepted(answer)
                reason = f"it answered {answer.status_code}"
            except httpx.TransportError as error:
                reason = str(error) or type(error).__name__
            if time.monotonic() + pause > deadline:
                raise StoreUnreachable(self.base_url, patience, reason)
            log.warning(
                "The config store at %s is not ready (%s); trying again in %.1f s", self.base_url, reason, pause
            )
            time.sleep(pause * random.uniform(0.8, 1.0))  # noqa: S311  # spreads retries, guards nothing
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _accepted(self, answer: httpx.Response) -> httpx.Response:
        if not answer.headers.get("content-type", "").startswith("text/html") and answer.is_success:
            return answer
        raise StoreRefused(self.base_url, answer.status_code, _problem(answer))


def _submission_header(token: str) -> dict[str, str]:
    return {"Authorization": f"{SUBMISSION_SCHEME} {token}"}


def _is_decided(answer: httpx.Response) -> bool:
    """Whether the store itself says what is wrong: waiting does not mend that."""
    return str(_problem(answer).get("type", "")).startswith(PROBLEM_TYPE)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem details of an answer; of Airflow's own HTML pages: that the suite is not there."""
    if "json" in answer.headers.get("content-type", ""):
        problem: dict[str, Any] = answer.json()
        return problem
    detail = (
        "The answer is no JSON: the API server does not have the couture plugin, or the address is that of "
        "something else. Install couture-ops there and look at `airflow plugins`; or set [couture] api_url."
    )
    return {"title": "Not the config store", "detail": detail}
