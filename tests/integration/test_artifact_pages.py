"""Spark Dependencies and Code Artifacts in a real browser, within Airflow's frame."""

from __future__ import annotations

import hashlib
import random
import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from config_store.blobs.protocol import PIECE_BYTES
from tests.config_store.archives import MAIN_TYPE, PUBLIC, STATIC, java_class, zipped
from tests.integration.browser import take_seat
from tests.integration.conftest import API, create, upload
from tests.integration.cut_line import CutLine

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, FrameLocator, Route

    from tests.integration.browser import Seat
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

DEPENDENCIES, CODE = "Spark Dependencies", "Code Artifacts"
MENUS = [("artifacts/dependencies", DEPENDENCIES), ("artifacts/code", CODE)]
STARTS = java_class([(PUBLIC | STATIC, "main", MAIN_TYPE)], java=21)
MANIFEST = b"Manifest-Version: 1.0\nMain-Class: com.example.Etl\nBuilt-By: <b>ada</b>\n"
#: Two parts and a bit.
LARGE = b"# a large one\n" + random.Random(20).randbytes(2 * PIECE_BYTES + 1000)
UPLOADED_MS = 60_000


@pytest.fixture
def name() -> str:
    """A name of the test's own, without its suffix."""
    return f"art_{secrets.token_hex(3)}"


@pytest.fixture
def used(airflow: LiveAirflow, name: str) -> str:
    """A jar with two versions that a group of the same name chooses; answers the jar's name."""
    jar = f"{name}.jar"
    with airflow.client() as client:
        for number in range(2):
            files = {"META-INF/MANIFEST.MF": MANIFEST, "com/example/Etl.class": STARTS, f"{number}.txt": b"x"}
            upload(client, "dependencies", jar, zipped(files))
        create(client, name, {"jars": [{"name": jar}]})
    return jar


