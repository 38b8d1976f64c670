"""Large answers over the standard library's HTTP: every byte that came is handed on, and nothing is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from couture_ops.bulk_transport import BulkTransport
from tests.couture_ops.raw_server import answer, raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator

BINARY = "application/octet-stream"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(transport=BulkTransport(5.0)) as made:
        yield made


def test_what_came_before_a_break_is_handed_on(client: httpx.Client) -> None:
    with raw_server(answer(200, b"abcdefgh", BINARY, cut=3)) as server, client.stream("GET", server.url) as got:
        came = got.iter_raw()
        assert next(came) == b"abcde"
        with pytest.raises(httpx.ReadError, match="the transfer broke off: 3 bytes are missing"):
            next(came)


def test_headers_arrive_as_given(client: httpx.Client) -> None:
    with raw_server(answer(200, b"x", BINARY)) as server:
        assert client.get(server.url, headers={"Range": "bytes=1-", "Authorization": "Token abc"}).content == b"x"
        assert (server.header(0, "Range"), server.header(0, "Authorization")) == ("bytes=1-", "Token abc")


def test_a_redirect_is_an_answer(client: httpx.Client) -> None:
    """Else the token of a submission would go to whoever the address names."""
    with raw_server(answer(200, b"x", BINARY)) as other:
        redirect = answer(302, b"", BINARY, f"Location: {other.url}/elsewhere")
        with raw_server(redirect) as server:
            got = client.get(server.url, headers={"Authorization": "Token abc"})
        assert (got.status_code, got.headers["Location"]) == (302, f"{other.url}/elsewhere")
        assert other.requests == []


def test_a_header_beyond_ascii_is_taken(client: httpx.Client) -> None:
    with raw_server(
        answer(200, b"x", BINARY).replace(b"Connection:", "X-Org: Müller\r\nConnection:".encode())
    ) as server:
        assert client.get(server.url).content == b"x"


def test_errors_are_answers(client: httpx.Client) -> None:
    with raw_server(answer(404, b"none such", BINARY)) as server:
        got = client.get(server.url)
    assert (got.status_code, got.content) == (404, b"none such")


def test_a_server_that_is_not_there(client: httpx.Client) -> None:
    with raw_server(answer(200, b"", BINARY)) as server:
        url = server.url
    with pytest.raises(httpx.ConnectError, match="Connection refused"):
        client.get(url)


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment_is_taken(
    variable: str, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(answer(200, b"by the proxy", BINARY)) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert client.get("http://store.invalid/file").content == b"by the proxy"
        assert proxy.requests[0].startswith("GET http://store.invalid/file HTTP/1.1")
