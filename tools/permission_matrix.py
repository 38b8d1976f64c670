"""The table of routes, roles and methods in docs/permissions.md, out of what the routes themselves ask for.

`python -m tools.permission_matrix` writes it anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fastapi.routing import APIRoute

from admin_views.api import access, child_runs, submissions
from admin_views.app import API_PREFIX, create_app
from admin_views.pages.rendering import PAGES_PREFIX
from admin_views.permissions import ROLES, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi.dependencies.models import Dependant

    from admin_views.services import Services

PAGE = Path(__file__).parents[1] / "docs" / "permissions.md"
BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"
#: What opens routes beside a role.
_CREDENTIALS: dict[Any, str] = {
    submissions.reported_submission: "its token",
    submissions.running_submission: "its token",
    submissions.submitter_of: "a task's proof",
    child_runs.proven_task: "a task's proof",
    child_runs.child_token: "the child's token",
}
#: That dependency takes a task, or a user with this permission.
_OR_PERMISSION: dict[Any, tuple[str, dict[str, Resource]]] = {
    submissions.submitter_of: ("POST", {"": Resource.SUBMISSIONS})
}
#: Every user of Airflow may, whatever his role.
_ANY_USER = "any"


def matrix() -> str:
    """The table in Markdown: a line for each path, in each role's column the methods that it opens."""
    roles = list(ROLES)
    lines = [_row(["route", *roles, "without a role"]), f"|{'---|' * (len(roles) + 2)}"]
    for path, methods in sorted(_methods_by_path().items()):
        cells = [_cell(methods, role) for role in [*roles, ""]]
        lines.append(_row([f"`{path}`", *cells]))
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(methods: Mapping[str, list[tuple[str, str]]], role: str) -> str:
    """The methods open to a role; with an empty name: to who has none, and by what."""
    told = []
    for method, openings in sorted(methods.items()):
        if role:
            if any(_opens(opening, role) for opening in openings):
                told.append(method)
        else:
            told += [f"{method} by {name}" for kind, name in openings if kind == "credential"]
    return ", ".join(told)


def _opens(opening: tuple[str, str], role: str) -> bool:
    kind, name = opening
    return kind == _ANY_USER or (kind, name) in {(action, str(resource)) for action, resource in ROLES[role]}


def _methods_by_path() -> dict[str, dict[str, list[tuple[str, str]]]]:
    """Path -> method -> what opens it: an action on a resource, any user, a credential."""
    found: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for route in create_app(cast("Services", None)).routes:
        if isinstance(route, APIRoute) and route.path.startswith((API_PREFIX, PAGES_PREFIX)):
            for part, kind, name in _openings(route.dependant):
                for path in _paths(route.path, part):
                    for method in route.methods:
                        openings = found.setdefault(path, {}).setdefault(method, [])
                        if (kind, name) not in openings:
                            openings.append((kind, name))
    return found


def _paths(path: str, part: str) -> list[str]:
    return [path.replace("{kind}", part) if part else path]


def _openings(dependant: Dependant) -> Iterator[tuple[str, str, str]]:
    """What the dependencies of a route ask for: the kind of artifact in its path (or nothing), and what opens it."""
    for one in dependant.dependencies:
        permission = getattr(one.call, "permission", None) or _OR_PERMISSION.get(one.call)
        if permission:
            action, resource = permission
            resources = resource if isinstance(resource, dict) else {"": resource}
            yield from ((str(part), action, str(named)) for part, named in resources.items())
        elif one.call is access.identified:
            yield "", _ANY_USER, ""
        if one.call in _CREDENTIALS:
            yield "", "credential", _CREDENTIALS[one.call]
        if not permission:
            yield from _openings(one)


def page_with(table: str, page: str) -> str:
    """The page with the table between its markers; raises ValueError without them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} lacks the lines {BEGIN} and {END}; put them where the table belongs")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main() -> None:
    """Write the table into the page."""
    PAGE.write_text(page_with(matrix(), PAGE.read_text()))


if __name__ == "__main__":
    main()
