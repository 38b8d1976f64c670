"""Hadoop Configuration in a real browser, within Airflow's frame."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.integration.browser import take_seat
from tests.integration.conftest import API, create, put_hadoop_file

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator

    from tests.integration.browser import Seat
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

HADOOP = "Hadoop Configuration"
CORE = b"""<?xml version="1.0" encoding="UTF-8"?>\r
<!-- the nightly cluster -->\r
<configuration xmlns:xi="http://www.w3.org/2001/XInclude">\r
  <!-- two name nodes,   one service -->\r
  <property>\r
    <name>fs.defaultFS</name>\r
    <value>hdfs://${cluster}</value>\r
    <final>true</final>\r
  </property>\r
  <property name="cluster"   value='nightly'/>\r
  <property><name>evil</name><value><![CDATA[<script>document.title = "evil"</script>]]></value></property>\r
  <property><name>io.file.buffer.sise</name><value>65536</value></property>\r
  <property><name>fs.s3a.secret.key</name><value>of the lake</value></property>\r
  <xi:include href="more.xml"/>\r
</configuration>\r
"""
MORE = b"<configuration><property><name>included</name><value>/tmp/${user.name}</value></property></configuration>"
HDFS = b"<configuration><property><name>fs.defaultFS</name><value>hdfs://b</value></property></configuration>"
BROKEN = b"<configuration>\n  <property><name>a</name>\n</configuration>"
#: What a loaded machine needs to read a large file.
LARGE_MS = 180_000


@pytest.fixture
def group(airflow: LiveAirflow) -> str:
    """A group of the test's own with three files."""
    name = f"hadoop_{secrets.token_hex(3)}"
    with airflow.client() as client:
        create(client, name, {})
        for file, content in {"core-site.xml": CORE, "more.xml": MORE, "hdfs-site.xml": HDFS}.items():
            put_hadoop_file(client, name, file, content)
    return name


def payload(name: str, content: bytes) -> Any:
    """A file as a user chooses it."""
    return {"name": name, "mimeType": "text/xml", "buffer": content}


def choose(frame: FrameLocator, *files: Any) -> None:
    """Choose files by the button."""
    frame.locator('input[type="file"]').set_input_files(list(files))


def stored(airflow: LiveAirflow, group: str, file: str) -> bytes:
    """The file as the group has it."""
    with airflow.client() as client:
        return client.get(f"{API}/groups/{group}/hadoop/{file}").raise_for_status().content


def review(frame: FrameLocator) -> Any:
    """Ask for the review, and answer its dialog."""
    frame.get_by_role("button", name="Review and save").click()
    dialog = frame.get_by_role("dialog", name="Review")
    expect(dialog).to_be_visible(timeout=LARGE_MS)
    return dialog


def save(frame: FrameLocator, note: str = "because") -> None:
    """Review the edits and save them."""
    dialog = review(frame)
    dialog.get_by_label("Note: why?").fill(note)
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator(".done")).to_contain_text("Saved as revision", timeout=LARGE_MS)


# --- the frame ---


@pytest.mark.parametrize("role", ["Admin", "Viewer"])
def test_airflows_menu_leads_to_the_page(browser: Browser, airflow: LiveAirflow, role: str) -> None:
    seat = take_seat(browser, airflow, role)
    seat.page.goto(airflow.url)
    seat.page.get_by_text("Admin", exact=True).first.click()
    seat.page.get_by_role("menuitem", name=HADOOP).click()
    seat.shows(HADOOP)
    seat.context.close()
    assert seat.faults == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_fit_for_all_readers_and_screens(
    browser: Browser, airflow: LiveAirflow, group: str, theme: str
) -> None:
    seat = take_seat(browser, airflow, "Admin", theme)
    pages = {
        "hadoop": (f"hadoop/{group}", HADOOP),
        "hadoop empty": ("hadoop/real", HADOOP),
        "hadoop file": (f"hadoop/{group}/files/core-site.xml", "core-site.xml"),
        "hadoop text": (f"hadoop/{group}/files/core-site.xml/text?line=5", "Text of core-site.xml"),
    }
    for page, (path, heading) in pages.items():
        seat.page.set_viewport_size({"width": 1280, "height": 800})
        frame = seat.open_page(path, heading)
        expect(frame.locator("html")).to_have_attribute("data-theme", theme)
        if page == "hadoop":
            choose(frame, payload("yarn-site.xml", HDFS), payload("broken.xml", BROKEN))
            expect(frame.locator(".queue .failed")).to_be_visible()
            expect(frame.locator("tr.edited")).to_be_visible()
            frame.get_by_role("button", name="Delete more.xml").click()
        elif page == "hadoop file":
            frame.get_by_role("button", name="Edit cluster").click()
            expect(frame.get_by_label("Value of cluster")).to_be_visible()
        elif page == "hadoop text":
            expect(frame.locator(".cm-content")).to_be_visible()
        seat.assert_fit(f"{page.replace(' ', '-')}-{theme}-admin", (2560, 768, 360))
    seat.context.close()
    assert seat.faults == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_viewer_sees_the_files_and_no_controls(
    browser: Browser, airflow: LiveAirflow, group: str, theme: str
) -> None:
    seat = take_seat(browser, airflow, "Viewer", theme)
    frame = seat.open_page(f"hadoop/{group}", HADOOP)
    expect(frame.get_by_role("row", name=re.compile("core-site.xml valid as number 1"))).to_be_visible()
    expect(frame.get_by_role("button", name=re.compile("Delete|Review|Choose|Edit|Add"))).to_have_count(0)
    expect(frame.get_by_role("link", name=re.compile("core-site|Download|Text"))).to_have_count(0)
    expect(frame.locator('input[type="file"]')).to_have_count(0)
    seat.assert_fit(f"hadoop-{theme}-viewer", (768, 360))
    for path in ("", "/text"):
        seat.inner().goto(f"{airflow.url}/couture/pages/hadoop/{group}/files/core-site.xml{path}")
        needed = "This page needs the permission can_edit on Couture Hadoop Configs."
        expect(frame.locator("main")).to_contain_text(needed)
        assert seat.axe() == []
    seat.context.close()
    assert [fault for fault in seat.faults if "403" not in fault] == []


