"""Differences between revisions, groups and submissions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import Answer, StoreServer

CHANGES: list[dict[str, object]] = [
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


FIRST, SECOND = "0b9be3f6-8a4f-4a56-9d0e-7d5f7f3f6a11", "51d0a6ce-54f5-4a0b-a2b8-0c54a4d3c1f2"


def test_two_submissions(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /submissions/diff"] = difference("id-1", "id-2", changes=CHANGES[:1])
    assert (
        couture.ok("diff", FIRST, SECOND)
        == "WHERE                      id-1  id-2\narguments.executor-memory  4g    8g\n"
    )
    assert server.asked[0].query == {"from": FIRST, "to": SECOND}


def test_one_submission_and_who_saved_what(couture: Couture, server: StoreServer) -> None:
    saved = {"by": "ada", "at": "2026-01-31T10:00:00Z", "revision": 7}
    uploaded = {"by": "eve", "at": "2026-01-31T11:00:00Z", "revision": None}
    changes: list[dict[str, object]] = [
        {**CHANGES[0], "saved": saved},
        {"where": "code_artifact", "old": "a.py@1 ab", "new": "a.py@2 cd", "saved": uploaded},
        {"where": "class_path", "old": None, "new": "a.B", "saved": None},
    ]
    server.answers["GET /submissions/diff"] = difference("id-1", "id-2", changes=changes)
    assert [line.rstrip() for line in couture.ok("diff", SECOND).splitlines()] == [
        "WHERE                      id-1       id-2       SAVED BY",
        "arguments.executor-memory  4g         8g         ada, 2026-01-31 10:00:00 UTC, revision 7",
        "code_artifact              a.py@1 ab  a.py@2 cd  eve, 2026-01-31 11:00:00 UTC",
        "class_path                 (not set)  a.B",
    ]
    assert server.asked[0].query == {"to": SECOND}


def test_a_task_that_never_succeeded(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /submissions/diff"] = difference(None, SECOND, changes=[])
    assert couture.ok("diff", SECOND) == (
        f"No receipt of a success of its task before {SECOND} is kept: there is nothing to compare it with.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument 'GROUP|SUBMISSION|DIR|FILE.tar.gz'."),
        (["prod", "six"], "'six' is no revision: give its number."),
        (["prod", "0"], "'0' is no revision: give its number."),
        ([FIRST, SECOND, "3"], "Give one submission or two, and no --other."),
        ([FIRST, "--other", "prod"], "Give one submission or two, and no --other."),
        (["prod", "--prune"], "--prune and --secrets-from belong to files: give a folder or an archive."),
    ],
)
def test_wrong_usage(couture: Couture, arguments: list[str], words: str) -> None:
    assert couture.error("diff", *arguments, code=1).endswith(f"Error: {words}\n")


def test_the_exit_code_tells_of_differences_only_if_asked_to(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /submissions/diff"] = difference(FIRST, SECOND, changes=[])
    assert couture("diff", FIRST, SECOND, "--exit-code").returncode == 0
    server.answers["GET /submissions/diff"] = difference(FIRST, SECOND)
    assert couture("diff", FIRST, SECOND).returncode == 0
    assert couture("diff", FIRST, SECOND, "--exit-code").returncode == 2


def test_files_that_are_not_there(couture: Couture, server: StoreServer) -> None:
    for name in ("./conf", "conf.tar.gz"):
        assert couture.error("diff", name) == (
            f"Error: {Path(name)}: is not there; give a folder or an archive that `couture export` wrote\n"
        )
    assert server.asked == []
