"""Master DAGs in a real browser: the page, the tabs of a DAG and of a run, and the link from a task into the child."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.integration.browser import take_seat
from tests.integration.live_airflow import READY_S, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.integration.browser import Seat
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

MASTERS, TAB, ZOOM = "Master DAGs", "Child DAGs", "Zoom into DAG"
#: A child that is held may take this long to begin and to end.
PATIENCE_MS = 180_000


@dataclass(frozen=True)
class Held:
    """A run of master_slow whose child runs until :meth:`release`."""

    run_id: str
    child_run_id: str
    file: Path

    def release(self) -> None:
        """Let the child end."""
        self.file.touch()


def hold(airflow: LiveAirflow, file: Path) -> Held:
    """Start a master whose child waits for the file."""
    run_id = airflow.trigger("master_slow", {"until": str(file), "seconds": 300})
    with airflow.client() as client:

        def child() -> str | None:
            tree = client.get("/couture/api/v1/dags/master_slow/tree", params={"run_id": run_id}).raise_for_status()
            node = tree.json()["tree"]["children"][0]
            return str(node["run_id"]) if node["state"] == "running" else None

        return Held(run_id, wait_for("the child's run", child, READY_S), file)


@pytest.fixture
def held(airflow: LiveAirflow, tmp_path: Path) -> Iterator[Held]:
    """A master that runs; its child ends with the test at the latest."""
    running = hold(airflow, tmp_path / "done")
    yield running
    running.release()
    airflow.wait_for_run("master_slow", running.run_id)


@pytest.fixture(scope="module")
def done(airflow: LiveAirflow) -> str:
    """A run of a master that has ended: of its children some have run, one was left out."""
    run_id, state = airflow.run("master")
    assert state == "success"
    return run_id


@pytest.mark.parametrize(("role", "theme"), [("Admin", "light"), ("Viewer", "dark")])
def test_the_pages_are_fit_for_all_readers_and_screens(
    browser: Browser, airflow: LiveAirflow, done: str, role: str, theme: str
) -> None:
    seat = take_seat(browser, airflow, role, theme)
    pages = {
        "masters": ("masters", MASTERS),
        "master-tree": (f"masters/master?run={done}", "master"),
        "master-refused": ("masters/master_refused", "master_refused"),
        "no-master": ("masters/child_quick", "child_quick"),
    }
    for name, (path, heading) in pages.items():
        seat.page.set_viewport_size({"width": 1280, "height": 800})
        seat.open_page(path, heading)
        expect(seat.frame.locator("html")).to_have_attribute("data-theme", theme)
        seat.assert_fit(f"{name}-{theme}", (2560, 800, 360))
    seat.context.close()
    assert seat.faults == []


def test_a_tree_follows_what_runs_and_stays_folded_as_the_reader_left_it(admin: Seat, held: Held) -> None:
    frame = admin.open_page(f"masters/master_slow?run={held.run_id}", "master_slow")
    child = frame.locator(".tree ul .node")
    expect(child.locator(".status")).to_have_text("running")
    assert admin.axe() == []
    admin.photograph("master-running-light-1280")
    frame.locator("summary").press("Enter")
    expect(child).to_be_hidden()
    for _ in range(2):  # with the second answer the first one stands on the page
        with admin.page.expect_response(re.compile("/couture/pages/masters/master_slow")):
            pass  # the tree asks for itself
    expect(frame.locator("summary")).to_be_focused()
    expect(child).to_be_hidden()
    frame.locator("summary").press("Enter")
    held.release()
    expect(child.locator(".status")).to_have_text("success", timeout=PATIENCE_MS)
    expect(frame.locator("#tree")).not_to_have_attribute("hx-get", re.compile("."), timeout=PATIENCE_MS)


def test_a_node_leads_to_its_run_in_airflow(admin: Seat, held: Held) -> None:
    frame = admin.open_page(f"masters/master_slow?run={held.run_id}", "master_slow")
    frame.get_by_role("link", name="child_slow").press("Enter")
    admin.page.wait_for_url(f"**/dags/child_slow/runs/{quote(held.child_run_id, safe='')}")


def test_the_list_leads_to_a_tree_and_the_selector_to_another_run(admin: Seat, done: str) -> None:
    frame = admin.open_page("masters", MASTERS)
    frame.get_by_label("Name").fill("master")
    frame.get_by_role("button", name="Search").click()
    expect(frame.get_by_role("link", name="again", exact=True)).to_have_count(0)
    frame.get_by_role("link", name="master", exact=True).click()
    admin.shows("master")
    frame.get_by_label("Run").select_option(done)
    frame.get_by_role("button", name="Show").click()
    expect(admin.page).to_have_url(re.compile(rf"/couture/pages/masters/master\?run={done}$"))
    expect(frame.locator(".lead")).to_contain_text(done)
    expect(frame.locator(".tree ul .node .status")).to_have_text(["success"] * 4 + ["(skipped)"])


def test_a_dag_and_a_run_have_a_tab(admin: Seat, done: str) -> None:
    admin.page.goto(f"{admin.airflow.url}/dags/master")
    admin.page.get_by_text(TAB, exact=True).first.click()
    frame = admin.shows("master")
    expect(frame.get_by_label("Run")).to_be_visible()
    assert admin.axe() == []
    admin.photograph("tab-of-a-dag-light-1280")
    admin.page.goto(f"{admin.airflow.url}/dags/master/runs/{done}")
    admin.page.get_by_text(TAB, exact=True).first.click()
    frame = admin.shows("master")
    expect(frame.locator(".lead")).to_contain_text(done)
    expect(frame.get_by_label("Run")).to_have_count(0)
    admin.photograph("tab-of-a-run-light-1280")
    frame.get_by_role("link", name="All master DAGs").click()
    admin.shows(MASTERS)


def test_a_task_zooms_into_the_run_that_it_started(admin: Seat, held: Held) -> None:
    admin.page.goto(f"{admin.airflow.url}/dags/master_slow/runs/{held.run_id}/tasks/hold/details")
    link = admin.page.get_by_role("link", name=ZOOM)
    expect(link).to_have_attribute("href", re.compile(re.escape(held.child_run_id)))
    admin.photograph("zoom-link-light-1280")
    link.click()
    expect(admin.page.get_by_text("child_slow").first).to_be_visible()
