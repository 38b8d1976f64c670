"""Spark Configuration in a real browser: keys that are proposed, what is said at a field, pasted blocks."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.integration.browser import take_seat
from tests.integration.conftest import create
from tests.integration.live_airflow import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator

    from tests.integration.browser import Seat
    from tests.integration.live_airflow import LiveAirflow

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("knowing")]

CONFIGURATION = "Spark Configuration"
#: A JVM starts and compiles one file, on a machine that may be busy.
LISTED_S = 300.0
BLOCK = """spark-submit --master yarn --driver-memory 9g --conf spark.executor.memroy=4g \\
  --name nightly job.py
spark.sql.shuffle.partitions 300
what is this
"""


@pytest.fixture(scope="module")
def knowing(airflow: LiveAirflow) -> LiveAirflow:
    """An Airflow whose API server has listed the keys of its Spark."""
    with airflow.client() as client:

        def look() -> bool | None:
            answer = client.get("/couture/api/v1/catalogue").raise_for_status().json()
            assert "not known" not in answer["missing"], answer["missing"]
            return True if answer["total"] else None

        wait_for("the catalogue", look, LISTED_S)
    return airflow


@pytest.fixture
def group(airflow: LiveAirflow) -> str:
    """A group of the test's own."""
    name = f"keys_{secrets.token_hex(3)}"
    with airflow.client() as client:
        content = {"arguments": {"driver-memory": "7g"}, "configurations": {"spark.sql.shuffle.partitions": "210"}}
        create(client, name, content)
    return name


def add(frame: FrameLocator, typed: str, table: str = "configurations") -> None:
    """Begin a row and type its name."""
    frame.get_by_role("button", name=f"Add to {table}").click()
    frame.get_by_role("combobox", name="Name of the new setting").press_sequentially(typed)


