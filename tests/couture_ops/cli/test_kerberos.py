"""Principal, keytab and krb5.conf of a group."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import StoreServer

MakeFile = Callable[[str, bytes], Path]
KEYTAB = b"\x05\x02\x00\xff\r\n"


def test_principal(couture: Couture, prod: StoreServer) -> None:
    assert couture.ok("settings", "principal", "prod") == "(not set)\n"
    assert couture.ok("settings", "principal", "prod", "etl/prod@EXAMPLE.COM") == "Saved revision 2 of prod.\n"
    assert prod.asked[-1].line == "PATCH /groups/prod/content"
    assert prod.asked[-1].headers["If-Match"] == '"1"'
    assert prod.asked[-1].json == {"principal": "etl/prod@EXAMPLE.COM", "note": ""}
    assert couture.ok("settings", "principal", "prod") == "etl/prod@EXAMPLE.COM\n"
    couture.ok("settings", "principal", "prod", "--clear", "--note", "moved")
    assert prod.asked[-1].json == {"principal": "", "note": "moved"}


@pytest.mark.parametrize(
    ("command", "route", "query"),
    [
        ("keytab", "keytab", {"filename": "etl.keytab", "note": "rotated"}),
        ("krb5", "krb5.conf", {"note": "rotated"}),
    ],
)
def test_files(
    couture: Couture, prod: StoreServer, make_file: MakeFile, command: str, route: str, query: dict[str, str]
) -> None:
    make_file("etl.keytab", KEYTAB)
    assert couture.ok("settings", command, "prod") == "(not set)\n"
    assert couture.ok("settings", command, "prod", "etl.keytab", "--note", "rotated") == ("Saved revision 2 of prod.\n")
    put = prod.asked[-1]
    assert (put.line, put.query, put.body) == (f"PUT /groups/prod/kerberos/{route}", query, KEYTAB)
    assert (put.headers["If-Match"], put.headers["Content-Type"]) == ('"1"', "application/octet-stream")
    name, sha256 = query.get("filename", "krb5.conf"), hashlib.sha256(KEYTAB).hexdigest()
    assert couture.ok("settings", command, "prod") == f"{name} (6 B, sha256 {sha256})\n"
    field = "keytab" if command == "keytab" else "krb5_conf"
    assert json.loads(couture.ok("settings", command, "prod", "--output", "json")) == {
        field: {"name": name, "sha256": sha256, "size": 6}
    }
    assert couture.ok("settings", command, "prod", "--clear") == "Saved revision 3 of prod.\n"
    delete = prod.asked[-1]
    assert (delete.line, delete.query) == (f"DELETE /groups/prod/kerberos/{route}", {"note": ""})
    assert delete.headers["If-Match"] == '"2"'


def test_contradictions_and_missing_files(couture: Couture, prod: StoreServer, make_file: MakeFile) -> None:
    make_file("etl.keytab", KEYTAB)
    for arguments in (
        ["principal", "prod", "x"],
        ["keytab", "prod", "etl.keytab"],
        ["krb5", "prod", "etl.keytab"],
    ):
        refusal = couture.error("settings", *arguments, "--clear", code=2)
        assert "Error: --clear removes it: leave it out, or leave out the " in refusal
    assert "File 'none' does not exist." in couture.error("settings", "keytab", "prod", "none", code=2)
    assert prod.asked == []
