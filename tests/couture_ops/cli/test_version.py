"""The versions at both ends."""

from __future__ import annotations

import json

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import StoreServer


def test_both_ends(couture: Couture, server: StoreServer) -> None:
    assert couture.ok("version") == (
        f"Client          0.1.0\n"
        f"Server          {server.url}\n"
        f"Server version  0.1.0\n"
        f"Wire version    1\n"
        f"Airflow         3.3.2\n"
    )
    assert json.loads(couture.ok("version", "--output", "json")) == {
        "client": "0.1.0",
        "url": server.url,
        "couture": "0.1.0",
        "wire_version": 1,
        "airflow": "3.3.2",
    }
    assert server.lines() == ["GET /version", "GET /version"]


def test_without_a_server(bare_couture: Couture) -> None:
    assert bare_couture.ok("version") == "Client  0.1.0\n"
    assert bare_couture.ok("version", "--output", "yaml") == "client: 0.1.0\nurl: null\n"


def test_a_server_that_is_down_is_an_error(bare_couture: Couture) -> None:
    assert bare_couture.error("version", "--url", "http://127.0.0.1:1").startswith(
        "Error: Cannot reach http://127.0.0.1:1 (Connection refused)."
    )
