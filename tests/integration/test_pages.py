"""The pages in a real browser, within Airflow's frame: the stories of those who use them."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.integration.browser import take_seat
from tests.integration.conftest import create
from tests.integration.group_editing import CONFIGURATION, edit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.integration.browser import Seat
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

SUBMISSIONS, MASTERS = "Spark Submissions", "Master DAGs"
RUNS_MS = 240_000
CONTENT = {
    "arguments": {"driver-memory": "7g", "queue": {"value": "etl", "final": True, "note": "ask <script>the admins"}},
    "configurations": {"spark.my.password": "of the lake", "spark.sql.shuffle.partitions": "210"},
}


@pytest.fixture
def group(airflow: LiveAirflow) -> str:
    """A group of the test's own."""
    name = f"pages_{secrets.token_hex(3)}"
    with airflow.client() as client:
        create(client, name, CONTENT)
    return name


@pytest.fixture(scope="module")
def receipt(airflow: LiveAirflow) -> dict[str, Any]:
    """The receipt of a task that worked."""
    run_id, state = airflow.run("again")
    assert state == "success"
    (receipt,) = airflow.receipts("again", "t", run_id)
    return receipt


# --- the frame ---


@pytest.mark.parametrize("role", ["Admin", "Viewer"])
@pytest.mark.parametrize(
    ("category", "entry"), [("Admin", CONFIGURATION), ("Browse", SUBMISSIONS), ("Browse", MASTERS)]
)
def test_airflows_menu_leads_to_the_pages(
    browser: Browser, airflow: LiveAirflow, role: str, category: str, entry: str
) -> None:
    seat = take_seat(browser, airflow, role)
    seat.page.goto(airflow.url)
    seat.page.get_by_text(category, exact=True).first.click()
    seat.page.get_by_role("menuitem", name=entry).click()
    seat.shows(entry)
    seat.context.close()
    assert seat.faults == []


