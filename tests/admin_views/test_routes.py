"""Who may do what: every route, every method, every role, against the table of routes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from admin_views.api import access, child_runs, submissions
from admin_views.app import API_PREFIX, create_app
from admin_views.pages.rendering import PAGES_PREFIX
from admin_views.permissions import ACTION_NAMES, ROLES, Resource
from tests.admin_views import furnished
from tests.admin_views.calls import bearer, connect, problem_of, rows_of
from tests.admin_views.route_table import (
    ANY_USER,
    ANYBODY,
    CHILD_TOKEN,
    CREATE,
    DELETE,
    EDIT,
    PERMISSIONS,
    READ,
    ROUTES,
    SUBMISSION_TOKEN,
    SUBMISSIONS,
    TASK_PROOF,
    Route,
)
from tests.stand_ins import ListedAudit, ListedChildRuns, RoleIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import httpx
    from fastapi.dependencies.models import Dependant
    from sqlalchemy.orm import Session

    from admin_views.permissions import Action
    from admin_views.services import AuditEntry, Caller, Services
    from tests.admin_views.furnished import Furnished

EVERY_ROUTE = pytest.mark.parametrize("route", ROUTES, ids=str)
CHANGES = pytest.mark.parametrize("route", [route for route in ROUTES if route.changes and route.for_users], ids=str)
AUDITED = pytest.mark.parametrize("route", [route for route in ROUTES if route.audited], ids=str)

#: What the guards that carry no permission of their own ask for.
GUARDS: dict[object, str] = {
    access.identified: ANY_USER,
    submissions.reported_submission: SUBMISSION_TOKEN,
    submissions.running_submission: SUBMISSION_TOKEN,
    submissions.submitter_of: f"{CREATE} on {SUBMISSIONS}",
    child_runs.proven_task: TASK_PROOF,
    child_runs.child_token: CHILD_TOKEN,
}
#: The schemes of what opens the routes that are not for users.
SCHEMES = {SUBMISSION_TOKEN: "Couture-Submission", TASK_PROOF: "Couture-Task", CHILD_TOKEN: "Couture-Child"}


class SinglePermission(RoleIdentity):
    """Users have the one permission that their token names: ``Bearer eve:can_read on Couture Submissions``."""

    def permits(self, caller: Caller, action: Action, resource: Resource) -> bool:
        """Whether it is that one."""
        return bool(caller.user == f"{ACTION_NAMES[action]} on {resource}")


class FailingAudit(ListedAudit):
    """An audit log that is broken."""

    def record(self, session: Session, caller: Caller, entries: Sequence[AuditEntry]) -> None:
        """Fail."""
        raise OSError("the audit log is broken")


class Copies:
    """The API on fresh copies of the furnished store."""

    def __init__(self, app: FastAPI, served: str, store: Furnished, directory: Path) -> None:
        self._app, self._furnished, self._directory = app, store, directory
        self.api = connect(served)
        self.services: Services

    def renew(self, **more: Any) -> Services:
        """Serve a fresh copy from now on."""
        self.services = self._furnished.copy_to(self._directory, **{"identity": SinglePermission(), **more})
        self._app.state.services = self.services
        return self.services

    def send(self, route: Route, headers: dict[str, str], **changed: str) -> httpx.Response:
        """Send the route's request; ``changed`` names replace those of the furnished store."""
        return route.send(self.api, {**self._furnished.names, **changed}, headers)

    def opening(self, route: Route) -> dict[str, str]:
        """The headers of somebody who has what opens the route."""
        if route.action in SCHEMES:
            tokens = {
                SUBMISSION_TOKEN: self._furnished.names["token"],
                TASK_PROOF: furnished.PROOF,
                CHILD_TOKEN: furnished.CHILD_TOKEN,
            }
            return {"Authorization": f"{SCHEMES[route.action]} {tokens[route.action]}"}
        return bearer(route.permission, "ada") if route.for_users else {}

    def state(self) -> tuple[Any, Any, Any, Any]:
        """Everything stored, everything recorded of changes, what became of child runs, and what is on its way."""
        assert isinstance(self.services.audit, ListedAudit)
        assert isinstance(self.services.child_runs, ListedChildRuns)
        children = self.services.child_runs
        return (
            rows_of(self.services.database),
            list(self.services.audit.entries),
            (list(children.wishes), list(children.stopped)),
            sorted((left.name, left.size, left.modified) for left in self.services.blobs.leftovers()),
        )


