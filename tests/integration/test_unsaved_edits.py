"""Edits on the page of a config group that are not saved yet, in a real browser: leaving, reloading, a lost session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.integration.group_editing import CONFIGURATION, content, edit, save

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.browser import Seat

pytestmark = pytest.mark.integration


def test_leaving_with_unsaved_edits_asks_wherever_the_way_out_begins(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    edit(admin, "driver-memory", "9g")
    asked = frame.get_by_role("dialog", name="Leave this page?")
    value = frame.get_by_label("Value of driver-memory")
    ways: dict[str, Callable[[], Any]] = {
        "a link": lambda: frame.get_by_role("link", name="History").click(),
        "the switcher": lambda: frame.locator("[data-leads]").select_option(label="real"),
        "the search": lambda: frame.get_by_role("button", name="Search").click(),
        "Airflow's menu": lambda: admin.page.locator('a[href="/dags"], a[href="/"]').first.click(),
    }
    for way, go in ways.items():
        go()
        expect(asked, way).to_contain_text("1 edit is not saved.")
        asked.get_by_role("button", name="Stay").click()
        expect(asked, way).to_be_hidden()
        expect(value, way).to_have_value("9g")
    expect(frame.locator("[data-leads]")).to_have_value(re.compile(f"/{group}$"))
    frame.get_by_role("link", name="History").click()
    assert admin.axe() == []
    admin.photograph("leaving-light-admin-1280")
    admin.page.keyboard.press("Escape")
    expect(value).to_have_value("9g")
    frame.get_by_role("link", name="History").click()
    asked.get_by_role("button", name="Leave and drop them").click()
    expect(frame.get_by_role("button", name="Compare")).to_be_visible()


def test_a_reload_of_airflow_asks_by_the_browser_and_only_with_edits(admin: Seat, group: str) -> None:
    questions: list[str] = []

    def stay(dialog: Any) -> None:
        questions.append(dialog.type)
        dialog.dismiss()

    admin.page.on("dialog", stay)
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    frame.get_by_role("button", name="Delete driver-memory").click()
    expect(frame.locator("[data-counts]")).to_have_text("1 edit")
    with admin.page.expect_event("dialog"):
        admin.page.evaluate("setTimeout(() => location.reload())")
    expect(frame.locator("#rows-arguments")).to_contain_text("will be deleted")
    frame.get_by_role("button", name="Undo: keep driver-memory").click()
    expect(frame.locator("#rows-arguments")).to_contain_text("7g")
    admin.page.reload()
    admin.shows(CONFIGURATION)
    assert questions == ["beforeunload"]


def test_a_drop_of_all_edits_is_asked_and_then_nothing_more(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    edit(admin, "driver-memory", "9g")
    save(frame, "more", 2)
    edit(admin, "driver-memory", "10g")
    drops = frame.get_by_role("link", name="Drop all edits")
    asked = frame.get_by_role("dialog", name="Drop all edits?")
    drops.click()
    expect(asked).to_contain_text("1 edit is not saved.")
    asked.get_by_role("button", name="Keep them").click()
    expect(frame.get_by_label("Value of driver-memory")).to_have_value("10g")
    drops.click()
    asked.get_by_role("button", name="Drop them").click()
    expect(frame.get_by_role("button", name="Review and save")).to_be_hidden()
    expect(frame.locator("#rows-arguments")).to_contain_text("9g")
    frame.get_by_role("link", name="History").click()
    expect(frame.get_by_role("button", name="Compare")).to_be_visible()


def test_parts_outlive_the_session(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    frame.get_by_role("button", name="Edit Kerberos principal").click()
    frame.get_by_label("Kerberos principal", exact=True).fill("batch@EXAMPLE.COM")
    admin.log_out()
    frame.get_by_role("button", name="Review and save").click()
    expect(frame.locator("#notice")).to_contain_text("Your session has ended")
    expect(frame.get_by_label("Kerberos principal", exact=True)).to_have_value("batch@EXAMPLE.COM")
    admin.log_in("Admin")
    save(frame, "principal", 2)
    assert content(admin.airflow, group)["principal"] == "batch@EXAMPLE.COM"