def test_a_key_is_chosen_by_keyboard_and_its_value_is_judged_while_typed(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    add(frame, "spark.executor.mem")
    name, keys = frame.get_by_role("combobox", name="Name of the new setting"), frame.get_by_role("listbox")
    expect(keys.get_by_role("option").first).to_contain_text("spark.executor.memory")
    expect(keys.get_by_role("option").first).to_contain_text("Size, a bare number is MiB · default 1g · since 0.7.0")
    expect(frame.locator("#said")).to_have_text(re.compile(r"^\d+ proposals?; arrow keys choose$"))
    expect(name).to_have_attribute("aria-expanded", "true")
    name.press("ArrowDown")
    option = keys.get_by_role("option", selected=True)
    expect(option).to_contain_text("spark.executor.memory")
    expect(name).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")
    assert admin.axe() == []
    admin.photograph("keys-light-admin-1280")
    name.press("Enter")
    expect(name).to_have_value("spark.executor.memory")
    expect(keys).to_be_hidden()
    row = frame.locator("tr.edited")
    expect(row.locator(".told")).to_contain_text("Size, a bare number is MiB · default 1g")
    value = row.get_by_label("Value of the new setting")
    value.press_sequentially("7 gig")
    expect(row.locator(".told .fault")).to_contain_text("Error: Unexpected value '7 gig'")
    expect(value).to_have_attribute("aria-invalid", "true")
    assert admin.axe() == []
    admin.photograph("fault-at-the-field-light-admin-1280")
    value.fill("7g")
    expect(row.locator(".told .fault")).to_have_count(0)
    expect(value).to_have_attribute("aria-invalid", "false")
    frame.get_by_role("button", name="Review and save").click()
    review = frame.get_by_role("dialog", name="Review")
    expect(review).to_contain_text("configurations.spark.executor.memory")
    expect(review).not_to_contain_text("look at this first")


def test_escape_closes_the_list_and_keeps_what_was_typed(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    add(frame, "spark.exec")
    name, keys = frame.get_by_role("combobox", name="Name of the new setting"), frame.get_by_role("listbox")
    expect(keys).to_be_visible()
    name.press("Escape")
    expect(keys).to_be_hidden()
    expect(name).to_have_value("spark.exec")
    name.press("ArrowDown")
    expect(keys).to_be_visible()
    name.press("Tab")
    expect(keys).to_be_hidden()


def test_a_key_is_chosen_by_a_click(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    add(frame, "exec", "arguments")
    frame.get_by_role("option").filter(has_text="executor-memory").click()
    expect(frame.get_by_role("combobox", name="Name of the new setting")).to_have_value("executor-memory")
    expect(frame.locator(".told")).to_contain_text("Size, a bare number is MiB")


def test_a_slip_and_a_twin_are_told_and_the_slip_once_more_in_the_review(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    add(frame, "spark.driver.memory")
    frame.get_by_label("Value of the new setting").fill("9g")
    expect(frame.locator(".told .fault")).to_contain_text("are the same setting and both are given; keep one")
    frame.get_by_role("combobox", name="Name of the new setting").fill("spark.executor.memroy")
    expect(frame.locator(".told .warning")).to_contain_text("did you mean spark.executor.memory?")
    frame.get_by_role("button", name="Review and save").click()
    review = frame.get_by_role("dialog", name="Review")
    expect(review.locator(".warnings")).to_contain_text("did you mean spark.executor.memory?")
    assert admin.axe() == []
    review.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator(".done")).to_contain_text("Saved as revision 2.")


def test_a_pasted_command_becomes_rows_and_the_rest_stays_in_the_box(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    frame.get_by_role("button", name="Paste settings").click()
    dialog = frame.get_by_role("dialog", name="Paste settings")
    dialog.get_by_label("The block").fill(BLOCK)
    dialog.get_by_role("button", name="Make rows").click()
    expect(dialog.get_by_role("status")).to_contain_text("4 rows made.")
    expect(dialog.get_by_role("listitem")).to_contain_text(
        ["Line 2, --name nightly: name can't be set here", "Line 2, job.py", "Line 4, what is this"]
    )
    expect(dialog.get_by_label("The block")).to_have_value("--name nightly\njob.py\nwhat is this")
    assert admin.axe() == []
    admin.photograph("paste-light-admin-1280")
    dialog.get_by_role("button", name="Close").click()
    expect(frame.locator("[data-counts]")).to_have_text("4 edits")
    expect(frame.get_by_label("Value of driver-memory")).to_have_value("9g")
    expect(frame.get_by_label("Value of spark.sql.shuffle.partitions")).to_have_value("300")
    expect(frame.locator("#rows-arguments tr")).to_have_count(2)
    expect(frame.locator(".told .warning")).to_contain_text("did you mean spark.executor.memory?")
    assert admin.axe() == []
    frame.get_by_role("button", name="Undo the edit of driver-memory").click()
    frame.get_by_role("button", name="Review and save").click()
    review = frame.get_by_role("dialog", name="Review")
    review.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator(".done")).to_contain_text("Saved as revision 2.")
    expect(frame.locator("#rows-arguments")).to_contain_text("yarn")
    expect(frame.locator("#rows-arguments")).to_contain_text("7g")
    expect(frame.locator("#rows-configurations")).to_contain_text("300")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_the_keys_stay_on_the_screen(browser: Browser, knowing: LiveAirflow, group: str, theme: str) -> None:
    seat = take_seat(browser, knowing, "Admin", theme)
    frame = seat.open_page(f"groups/{group}", CONFIGURATION)
    seat.page.set_viewport_size({"width": 360, "height": 800})
    add(frame, "spark.executor.memory")
    keys = frame.get_by_role("listbox")
    expect(keys).to_be_visible()
    left, right, width = keys.evaluate(
        "e => [e.getBoundingClientRect().left, e.getBoundingClientRect().right, innerWidth]"
    )
    assert 0 <= left < right <= width
    assert seat.overflow() <= 0
    assert seat.axe() == []
    seat.photograph(f"keys-{theme}-admin-360")
    frame.get_by_role("combobox", name="Name of the new setting").press("Escape")
    frame.get_by_role("button", name="Paste settings").click()
    frame.get_by_label("The block").fill("nonsense")
    frame.get_by_role("button", name="Make rows").click()
    expect(frame.get_by_role("dialog", name="Paste settings").get_by_role("listitem")).to_have_count(1)
    assert seat.overflow() <= 0
    assert seat.axe() == []
    seat.photograph(f"paste-{theme}-admin-360")
    seat.context.close()
    assert seat.faults == []


def test_where_no_keys_are_known_the_page_says_so_and_works(admin: Seat, airflow: LiveAirflow) -> None:
    name = f"keys_{secrets.token_hex(3)}"
    with airflow.client() as client:
        create(client, name, {"arguments": {"driver-memory": "7g"}, "spark_home": "recording"})
    frame = admin.open_page(f"groups/{name}", CONFIGURATION)
    expect(frame.locator("main")).to_contain_text("`airflow couture warm --keys` on this API server lists them")
    assert admin.axe() == []
    add(frame, "spark.mine")
    frame.get_by_label("Value of the new setting").fill("1")
    frame.get_by_role("button", name="Review and save").click()
    frame.get_by_role("dialog", name="Review").get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator(".done")).to_contain_text("Saved as revision 2.")


def test_a_viewer_pastes_nothing(browser: Browser, knowing: LiveAirflow, group: str) -> None:
    seat = take_seat(browser, knowing, "Viewer")
    frame = seat.open_page(f"groups/{group}", CONFIGURATION)
    expect(frame.locator("#rows-arguments")).to_contain_text("7g")
    expect(frame.get_by_role("button", name="Paste settings")).to_have_count(0)
    seat.context.close()
    assert seat.faults == []
