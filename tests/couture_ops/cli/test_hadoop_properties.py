"""Single properties of Hadoop files: what is asked of the store, and how they look."""

from __future__ import annotations

from typing import Any

import pytest

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import Answer, StoreServer

CHANGE = "PATCH /groups/prod/hadoop/core-site.xml/properties"


def prop(name: str, value: str | None, **more: Any) -> dict[str, Any]:
    """A property as the API tells it."""
    plain: dict[str, Any] = {
        "file": "core-site.xml",
        "included_by": None,
        "line": 7,
        "final": False,
        "comment": "",
        "unknown": [],
    }
    return {**plain, "name": name, "value": value, "effective": value, "overridden_by": None, "fault": "", **more}


def test_properties_as_hadoop_reads_them(couture: Couture, prod: StoreServer) -> None:
    prod.answers["GET /groups/prod/hadoop-properties"] = Answer(
        200,
        {
            "items": [
                prop("fs.defaultFS", "hdfs://${host}:8020", effective="hdfs://nn1:8020", final=True),
                prop("a.home", "${env.HOME}/a", unknown=["env.HOME"], included_by="all.xml", file="part.xml"),
                prop("io.size", "1", overridden_by="hdfs-site.xml"),
                prop("no.value", None, fault="has no value", effective=None),
            ],
            "total": 9,
            "faults": [{"where": "bad.xml", "message": "is not well-formed XML"}],
        },
    )
    run = couture("hadoop", "properties", "prod", "core-site.xml", "--search", "a", "--limit", "4")
    assert run.stdout.splitlines() == [
        "NAME          VALUE                READ             FINAL  FILE             STATE",
        "fs.defaultFS  hdfs://${host}:8020  hdfs://nn1:8020  yes    core-site.xml:7",
        "a.home        ${env.HOME}/a                                part.xml:7       "
        "env.HOME: only the job's machine can tell; included by all.xml",
        "io.size       1                                            core-site.xml:7  overridden by hdfs-site.xml",
        "no.value                                                   core-site.xml:7  has no value",
    ]
    assert run.stderr == "1 to 4 of 9. More: --offset 4\nWarning: bad.xml: is not well-formed XML\n"
    assert prod.asked[-1].query == {"file": "core-site.xml", "search": "a", "limit": "4", "offset": "0"}


def test_set_sends_the_changes_upon_what_was_read(couture: Couture, prod: StoreServer) -> None:
    prod.answers[CHANGE] = Answer(200, {**prod.store.detail("prod"), "revision": 2})
    told = couture.ok("hadoop", "set", "prod", "core-site.xml", "a.b=1", "c=x=y", "--final", "--note", "why")
    assert told == "Saved revision 2 of prod.\n"
    sent = prod.asked[-1]
    assert (sent.line, sent.headers["If-Match"]) == (CHANGE, '"1"')
    assert sent.json == {
        "properties": {"a.b": {"value": "1", "final": True}, "c": {"value": "x=y", "final": True}},
        "note": "why",
    }


def test_the_final_mark_stays_unless_it_is_named(couture: Couture, prod: StoreServer) -> None:
    prod.answers[CHANGE] = Answer(200, prod.store.detail("prod"))
    told = couture.ok("hadoop", "set", "prod", "core-site.xml", "a.b=1")
    assert told == "Nothing changed: prod stays at revision 1.\n"
    assert prod.asked[-1].json["properties"] == {"a.b": {"value": "1", "final": None}}


def test_a_value_aside_is_read_from_standard_input(couture: Couture, prod: StoreServer) -> None:
    prod.answers[CHANGE] = Answer(200, prod.store.detail("prod"))
    couture.ok("hadoop", "set", "prod", "core-site.xml", "fs.s3a.secret.key=-", stdin="hunter2\n")
    assert prod.asked[-1].json["properties"]["fs.s3a.secret.key"]["value"] == "hunter2"


def test_unset_deletes(couture: Couture, prod: StoreServer) -> None:
    prod.answers[CHANGE] = Answer(200, {**prod.store.detail("prod"), "revision": 2})
    assert couture.ok("hadoop", "unset", "prod", "core-site.xml", "a.b", "c.d") == "Saved revision 2 of prod.\n"
    assert prod.asked[-1].json == {"properties": {"a.b": None, "c.d": None}, "note": ""}


@pytest.mark.parametrize("arguments", [("a.b",), ("=1",), ("a=1", "a=2"), ()])
def test_wrong_assignments_send_nothing(couture: Couture, prod: StoreServer, arguments: tuple[str, ...]) -> None:
    assert couture("hadoop", "set", "prod", "core-site.xml", *arguments).returncode == 2
    assert prod.asked == []
