"""A save that came too late: both changes side by side, and the choice where they collide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.admin_views.calls import change
from tests.admin_views.pages.conftest import PART
from tests.admin_views.pages.test_groups import form, row

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

EVERY_DEED = pytest.mark.parametrize("deed", ["review", "save"])


@EVERY_DEED
def test_what_does_not_collide_goes_together(pages: Pages, admin: httpx.Client, deed: str) -> None:
    assert change(pages.api, "prod", 4, configurations={"spark.theirs": "1"}, note="theirs").is_success
    answer = admin.post(
        f"/groups/prod/{deed}", data=form(row("a", "arguments", "driver-memory", value="8g")), headers=PART
    )
    assert answer.status_code == 409
    assert "ada saved revision 5: “theirs”." in answer.text
    assert "touch different settings, so both go together." in answer.text
    assert re.findall(r'<th scope="row"><code>([^<]+)</code>', answer.text) == [
        "arguments.driver-memory",
        "configurations.spark.theirs",
    ]
    assert 'type="radio"' not in answer.text
    assert 'data-rebase="5"' in answer.text
    assert pages.api.get("/groups/prod").json()["revision"] == 5


@EVERY_DEED
def test_each_collision_asks_which_one_to_take(pages: Pages, admin: httpx.Client, deed: str) -> None:
    assert change(pages.api, "prod", 4, arguments={"driver-memory": "6g"}, jars=[]).is_success
    mine = {
        **form(row("new-1", "arguments", "driver-memory", value="8g"), row("b", "arguments", "queue", value="etl")),
        "part": "jars",
        "jars.name": "unused.jar",
        "jars.version": "",
    }
    text = admin.post(f"/groups/prod/{deed}", data=mine, headers=PART).text
    assert "2 settings were changed by both of you: choose what to take." in text
    assert re.findall(r'aria-label="(Take [^"]+)"', text) == [
        "Take mine: arguments.driver-memory",
        "Take what was saved: arguments.driver-memory",
        "Take mine: jars",
        "Take what was saved: jars",
    ]
    assert 'data-edit="new-1" data-now="/pages/groups/prod/row?section=arguments&amp;key=driver-memory"' in text
    assert 'data-edit="jars" data-now="/pages/groups/prod/part?field=jars"' in text


def test_a_setting_that_was_deleted_meanwhile_has_nothing_to_show(pages: Pages, admin: httpx.Client) -> None:
    assert change(pages.api, "prod", 4, arguments={"driver-memory": None}).is_success
    mine = form(row("a", "arguments", "driver-memory", value="8g"))
    assert 'data-edit="a" data-now=""' in admin.post("/groups/prod/save", data=mine, headers=PART).text


def test_no_secret_is_shown(pages: Pages, admin: httpx.Client) -> None:
    assert change(pages.api, "prod", 4, configurations={"spark.my.password": "theirs alone"}).is_success
    mine = form(row("a", "configurations", "spark.my.password", value="mine alone", secret="on"))
    text = admin.post("/groups/prod/save", data=mine, headers=PART).text
    assert "configurations.spark.my.password" in text
    assert "alone" not in text
    assert "gAAAA" not in text


def test_a_revision_that_never_was_is_told(admin: httpx.Client) -> None:
    mine = form(row("a", "arguments", "driver-memory", value="8g"), parent=99)
    assert admin.post("/groups/prod/review", data=mine, headers=PART).status_code == 404
