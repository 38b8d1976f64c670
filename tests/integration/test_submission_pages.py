"""Spark Submissions and Preview in a real browser, within Airflow's frame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.integration.browser import MENU, take_seat

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.integration.browser import Seat
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

SUBMISSIONS, PREVIEW, TASK = "Spark Submissions", "Preview", "again.t"
CHOSEN = "previews?dag=again&task=t"
RUNS_MS = 240_000


@pytest.fixture(scope="module")
def success(airflow: LiveAirflow) -> dict[str, Any]:
    """The receipt of a task that worked."""
    return ran(airflow, "success")


@pytest.fixture(scope="module")
def failure(airflow: LiveAirflow, success: dict[str, Any]) -> dict[str, Any]:
    """The receipt of the same task, which failed after its group had been changed."""
    airflow.save("g_delta", arguments={"driver-memory": "5g"}, note="less")
    return ran(airflow, "failed", {"exit": 3})


def ran(airflow: LiveAirflow, expected: str, conf: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run the task; answers its receipt."""
    run_id, state = airflow.run("again", conf)
    assert state == expected
    (receipt,) = airflow.receipts("again", "t", run_id)
    return receipt


def page_of(receipt: dict[str, Any]) -> str:
    """The path of its page."""
    return f"submissions/{receipt['submission_id']}"


def open_preview(seat: Seat, path: str) -> Any:
    """Open the page of previews as a link does."""
    return seat.open(f"/plugin/{MENU['submissions']}/couture/pages/{path}", PREVIEW)


