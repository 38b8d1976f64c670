"""Differences between revisions, groups and submissions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import Answer, StoreServer

CHANGES = [
    {"where": "arguments.executor-memory", "old": "4g", "new": "8g"},
    {"where": "configurations.spark.my.apikey", "old": None, "new": "••••••"},
    {"where": "hadoop_files.core-site.xml.fs.defaultFS", "old": "hdfs://a", "new": ""},
]


def difference(*sides: Any, changes: list[Any] | None = None) -> Answer:
    """The server's answer."""
    return Answer(200, {"from": sides[0], "to": sides[1], "changes": CHANGES if changes is None else changes})


SIX, SEVEN = {"group": "prod", "revision": 6}, {"group": "prod", "revision": 7}


def test_diff(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /groups/prod/diff"] = difference(SIX, SEVEN)
    assert couture.ok("diff", "prod") == (
        "WHERE                                    prod revision 6  prod revision 7\n"
        "arguments.executor-memory                4g               8g\n"
        "configurations.spark.my.apikey           (not set)        ••••••\n"
        "hadoop_files.core-site.xml.fs.defaultFS  hdfs://a\n"
    )


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        (["prod"], {}),
        (["prod", "6"], {"from": "6"}),
        (["prod", "6", "9"], {"from": "6", "to": "9"}),
        (["prod", "--other", "staging"], {"other": "staging"}),
        (["prod", "6", "2", "--other", "staging"], {"from": "6", "to": "2", "other": "staging"}),
    ],
)
def test_what_is_asked(couture: Couture, server: StoreServer, arguments: list[str], query: dict[str, str]) -> None:
    server.answers["GET /groups/prod/diff"] = difference(SIX, SEVEN)
    answer = couture.ok("diff", *arguments, "--output", "json")
    assert json.loads(answer) == {"from": SIX, "to": SEVEN, "changes": CHANGES}
    assert [(asked.line, asked.query) for asked in server.asked] == [("GET /groups/prod/diff", query)]


def test_no_difference(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /groups/prod/diff"] = difference(SIX, SEVEN, changes=[])
    assert couture.ok("diff", "prod") == "prod revision 6 and prod revision 7 do not differ.\n"


def test_submissions(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /submissions/diff"] = difference("id-1", "id-2", changes=CHANGES[:1])
    assert couture.ok("diff", "--submissions", "id-1", "id-2") == (
        "WHERE                      id-1  id-2\narguments.executor-memory  4g    8g\n"
    )
    assert server.asked[0].query == {"from": "id-1", "to": "id-2"}


@pytest.mark.parametrize("arguments", [[], ["prod", "--submissions", "a", "b"]])
def test_one_or_the_other(couture: Couture, arguments: list[str]) -> None:
    refusal = couture.error("diff", *arguments, code=2)
    assert refusal.endswith("Error: Give a GROUP, or --submissions ID ID.\n")
