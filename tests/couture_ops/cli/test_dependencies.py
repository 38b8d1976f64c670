"""The dependencies that a group adds to its jobs."""

from __future__ import annotations

import json

import pytest

from couture_ops.cli.dependencies import parse_dependency
from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import StoreServer


def test_showing_the_choice(couture: Couture, prod: StoreServer) -> None:
    assert couture.ok("settings", "jars", "prod") == (
        "NAME            VERSION\npostgresql.jar  newest\ndelta.jar       3\n"
    )
    assert json.loads(couture.ok("settings", "jars", "prod", "--output", "json")) == [
        {"name": "postgresql.jar", "version": None},
        {"name": "delta.jar", "version": 3},
    ]
    assert prod.lines() == ["GET /groups/prod", "GET /groups/prod"]


@pytest.mark.parametrize(("command", "section"), [("jars", "jars"), ("py-files", "py_files")])
def test_choosing_in_order(couture: Couture, prod: StoreServer, command: str, section: str) -> None:
    assert couture.ok("settings", command, "prod", "z.zip", "a.zip@2", "--note", "new") == (
        "Saved revision 2 of prod.\n"
    )
    assert prod.lines() == ["GET /groups/prod", "PATCH /groups/prod/content"]
    assert prod.asked[1].headers["If-Match"] == '"1"'
    assert prod.asked[1].json == {
        section: [{"name": "z.zip", "version": None}, {"name": "a.zip", "version": 2}],
        "note": "new",
    }


def test_choosing_none(couture: Couture, prod: StoreServer) -> None:
    assert couture.ok("settings", "jars", "prod", "--clear") == "Saved revision 2 of prod.\n"
    assert prod.store.content("prod")["jars"] == []
    assert couture("settings", "jars", "prod").stderr == "Nothing found.\n"
    refusal = couture.error("settings", "jars", "prod", "a.jar", "--clear", code=2)
    assert refusal.endswith("Error: --clear chooses none: leave it out, or leave out the names.\n")


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("a.jar", "a.jar", None),
        ("a.jar@12", "a.jar", 12),
        ("a@b.jar", "a@b.jar", None),
        ("a@b.jar@1", "a@b.jar", 1),
        ("a.jar@newest", "a.jar@newest", None),
        ("@3", "@3", None),
        ("a.jar@", "a.jar@", None),
    ],
)
def test_versions(text: str, name: str, version: int | None) -> None:
    assert parse_dependency(text) == {"name": name, "version": version}
