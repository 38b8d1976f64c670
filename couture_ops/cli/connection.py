"""The way to the server: which URL, which token, one HTTP client, and its failures in our words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from couture_ops import __version__
from couture_ops.cli.answers import check_answer, document_of
from couture_ops.cli.credentials import read_login
from couture_ops.cli.errors import (
    CliError,
    ConnectionBrokenError,
    InvalidUrlError,
    NoAnswerError,
    NoServerError,
    ServerUnreachableError,
    UnaddressableNameError,
    UntrustedServerError,
)

if TYPE_CHECKING:
    import httpx

API_PREFIX = "/couture/api/v1"

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 60.0
#: For the answer to an upload: the server may still move gigabytes to where they stay.
TRANSFER_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Server:
    """Where to go and as whom. ``token_from`` names the token's source, None without a token."""

    url: str
    token: str | None = None
    token_from: str | None = None
    username: str = ""


def find_server(url: str | None) -> Server:
    """The server by option, COUTURE_URL or login, in this order.

    A stored token goes to the server that gave it and to no other; COUTURE_TOKEN wins over it.
    Raises NoServerError when nothing names a server, InvalidUrlError when what names it is no http(s) URL.
    """
    login = read_login()
    chosen = url or os.environ.get("COUTURE_URL") or (login.url if login else None)
    if not chosen:
        raise NoServerError
    chosen = checked_url(chosen)
    if token := os.environ.get("COUTURE_TOKEN"):
        return Server(chosen, token, "COUTURE_TOKEN")
    if login and login.url == chosen:
        return Server(chosen, login.token, "login", login.username)
    return Server(chosen)


def checked_url(url: str) -> str:
    """The URL without slashes at its end, fit to have the API's paths appended."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidUrlError("does not start with http:// or https:// and a host")
    if parts.username is not None:
        raise InvalidUrlError("holds a user name: log in with couture login instead")
    if parts.query or parts.fragment:
        raise InvalidUrlError("holds a '?' or a '#'")
    return url.strip().rstrip("/")


def api_path(names: Iterable[str | int]) -> str:
    """The path of a route, each name percent-encoded, so that no name can lead to another route."""
    return API_PREFIX + "".join(f"/{_segment(str(name))}" for name in names)


def _segment(name: str) -> str:
    if not name.strip() or name in (".", "..") or "/" in name or "\0" in name:
        raise UnaddressableNameError(name)
    return quote(name, safe="")


class Api:
    """The API of one server. Names given to its methods are the segments of a route's path."""

    def __init__(self, server: Server, answer_within_s: float = ANSWER_TIMEOUT_S) -> None:
        self.server = server
        self._answer_within_s = answer_within_s
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Gives the connections back."""
        if self._client is not None:
            self._client.close()

    def read(self, *names: str | int, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a GET. Parameters that are None stay out of the query."""
        return document_of(self._ask("GET", names, params=params), self.server)

    def send(
        self,
        method: str,
        *names: str | int,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        revision: int | None = None,
        content: bytes | None = None,
        answer_within_s: float | None = None,
    ) -> Any:
        """The JSON of any other request, None for an empty answer.

        ``revision``: the revision that the change is made upon, sent as If-Match; StaleSaveError when it is
        no longer the current one. (Callers take it from the body: gateways that compress weaken the ETag.)
        """
        headers = {} if revision is None else {"If-Match": f'"{revision}"'}
        if content is not None:
            headers["Content-Type"] = "application/octet-stream"
        answer = self._ask(
            method, names, params=params, json=json, content=content, headers=headers, answer_within_s=answer_within_s
        )
        return document_of(answer, self.server)

    def upload(
        self,
        *names: str | int,
        params: Mapping[str, Any],
        blocks: Iterable[bytes],
        headers: Mapping[str, str],
        method: str = "POST",
    ) -> tuple[int, Any]:
        """Sends the blocks as they come; the status (200 when nothing new was stored) and the JSON."""
        answer = self._ask(
            method, names, params=params, content=blocks, headers=headers, answer_within_s=TRANSFER_TIMEOUT_S
        )
        return answer.status_code, document_of(answer, self.server)

    def raw(self, *names: str | int) -> bytes:
        """The bytes of a small file."""
        return self._ask("GET", names).content

    @contextmanager
    def download(self, *names: str | int, params: Mapping[str, Any] | None = None) -> Iterator[Iterator[bytes]]:
        """The bytes of a large file, in blocks of at most 1 MiB."""
        path, headers = api_path(names), {"Accept": "*/*", "Accept-Encoding": "identity"}
        query = _query(params)
        with self._failures("GET"), self._open().stream("GET", path, params=query, headers=headers) as answer:
            check_answer(answer, self.server)
            yield answer.iter_bytes(1 << 20)

    def token_for(self, username: str, password: str) -> httpx.Response:
        """Airflow's answer to a login; judged by the caller, for here 401 means a wrong password."""
        with self._failures("POST"):
            return self._open().post("/auth/token", json={"username": username, "password": password})

    def _ask(
        self,
        method: str,
        names: tuple[str | int, ...],
        *,
        params: Mapping[str, Any] | None = None,
        answer_within_s: float | None = None,
        **request: Any,
    ) -> httpx.Response:
        query = _query(params)
        client = self._open()
        with self._failures(method):
            answer = client.request(
                method,
                api_path(names),
                params=query,
                timeout=_timeout(answer_within_s or self._answer_within_s),
                **request,
            )
        check_answer(answer, self.server)
        return answer

    def _open(self) -> httpx.Client:
        if self._client is None:
            import httpx

            headers = {"User-Agent": f"couture/{__version__}", "Accept": "application/json, */*;q=0.5"}
            if self.server.token:
                headers["Authorization"] = f"Bearer {self.server.token}"
            self._client = httpx.Client(
                base_url=self.server.url,
                headers=headers,
                timeout=_timeout(self._answer_within_s),
                # Certificates are always checked; only plain http, which has none, is spared the 45 ms of
                # loading the authorities. No redirect leads from there to https: none is followed.
                verify=urlsplit(self.server.url).scheme != "http",
            )
        return self._client

    @contextmanager
    def _failures(self, method: str) -> Iterator[None]:
        import httpx

        url = self.server.url
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            reason = re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or "no connection in time"
            raise _unreachable(url, reason) from error
        except httpx.TimeoutException as error:
            raise NoAnswerError(url, method) from error
        except httpx.TransportError as error:
            raise ConnectionBrokenError(url, method, str(error) or type(error).__name__) from error


def _query(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (params or {}).items() if value is not None}


def _unreachable(url: str, reason: str) -> CliError:
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return UntrustedServerError(url, reason.partition("certificate verify failed: ")[2].partition(" (_ssl")[0])
    return ServerUnreachableError(url, reason)


def _timeout(answer_within_s: float) -> httpx.Timeout:
    import httpx

    return httpx.Timeout(answer_within_s, connect=CONNECT_TIMEOUT_S)
