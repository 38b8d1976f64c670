"""The table of routes and roles in the documentation is the one that the routes ask for."""

from __future__ import annotations

import pytest

from admin_views.permissions import ACTION_NAMES, ROLES
from tests.admin_views.pages.test_routes import ROUTES as PAGES
from tests.admin_views.route_table import ANY_USER, ROUTES
from tools.permission_matrix import PAGE, matrix, page_with


def rows() -> dict[str, list[str]]:
    """Path -> the cells of the roles, and of who has none."""
    lines = [[cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in matrix().splitlines()]
    assert lines[0] == ["route", *ROLES, "without a role"]
    return {path: cells for path, *cells in lines[2:]}


def test_the_page_has_it_as_it_is_now() -> None:
    text = PAGE.read_text()
    assert page_with(matrix(), text) == text, "run: python -m tools.permission_matrix"


def expected() -> dict[str, dict[str, set[str]]]:
    """Path -> role -> methods, by the tables against which every route is called as every role."""
    needs = [(f"/api/v1{route.path}", route.method, route.permission) for route in ROUTES if route.for_users]
    needs += [(f"/pages{key.split()[1]}", key.split()[0], permission) for key, (permission, *_) in PAGES.items()]
    found: dict[str, dict[str, set[str]]] = {}
    for path, method, permission in needs:
        for role, permissions in ROLES.items():
            has = {f"{ACTION_NAMES[action]} on {resource}" for action, resource in permissions}
            if permission in (*has, ANY_USER):
                found.setdefault(path, {}).setdefault(role, set()).add(method)
    return found


def test_it_says_what_the_calls_of_every_route_as_every_role_find() -> None:
    told = {
        path: {role: set(cell.split(", ")) for role, cell in zip(ROLES, cells, strict=False) if cell}
        for path, cells in rows().items()
    }
    assert {path: roles for path, roles in told.items() if roles} == expected()


def test_what_opens_routes_without_a_role_is_said() -> None:
    assert rows()["/api/v1/child-runs"][-1] == "POST by a task's proof"
    assert rows()["/api/v1/submissions"][-1] == "POST by a task's proof"
    assert rows()["/api/v1/submissions/{submission_id}/reports"][-1] == "POST by its token"


def test_a_page_without_the_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the lines"):
        page_with("| a |", "no markers")
