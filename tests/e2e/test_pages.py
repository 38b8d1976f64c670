"""The pages with the demo's own data, in a real browser: pictures of each, and a newcomer's way through them.

Pictures lie below build/screens as demo-*.png; the newcomer's clicks and seconds in build/screens/walk.json.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from playwright.sync_api import expect

from tests.integration.browser import SCREENS, opened_browser, take_seat
from tools.demo.store import BUILT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.e2e.conftest import RunningDemo
    from tests.integration.browser import Seat
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.e2e

CONFIGURATION, DEPENDENCIES, CODE = "Spark Configuration", "Spark Dependencies", "Code Artifacts"
HADOOP, SUBMISSIONS, MASTERS = "Hadoop Configuration", "Spark Submissions", "Master DAGs"
RUN_MS = 300_000
#: As many presses of the mouse as the way may take.
CLICKS = 20
#: Counts the presses of a page and of the pages in its frames.
COUNT_PRESSES = "addEventListener('pointerdown', (event) => { if (event.isTrusted) pressed(); }, true)"


@dataclass
class DemoAirflow:
    """The demo's Airflow, as far as a seat before the browser asks for it."""

    demo: RunningDemo

    @property
    def url(self) -> str:
        """Its address."""
        return self.demo.url

    def client(self, role: str) -> httpx.Client:
        """A client with the token of the demo's only user."""
        assert role == "Admin"
        login = {"username": "admin", "password": self.demo.home.password_file.read_text().strip()}
        answer = httpx.post(f"{self.url}/auth/token", json=login, timeout=30).raise_for_status()
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {answer.json()['access_token']}"})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests here."""
    yield from opened_browser()


def sit_down(browser: Browser, demo: RunningDemo, theme: str = "light") -> Seat:
    """The demo's admin before the browser."""
    return take_seat(browser, cast("LiveAirflow", DemoAirflow(demo)), "Admin", theme)


def newest(demo: RunningDemo, task_id: str) -> str:
    """The newest submission of a task."""
    items: list[dict[str, Any]] = json.loads(demo.run("couture", "submissions", "list", "--output", "json"))["items"]
    return next(str(item["submission_id"]) for item in items if item["task"]["task_id"] == task_id)


# --- pictures ---


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_with_the_data_of_the_demo(browser: Browser, demo: RunningDemo, theme: str) -> None:
    seat = sit_down(browser, demo, theme)
    submission = f"submissions/{newest(demo, 'top_movies')}"
    pages = {
        "groups": ("groups/prod", CONFIGURATION),
        "history": ("groups/prod/history", CONFIGURATION),
        "quick-start": ("groups/prod/start", "Quick start: prod"),
        "hadoop": ("hadoop/prod", HADOOP),
        "hadoop-file": ("hadoop/prod/files/core-site.xml", "core-site.xml"),
        "dependencies": ("artifacts/dependencies", DEPENDENCIES),
        "code": ("artifacts/code", CODE),
        "artifact": ("artifacts/code/ratings-jobs.jar?inside=1", "ratings-jobs.jar"),
        "submissions": ("submissions", SUBMISSIONS),
        "submission": (submission, "couture_ratings.top_movies"),
        "preview": ("previews?dag=couture_ratings&task=top_movies", "Preview"),
        "masters": ("masters", MASTERS),
        "master": ("masters/couture_movies", "couture_movies"),
    }
    for name, (path, heading) in pages.items():
        seat.page.set_viewport_size({"width": 1280, "height": 800})
        seat.open_page(path, heading)
        seat.assert_fit(f"demo-{name}-{theme}", (360,))
    seat.context.close()
    assert seat.faults == []


# --- a newcomer's way ---


@dataclass
class Walk:
    """A way through the pages: how often the mouse was pressed, and how long each leg took."""

    seat: Seat
    presses: int = 0
    legs: dict[str, dict[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seat.context.expose_function("pressed", self._press)
        self.seat.context.add_init_script(COUNT_PRESSES)
        self._before, self._since = 0, time.monotonic()

    def _press(self) -> None:
        self.presses += 1

    def arrive(self, leg: str) -> None:
        """Write down the leg that ends here."""
        self.seat.photograph(f"demo-walk-{len(self.legs) + 1}-{leg.replace(' ', '-')}")
        seconds = round(time.monotonic() - self._since, 1)
        self.legs[leg] = {"clicks": self.presses - self._before, "seconds": seconds}
        self._before, self._since = self.presses, time.monotonic()

    def choose(self, menu: str, entry: str) -> None:
        """Go to a page by Airflow's menu."""
        self.seat.page.get_by_text(menu, exact=True).first.click()
        self.seat.page.get_by_role("menuitem", name=entry).click()
        self.seat.shows(entry)


def test_a_newcomer_goes_from_a_group_to_a_receipt(browser: Browser, demo: RunningDemo) -> None:
    seat = sit_down(browser, demo)
    frame, walk = seat.frame, Walk(seat)
    seat.page.goto(demo.url)

    walk.choose("Admin", CONFIGURATION)
    frame.get_by_role("button", name="New group").click()
    dialog = frame.get_by_role("dialog", name="New config group")
    dialog.get_by_label("Name").fill("mine")
    dialog.get_by_label("Content").select_option("default")
    dialog.get_by_role("button", name="Create").click()
    expect(frame.get_by_role("link", name="Delete mine")).to_be_visible()
    frame.get_by_role("button", name="Make it the default").click()
    default = frame.get_by_role("dialog", name="Make mine the default")
    default.get_by_role("button", name="Make it the default").click()
    expect(frame.locator(".done")).to_have_text("Jobs that name no group run with mine from now on.")
    walk.arrive("create a group")

    frame.get_by_role("button", name="Edit driver-memory").click()
    frame.get_by_label("Value of driver-memory").fill("900m")
    frame.get_by_role("button", name="Review and save").click()
    review = frame.get_by_role("dialog", name="Review")
    review.get_by_label("Note: why?").fill("a small machine")
    review.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator(".done")).to_contain_text("Saved as revision 2.")
    walk.arrive("set the memory")

    walk.choose("Admin", CODE)
    frame.locator('input[type="file"]').set_input_files(BUILT / "ratings-jobs.jar")
    frame.locator("[data-start] button").click()
    expect(frame.locator(".queue .arrived", has_text="ratings-jobs.jar")).to_be_visible()
    walk.arrive("upload a jar")

    seat.page.goto(f"{demo.url}/dags/couture_ratings")
    seat.page.get_by_role("button", name="Trigger").first.click()
    seat.page.get_by_role("dialog").get_by_role("button", name="Trigger").click()
    walk.arrive("run")

    walk.choose("Browse", SUBMISSIONS)
    row = frame.locator("#list tbody tr").filter(has_text="clean_ratings").filter(has_text="mine")
    expect(row.locator(".status")).to_have_text("succeeded", timeout=RUN_MS)
    row.get_by_role("link").first.click()
    seat.shows("couture_ratings.clean_ratings")
    expect(frame.get_by_role("row").filter(has_text="driver-memory").first).to_contain_text("900m")
    walk.arrive("see the receipt")

    SCREENS.joinpath("walk.json").write_text(json.dumps(walk.legs, indent=2) + "\n")
    seat.context.close()
    assert seat.faults == []
    assert walk.presses <= CLICKS, walk.legs
