"""A real browser on Airflow: a user logged in, the page of ours within the frame, axe-core's verdict, pictures."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page

    from tests.integration.live_airflow import LiveAirflow

CHECKOUT = Path(__file__).parents[2]
SCREENS = CHECKOUT / "build" / "screens"
AXE = CHECKOUT / "build" / "pages" / "node_modules" / "axe-core" / "axe.min.js"
TIMEOUT_MS = 120_000
expect.set_options(timeout=TIMEOUT_MS)
#: The beginning of a page's path -> its entry in Airflow's menu.
MENU = {
    "artifacts/dependencies": "spark-dependencies",
    "artifacts/code": "code-artifacts",
    "submissions": "spark-submissions",
    "masters": "master-dags",
    "groups": "spark-configuration",
    "hadoop": "hadoop-configuration",
}
#: What Chromium says of every frame that Airflow makes for a plugin.
_AIRFLOWS_OWN = "An iframe which has both allow-scripts and allow-same-origin"


def opened_browser() -> Iterator[Browser]:
    """Debian's chromium; tests are skipped where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium: make setup-browser")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses to sandbox for root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@dataclass
class Seat:
    """A user before the browser: ``page`` is Airflow, ``frame`` the page of ours in it."""

    airflow: LiveAirflow
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)

    @property
    def frame(self) -> FrameLocator:
        """What our page shows."""
        return self.page.frame_locator("iframe")

    def open(self, path: str, heading: str) -> FrameLocator:
        """Open an address of Airflow and wait for the heading of the page in its frame."""
        self.page.goto(self.airflow.url + path)
        return self.shows(heading)

    def open_page(self, path: str, heading: str) -> FrameLocator:
        """Open a page of ours: in the frame that is open, else as a link that a colleague sent does."""
        if self.page.url != "about:blank":
            self.inner().goto(f"{self.airflow.url}/couture/pages/{path}")
            return self.shows(heading)
        menu = next(entry for page, entry in MENU.items() if path.startswith(page))
        return self.open(f"/plugin/{menu}/couture/pages/{path}", heading)

    def shows(self, heading: str) -> FrameLocator:
        """Wait for the heading."""
        self.frame.get_by_role("heading", name=heading, level=1).wait_for()
        return self.frame

    def inner(self) -> Any:
        """The document in the frame."""
        handle = self.page.locator("iframe").element_handle().content_frame()
        assert handle is not None
        return handle

    def axe(self) -> list[str]:
        """The violations that axe-core finds in our page, each with its first element."""
        inner = self.inner()
        inner.evaluate(AXE.read_text())
        found = inner.evaluate("axe.run(document).then(found => found.violations)")
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary']}" for one in found]

    def overflow(self) -> int:
        """How many pixels our page is wider than its frame."""
        width: int = self.inner().evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width

    def assert_fit(self, name: str, widths: Iterable[int]) -> None:
        """Axe finds nothing, and at none of the widths is the page wider than its frame; keeps pictures of all."""
        assert [f"{name}: {violation}" for violation in self.axe()] == []
        self.photograph(f"{name}-1280")
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 800})
            assert self.overflow() <= 0, f"{name} at {width}"
            self.photograph(f"{name}-{width}")

    def photograph(self, name: str) -> None:
        """Keep a picture below build/screens."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{name}.png")

    def log_in(self, role: str) -> None:
        """Get the cookie that a login gives."""
        with self.airflow.client(role) as client:
            token = client.headers["Authorization"].removeprefix("Bearer ")
        self.context.add_cookies([{"name": "_token", "value": token, "url": self.airflow.url}])

    def log_out(self) -> None:
        """Lose it, as when it expires."""
        self.context.clear_cookies()


def take_seat(browser: Browser, airflow: LiveAirflow, role: str, theme: str = "light") -> Seat:
    """Sit down as a user with the role; ``theme`` is what Airflow's own switch was set to."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(TIMEOUT_MS)
    context.add_init_script(f"localStorage.getItem('theme') ?? localStorage.setItem('theme', '{theme}')")
    seat = Seat(airflow, context, context.new_page())
    seat.page.on("console", lambda message: _keep(seat, message.type, message.text))
    seat.page.on("pageerror", lambda error: seat.faults.append(str(error)))
    seat.log_in(role)
    return seat


def _keep(seat: Seat, kind: str, text: str) -> None:
    """Faults that the browser told; a request refused, or dropped as its field went, is none of the page's."""
    is_refusal = re.match(r"(Failed to load resource: .* status of|Response Status Error Code) (401|404|409|422)", text)
    is_dropped = text.startswith(("htmx:sendAbort", "htmx:afterRequest"))
    if kind == "error" and not (is_refusal or is_dropped) and _AIRFLOWS_OWN not in text:
        seat.faults.append(text)