# --- files ---


def test_several_files_are_sent_and_a_bad_one_says_why(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"hadoop/{group}", HADOOP)
    new = HDFS.replace(b"hdfs://b", b"hdfs://c")
    choose(
        frame,
        payload("hdfs-site.xml", new),
        payload("broken.xml", BROKEN),
        payload("notes.txt", b"no XML"),
        payload("yarn-site.xml", HDFS),
    )
    expect(frame.locator("tr.edited")).to_have_count(2)
    told = frame.locator(".queue .failed")
    expect(told).to_contain_text(
        [
            "broken.xml was not taken: is not well-formed XML at line 3, column 3: mismatched tag",
            "notes.txt was not taken: Hadoop reads files that end with .xml",
        ]
    )
    frame.get_by_role("button", name="Delete more.xml").click()
    expect(frame.locator("[data-counts]")).to_have_text("3 edits")
    dialog = review(frame)
    expect(dialog.get_by_role("heading", level=3)).to_have_text(
        ["hdfs-site.xml changed", "more.xml deleted", "yarn-site.xml new"]
    )
    expect(dialog).to_contain_text("core-site.xml: includes a file that the group does not have")
    assert admin.axe() == []
    admin.photograph("hadoop-review-light-admin-1280")
    dialog.get_by_role("button", name="Back to the edits").click()
    frame.get_by_role("button", name="Undo: keep more.xml").click()
    expect(frame.locator("[data-counts]")).to_have_text("2 edits")
    save(frame)
    assert stored(admin.airflow, group, "hdfs-site.xml") == new
    assert stored(admin.airflow, group, "yarn-site.xml") == HDFS
    assert stored(admin.airflow, group, "more.xml") == MORE


def test_a_dropped_file_is_taken_and_can_be_undone(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"hadoop/{group}", HADOOP)
    frame.locator("[data-drop]").evaluate(
        """(place, content) => {
            const carried = new DataTransfer();
            carried.items.add(new File([content], "yarn-site.xml"));
            place.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
        }""",
        HDFS.decode(),
    )
    row = frame.get_by_role("row", name=re.compile("yarn-site.xml valid will be added"))
    expect(row).to_be_visible()
    row.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(0)
    expect(frame.get_by_role("button", name="Review and save")).to_be_hidden()


def test_when_the_session_ends_what_was_chosen_waits(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"hadoop/{group}", HADOOP)
    admin.log_out()
    choose(frame, payload("yarn-site.xml", HDFS))
    told = "yarn-site.xml was not taken: Your session has ended: log in again in another tab, then try again."
    expect(frame.locator(".queue .failed")).to_contain_text(told)
    admin.log_in("Admin")
    frame.get_by_role("button", name="Try again: yarn-site.xml").click()
    expect(frame.get_by_role("row", name=re.compile("yarn-site.xml valid will be added"))).to_be_visible()
    save(frame)


# --- properties ---


