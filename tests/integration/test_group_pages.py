"""Config groups and Spark Configuration in a real browser: a group's own controls, parts, two admins, unsaved edits."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.integration.browser import take_seat
from tests.integration.conftest import API, content_of, create, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, FrameLocator

    from tests.integration.browser import Seat
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

CONFIGURATION = "Spark Configuration"
PROPERTY = "<configuration><property><name>{}</name><value>{}</value></property></configuration>"
CONTENT = {
    "arguments": {"driver-memory": "7g", "queue": "etl"},
    "configurations": {"spark.my.password": "of the lake", "spark.sql.shuffle.partitions": "210"},
    "jars": [{"name": "hbase.jar"}],
    "principal": "etl@EXAMPLE.COM",
}


@pytest.fixture
def group(airflow: LiveAirflow) -> str:
    """A group of the test's own."""
    name = f"groups_{secrets.token_hex(3)}"
    with airflow.client() as client:
        create(client, name, CONTENT)
    return name


def content(airflow: LiveAirflow, group: str) -> Any:
    """The content of a group as the API tells it."""
    with airflow.client() as client:
        return client.get(f"{API}/groups/{group}").raise_for_status().json()["content"]


def edit(seat: Seat, name: str, value: str) -> None:
    """Type a new value into a setting's row."""
    seat.frame.get_by_role("button", name=f"Edit {name}", exact=True).click()
    seat.frame.get_by_label(re.compile(f"alue of {re.escape(name)}$")).fill(value)


def beside(frame: FrameLocator, carried: str) -> Any:
    """What becomes of a file or a text that is dropped beside the box for files."""
    return frame.locator("#main").evaluate(
        """(place, carried) => {
            const dataTransfer = new DataTransfer();
            if (carried === "files") dataTransfer.items.add(new File(["x"], "beside.xml"));
            else dataTransfer.items.add("a text", "text/plain");
            const drop = new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true});
            return place.dispatchEvent(drop) ? "let go" : "held";
        }""",
        carried,
    )


def save(frame: FrameLocator, note: str, revision: int) -> None:
    """Go through the review."""
    frame.get_by_role("button", name="Review and save").click()
    review = frame.get_by_role("dialog", name="Review")
    review.get_by_label("Note: why?").fill(note)
    review.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator(".done")).to_contain_text(f"Saved as revision {revision}.")


# --- every page, every reader ---


