"""What answers here."""

from __future__ import annotations

import httpx
import pytest

from couture_ops import __version__
from tests.admin_views.calls import bearer, done


@pytest.mark.parametrize(
    ("role", "may_submit"), [("Admin", True), ("Viewer", False), ("Couture Worker", True), ("Public", False)]
)
def test_any_user_is_told_the_versions_and_what_concerns_him(api: httpx.Client, role: str, may_submit: bool) -> None:
    answer = api.get("/version", headers=bearer(role, "grace"))
    assert done(answer) == {
        "couture": __version__,
        "wire_version": 1,
        "airflow": "3.3.2",
        "user": "grace",
        "may_submit": may_submit,
    }