def payload(name: str, content: bytes) -> Any:
    """A file as a user chooses it."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def choose(frame: FrameLocator, *files: Any) -> None:
    """Choose files by the button."""
    frame.locator('input[type="file"]').set_input_files(list(files))


def press_upload(frame: FrameLocator) -> None:
    """Send what was chosen."""
    frame.locator("[data-start] button").click()


def arrived(frame: FrameLocator, text: str) -> None:
    """Wait until a file is there."""
    expect(frame.locator(".queue .arrived", has_text=text)).to_be_visible(timeout=UPLOADED_MS)


def stored(airflow: LiveAirflow, name: str, kind: str = "code") -> Any:
    """The artifact as the API has it."""
    with airflow.client() as client:
        return client.get(f"{API}/artifacts/{kind}/{name}").raise_for_status().json()


# --- the frame ---


@pytest.mark.parametrize("role", ["Admin", "Viewer"])
def test_airflows_menu_leads_to_the_pages(browser: Browser, airflow: LiveAirflow, role: str) -> None:
    seat = take_seat(browser, airflow, role)
    for entry in (DEPENDENCIES, CODE):
        seat.page.goto(airflow.url)
        seat.page.get_by_text("Admin", exact=True).first.click()
        seat.page.get_by_role("menuitem", name=entry).click()
        seat.shows(entry)
    seat.context.close()
    assert seat.faults == []


@pytest.mark.parametrize("role", ["Admin", "Viewer"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_fit_for_all_readers_and_screens(
    browser: Browser, airflow: LiveAirflow, used: str, theme: str, role: str
) -> None:
    seat = take_seat(browser, airflow, role, theme)
    pages = {
        "dependencies": ("artifacts/dependencies", DEPENDENCIES),
        "code artifacts": ("artifacts/code", CODE),
        "no artifact": ("artifacts/code?search=nobody", CODE),
        "artifact": (f"artifacts/dependencies/{used}?inside=1", used),
    }
    for page, (path, heading) in pages.items():
        seat.page.set_viewport_size({"width": 1280, "height": 800})
        frame = seat.open_page(path, heading)
        expect(frame.locator("html")).to_have_attribute("data-theme", theme)
        if page == "artifact":
            expect(frame.get_by_text("com.example.Etl", exact=True).first).to_be_visible()
        elif role == "Admin":
            choose(frame, payload("etl.py", b"print()"), payload("a name <script>.py", b"x"))
            expect(frame.locator(".queue .warnings")).to_be_visible()
            expect(frame.locator(".queue .reach")).to_be_visible()
        seat.assert_fit(f"{page.replace(' ', '-')}-{theme}-{role.lower()}", (2560, 768, 360))
    seat.context.close()
    assert seat.faults == []


def test_a_viewer_reads_and_changes_nothing(browser: Browser, airflow: LiveAirflow, used: str) -> None:
    seat = take_seat(browser, airflow, "Viewer")
    frame = seat.open_page(f"artifacts/dependencies/{used}", used)
    frame.get_by_role("link", name="Look inside version 2").click()
    expect(frame.get_by_text("Built-By")).to_be_visible()
    expect(frame.get_by_role("button", name=re.compile("Delete|Show again|Upload|Undo"))).to_have_count(0)
    expect(frame.get_by_role("link", name=re.compile("Download"))).to_have_count(0)
    expect(frame.locator('input[type="file"]')).to_have_count(0)
    seat.context.close()
    assert seat.faults == []


# --- uploads ---


def test_files_are_chosen_checked_and_uploaded(admin: Seat, name: str) -> None:
    frame = admin.open_page("artifacts/code", CODE)
    evil = "<script>alert(1)<script>.py"
    choose(frame, payload(f"{name}.py", b"print(1)\n"), payload(evil, b"print(2)\n"))
    rows = frame.locator(".queue li")
    expect(rows.nth(0)).to_contain_text("A new code artifact: nothing is replaced.")
    expect(rows.nth(1)).to_contain_text(f"'{evil}' is refused: a name consists of letters, digits")
    frame.get_by_label("Note: why?").fill("release 1.4")
    press_upload(frame)
    arrived(frame, f"Uploaded: {name}.py version 1, 9 bytes.")
    rows.nth(1).get_by_label("Name").fill(f"{name}-2.py")
    expect(rows.nth(1)).to_contain_text("A new code artifact: nothing is replaced.")
    press_upload(frame)
    arrived(frame, f"{name}-2.py version 1")
    expect(frame.get_by_role("row", name=f"{name}-2.py 1 1 9 bytes")).to_be_visible()  # without a reload
    expect(rows).to_have_count(2)
    found = stored(admin.airflow, f"{name}.py")
    assert (found["sha256"], found["note"]) == (hashlib.sha256(b"print(1)\n").hexdigest(), "release 1.4")
    frame.get_by_role("link", name=f"{name}.py version 1").click()
    admin.shows(f"{name}.py")


def test_a_dropped_file_is_taken_and_says_whom_it_reaches(admin: Seat, used: str) -> None:
    frame = admin.open_page(f"artifacts/dependencies/{used}", used)
    group = used.removesuffix(".jar")
    expect(frame.locator("section", has_text="Who gets the next version")).to_contain_text(
        f"Replaces version 2 from the next start of a task of group {group}."
    )
    content = list(zipped({"new.txt": b"new"}))
    frame.locator("[data-drop]").evaluate(
        """(place, content) => {
            const carried = new DataTransfer();
            carried.items.add(new File([Uint8Array.from(content)], "target-1.4.jar"));
            place.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
        }""",
        content,
    )
    row = frame.locator(".queue li")
    expect(row).to_contain_text("target-1.4.jar")
    expect(row.get_by_label("Name")).to_have_value(used)
    expect(row).to_contain_text(f"Replaces version 2 from the next start of a task of group {group}.")
    press_upload(frame)
    arrived(frame, f"{used} version 3")


def test_a_connection_cut_in_the_middle_goes_on_where_it_was(admin: Seat, name: str) -> None:
    with CutLine(admin.airflow.port).running() as line:
        admin.page.goto(f"{line.url}/plugin/code-artifacts/couture/pages/artifacts/code")
        frame = admin.shows(CODE)
        choose(frame, payload(f"{name}.py", LARGE))
        expect(frame.locator(".queue .reach")).to_be_visible()
        before = line.sent
        line.cut_after(PIECE_BYTES + PIECE_BYTES // 2)  # in the second part
        press_upload(frame)
        expect(frame.locator(".queue li")).to_contain_text("The connection broke off.", timeout=UPLOADED_MS)
        admin.photograph("upload-cut-light-admin-1280")
        line.mend()
        arrived(frame, f"{name}.py version 1")
        sent = line.sent - before
    assert stored(admin.airflow, f"{name}.py")["sha256"] == hashlib.sha256(LARGE).hexdigest()
    assert sent < len(LARGE) + PIECE_BYTES  # nothing that had arrived was sent twice
    admin.faults.clear()  # of the cut: Airflow's own page asks its server, too


def test_after_a_reload_the_same_file_goes_on(admin: Seat, name: str, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.py"
    file.write_bytes(LARGE)
    sent: list[str] = []
    cut = ["2"]

    def note(route: Route) -> None:
        number = route.request.url.rpartition("/")[2]
        sent.append(number)
        if number in cut:
            route.abort("connectionreset")
        else:
            route.continue_()

    admin.page.route("**/parts/*", note)
    frame = admin.open_page("artifacts/code", CODE)
    choose(frame, file)
    press_upload(frame)
    expect(frame.locator(".queue li")).to_contain_text("The connection broke off.", timeout=UPLOADED_MS)
    admin.page.reload()
    frame = admin.shows(CODE)
    sent.clear()
    cut.clear()
    choose(frame, file)
    press_upload(frame)
    arrived(frame, f"{name}.py version 1")
    assert sent == ["2", "3"]
    assert stored(admin.airflow, f"{name}.py")["sha256"] == hashlib.sha256(LARGE).hexdigest()
    admin.faults[:] = [fault for fault in admin.faults if "net::ERR_" not in fault]


def test_a_browser_without_digests_of_its_own_uploads_as_well(
    browser: Browser, airflow: LiveAirflow, name: str
) -> None:
    """On pages without https there are none; here they are taken away."""
    seat = take_seat(browser, airflow, "Admin")
    seat.context.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', {value: undefined})")
    frame = seat.open_page("artifacts/code", CODE)
    assert frame.locator("html").evaluate("crypto.subtle === undefined")
    for size in (1, 55, 56, 64, 100_000):
        choose(frame, payload(f"{name}-{size}.py", LARGE[:size]))
    press_upload(frame)
    arrived(frame, f"{name}-100000.py version 1")
    for size in (1, 55, 56, 64, 100_000):
        assert stored(airflow, f"{name}-{size}.py")["sha256"] == hashlib.sha256(LARGE[:size]).hexdigest()
    seat.context.close()
    assert seat.faults == []


def test_when_the_session_ends_the_upload_waits(admin: Seat, name: str) -> None:
    frame = admin.open_page("artifacts/code", CODE)
    choose(frame, payload(f"{name}.py", b"print()"))
    expect(frame.locator(".queue .reach")).to_be_visible()
    admin.log_out()
    press_upload(frame)
    row = frame.locator(".queue li")
    expect(row).to_contain_text("Your session has ended: log in again in another tab, then continue.")
    admin.log_in("Admin")
    row.get_by_role("button", name="Continue").click()
    arrived(frame, f"{name}.py version 1")


def test_a_cancelled_upload_leaves_nothing(admin: Seat, name: str) -> None:
    admin.page.route("**/parts/2", lambda route: route.abort("connectionreset"))
    frame = admin.open_page("artifacts/code", CODE)
    choose(frame, payload(f"{name}.py", LARGE))
    with admin.page.expect_response(lambda answer: answer.url.endswith("/uploads")) as began:
        press_upload(frame)
    upload_id = began.value.json()["id"]
    expect(frame.locator(".queue li")).to_contain_text("The connection broke off.", timeout=UPLOADED_MS)
    with admin.page.expect_response(lambda answer: answer.url.endswith(upload_id)) as ended:
        frame.get_by_role("button", name=f"Cancel {name}.py").click()
    assert ended.value.status == 204
    expect(frame.locator(".queue li")).to_have_count(0)
    with admin.airflow.client() as client:
        assert client.get(f"{API}/artifacts/code/{name}.py/uploads/{upload_id}").status_code == 404
    admin.faults[:] = [fault for fault in admin.faults if "net::ERR_" not in fault]


# --- deletions ---


def test_a_deletion_names_the_users_is_forced_and_taken_back(admin: Seat, used: str) -> None:
    frame = admin.open_page(f"artifacts/dependencies/{used}", used)
    frame.get_by_role("button", name="Delete version 2").click()
    dialog = frame.get_by_role("dialog", name=f"Delete {used}")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog).to_contain_text(f"group {used.removesuffix('.jar')}")
    assert admin.axe() == []
    admin.photograph("delete-refused-light-admin-1280")
    dialog.get_by_role("button", name="Delete it all the same").click()
    expect(frame.locator(".done")).to_contain_text("Version 2 is deleted; what used it still can.")
    assert [one["hidden"] for one in stored(admin.airflow, used, "dependencies")["history"]] == [True, False]
    frame.locator(".done").get_by_role("button", name="Undo").click()
    expect(frame.locator(".done")).to_contain_text("The deletion of version 2 was taken back.")
    assert [one["hidden"] for one in stored(admin.airflow, used, "dependencies")["history"]] == [False, False]


def test_a_version_is_downloaded(admin: Seat, used: str) -> None:
    frame = admin.open_page(f"artifacts/dependencies/{used}", used)
    with admin.page.expect_download() as downloaded:
        frame.get_by_role("link", name="Download version 1").click()
    assert downloaded.value.path().read_bytes()[:4] == b"PK\x03\x04"