@pytest.fixture
def copies(app: FastAPI, served: str, furnished: Furnished, tmp_path: Path) -> Iterator[Copies]:
    """The API on a fresh copy of the furnished store, with users of a single permission."""
    copies = Copies(app, served, furnished, tmp_path / "copy")
    copies.renew()
    with copies.api:
        yield copies


# --- the table is complete, and every route has its guard ---


def _guards(dependant: Dependant) -> set[str]:
    guards = {GUARDS[dependant.call]} if dependant.call in GUARDS else set()
    if permission := getattr(dependant.call, "permission", None):
        action, resource = permission
        resources = resource.values() if isinstance(resource, dict) else [resource]
        guards |= {f"{ACTION_NAMES[action]} on {resource}" for resource in resources}
    return guards.union(*map(_guards, dependant.dependencies))


def _table() -> dict[str, set[str]]:
    table: dict[str, set[str]] = {}
    for route in ROUTES:
        path = re.sub("/(artifacts|blobs)/(code|dependencies)", r"/\1/{kind}", route.path)
        table.setdefault(f"{route.method} {path}", set()).add(route.permission)
    return table


def _walk(app: FastAPI) -> Iterator[str]:
    """What is wrong with the guards of an app's routes, measured by the table."""
    table = _table()
    for route in app.routes:
        guards = _guards(route.dependant) if isinstance(route, APIRoute) else {ANYBODY}
        path = getattr(route, "path", repr(route)).removeprefix(API_PREFIX)
        if path.startswith(PAGES_PREFIX):
            continue  # these have a table of their own: tests/admin_views/pages/test_routes.py
        for method in sorted((getattr(route, "methods", None) or {"?"}) - {"HEAD"}):
            named = f"{method} {path}"
            expected = table.pop(named, None)
            if expected is None:
                yield f"{named} is not in the table"
            elif not guards:
                yield f"{named} asks for nothing"
            elif guards != expected:
                yield f"{named} asks for {sorted(guards)}, the table says {sorted(expected)}"
    yield from (f"{named} is no route" for named in table)


def test_every_route_stands_in_the_table_with_its_guard(app: FastAPI) -> None:
    assert list(_walk(app)) == []


def test_the_walk_finds_what_it_is_for(services: Services) -> None:
    app = create_app(services)
    replaced = [f"{API_PREFIX}/groups", f"{API_PREFIX}/version", f"{API_PREFIX}/docs"]
    app.router.routes[:] = [route for route in app.routes if getattr(route, "path", "") not in replaced]
    app.add_api_route(replaced[0], lambda: None, methods=["GET"])
    app.add_api_route(
        replaced[0], lambda: None, methods=["POST"], dependencies=[Depends(access.permitted("GET", Resource.GROUPS))]
    )
    app.add_api_route(f"{API_PREFIX}/forgotten", lambda: None, methods=["GET"])
    app.mount("/elsewhere", FastAPI())
    assert sorted(_walk(app)) == [
        "? /elsewhere is not in the table",
        "GET /docs is no route",
        "GET /forgotten is not in the table",
        "GET /groups asks for nothing",
        "GET /version is no route",
        "POST /groups asks for ['can_read on Couture Config Groups'], "
        "the table says ['can_create on Couture Config Groups']",
    ]


def test_reading_and_writing_are_different_permissions() -> None:
    opened_by: dict[str, set[str]] = {}
    for route in ROUTES:
        opened_by.setdefault("changing" if route.changes else "reading", set()).add(route.action)
    assert opened_by == {
        # how far an upload is, is for who uploads
        "reading": {ANYBODY, ANY_USER, SUBMISSION_TOKEN, CHILD_TOKEN, READ, EDIT, CREATE},
        "changing": {SUBMISSION_TOKEN, TASK_PROOF, CHILD_TOKEN, CREATE, EDIT, DELETE},
    }
    assert [str(route) for route in ROUTES if not route.changes and route.action == EDIT] == [
        "GET /groups/prod/hadoop/core-site.xml",
        "GET /groups/prod/hadoop-properties",
        "GET /artifacts/code/job.py/versions/1/content",
        "GET /artifacts/dependencies/lib.jar/versions/1/content",
        "GET /previews/dags/sales/tasks/load",
    ]


# --- who gets in ---


