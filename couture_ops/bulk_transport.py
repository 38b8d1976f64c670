"""Large answers for httpx over the standard library's HTTP, which takes a tenth of the CPU that httpx's own takes."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

_Answer = http.client.HTTPResponse
_CHUNK_BYTES = 1024 * 1024


class BulkTransport(httpx.BaseTransport):
    """One connection per request, with the certificates that httpx trusts, through the proxy of the environment.

    Meant for GET without a body. ``timeout_s`` bounds the wait for the connection and for each piece of the answer.
    A transfer that breaks off raises httpx.TransportError; every byte that came before is handed on.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        secure = urllib.request.HTTPSHandler(context=httpx.create_ssl_context())
        return urllib.request.build_opener(secure, urllib.request.ProxyHandler(_proxies()), _EveryAnswer())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the answer's body is read as it is iterated."""
        headers = {name: value for name, value in request.headers.items() if name not in ("connection", "host")}
        address = str(request.url)
        asked = urllib.request.Request(address, headers=headers, method=request.method)  # noqa: S310  # the store's own
        try:
            answer: _Answer = self._opener.open(asked, timeout=self._timeout_s)
        except (OSError, http.client.HTTPException) as error:
            raise httpx.ConnectError(_reason(error), request=request) from error
        # httpx would refuse text beyond ASCII, which a proxy may add; latin-1 is how these bytes were read
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        return httpx.Response(answer.status, headers=raw, stream=_Body(answer, request))


def _proxies() -> dict[str, str]:
    """As httpx reads the environment: ``all_proxy`` counts where a scheme has none of its own."""
    named = urllib.request.getproxies()
    return {scheme: proxy for scheme in ("http", "https") if (proxy := named.get(scheme) or named.get("all"))}


class _EveryAnswer(urllib.request.HTTPErrorProcessor):
    """Errors and redirects are answers like any: the token of a submission goes to no other address."""

    def http_response(self, request: urllib.request.Request, response: _Answer) -> _Answer:
        """Hand it on."""
        return response

    def https_response(self, request: urllib.request.Request, response: _Answer) -> _Answer:
        """Hand it on."""
        return response


class _Body(httpx.SyncByteStream):
    """The bytes of an answer, in the pieces in which they came."""

    def __init__(self, answer: _Answer, request: httpx.Request) -> None:
        self._answer, self._request = answer, request

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._piece():
            yield piece
        if self._answer.length:
            self._broke_off(f"{self._answer.length:,} bytes are missing")

    def close(self) -> None:
        """Close the connection."""
        self._answer.close()

    def _piece(self) -> bytes:
        try:
            return self._answer.read1(_CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            self._broke_off(_reason(error), error)

    def _broke_off(self, reason: str, cause: Exception | None = None) -> NoReturn:
        raise httpx.ReadError(f"the transfer broke off: {reason}", request=self._request) from cause


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(cause) or type(cause).__name__
