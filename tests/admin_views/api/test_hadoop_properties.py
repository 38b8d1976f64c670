"""The properties inside a group's Hadoop files over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.admin_views.calls import new_group, problem_of, upon

if TYPE_CHECKING:
    import httpx

DOCUMENT = (
    "<configuration>\r\n <!-- c --><property name='a' value='{}'/>\r\n "
    "<property name='b' value='${{a}}'/></configuration>"
)
FILE = "/groups/prod/hadoop/core-site.xml"


def _with_file(api: httpx.Client) -> None:
    new_group(api)
    api.put(FILE, content=DOCUMENT.format(1).encode(), headers=upon(1)).raise_for_status()


def test_the_table_is_searched_and_paged(api: httpx.Client) -> None:
    _with_file(api)
    page = api.get("/groups/prod/hadoop-properties", params={"search": "B", "limit": 1}).json()
    assert (page["total"], page["faults"]) == (1, [])
    assert (page["items"][0]["name"], page["items"][0]["value"], page["items"][0]["effective"]) == ("b", "${a}", "1")
    assert api.get("/groups/prod/hadoop-properties", params={"file": "none.xml"}).json()["total"] == 0


def test_a_change_touches_no_other_byte_and_makes_a_revision(api: httpx.Client) -> None:
    _with_file(api)
    body = {"properties": {"a": {"value": "<2>"}}, "note": "two"}
    assert api.patch(f"{FILE}/properties", json=body, headers=upon(2)).json()["revision"] == 3
    assert api.get(FILE).text == DOCUMENT.format("&lt;2>")
    assert api.get("/groups/prod/revisions").json()["items"][0]["note"] == "two"
    problem_of(api.patch(f"{FILE}/properties", json=body, headers=upon(2)), 409, "StaleRevision")


def test_a_property_that_is_not_there_is_not_deleted(api: httpx.Client) -> None:
    _with_file(api)
    answer = api.patch(f"{FILE}/properties", json={"properties": {"c": None}}, headers=upon(2))
    assert problem_of(answer, 404, "NotFound")["detail"].startswith("There is no property of core-site.xml named 'c'.")
