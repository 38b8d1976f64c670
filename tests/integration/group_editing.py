"""Spark Configuration as a user edits it: the steps that the tests of its pages share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.integration.conftest import API

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator

    from tests.integration.browser import Seat
    from tests.integration.live_airflow import LiveAirflow

CONFIGURATION = "Spark Configuration"


def content(airflow: LiveAirflow, group: str) -> Any:
    """The content of a group as the API tells it."""
    with airflow.client() as client:
        return client.get(f"{API}/groups/{group}").raise_for_status().json()["content"]


def edit(seat: Seat, name: str, value: str) -> None:
    """Type a new value into a setting's row."""
    seat.frame.get_by_role("button", name=f"Edit {name}", exact=True).click()
    seat.frame.get_by_label(re.compile(f"alue of {re.escape(name)}$")).fill(value)


def save(frame: FrameLocator, note: str, revision: int) -> None:
    """Go through the review."""
    frame.get_by_role("button", name="Review and save").click()
    review = frame.get_by_role("dialog", name="Review")
    review.get_by_label("Note: why?").fill(note)
    review.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator(".done")).to_contain_text(f"Saved as revision {revision}.")