def test_the_pages_follow_airflows_switch_while_they_are_open(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    expect(frame.locator("html")).to_have_attribute("data-theme", "light")
    light = frame.locator("body").evaluate("getComputedStyle(document.documentElement).backgroundColor")
    admin.page.get_by_text("User", exact=True).first.click()
    admin.page.get_by_role("menuitem", name="Appearance").hover()
    admin.page.get_by_role("menuitemradio", name="Dark").or_(admin.page.get_by_role("menuitem", name="Dark")).click()
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    dark = frame.locator("body").evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert light != dark


@pytest.mark.parametrize("role", ["Admin", "Viewer"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_fit_for_all_readers_and_screens(
    browser: Browser, airflow: LiveAirflow, receipt: dict[str, Any], group: str, theme: str, role: str
) -> None:
    seat = take_seat(browser, airflow, role, theme)
    airflow.save(group, arguments={"driver-memory": "8g"}, note="more")
    pages = {
        "configuration": (f"groups/{group}", CONFIGURATION),
        "history": (f"groups/{group}/history?old=1&new=2", CONFIGURATION),
        "submissions": ("submissions", SUBMISSIONS),
        "receipt": (f"submissions/{receipt['submission_id']}", "again.t"),
        "no such page": ("groups/nobody", "Unknown config group"),
    }
    for name, (path, heading) in pages.items():
        seat.page.set_viewport_size({"width": 1280, "height": 800})
        seat.open_page(path, heading)
        expect(seat.frame.locator("html")).to_have_attribute("data-theme", theme)
        seat.assert_fit(f"{name.replace(' ', '-')}-{theme}-{role.lower()}", (2560, 768, 360))
    seat.context.close()
    assert seat.faults == []


def test_who_may_not_see_a_page_reads_which_permission_he_needs(browser: Browser, airflow: LiveAirflow) -> None:
    seat = take_seat(browser, airflow, "Public")
    seat.page.goto(f"{airflow.url}/couture/pages/groups")
    expect(seat.page.locator("main")).to_contain_text(
        "This page needs the permission can_read on Couture Config Groups."
    )
    seat.log_out()
    seat.page.goto(f"{airflow.url}/couture/pages/groups")
    expect(seat.page.get_by_role("heading", level=1)).to_have_text("Your session has ended")
    seat.context.close()


# --- Spark Configuration ---


def test_an_edit_is_reviewed_and_saved(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    edit(admin, "driver-memory", "9g")
    edit(admin, "spark.my.password", "new and secret")
    frame.get_by_role("button", name="Delete queue").click()
    frame.get_by_role("button", name="Add to configurations").click()
    frame.get_by_label("Name of the new setting").fill("spark.new")
    frame.get_by_label("Value of the new setting").fill("<b>1</b>")
    expect(frame.locator("[data-counts]")).to_have_text("4 edits")
    frame.get_by_role("button", name="Review and save").click()
    review = frame.get_by_role("dialog", name="Review")
    expect(review.get_by_role("row")).to_contain_text(
        [
            "What",
            "arguments.driver-memory",
            "arguments.queue",
            "arguments.queue.final",
            "arguments.queue.note",
            "configurations.spark.my.password",
            "configurations.spark.new",
        ]
    )
    assert admin.axe() == []
    admin.photograph("review-light-admin-1280")
    expect(review).not_to_contain_text("new and secret")
    review.get_by_label("Note: why?").fill("since Monday")
    review.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator(".done")).to_have_text("Saved as revision 2. The next task that starts has it.")
    expect(frame.locator("#rows-configurations")).to_contain_text("<b>1</b>")
    frame.get_by_role("link", name="History").click()
    expect(frame.get_by_role("row", name=re.compile("since Monday"))).to_be_visible()
    assert admin.page.url.endswith(f"/couture/pages/groups/{group}/history")
    admin.page.go_back()
    expect(frame.locator("#rows-arguments")).to_contain_text("9g")


def test_of_two_admins_the_second_sees_both_edits_and_loses_none(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    edit(admin, "driver-memory", "9g")
    frame.get_by_role("button", name="Review and save").click()
    review = frame.get_by_role("dialog", name="Review")
    review.get_by_label("Note: why?").fill("mine")
    admin.airflow.save(group, configurations={"spark.theirs": "1"}, note="theirs")
    review.get_by_role("button", name="Save", exact=True).click()
    notice = frame.locator("#notice")
    expect(notice).to_contain_text("admin saved revision 2: “theirs”.")
    expect(notice).to_contain_text("configurations.spark.theirs")
    notice.get_by_role("button", name="Put my edits on top of revision 2").click()
    expect(notice).to_be_empty()
    expect(review.get_by_label("Note: why?")).to_have_value("mine")
    review.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator(".done")).to_contain_text("Saved as revision 3.")
    expect(frame.locator("#rows-configurations")).to_contain_text("spark.theirs")


def test_what_is_typed_outlives_the_session(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    edit(admin, "driver-memory", "9g")
    admin.log_out()
    frame.get_by_role("button", name="Review and save").click()
    expect(frame.locator("#notice")).to_contain_text("Your session has ended")
    expect(frame.get_by_label("Value of driver-memory")).to_have_value("9g")
    admin.log_in("Admin")
    frame.get_by_role("button", name="Review and save").click()
    expect(frame.get_by_role("dialog", name="Review")).to_contain_text("arguments.driver-memory")


def test_a_fault_is_told_and_the_edit_stays(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    edit(admin, "driver-memory", "7 gig")
    frame.get_by_role("button", name="Review and save").click()
    expect(frame.locator("#notice")).to_contain_text("arguments.driver-memory: Unexpected value '7 gig'")
    expect(frame.get_by_label("Value of driver-memory")).to_have_value("7 gig")
    told, bar = frame.locator("#notice").bounding_box(), frame.locator(".savebar").bounding_box()
    assert told
    assert bar
    assert told["y"] + told["height"] <= bar["y"]
    frame.get_by_label("Value of driver-memory").fill("7g")
    frame.get_by_role("button", name="Review and save").click()
    expect(frame.locator("#notice")).to_be_empty()
    frame.get_by_role("dialog", name="Review").get_by_role("button", name="Back").click()
    frame.get_by_role("button", name="Undo the edit of driver-memory").click()
    expect(frame.locator("#rows-arguments")).to_contain_text("7g")
    expect(frame.get_by_role("button", name="Review and save")).to_be_hidden()


def test_an_older_revision_comes_back(admin: Seat, group: str) -> None:
    admin.airflow.save(group, arguments={"driver-memory": "8g"}, note="more")
    frame = admin.open_page(f"groups/{group}/history", CONFIGURATION)
    frame.get_by_role("button", name="Go back to revision 1").click()
    dialog = frame.get_by_role("dialog", name="Go back")
    expect(dialog.get_by_role("row", name="arguments.driver-memory")).to_contain_text("8g 7g")
    assert admin.axe() == []
    dialog.get_by_label("Note: why?").fill("too much")
    dialog.get_by_role("button", name="Go back").click()
    expect(frame.locator(".done")).to_contain_text("Saved as revision 3.")
    expect(frame.locator("#rows-arguments")).to_contain_text("7g")


def test_a_viewer_changes_nothing(browser: Browser, airflow: LiveAirflow, group: str) -> None:
    seat = take_seat(browser, airflow, "Viewer")
    frame = seat.open_page(f"groups/{group}", CONFIGURATION)
    expect(frame.locator("#rows-arguments")).to_contain_text("7g")
    expect(frame.get_by_role("button", name=re.compile("Edit|Delete|Add|Review|New"))).to_have_count(0)
    seat.context.close()
    assert seat.faults == []


# --- Spark Submissions ---


def test_the_link_of_a_task_opens_its_receipt(admin: Seat, receipt: dict[str, Any]) -> None:
    task = receipt["task"]
    with admin.airflow.client() as client:
        path = f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['run_id']}/taskInstances/{task['task_id']}/links"
        links = client.get(path).raise_for_status().json()["extra_links"]
    frame = admin.open(links["Spark receipt"].removeprefix(admin.airflow.url), "again.t")
    expect(frame.locator("#progress")).to_contain_text("succeeded")
    expect(frame.locator("#argv")).to_contain_text("spark-submit")
    frame.get_by_role("link", name="Task and log").click()
    admin.page.wait_for_url(re.compile(f"/dags/again/runs/.*/tasks/{task['task_id']}"))


def test_filters_stand_in_the_address_and_back_works(admin: Seat, receipt: dict[str, Any]) -> None:
    frame = admin.open_page("submissions", SUBMISSIONS)
    frame.get_by_role("combobox", name="DAG").fill("nobody")
    frame.get_by_role("button", name="Filter").click()
    expect(frame.locator("#list")).to_contain_text("No submission matches.")
    assert "dag=nobody" in admin.page.url
    admin.page.go_back()
    expect(frame.get_by_role("link", name="again.t").first).to_be_visible()


def test_a_task_runs_again_as_then_and_the_list_follows_it(
    browser: Browser, airflow: LiveAirflow, receipt: dict[str, Any]
) -> None:
    seat = take_seat(browser, airflow, "User")
    path = f"submissions/{receipt['submission_id']}"
    frame = seat.open_page(path, "again.t")
    frame.get_by_role("button", name="Run again").click()
    frame.get_by_role("button", name="Run as then").click()
    seat.shows(SUBMISSIONS)
    rows = frame.locator("#list tbody tr")
    expect(rows).to_have_count(2, timeout=RUNS_MS)
    expect(rows.first.locator(".status")).to_have_text("succeeded", timeout=RUNS_MS)
    seat.context.close()
    assert seat.faults == []
