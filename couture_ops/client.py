"""The store over HTTP, as a worker needs it: submit, fetch files, report. Waits for a store that is away."""

from __future__ import annotations

import logging
import random
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from pydantic import ValidationError

from config_store.wire import (
    CHILD_SCHEME,
    SUBMISSION_SCHEME,
    WIRE_VERSION,
    WIRE_VERSION_HEADER,
    Acknowledgement,
    ChildRun,
    ChildState,
    ChildStates,
    ChildTokens,
    ChildWish,
    JobRequest,
    Report,
    Ticket,
    Wire,
)
from couture_ops.bulk_transport import BulkTransport
from couture_ops.errors import StoreRefused, StoreUnreachable
from couture_ops.shown_url import shown_url

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from config_store.wire import StoredFile

log = logging.getLogger(__name__)

Form = TypeVar("Form", bound=Wire)

API_PATH = "/couture/api/v1"
PROBLEM_TYPE = "urn:couture:problem:"
_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S = 5.0, 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
#: Answers of a server (or the proxy before it) that is starting, stopping or overloaded.
_PASSING = frozenset({429, 500, 502, 503, 504})


class StoreClient:
    """One worker's view of the store at ``base_url``; ``authorization`` is the whole header value.

    Whatever may pass by itself (no connection, 5xx, 429) is tried again with growing pauses for
    ``store_timeout_s`` seconds; then StoreUnreachable. What the store refuses raises StoreRefused at once.
    """

    def __init__(self, base_url: str, authorization: str, *, store_timeout_s: float) -> None:
        self.base_url = shown_url(base_url)  # for messages and links
        self._authorization = authorization
        self._store_timeout_s = store_timeout_s
        about: dict[str, Any] = {
            "base_url": base_url + API_PATH,
            "headers": {WIRE_VERSION_HEADER: str(WIRE_VERSION)},
        }
        self._http = httpx.Client(**about, timeout=httpx.Timeout(_READ_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S))
        self._bulk = httpx.Client(**about, transport=BulkTransport(_READ_TIMEOUT_S))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._bulk.close()

    def submit(self, job: JobRequest) -> Ticket:
        """Have a job resolved and its receipt written; nothing is started when this raises."""
        headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
        body = job.model_dump_json()
        answer = self._patiently(lambda: self._http.post("/submissions", content=body, headers=headers))
        return self._read(Ticket, answer)

    def report(
        self, submission_id: str, token: str, report: Report, *, store_timeout_s: float | None = None
    ) -> Acknowledgement:
        """Add to the receipt; repeating a report does no harm."""
        headers = {**_submission_header(token), "Content-Type": "application/json"}
        body = report.model_dump_json(exclude_none=True)
        path = f"/submissions/{submission_id}/reports"
        answer = self._patiently(lambda: self._http.post(path, content=body, headers=headers), store_timeout_s)
        return self._read(Acknowledgement, answer)

    def download(self, submission_id: str, token: str, file: StoredFile, destination: BinaryIO, offset: int) -> None:
        """Append the bytes of a file from ``offset`` on; a broken transfer goes on where it broke.

        The store is waited for anew whenever bytes came: a long transfer may break more than once.
        """
        path = f"/submissions/{submission_id}/files/{file.sha256}"
        transfer = _Transfer(self._bulk, path, _submission_header(token), file.size, destination, offset)
        furthest = offset
        while file.size > offset:
            try:
                self._patiently(transfer)
                return
            except StoreUnreachable:
                if transfer.done <= furthest:
                    raise
                furthest = transfer.done

    def start_child(self, wish: ChildWish) -> ChildRun:
        """Have the child run of this task triggered, or gone on with; repeating it does no harm."""
        headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
        body = wish.model_dump_json()
        answer = self._patiently(lambda: self._http.post("/child-runs", content=body, headers=headers))
        return self._read(ChildRun, answer)

    def child_states(
        self, tokens: Sequence[str], credential: str, *, store_timeout_s: float | None = None
    ) -> list[ChildState]:
        """How the runs stand that the tokens open, in their order; ``credential`` is any token that opens one."""
        headers = {**_child_header(credential), "Content-Type": "application/json"}
        body = ChildTokens(tokens=list(tokens)).model_dump_json()
        send = partial(self._http.post, "/child-runs/states", content=body, headers=headers)
        return self._read(ChildStates, self._patiently(send, store_timeout_s)).states

    def stop_child(self, token: str) -> None:
        """Have a child run marked failed; one that has ended stays as it is."""
        headers = _child_header(token)
        self._patiently(lambda: self._http.post("/child-runs/stop", headers=headers))

    def _patiently(self, send: Callable[[], httpx.Response], store_timeout_s: float | None = None) -> httpx.Response:
        """Send until an answer comes that is final."""
        patience = self._store_timeout_s if store_timeout_s is None else store_timeout_s
        return self._accepted(ask_patiently(send, self.base_url, patience))

    def _read(self, form: type[Form], answer: httpx.Response) -> Form:
        try:
            return form.model_validate_json(answer.content)
        except ValidationError as error:
            # without its cause, whose text holds values of the plan, and so secrets
            raise StoreRefused(self.base_url, answer.status_code, _unreadable(error, form)) from None

    def _accepted(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success and not _is_page(answer):
            return answer
        raise StoreRefused(self.base_url, answer.status_code, problem_of(answer))


class _Transfer:
    """The bytes of one file on their way into ``destination``; ``done`` counts those that are there."""

    def __init__(
        self, http: httpx.Client, path: str, headers: dict[str, str], size: int, destination: BinaryIO, done: int
    ) -> None:
        self._http, self._path, self._size, self._destination, self.done = http, path, size, destination, done
        # a proxy's compression would change the bytes and what a range means
        self._headers = {**headers, "Accept-Encoding": "identity"}

    def __call__(self) -> httpx.Response:
        """Ask for what is missing and take what comes; raises httpx.TransportError when it breaks off."""
        headers = {**self._headers, "Range": f"bytes={self.done}-"} if self.done else self._headers
        with self._http.stream("GET", self._path, headers=headers) as answer:
            if answer.status_code not in (200, 206) or _is_page(answer):
                answer.read()
            else:
                self._receive(answer)
        return answer

    def _receive(self, answer: httpx.Response) -> None:
        if answer.status_code == 200 and self.done:  # a proxy that ignores ranges sends it all
            self._destination.seek(0)
            self._destination.truncate()
            self.done = 0
        try:
            for chunk in answer.iter_raw():  # of any size: gathering chunks would lose some when it breaks off
                self._destination.write(chunk)
                self.done += len(chunk)
                if self.done > self._size:  # what comes is not the file, and may never end
                    break
        except httpx.TransportError:
            if self.done != self._size:  # else all came, and only the end of the answer was lost
                raise


def ask_patiently(send: Callable[[], httpx.Response], base_url: str, patience_s: float) -> httpx.Response:
    """Send until an answer comes that does not pass by itself; raises StoreUnreachable after ``patience_s``."""
    deadline = time.monotonic() + patience_s
    pause = _FIRST_PAUSE_S
    while True:
        try:
            answer = send()
            if answer.status_code not in _PASSING or _is_decided(answer):
                return answer
            reason = f"it answered {answer.status_code}"
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
        if time.monotonic() + pause > deadline:
            raise StoreUnreachable(base_url, patience_s, reason)
        log.warning("The config store at %s is not ready (%s); trying again in %.1f s", base_url, reason, pause)
        time.sleep(pause * random.uniform(0.8, 1.0))  # noqa: S311  # spreads retries, guards nothing
        pause = min(pause * 2, _LONGEST_PAUSE_S)


def _child_header(token: str) -> dict[str, str]:
    return {"Authorization": f"{CHILD_SCHEME} {token}"}


def _submission_header(token: str) -> dict[str, str]:
    return {"Authorization": f"{SUBMISSION_SCHEME} {token}"}


def _is_page(answer: httpx.Response) -> bool:
    """Whether Airflow answered with its own page, as it does on unknown paths, with 200."""
    return str(answer.headers.get("content-type", "")).startswith("text/html")


def _is_decided(answer: httpx.Response) -> bool:
    """Whether the store itself says what is wrong: waiting does not mend that, unless it says when to come again."""
    return "Retry-After" not in answer.headers and str(problem_of(answer).get("type", "")).startswith(PROBLEM_TYPE)


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    """The problem details of an answer; of any other answer: that the suite is not there."""
    told = _json(answer)
    if isinstance(told, dict) and "title" in told:
        return told
    asked = f"{answer.request.method} {shown_url(str(answer.request.url))}"
    detail = (
        f"{asked} answered {answer.status_code}, and not as a config store: the API server there does not have the "
        "couture plugin, or the address is that of something else. Install couture-ops there and look at `airflow "
        "plugins`; or set [couture] api_url, or the connection, to the right address."
    )
    return {"title": "Not the config store", "detail": detail}


def _json(answer: httpx.Response) -> object:
    if "json" not in answer.headers.get("content-type", ""):
        return None
    try:
        return answer.json()
    except ValueError:
        return None


def _unreadable(error: ValidationError, form: type[Wire]) -> dict[str, Any]:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    places = sorted({".".join(map(str, fault["loc"])) or "the whole" for fault in faults})
    detail = (
        f"it is no {form.__name__} as this worker knows it ({', '.join(places)[:500]} can't be read). Install the same "
        "couture-ops on workers and API servers."
    )
    return {"title": "The answer can't be read", "detail": detail}