@pytest.mark.parametrize("role", ["Admin", "User", "Viewer"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_fit_for_all_readers_and_screens(
    browser: Browser, airflow: LiveAirflow, failure: dict[str, Any], theme: str, role: str
) -> None:
    seat = take_seat(browser, airflow, role, theme)
    pages = {
        "submissions filtered": ("submissions?dag=again&status=failed", SUBMISSIONS),
        "no submission": ("submissions?dag=nobody", SUBMISSIONS),
        "what changed": (page_of(failure), TASK),
    }
    if role != "Viewer":
        pages["preview empty"] = ("previews", PREVIEW)
        pages["preview"] = (CHOSEN, PREVIEW)
        pages["preview refused"] = ("previews?dag=again&task=nothing", PREVIEW)
    for page, (path, heading) in pages.items():
        seat.page.set_viewport_size({"width": 1280, "height": 800})
        frame = seat.open_page(path, heading)
        expect(frame.locator("html")).to_have_attribute("data-theme", theme)
        seat.assert_fit(f"{page.replace(' ', '-')}-{theme}-{role.lower()}", (2560, 768, 360))
    seat.context.close()
    assert seat.faults == []


def test_filters_stand_in_the_address_and_back_and_forward_work(
    admin: Seat, success: dict[str, Any], failure: dict[str, Any]
) -> None:
    frame = admin.open_page("submissions?dag=again", SUBMISSIONS)
    rows = frame.locator("#list tbody tr")
    link = frame.locator(f"#s-{success['submission_id']}")
    expect(link).to_be_visible()
    frame.get_by_label("Status").select_option("failed")
    for label, text in (("Group", "g_delta"), ("Artifact", "couture.jar"), ("Who", "task")):
        frame.get_by_role("combobox", name=label).fill(text)
    frame.get_by_label("Since").fill("2020-01-31")
    frame.get_by_role("button", name="Filter").click()
    expect(link).to_have_count(0)
    expect(frame.locator(f"#s-{failure['submission_id']}")).to_be_visible()
    expect(rows.locator(".status").first).to_have_text("failed")
    address = "status=failed"
    admin.page.wait_for_url(re.compile(address))
    admin.page.go_back()
    expect(link).to_be_visible()
    admin.page.go_forward()
    expect(link).to_have_count(0)
    expect(frame.get_by_role("combobox", name="Artifact")).to_have_value("couture.jar")


def test_filters_are_completed_by_keyboard_and_enter_filters(admin: Seat, success: dict[str, Any]) -> None:
    frame = admin.open_page("submissions", SUBMISSIONS)
    for label, typed, chosen in (
        ("DAG", "agai", "again"),
        ("Task", "t", "t"),
        ("Group", "DELT", "g_delta"),
        ("Artifact", "couture", "couture.jar"),
        ("Who", "ask", "task"),
    ):
        field = frame.get_by_role("combobox", name=label)
        field.focus()
        admin.page.keyboard.insert_text(typed)  # at once: a list that came anew would forget what was chosen in it
        option = frame.get_by_role("option", name=chosen, exact=True)
        expect(option).to_be_visible()
        expect(frame.locator("#said")).to_have_text(re.compile(r"\d+ [A-Za-z]+s?; arrow keys choose"))
        if label == "Artifact":
            assert admin.axe() == []  # with the list open
            admin.photograph("submissions-completion-light-admin-1280")
        while option.get_attribute("aria-selected") == "false":
            field.press("ArrowDown")
        field.press("Enter")
        expect(field).to_have_value(chosen)
        expect(option).to_be_hidden()
    frame.get_by_role("combobox", name="Who").press("Enter")
    admin.page.wait_for_url(re.compile("dag=again&task=t&.*group=g_delta&artifact=couture.jar&.*by=task"))
    expect(frame.locator(f"#s-{success['submission_id']}")).to_be_visible()
    field = frame.get_by_role("combobox", name="Group")
    field.fill("nobodys")
    expect(frame.locator("#said")).to_have_text("No group fits")
    field.press("Enter")
    expect(frame.locator("#list")).to_contain_text("No submission matches")


def test_what_changed_is_told_against_the_last_success_and_any_other(
    admin: Seat, success: dict[str, Any], failure: dict[str, Any]
) -> None:
    frame = admin.open_page(page_of(failure), TASK)
    changed = frame.locator('section[aria-labelledby="changed"]')
    expect(changed.get_by_role("row").filter(has_text="arguments.driver-memory")).to_contain_text("5g")
    frame.get_by_label("Compared with").select_option(success["submission_id"])
    admin.page.wait_for_url(re.compile(f"against={success['submission_id']}"))
    expect(changed.get_by_role("row").filter(has_text="arguments.driver-memory")).to_contain_text("7g")


def test_the_command_is_copied(admin: Seat, success: dict[str, Any]) -> None:
    frame = admin.open_page(page_of(success), TASK)
    frame.get_by_role("button", name="Copy").click()
    expect(frame.locator("#said")).to_have_text(re.compile("Copied|Selected"))
    expect(frame.get_by_role("link", name="couture.jar")).to_have_attribute(
        "href", "/couture/pages/artifacts/code/couture.jar"
    )


def test_running_again_says_first_what_it_will_do(
    browser: Browser, airflow: LiveAirflow, success: dict[str, Any], failure: dict[str, Any]
) -> None:
    seat = take_seat(browser, airflow, "User")
    frame = seat.open_page(page_of(success), TASK)
    frame.get_by_role("button", name="Run again").click()
    dialog = frame.get_by_role("dialog")
    then, now = success["revision"], failure["revision"]
    expect(dialog).to_contain_text(success["task"]["run_id"])
    expect(dialog).to_contain_text(f"revision {now} of g_delta in place of {then}")
    seat.photograph("run-again-light-user")
    assert seat.axe() == []
    dialog.get_by_role("button", name="Run as now").click()
    seat.shows(SUBMISSIONS)
    rows = frame.locator("#list tbody tr")
    expect(rows).to_have_count(2, timeout=RUNS_MS)
    expect(rows.first.locator(".status")).to_have_text("succeeded", timeout=RUNS_MS)
    expect(rows.first).to_contain_text(f"g_delta @ {now}")
    seat.context.close()
    assert seat.faults == []


def test_a_task_is_chosen_by_completion_and_previewed(admin: Seat, failure: dict[str, Any]) -> None:
    frame = admin.open_page("submissions", SUBMISSIONS)
    frame.get_by_role("link", name="Preview a task").click()
    admin.shows(PREVIEW)
    for label, typed, option in (("DAG", "agai", "again"), ("Task", "t", "t")):
        field = frame.get_by_role("combobox", name=label)
        field.focus()
        admin.page.keyboard.insert_text(typed)  # at once: a list that came anew would forget what was chosen in it
        expect(frame.get_by_role("option", name=option, exact=True)).to_be_visible()
        field.press("ArrowDown")
        field.press("Enter")
        expect(field).to_have_value(option)
    frame.get_by_role("button", name="Preview").click()
    row = frame.get_by_role("row").filter(has_text="--driver-memory")
    expect(row).to_contain_text("5g")
    expect(row).to_contain_text("group")
    expect(frame.locator("#argv")).to_contain_text("--driver-memory 5g")
    assert "task=t" in admin.page.url


def test_the_link_of_a_task_opens_its_preview(admin: Seat, success: dict[str, Any]) -> None:
    task = success["task"]
    with admin.airflow.client() as client:
        path = f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['run_id']}/taskInstances/{task['task_id']}/links"
        links = client.get(path).raise_for_status().json()["extra_links"]
    frame = admin.open(links["Spark preview"].removeprefix(admin.airflow.url), PREVIEW)
    expect(frame.get_by_role("combobox", name="DAG")).to_have_value("again")
    expect(frame.locator("#argv")).to_contain_text("spark-submit")


def test_what_keeps_a_task_from_running_is_told_on_the_page(admin: Seat, success: dict[str, Any]) -> None:
    frame = open_preview(admin, "previews?dag=unknown_group&task=t")
    told = frame.get_by_role("alert").filter(has_text="Unknown config group")
    expect(told).to_contain_text("g_lagre")
    expect(told).to_contain_text("g_large")


def test_a_viewer_reads_which_permission_a_preview_needs(
    browser: Browser, airflow: LiveAirflow, success: dict[str, Any]
) -> None:
    seat = take_seat(browser, airflow, "Viewer")
    frame = seat.open_page(page_of(success), TASK)
    expect(frame.get_by_role("button", name="Run again")).to_have_count(0)
    expect(frame.get_by_role("link", name="Preview")).to_have_count(0)
    seat.context.close()
    seat = take_seat(browser, airflow, "Viewer")
    seat.page.goto(f"{airflow.url}/plugin/{MENU['submissions']}/couture/pages/{CHOSEN}")
    frame = seat.shows("Permission missing")
    expect(frame.get_by_text("can_edit")).to_be_visible()
    expect(frame.get_by_text("Couture Submissions")).to_be_visible()
    assert seat.axe() == []
    seat.photograph("preview-light-viewer-1280")
    seat.context.close()