def test_an_edit_of_one_property_changes_its_bytes_alone(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"hadoop/{group}/files/core-site.xml", "core-site.xml")
    row = frame.get_by_role("row", name=re.compile("^fs.defaultFS"))
    expect(row).to_contain_text("becomes hdfs://nightly")
    expect(frame.get_by_role("row", name=re.compile("^evil"))).to_contain_text("<script>document.title")
    expect(frame.locator("main")).not_to_contain_text("of the lake")
    frame.get_by_role("button", name="Edit cluster").click()
    frame.get_by_label("Value of cluster").fill("weekly")
    frame.get_by_role("button", name="Edit fs.s3a.secret.key").click()
    frame.get_by_role("row", name=re.compile("^fs.s3a.secret.key")).get_by_label("final").check()
    dialog = review(frame)
    expect(dialog.get_by_role("row")).to_contain_text(["What", "cluster", "fs.s3a.secret.key (final)"])
    save_in = dialog.get_by_role("button", name="Save", exact=True)
    save_in.click()
    expect(frame.locator(".done")).to_contain_text("Saved as revision 5.")
    expected = CORE.replace(b"nightly'/>", b"weekly'/>").replace(b"lake</value>", b"lake</value><final>true</final>")
    assert stored(admin.airflow, group, "core-site.xml") == expected
    expect(row).to_contain_text("becomes hdfs://weekly")
    assert admin.inner().title() == f"core-site.xml, {group}: Hadoop Configuration"


def test_edits_outlive_the_search_and_stand_where_they_belong(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"hadoop/{group}/files/core-site.xml", "core-site.xml")
    frame.get_by_role("button", name="Edit cluster").click()
    frame.get_by_label("Value of cluster").fill("weekly")
    frame.get_by_label("Search").fill("buffer")
    frame.get_by_label("Search").press("Enter")
    expect(frame.locator("#rows-properties tr")).to_have_count(1)
    expect(frame.locator("#rows-edits").get_by_label("Value of cluster")).to_have_value("weekly")
    frame.get_by_label("Search").fill("")
    frame.get_by_label("Search").press("Enter")
    expect(frame.locator("#rows-properties").get_by_label("Value of cluster")).to_have_value("weekly")
    expect(frame.locator("#rows-edits tr")).to_have_count(0)
    save(frame)
    assert stored(admin.airflow, group, "core-site.xml") == CORE.replace(b"nightly'/>", b"weekly'/>")


def test_a_search_stands_in_the_address_and_back_works(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"hadoop/{group}/files/core-site.xml", "core-site.xml")
    frame.get_by_label("Show").select_option("final ones")
    expect(frame.locator("#rows-properties tr")).to_have_count(1)
    assert "show=final" in admin.page.url
    admin.page.go_back()
    expect(frame.locator("#rows-properties tr")).to_have_count(6)


def test_a_property_is_added_by_the_keyboard_alone(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"hadoop/{group}/files/hdfs-site.xml", "hdfs-site.xml")
    add = frame.get_by_role("button", name="Add a property")
    add.focus()
    add.press("Enter")
    name = frame.get_by_label("Name of the new property")
    expect(name).to_be_focused()
    admin.page.keyboard.type("company.new")
    admin.page.keyboard.press("Escape")
    admin.page.keyboard.press("Tab")
    expect(frame.get_by_label("Value of the new property")).to_be_focused()
    admin.page.keyboard.type("a & b")
    for _ in range(2):
        admin.page.keyboard.press("Tab")
    undo = frame.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    button = frame.get_by_role("button", name="Review and save")
    button.focus()
    button.press("Enter")
    note = frame.get_by_role("dialog", name="Review").get_by_label("Note: why?")
    expect(note).to_be_focused()
    note.press("Enter")
    expect(frame.locator(".done")).to_contain_text("Saved as revision 5.")
    added = b"<property><name>company.new</name><value>a &amp; b</value></property>"
    assert stored(admin.airflow, group, "hdfs-site.xml") == HDFS.replace(
        b"</configuration>", added + b"</configuration>"
    )


def test_of_two_admins_the_second_sees_both_edits_and_loses_none(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"hadoop/{group}/files/core-site.xml", "core-site.xml")
    frame.get_by_role("button", name="Edit cluster").click()
    frame.get_by_label("Value of cluster").fill("mine")
    dialog = review(frame)
    dialog.get_by_label("Note: why?").fill("mine")
    theirs = CORE.replace(b"65536", b"131072")
    with admin.airflow.client() as client:
        put_hadoop_file(client, group, "core-site.xml", theirs)
    dialog.get_by_role("button", name="Save", exact=True).click()
    notice = frame.locator("#notice")
    expect(notice).to_contain_text("admin saved revision 5")
    expect(notice).to_contain_text("131072")
    notice.get_by_role("button", name="Put my edits on top of revision 5").click()
    expect(dialog.get_by_label("Note: why?")).to_have_value("mine")
    expect(notice).to_be_empty()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator(".done")).to_contain_text("Saved as revision 6.")
    assert stored(admin.airflow, group, "core-site.xml") == theirs.replace(b"nightly'/>", b"mine'/>")