@EVERY_ROUTE
def test_its_permission_opens_a_route_and_no_other_does(copies: Copies, route: Route) -> None:
    before = copies.state()
    for permission in PERMISSIONS:
        if permission == route.permission:
            continue
        answer = copies.send(route, bearer(permission))
        if route.permission in (ANYBODY, ANY_USER):
            assert answer.status_code == route.status
        elif route.permission in SCHEMES:
            problem_of(answer, 403, "NotProven")
        else:
            problem = problem_of(answer, 403, "Forbidden")
            assert f"{problem['permission']} on {problem['resource']}" == route.permission
            assert f"needs the permission {route.permission};" in problem["detail"]
    assert copies.state() == before
    assert copies.send(route, copies.opening(route)).status_code == route.status
    assert (copies.state() != before) == (route.changes and route.call != "/previews")


STRANGERS = {
    "nothing": {},
    "a wrong token": {"Authorization": "Bearer garbage"},
    "no token": {"Authorization": "Bearer"},
    "a password": {"Authorization": "Basic YWRhOkFkbWlu"},
    "a wrong cookie": {"Cookie": "_token=garbage", "Sec-Fetch-Site": "same-origin"},
    "a cookie of another name": {"Cookie": "session=ada:Admin", "Sec-Fetch-Site": "same-origin"},
}


@EVERY_ROUTE
def test_nobody_gets_in(copies: Copies, route: Route) -> None:
    before = copies.state()
    for headers in STRANGERS.values():
        answer = copies.send(route, headers)
        if route.permission == ANYBODY:
            assert answer.status_code == 200
        elif route.permission in SCHEMES and "Authorization" in headers:
            problem_of(answer, 403, "NotProven")
        else:
            problem_of(answer, 401, "Unauthenticated")
            assert answer.headers["WWW-Authenticate"] == SCHEMES.get(route.permission, "Bearer")
    assert copies.state() == before


def _expected_status(route: Route, role: str) -> int:
    """What a user with the role gets, by the table of routes and the product's table of roles."""
    permissions = {f"{ACTION_NAMES[action]} on {resource}" for action, resource in ROLES.get(role, ())}
    if route.permission in permissions | {ANYBODY, ANY_USER}:
        return route.status
    return 403


@EVERY_ROUTE
def test_every_role_gets_what_its_permissions_open(copies: Copies, route: Route) -> None:
    roles = ["Viewer", "User", "Couture Developer", "Op", "Admin", "Couture Worker", "Public"]
    assert set(ROLES) == set(roles) - {"Public"}
    statuses = {}
    copies.renew(identity=RoleIdentity())
    for role in roles:
        answer = copies.send(route, bearer(role))
        statuses[role] = answer.status_code
        if route.changes and answer.is_success:
            copies.renew(identity=RoleIdentity())
    assert statuses == {role: _expected_status(route, role) for role in roles}


# --- changes through a browser's cookie ---


@CHANGES
def test_a_change_through_the_cookie_needs_a_proof_that_our_own_page_asked(copies: Copies, route: Route) -> None:
    before = copies.state()
    cookie = {"Cookie": f"_token=ada:{route.permission}"}
    problem_of(copies.send(route, cookie), 403, "CrossSite")
    assert copies.state() == before
    assert copies.send(route, {**cookie, "Sec-Fetch-Site": "same-origin"}).status_code == route.status


# --- the audit log ---


@EVERY_ROUTE
def test_a_change_leaves_exactly_one_audit_entry_and_nothing_else_does(copies: Copies, route: Route) -> None:
    assert copies.send(route, copies.opening(route)).status_code == route.status
    audit = copies.services.audit
    assert isinstance(audit, ListedAudit)
    entries = [(name, entry.event, entry.subject) for name, entry in audit.entries]
    assert entries == ([("ada", *route.audited)] if route.audited else [])


@AUDITED
def test_a_change_that_cannot_be_recorded_is_not_made(copies: Copies, route: Route) -> None:
    copies.renew(audit=FailingAudit())
    before = copies.state()
    problem = problem_of(copies.send(route, copies.opening(route)), 500, "")
    assert "broken" not in problem["detail"]
    assert copies.state() == before


def test_every_changing_route_of_users_is_audited_but_previews_and_submissions() -> None:
    silent = [str(route) for route in ROUTES if route.changes and route.for_users and not route.audited]
    # nobody sees an upload before it is complete; a preview changes nothing; a submission is a record of its own
    uploads = [f"/artifacts/{kind}/uploads" for kind in ("code/job.py", "dependencies/lib.jar")]
    begun = ["/{upload_code}", "/{upload_dependencies}"]
    assert silent == [
        *(
            call
            for path, one in zip(uploads, begun, strict=True)
            for call in (f"POST {path}", f"PUT {path}{one}/parts/1", f"DELETE {path}{one}")
        ),
        "POST /submissions",
        "POST /previews",
    ]
