"""A group of 10,000 settings in a real browser: its pages, a search, an edit far behind, two admins at once."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.integration.browser import take_seat
from tests.integration.conftest import create
from tests.integration.group_editing import CONFIGURATION, edit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Locator

    from tests.integration.browser import Seat
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

SETTINGS = 10_000
#: What a loaded machine needs for a content of a megabyte.
LARGE_MS = 60_000


@pytest.fixture
def group(airflow: LiveAirflow) -> str:
    """A large group of the test's own."""
    name = f"large_{secrets.token_hex(3)}"
    with airflow.client() as client:
        create(client, name, {"configurations": {key(number): f"value {number}" for number in range(SETTINGS)}})
    return name


def key(number: int) -> str:
    return f"spark.mine.k{number:05d}"


def pages(frame: FrameLocator) -> Locator:
    return frame.get_by_role("navigation", name="Pages of Configurations")


def save(frame: FrameLocator) -> None:
    frame.get_by_role("button", name="Review and save").click()
    review = frame.get_by_role("dialog", name="Review")
    review.get_by_label("Note: why?").fill("one of many", timeout=LARGE_MS)
    review.get_by_role("button", name="Save", exact=True).click()


def test_it_is_read_searched_and_edited_page_by_page(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    rows = frame.locator("#rows-configurations tr")
    expect(pages(frame)).to_contain_text("Page 1 of 100")
    expect(rows).to_have_count(100)
    pages(frame).get_by_role("link", name="Next").press("Enter")
    expect(pages(frame)).to_contain_text("Page 2 of 100")
    expect(rows.first).to_contain_text(key(100))
    edit(admin, key(150), "typed on page 2")
    pages(frame).get_by_role("link", name="Next").click()
    frame.get_by_role("dialog", name="Leave this page?").get_by_role("button", name="Stay").click()
    expect(frame.get_by_label(f"Value of {key(150)}")).to_have_value("typed on page 2")
    save(frame)
    expect(frame.locator(".done")).to_contain_text("Saved as revision 2.", timeout=LARGE_MS)
    expect(pages(frame)).to_contain_text("Page 2 of 100")
    expect(frame.get_by_role("row", name=re.compile(key(150)))).to_contain_text("typed on page 2")
    frame.get_by_role("searchbox").fill("K0999")
    frame.get_by_role("button", name="Search").click()
    expect(frame.get_by_role("heading", name=re.compile("^Configurations"))).to_contain_text("10 of 10,000")
    expect(pages(frame)).to_have_count(0)
    assert admin.axe() == []


def test_an_address_leads_to_its_page_and_a_page_too_far_back_to_the_first(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}?configurations=100", CONFIGURATION)
    expect(frame.locator("#rows-configurations tr").last).to_contain_text(key(SETTINGS - 1))
    admin.assert_fit("group-large-light-admin", (2560, 360))
    frame = admin.open_page(f"groups/{group}?configurations=101", CONFIGURATION)
    frame.get_by_role("link", name="go to the first").click()
    expect(pages(frame)).to_contain_text("Page 1 of 100")


def test_two_admins_edit_it_at_once_and_both_edits_go_together(
    browser: Browser, airflow: LiveAirflow, admin: Seat, group: str
) -> None:
    mine = admin.open_page(f"groups/{group}?configurations=100", CONFIGURATION)
    edit(admin, key(SETTINGS - 1), "mine")
    other = take_seat(browser, airflow, "Op")
    theirs = other.open_page(f"groups/{group}", CONFIGURATION)
    edit(other, key(0), "theirs")
    save(theirs)
    expect(theirs.locator(".done")).to_contain_text("Saved as revision 2.", timeout=LARGE_MS)
    other.context.close()
    mine.get_by_role("button", name="Review and save").click()
    expect(mine.locator("#notice")).to_contain_text("Somebody else saved meanwhile", timeout=LARGE_MS)
    mine.get_by_role("button", name="Put my edits on top of revision 2").click()
    review = mine.get_by_role("dialog", name="Review")
    review.get_by_label("Note: why?").fill("both", timeout=LARGE_MS)
    review.get_by_role("button", name="Save", exact=True).click()
    expect(mine.locator(".done")).to_contain_text("Saved as revision 3.", timeout=LARGE_MS)
    expect(mine.get_by_role("row", name=re.compile(key(SETTINGS - 1)))).to_contain_text("mine")
    pages_of = admin.open_page(f"groups/{group}", CONFIGURATION)
    expect(pages_of.get_by_role("row", name=re.compile(key(0)))).to_contain_text("theirs")
    assert other.faults == []
