"""What the measurement of pages asks for is what real pages answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store.hadoop.edit import PropertyEdit, edit_properties
from tools.bench.errors import WrongResult
from tools.bench.measurements.pages import PAGES, Clock, Editor, _first_load, large_xml, page_paths
from tools.bench.page_store import LARGE, Names, setting_name

if TYPE_CHECKING:
    import httpx

NAMES = Names("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002")


@pytest.fixture
def filled(http: httpx.Client) -> httpx.Client:
    """Pages on a store with the large group, small."""
    content = {"configurations": {setting_name(number): {"value": "x"} for number in range(3)}}
    http.post("/couture/api/v1/groups", json={"name": LARGE, "content": content}).raise_for_status()
    http.post("/couture/api/v1/artifacts/code/job-00000.jar/versions", content=b"PK\x03\x04").raise_for_status()
    return http


def test_every_page_that_needs_no_receipt_answers(filled: httpx.Client) -> None:
    clock = Clock(filled)
    paths = {name: path for name, path in page_paths(NAMES).items() if not name.startswith("receipt")}
    assert len(paths) == 21
    for path in paths.values():
        assert clock.get(f"{PAGES}/{path}") > 0


def test_a_page_that_fails_is_not_timed(filled: httpx.Client) -> None:
    with pytest.raises(WrongResult, match="200 expected, 404"):
        Clock(filled).get(f"{PAGES}/{page_paths(NAMES)['receipt']}")


def test_a_first_load_counts_scripts_and_styles(filled: httpx.Client) -> None:
    page = len(filled.get(f"{PAGES}/previews").content)
    assert _first_load(filled, f"{PAGES}/previews") > page + 10_000


def test_an_edit_is_saved_and_shown(filled: httpx.Client) -> None:
    edit = Editor(filled)
    assert [edit() > 0, edit() > 0] == [True, True]
    group = filled.get(f"/couture/api/v1/groups/{LARGE}").json()
    assert group["revision"] == 3
    assert group["content"]["configurations"][setting_name(0)]["value"] == "edited 2"


def test_the_large_file_is_one_that_can_be_edited() -> None:
    content, middle = large_xml(10_000)
    assert 10_000 <= len(content) < 10_300
    edited = edit_properties("core-site.xml", content, {middle: PropertyEdit(value="new")})
    assert edited.count(b"<value>new</value>") == 1
