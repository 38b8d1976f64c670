"""Hadoop files: byte by byte, each save upon the one before."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import StoreServer

MakeFile = Callable[[str, bytes], Path]
CORE = b'<?xml version="1.0"?>\r\n<configuration>\xc3\xa9\t</configuration>'


@pytest.fixture
def files(make_file: MakeFile) -> None:
    """Two files in the client's folder."""
    make_file("core-site.xml", CORE)
    make_file("yarn-site.xml", b"<configuration/>")


@pytest.mark.usefixtures("files")
def test_put_saves_each_file_upon_the_one_before(couture: Couture, prod: StoreServer) -> None:
    assert couture.ok("hadoop", "put", "prod", "core-site.xml", "yarn-site.xml", "--note", "new") == (
        "core-site.xml: Saved revision 2 of prod.\nyarn-site.xml: Saved revision 3 of prod.\n"
    )
    assert [(asked.line, asked.headers.get("If-Match"), asked.query, asked.body) for asked in prod.asked] == [
        ("GET /groups/prod", None, {}, b""),
        ("PUT /groups/prod/hadoop/core-site.xml", '"1"', {"dry_run": "true"}, CORE),
        ("PUT /groups/prod/hadoop/yarn-site.xml", '"1"', {"dry_run": "true"}, b"<configuration/>"),
        ("PUT /groups/prod/hadoop/core-site.xml", '"1"', {"note": "new"}, CORE),
        ("PUT /groups/prod/hadoop/yarn-site.xml", '"2"', {"note": "new"}, b"<configuration/>"),
    ]


@pytest.mark.usefixtures("files")
def test_put_as_json_is_the_group_at_the_end(couture: Couture, prod: StoreServer) -> None:
    answer = couture.ok("hadoop", "put", "prod", "core-site.xml", "yarn-site.xml", "--output", "json")
    assert json.loads(answer) == prod.store.detail("prod")
    assert json.loads(answer)["revision"] == 3


@pytest.mark.usefixtures("files")
def test_put_stops_when_somebody_else_saves(couture: Couture, prod: StoreServer) -> None:
    def bob_saves() -> None:
        prod.store.save("prod", prod.store.content("prod"), "mine", "bob")

    prod.meanwhile["PUT /groups/prod/hadoop/yarn-site.xml"] = bob_saves
    run = couture("hadoop", "put", "prod", "core-site.xml", "yarn-site.xml")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("Error: Nothing was saved: bob saved revision 2 meanwhile")
    assert prod.store.content("prod")["hadoop_files"] == []


@pytest.mark.usefixtures("files")
def test_two_files_of_one_name_are_refused(couture: Couture, prod: StoreServer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "core-site.xml").write_bytes(CORE)
    assert couture.error("hadoop", "put", "prod", "core-site.xml", "other/core-site.xml") == (
        "Error: core-site.xml and other/core-site.xml have the same name in the group; nothing was stored. "
        "Give one of them.\n"
    )
    assert [asked.method for asked in prod.asked] == ["GET"]


def test_a_missing_file_stops_before_the_first_is_sent(couture: Couture, prod: StoreServer) -> None:
    assert "File 'none.xml' does not exist." in couture.error("hadoop", "put", "prod", "none.xml", code=2)
    assert prod.asked == []


@pytest.mark.usefixtures("files")
def test_list_and_show(couture: Couture, prod: StoreServer) -> None:
    assert couture("hadoop", "list", "prod").stderr == (
        "There are no Hadoop files yet. Store some: couture hadoop put GROUP FILE...\n"
    )
    couture.ok("hadoop", "put", "prod", "core-site.xml")
    sha256 = hashlib.sha256(CORE).hexdigest()
    assert couture.ok("hadoop", "list", "prod") == (f"NAME           SIZE  SHA256\ncore-site.xml  57 B  {sha256}\n")
    assert json.loads(couture.ok("hadoop", "list", "prod", "--output", "json")) == {
        "items": [{"name": "core-site.xml", "sha256": sha256, "size": 57}],
        "total": 1,
    }
    raw = subprocess.run(
        [*couture.argv, "hadoop", "show", "prod", "core-site.xml"],
        env=couture.environment,
        cwd=couture.folder,
        capture_output=True,
        check=True,
    )
    assert (raw.stdout, raw.stderr) == (CORE, b"")
    assert prod.asked[-1].line == "GET /groups/prod/hadoop/core-site.xml"


@pytest.mark.usefixtures("files")
def test_delete(couture: Couture, prod: StoreServer) -> None:
    couture.ok("hadoop", "put", "prod", "core-site.xml")
    assert couture.error("hadoop", "delete", "prod", "core-site.xml") == (
        "Error: Deleting asks first, and there is no terminal to ask at. Add --yes.\n"
    )
    assert couture.ok("hadoop", "delete", "prod", "core-site.xml", "--yes", "--note", "old") == (
        "Saved revision 3 of prod.\n"
    )
    delete = prod.asked[-1]
    assert (delete.line, delete.headers["If-Match"]) == ("DELETE /groups/prod/hadoop/core-site.xml", '"2"')
    assert delete.query == {"note": "old"}
    assert prod.store.content("prod")["hadoop_files"] == []
