"""What answers here."""

from __future__ import annotations

import httpx
import pytest

from couture_ops import __version__
from tests.admin_views.calls import bearer, done


@pytest.mark.parametrize("role", ["Admin", "Viewer", "Couture Worker", "Public"])
def test_any_user_is_told_the_versions_and_his_own_name(api: httpx.Client, role: str) -> None:
    answer = api.get("/version", headers=bearer(role, "grace"))
    assert done(answer) == {"couture": __version__, "wire_version": 1, "airflow": "3.3.2", "user": "grace"}
