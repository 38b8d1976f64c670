"""The documentation of the permissions says what the product does."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin_views.permissions import ACTION_NAMES, READS_PLUGINS, ROLES
from tests.admin_views.route_table import PERMISSIONS, ROUTES

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
ROLE_NAMES = ["Viewer", "User", "Couture Developer", "Op", "Admin", "Couture Worker"]


def _table(first_heading: str) -> list[list[str]]:
    """The rows of the table whose first column has the heading, the headings first."""
    lines = PAGE.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first_heading} |"))
    end = lines.index("", start) if "" in lines[start:] else len(lines)
    rows = [[cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in lines[start:end]]
    return [rows[0], *rows[2:]]


@pytest.fixture
def roles() -> dict[str, list[str]]:
    """Permission -> the cells of the roles."""
    headings, *rows = _table("permission")
    assert headings == ["permission", "on", "allows", *ROLE_NAMES]
    return {f"{action} on {resource}": cells for action, resource, _, *cells in rows}


def test_every_permission_is_documented_once(roles: dict[str, list[str]]) -> None:
    assert list(roles) == PERMISSIONS
    assert len(_table("permission")) == len(PERMISSIONS) + 1


def test_the_documented_roles_have_what_they_have(roles: dict[str, list[str]]) -> None:
    documented = {
        role: {permission for permission, cells in roles.items() if cells[column] == "yes"}
        for column, role in enumerate(ROLE_NAMES)
    }
    assert {cell for cells in roles.values() for cell in cells} == {"yes", ""}
    assert documented == {
        role: {f"{ACTION_NAMES[action]} on {resource}" for action, resource in permissions}
        for role, permissions in ROLES.items()
    }


def test_what_no_route_asks_for_is_said_to_allow_nothing() -> None:
    _, *rows = _table("permission")
    asked = {route.permission for route in ROUTES}
    for action, resource, allows, *_ in rows:
        assert allows.startswith("nothing:") == (f"{action} on {resource}" not in asked), f"{action} on {resource}"


def test_every_route_is_documented_with_what_it_needs() -> None:
    headings, *rows = _table("route")
    assert headings == ["route", "needs"]
    documented = {route: needs.partition(", ")[0] for route, needs in rows}
    assert documented == {f"{route.method} {route.path}": route.permission for route in ROUTES}
    assert len(rows) == len(ROUTES)


def test_no_role_gives_a_permission_twice() -> None:
    for role, permissions in ROLES.items():
        assert len(set(permissions)) == len(permissions), role


def test_the_roles_that_see_our_pages_are_named() -> None:
    sentence = f"from which Airflow fills its menu: {', '.join(READS_PLUGINS)}."
    assert sentence in PAGE.read_text()