# --- the text ---


def test_a_text_with_a_fault_stays_and_the_cursor_goes_there(admin: Seat, group: str) -> None:
    frame = admin.open_page(f"hadoop/{group}/files/core-site.xml/text?line=10", "Text of core-site.xml")
    text = frame.locator(".cm-content")
    expect(text).to_be_focused()
    admin.page.keyboard.press("End")
    admin.page.keyboard.insert_text("<oops>")
    frame.get_by_role("button", name="Review and save").click()
    expect(frame.locator("#notice")).to_contain_text("is not well-formed XML at line 15, column 3: mismatched tag")
    expect(frame.locator("[data-place]")).to_have_text("Line 15, column 3")
    expect(text).to_contain_text("<oops>")
    assert admin.axe() == []
    admin.photograph("hadoop-text-fault-light-admin-1280")
    admin.page.keyboard.press("Control+z")
    expect(text).not_to_contain_text("<oops>")
    frame.get_by_role("link", name="Drop all edits").click()
    frame.get_by_role("dialog", name="Drop all edits?").get_by_role("button", name="Drop them").click()
    expect(frame.locator(".cm-content")).to_be_visible()
    frame.locator(".cm-content").get_by_text("65536").click()
    admin.page.keyboard.press("Home")
    admin.page.keyboard.insert_text("  <!-- 64 kB -->\n")
    admin.log_out()
    frame.get_by_role("button", name="Review and save").click()
    expect(frame.locator("#notice")).to_contain_text("Your session has ended")
    admin.log_in("Admin")
    save(frame)
    line = b"  <property><name>io.file.buffer.sise"
    expected = CORE.replace(line, b"    <!-- 64 kB -->\r\n" + line.removeprefix(b"  "))
    assert stored(admin.airflow, group, "core-site.xml") == expected


def test_the_text_is_edited_without_scripts_as_well(browser: Browser, airflow: LiveAirflow, group: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    with airflow.client() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
    context.add_cookies([{"name": "_token", "value": token, "url": airflow.url}])
    page = context.new_page()
    page.goto(f"{airflow.url}/couture/pages/hadoop/{group}/files/core-site.xml/text")
    field = page.get_by_label("Text of core-site.xml")
    field.fill(field.input_value().replace("nightly'/>", "weekly'/>"))
    page.get_by_role("button", name="Review and save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review of core-site.xml")
    expect(page.get_by_role("row", name=re.compile("^cluster nightly weekly"))).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".done")).to_contain_text("Saved as revision 5.")
    context.close()
    assert stored(airflow, group, "core-site.xml") == CORE.replace(b"nightly'/>", b"weekly'/>")


# --- size ---


def test_a_file_of_five_megabytes_works(admin: Seat, group: str) -> None:
    about = "what this is for, in more words than it needs; " * 2
    lines = "".join(
        f"  <!-- {about} -->\n  <property><name>company.key.{n:05}</name><value>{n}</value></property>\n"
        for n in range(28_000)
    )
    large = f"<configuration>\n{lines}</configuration>\n".encode()
    assert len(large) > 5_000_000
    frame = admin.open_page(f"hadoop/{group}", HADOOP)
    choose(frame, payload("large.xml", large))
    expect(frame.get_by_role("row", name=re.compile("large.xml valid will be added"))).to_be_visible(timeout=LARGE_MS)
    save(frame)
    frame.get_by_role("link", name="large.xml", exact=True).click()
    expect(frame.locator("main")).to_contain_text("1 to 100 of 28,000", timeout=LARGE_MS)
    frame.get_by_label("Search").fill("key.27999")
    frame.get_by_label("Search").press("Enter")
    frame.get_by_role("button", name="Edit company.key.27999").click()
    frame.get_by_label("Value of company.key.27999").fill("the last one")
    save(frame)
    expected = large.replace(b"<value>27999</value>", b"<value>the last one</value>")
    assert stored(admin.airflow, group, "large.xml") == expected
    frame.get_by_role("link", name="Edit the text").click()
    expect(frame.locator(".cm-content")).to_be_visible(timeout=LARGE_MS)
    frame.locator(".cm-content").press("Control+Home")
    admin.page.keyboard.insert_text("<!-- new -->")
    save(frame)
    assert stored(admin.airflow, group, "large.xml") == b"<!-- new -->" + expected
