"""What SimpleAuthManager's fixed roles may do; it does not tell reading from writing for custom views itself."""

from __future__ import annotations

import warnings

import pytest

from admin_views.permissions import Action, Resource

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Airflow's API server imports what its own dependencies deprecate
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    from admin_views.identity import _simple_role_permits


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (None, []),
        ("VIEWER", ["read"]),
        ("USER", ["read", "preview"]),
        ("OP", ["read", "preview", "change"]),
        ("ADMIN", ["read", "preview", "change", "submit"]),
    ],
)
def test_each_role_may_what_the_one_below_may_and_more(role: str | None, allowed: list[str]) -> None:
    deeds: dict[str, tuple[Action, Resource]] = {
        "read": ("GET", Resource.GROUPS),
        "preview": ("PUT", Resource.SUBMISSIONS),
        "change": ("DELETE", Resource.CODE),
        "submit": ("POST", Resource.SUBMISSIONS),
    }
    user = SimpleAuthManagerUser(username="ada", role=role)
    permitted = [deed for deed, needed in deeds.items() if _simple_role_permits(user, *needed)]
    assert permitted == allowed
