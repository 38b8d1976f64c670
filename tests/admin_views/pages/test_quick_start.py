"""The way of a newcomer: a group with its master, its files, a test in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from admin_views.pages.quick_start import CHECKS
from config_store.group_check import CHECK_NAMES
from tests.admin_views.pages.conftest import PART

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages


def walk(admin: httpx.Client, group: str) -> list[str]:
    """The answers of the test, each leading to the next as in a browser."""
    answers, path = [], f"/groups/{group}/test"
    while path:
        answers.append(admin.get(path, headers=PART).text)
        following = re.search(r'hx-get="/pages([^"]+)"', answers[-1])
        path = following.group(1).replace("&amp;", "&") if following else ""
    return answers


def test_a_group_is_made_with_its_master(pages: Pages, admin: httpx.Client) -> None:
    form = {"name": " lake ", "description": "d", "master": " yarn "}
    assert admin.post("/groups", data=form, headers=PART).headers["HX-Redirect"] == "/pages/groups/lake/start"
    assert pages.api.get("/groups/lake").json()["content"]["arguments"]["master"]["value"] == "yarn"
    text = admin.get("/groups/lake/start").text
    assert "run on <code>yarn</code>" in text
    assert "YARN needs them" in text
    assert 'data-api="/api/v1/groups/lake/hadoop" data-revision="1"' in text
    assert "data-api" not in pages.of("Viewer").get("/groups/lake/start").text


def test_a_copy_keeps_the_master_of_its_source(pages: Pages, admin: httpx.Client) -> None:
    form = {"name": "copy", "copy_of": "prod", "master": "yarn"}
    refused = admin.post("/groups", data=form, headers=PART)
    assert refused.status_code == 422
    assert "a copy has the master of &#39;prod&#39;" in refused.text
    assert admin.post("/groups", data={**form, "master": ""}, headers=PART).headers["HX-Redirect"] == (
        "/pages/groups/copy"
    )
    assert pages.api.get("/groups/copy").json()["content"]["arguments"]["driver-memory"]["value"] == "7g"


def test_the_page_asks_every_check() -> None:
    assert tuple(CHECKS) == CHECK_NAMES


def test_a_test_goes_from_check_to_check_and_says_what_to_do(admin: httpx.Client) -> None:
    admin.post("/groups", data={"name": "lake", "master": "yarn"}, headers=PART)
    answers = walk(admin, "lake")
    assert len(answers) == len(CHECK_NAMES)
    assert '<progress max="6" value="1"' in answers[0]
    assert "1 of 6 done. Do the Hadoop files lead to the cluster?" in answers[0]
    assert '<span class="status status-failed">no</span> No Hadoop file names a file system' in answers[1]
    assert "<strong>What to do:</strong> Upload the cluster&#39;s own core-site.xml" in answers[1]
    assert "Jobs of lake would fail: 3 things to mend, as said above." in answers[-1]
    assert "hx-get" not in answers[-1]


def test_a_sound_group_is_said_to_be_so(admin: httpx.Client) -> None:
    admin.post("/groups", data={"name": "small", "master": "local[2]"}, headers=PART)
    assert "All 6 checks are fine: jobs of small can run." in walk(admin, "small")[-1]


def test_there_is_no_other_check(admin: httpx.Client) -> None:
    assert admin.get("/groups/prod/test?at=6").status_code == 422
    assert admin.get("/groups/nobody/test").status_code == 404