@pytest.mark.parametrize("role", ["Admin", "Viewer"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_fit_for_all_readers_and_screens(
    browser: Browser, airflow: LiveAirflow, group: str, theme: str, role: str
) -> None:
    airflow.save(group, arguments={"driver-memory": "8g"}, note="more")
    seat = take_seat(browser, airflow, role, theme)
    pages = {"group": f"groups/{group}", "group-history": f"groups/{group}/history?old=1&new=2"}
    for name, path in pages.items():
        seat.page.set_viewport_size({"width": 1280, "height": 800})
        seat.open_page(path, CONFIGURATION)
        seat.assert_fit(f"{name}-{theme}-{role.lower()}", (2560, 360))
    if role == "Admin":
        seat.page.set_viewport_size({"width": 1280, "height": 800})
        seat.open_page(f"groups/{group}/delete", f"Delete {group}")
        seat.assert_fit(f"group-delete-{theme}-admin", (360,))
        seat.page.set_viewport_size({"width": 1280, "height": 800})
        frame = seat.open_page(f"groups/{group}", CONFIGURATION)
        for part in ("Choose Jars", "Edit Spark home", "Edit Keytab", "Edit krb5.conf"):
            frame.get_by_role("button", name=part).click()
            expect(frame.get_by_role("button", name=part)).to_have_count(0)  # its fields are there, and have the focus
            seat.page.keyboard.press("Escape")  # the list of proposals would lie over the next one
        expect(frame.locator("[data-counts]")).to_have_text("4 edits")
        frame.locator("#dependencies").scroll_into_view_if_needed()
        seat.assert_fit(f"group-parts-{theme}-admin", (360,))
    seat.context.close()
    assert seat.faults == []


def test_a_viewer_has_no_controls(browser: Browser, airflow: LiveAirflow, group: str) -> None:
    seat = take_seat(browser, airflow, "Viewer")
    frame = seat.open_page(f"groups/{group}", CONFIGURATION)
    expect(frame.locator("#part-jars")).to_contain_text("hbase.jar")
    expect(frame.get_by_role("button", name=re.compile("Edit|Choose|Describe|default|Delete|New"))).to_have_count(0)
    expect(frame.get_by_role("link", name=re.compile("Delete|Audit"))).to_have_count(0)
    seat.context.close()
    assert seat.faults == []


# --- a group as a whole ---


def test_a_group_is_copied_described_deleted_and_comes_back(admin: Seat, group: str) -> None:
    copy = f"{group}_copy"
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    frame.get_by_role("button", name="New group").click()
    dialog = frame.get_by_role("dialog", name="New config group")
    dialog.get_by_label("Name").fill(copy)
    dialog.get_by_label("Content").select_option(group)
    dialog.get_by_role("button", name="Create").click()
    expect(frame.get_by_role("link", name=f"Delete {copy}")).to_be_visible()
    expect(frame.locator("#rows-arguments")).to_contain_text("7g")
    frame.get_by_role("button", name="Describe").click()
    frame.get_by_role("dialog", name="Describe").get_by_label("Description").fill("The <b>other</b> lake")
    frame.get_by_role("button", name="Save the description").click()
    expect(frame.get_by_role("main")).to_contain_text("The <b>other</b> lake")
    frame.get_by_role("link", name=f"Delete {copy}").click()
    admin.shows(f"Delete {copy}")
    expect(frame.get_by_role("main")).to_contain_text(f"No task ran with {copy} in the last 30 days.")
    frame.get_by_role("button", name="Delete", exact=True).click()
    expect(frame.locator(".done")).to_contain_text(f"{copy} is deleted")
    frame.get_by_role("button", name="Undo").click()
    expect(frame.locator(".done")).to_have_text("The deletion was taken back.")
    expect(frame.get_by_role("main")).to_contain_text("The <b>other</b> lake")


def test_a_revision_leads_to_its_row_in_airflows_audit_log(admin: Seat, group: str) -> None:
    admin.airflow.save(group, arguments={"driver-memory": "8g"}, note="more")
    frame = admin.open_page(f"groups/{group}/history", CONFIGURATION)
    frame.get_by_role("link", name="Revision 2 in the audit log").click()
    admin.page.wait_for_url(re.compile(r"/events\?event_type=couture\.group\."))
    rows = admin.page.get_by_role("row").filter(has_text="couture.group.save")
    expect(rows.first).to_be_visible()
    admin.photograph("audit-log-light-admin-1280")


def test_a_revision_is_downloaded_without_its_secrets(admin: Seat, group: str, tmp_path: Path) -> None:
    frame = admin.open_page(f"groups/{group}/history", CONFIGURATION)
    with admin.page.expect_download() as begun:
        frame.get_by_role("link", name="Download revision 1 as JSON").click()
    assert begun.value.suggested_filename == f"{group}-1.json"
    begun.value.save_as(tmp_path / "revision.json")
    saved = json.loads((tmp_path / "revision.json").read_text())["content"]
    assert saved["arguments"]["driver-memory"]["value"] == "7g"
    assert saved["configurations"]["spark.my.password"]["value"] is None


# --- parts ---


def test_jars_are_chosen_ordered_and_pinned_by_keyboard(admin: Seat, group: str) -> None:
    with admin.airflow.client() as client:
        upload(client, "dependencies", "commons.jar", content_of(f"newer-{group}.jar"))
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    frame.get_by_role("button", name="Choose Jars").focus()
    admin.page.keyboard.press("Enter")
    box = frame.get_by_role("combobox", name="Add an uploaded dependency")
    expect(box).to_be_focused()
    admin.page.keyboard.type("comm")
    expect(frame.locator("#add-jars-list [role=option]")).to_have_count(1)  # the others are filtered out
    admin.page.keyboard.press("ArrowDown")
    admin.page.keyboard.press("Enter")
    entries = frame.locator("#chosen-jars li code")
    expect(entries).to_have_text(["hbase.jar", "commons.jar"])
    expect(box).to_have_value("")
    frame.get_by_role("button", name="Move commons.jar up").focus()
    admin.page.keyboard.press("Enter")
    expect(entries).to_have_text(["commons.jar", "hbase.jar"])
    expect(frame.locator("#said")).to_have_text("commons.jar is number 1 of 2")
    expect(frame.get_by_role("button", name="Move commons.jar up")).to_be_focused()
    frame.get_by_label("Version of hbase.jar").select_option("1")
    save(frame, "in order", 2)
    assert content(admin.airflow, group)["jars"] == [
        {"name": "commons.jar", "version": None},
        {"name": "hbase.jar", "version": 1},
    ]
    expect(frame.locator("#part-jars li").nth(1)).to_contain_text("version 1")


def test_spark_home_and_kerberos_are_set_in_one_save(admin: Seat, group: str, tmp_path: Path) -> None:
    keytab = tmp_path / "etl.keytab"
    keytab.write_bytes(b"\x05\x02very secret keys")
    conf = tmp_path / "krb5.conf"
    conf.write_bytes(b"[libdefaults]\n")
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    for part in ("Spark home", "Kerberos principal", "Keytab", "krb5.conf"):
        frame.get_by_role("button", name=f"Edit {part}", exact=True).click()
    frame.get_by_label("Spark home", exact=True).fill("spark4")
    frame.get_by_label("Kerberos principal", exact=True).fill("batch@EXAMPLE.COM")
    for label, file in (("Keytab", keytab), ("krb5.conf", conf)):
        chosen = frame.get_by_label(label, exact=True)
        chosen.set_input_files(file)
        expect(chosen).to_have_attribute("data-read", file.name)
    save(frame, "kerberos", 2)
    expect(frame.locator("#part-keytab")).to_contain_text("etl.keytab")
    expect(frame.locator("#part-keytab")).to_contain_text("it is never shown")
    saved = content(admin.airflow, group)
    assert (saved["spark_home"], saved["principal"]) == ("spark4", "batch@EXAMPLE.COM")
    assert saved["krb5_conf"]["size"] == len(b"[libdefaults]\n")
    assert "very secret keys" not in admin.inner().content()


def test_a_wrong_keytab_is_told_and_the_edits_stay(admin: Seat, group: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.keytab"
    wrong.write_bytes(b"no keys")
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    edit(admin, "driver-memory", "9g")
    frame.get_by_role("button", name="Edit Keytab").click()
    frame.get_by_label("Keytab", exact=True).set_input_files(wrong)
    expect(frame.get_by_label("Keytab", exact=True)).to_have_attribute("data-read", "wrong.keytab")
    frame.get_by_role("button", name="Review and save").click()
    expect(frame.locator("#notice")).to_contain_text("is no Kerberos keytab")
    expect(frame.get_by_label("Value of driver-memory")).to_have_value("9g")


# --- two admins ---


def test_two_admins_see_both_changes_and_choose_where_they_collide(
    browser: Browser, admin: Seat, airflow: LiveAirflow, group: str
) -> None:
    other = take_seat(browser, airflow, "Op", "dark")
    theirs = other.open_page(f"groups/{group}", CONFIGURATION)
    mine = admin.open_page(f"groups/{group}", CONFIGURATION)
    for name, value in (("driver-memory", "9g"), ("queue", "mine"), ("spark.sql.shuffle.partitions", "9")):
        edit(admin, name, value)
    edit(other, "driver-memory", "6g")
    edit(other, "queue", "theirs")
    theirs.get_by_role("button", name="Choose Jars").click()
    theirs.get_by_role("button", name="Remove hbase.jar").click()
    save(theirs, "theirs", 2)
    mine.get_by_role("button", name="Review and save").click()
    notice = mine.locator("#notice")
    expect(notice).to_contain_text("saved revision 2: “theirs”.")
    expect(notice).to_contain_text("2 settings were changed by both of you")
    expect(notice.get_by_role("row")).to_contain_text(
        [
            re.compile("What.*Mine.*Saved meanwhile", re.DOTALL),
            re.compile("arguments.driver-memory.*9g.*take mine.*6g.*take this", re.DOTALL),
            re.compile("arguments.queue.*mine.*theirs", re.DOTALL),
            re.compile("configurations.spark.sql.shuffle.partitions.*9.*as it was", re.DOTALL),
            re.compile("jars.*as it was.*hbase.jar", re.DOTALL),
        ]
    )
    assert admin.axe() == []
    admin.photograph("conflict-light-admin-1280")
    admin.page.set_viewport_size({"width": 360, "height": 800})
    assert admin.overflow() <= 0
    admin.photograph("conflict-light-admin-360")
    admin.page.set_viewport_size({"width": 1280, "height": 800})
    notice.get_by_role("button", name="Put my edits on top of revision 2").click()
    expect(notice).to_contain_text("Somebody else saved meanwhile")  # a choice is missing
    notice.get_by_label("Take mine: arguments.driver-memory").check()
    notice.get_by_label("Take what was saved: arguments.queue").check()
    notice.get_by_role("button", name="Put my edits on top of revision 2").click()
    review = mine.get_by_role("dialog", name="Review")
    expect(review.get_by_role("row")).to_contain_text(
        ["What", "arguments.driver-memory", "configurations.spark.sql.shuffle.partitions"]
    )
    review.get_by_label("Note: why?").fill("both")
    review.get_by_role("button", name="Save", exact=True).click()
    expect(mine.locator(".done")).to_contain_text("Saved as revision 3.")
    saved = content(airflow, group)
    assert (saved["arguments"]["driver-memory"]["value"], saved["arguments"]["queue"]["value"]) == ("9g", "theirs")
    assert saved["configurations"]["spark.sql.shuffle.partitions"]["value"] == "9"
    assert saved["jars"] == []
    other.context.close()
    assert other.faults == []


# --- quick start ---


def test_a_newcomer_makes_a_group_uploads_its_files_and_tests_it(admin: Seat, group: str, tmp_path: Path) -> None:
    name = f"{group}_new"
    core, yarn, broken = (tmp_path / file for file in ("core-site.xml", "yarn-site.xml", "hive-site.xml"))
    core.write_text(PROPERTY.format("fs.defaultFS", "hdfs://nowhere:8020"))
    yarn.write_text(PROPERTY.format("yarn.resourcemanager.hostname", "nowhere"))
    broken.write_text("<configuration><property>")
    frame = admin.open_page(f"groups/{group}", CONFIGURATION)
    frame.get_by_role("button", name="New group").click()
    dialog = frame.get_by_role("dialog", name="New config group")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Master: where its jobs run").fill("yarn")
    dialog.get_by_role("button", name="Create").click()
    admin.shows(f"Quick start: {name}")
    frame.get_by_role("button", name=f"Test {name}").click()
    verdict = frame.locator("#test > [role=status]")
    expect(verdict).to_contain_text(re.compile("would fail: [0-9]+ things to mend"), timeout=120_000)
    expect(frame.locator("#test")).to_contain_text("What to do: Upload the cluster's own core-site.xml")
    admin.assert_fit("quick-start-light-admin", (360,))
    admin.page.set_viewport_size({"width": 1280, "height": 800})
    assert [beside(frame, carried) for carried in ("files", "text")] == ["held", "let go"]
    frame.get_by_label("Choose XML files").set_input_files([core, broken, yarn])
    files = frame.locator("#xml-files li")
    expect(files).to_contain_text(
        ["core-site.xml: saved as revision 2", "hive-site.xml: not saved", "yarn-site.xml: saved as revision 3"]
    )
    expect(files.nth(1)).to_contain_text("is not well-formed XML at line 1")
    frame.get_by_role("button", name=f"Test {name}").click()
    expect(verdict).to_contain_text(f"obs of {name} can run", timeout=120_000)
    assert admin.axe() == []
    assert [file["name"] for file in content(admin.airflow, name)["hadoop_files"]] == [core.name, yarn.name]


# --- unsaved edits ---


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
