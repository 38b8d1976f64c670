"""Every route of the pages: its permission, each role, who is not logged in, and changes from another site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute

from admin_views.api.access import identified
from admin_views.pages.rendering import PAGES_PREFIX
from admin_views.permissions import ACTION_NAMES, ROLES
from tests.admin_views.pages.conftest import PART
from tests.admin_views.route_table import (
    ANY_USER,
    CODE,
    CREATE,
    DELETE,
    DEPENDENCIES,
    EDIT,
    GROUPS,
    HADOOP,
    READ,
    SUBMISSIONS,
)

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from tests.admin_views.pages.conftest import Pages

ROW = {"row": "1", "section.1": "arguments", "name.1": "driver-memory", "value.1": "8g"}
CORE_SITE = "/hadoop/prod/files/core-site.xml"
PROPERTY = {"row": "1", "file.1": "core-site.xml", "name.1": "fs.defaultFS", "value.1": "hdfs://b"}
XML = b"<configuration/>"
#: Method and path of a route -> the permission it needs, a call that succeeds, its form or body, its status.
ROUTES: dict[str, tuple[str, str, dict[str, str] | bytes | None, int]] = {
    "GET /groups": (f"{READ} on {GROUPS}", "/groups", None, 303),
    "POST /groups": (f"can_create on {GROUPS}", "/groups", {"name": "new"}, 303),
    "GET /groups/{name}": (f"{READ} on {GROUPS}", "/groups/prod", None, 200),
    "GET /groups/{name}/row": (
        f"{READ} on {GROUPS}",
        "/groups/prod/row?section=arguments&key=driver-memory",
        None,
        200,
    ),
    "GET /groups/{name}/edit": (
        f"{EDIT} on {GROUPS}",
        "/groups/prod/edit?section=arguments&key=driver-memory",
        None,
        200,
    ),
    "GET /groups/{name}/drop": (
        f"{EDIT} on {GROUPS}",
        "/groups/prod/drop?section=arguments&key=driver-memory",
        None,
        200,
    ),
    "GET /groups/{name}/add": (f"{EDIT} on {GROUPS}", "/groups/prod/add?section=arguments", None, 200),
    "POST /groups/{name}/field": (f"{EDIT} on {GROUPS}", "/groups/prod/field?token=1", ROW, 200),
    "GET /groups/{name}/keys": (
        f"{EDIT} on {GROUPS}",
        "/groups/prod/keys?section=arguments&token=1&name.1=driver",
        None,
        200,
    ),
    "POST /groups/{name}/paste": (f"{EDIT} on {GROUPS}", "/groups/prod/paste", {"block": "--conf spark.a=b"}, 200),
    "POST /groups/{name}/review": (f"{EDIT} on {GROUPS}", "/groups/prod/review", {"parent": "4", **ROW}, 200),
    "POST /groups/{name}/save": (f"{EDIT} on {GROUPS}", "/groups/prod/save", {"parent": "4", **ROW}, 303),
    "GET /groups/{name}/history": (f"{READ} on {GROUPS}", "/groups/prod/history?old=1&new=4", None, 200),
    "GET /groups/{name}/start": (f"{READ} on {GROUPS}", "/groups/prod/start", None, 200),
    "GET /groups/{name}/test": (f"{READ} on {GROUPS}", "/groups/prod/test?at=1", None, 200),
    "GET /groups/{name}/part": (f"{READ} on {GROUPS}", "/groups/prod/part?field=jars", None, 200),
    "GET /groups/{name}/part/edit": (f"{EDIT} on {GROUPS}", "/groups/prod/part/edit?field=keytab", None, 200),
    "GET /groups/{name}/choices": (f"{EDIT} on {GROUPS}", "/groups/prod/choices?field=jars&search=lib", None, 200),
    "GET /groups/{name}/choice": (f"{EDIT} on {GROUPS}", "/groups/prod/choice?field=jars&search=lib.jar", None, 200),
    "POST /groups/{name}/describe": (f"{EDIT} on {GROUPS}", "/groups/prod/describe", {"description": "d"}, 303),
    "POST /groups/{name}/default": (f"{EDIT} on {GROUPS}", "/groups/spare/default", {}, 303),
    "GET /groups/{name}/delete": (f"{DELETE} on {GROUPS}", "/groups/prod/delete", None, 200),
    "POST /groups/{name}/delete": (f"{DELETE} on {GROUPS}", "/groups/spare/delete", {}, 303),
    "POST /groups/{name}/restore": (f"{DELETE} on {GROUPS}", "/groups/gone/restore", {}, 303),
    "GET /groups/{name}/rollback": (f"{EDIT} on {GROUPS}", "/groups/twice/rollback?revision=1", None, 200),
    "POST /groups/{name}/rollback": (
        f"{EDIT} on {GROUPS}",
        "/groups/twice/rollback",
        {"parent": "2", "revision": "1"},
        303,
    ),
    "GET /hadoop": (f"{READ} on {HADOOP}", "/hadoop", None, 303),
    "GET /hadoop/{name}": (f"{READ} on {HADOOP}", "/hadoop/prod", None, 200),
    "GET /hadoop/{name}/row": (f"{READ} on {HADOOP}", "/hadoop/prod/row?file=core-site.xml", None, 200),
    "GET /hadoop/{name}/drop": (f"{EDIT} on {HADOOP}", "/hadoop/prod/drop?file=core-site.xml", None, 200),
    "POST /hadoop/{name}/stage/{file}": (f"{EDIT} on {HADOOP}", "/hadoop/prod/stage/a.xml", XML, 200),
    "POST /hadoop/{name}/text/{file}": (f"{EDIT} on {HADOOP}", "/hadoop/prod/text/core-site.xml?parent=4", XML, 200),
    "POST /hadoop/{name}/review": (f"{EDIT} on {HADOOP}", "/hadoop/prod/review", {"parent": "4", **PROPERTY}, 200),
    "POST /hadoop/{name}/save": (f"{EDIT} on {HADOOP}", "/hadoop/prod/save", {"parent": "4", **PROPERTY}, 303),
    "POST /hadoop/{name}/files/{file}/text": (
        f"{EDIT} on {HADOOP}",
        f"{CORE_SITE}/text",
        {"parent": "4", "text": XML.decode()},
        200,
    ),
    "POST /hadoop/{name}/files/{file}/field": (f"{EDIT} on {HADOOP}", f"{CORE_SITE}/field?token=1", PROPERTY, 200),
    **{
        f"GET /hadoop/{{name}}/files/{{file}}{path}": (f"{EDIT} on {HADOOP}", f"{CORE_SITE}{call}", None, 200)
        for path, call in (
            ("", ""),
            ("/text", "/text?line=2"),
            ("/row", "/row?key=fs.defaultFS"),
            ("/edit", "/edit?key=fs.defaultFS"),
            ("/drop", "/drop?key=fs.defaultFS"),
            ("/add", "/add"),
            ("/keys", "/keys?token=1&name.1=fs"),
        )
    },
    **{
        f"{method} {path}".replace("KIND", kind): (
            f"{action} on {resource}",
            call.replace("KIND", kind).replace("USED", used).replace("SPARE", spare),
            form,
            status,
        )
        for kind, resource, used, spare in (
            ("code", CODE, "job.py", "unused.py"),
            ("dependencies", DEPENDENCIES, "lib.jar", "unused.jar"),
        )
        for method, path, action, call, form, status in (
            ("GET", "/artifacts/KIND", READ, "/artifacts/KIND", None, 200),
            ("GET", "/artifacts/KIND/reach", CREATE, "/artifacts/KIND/reach?name=USED", None, 200),
            ("GET", "/artifacts/KIND/{name}", READ, "/artifacts/KIND/USED?inside=1", None, 200),
            (
                "GET",
                "/artifacts/KIND/{name}/versions/{version}/inside",
                READ,
                "/artifacts/KIND/USED/versions/1/inside",
                None,
                200,
            ),
            ("POST", "/artifacts/KIND/{name}/delete", DELETE, "/artifacts/KIND/SPARE/delete", {"version": "1"}, 303),
            ("POST", "/artifacts/KIND/{name}/restore", EDIT, "/artifacts/KIND/SPARE/restore", {"version": "1"}, 303),
        )
    },
    "GET /submissions": (f"{READ} on {SUBMISSIONS}", "/submissions", None, 200),
    "GET /submissions/names/{field}": (f"{READ} on {SUBMISSIONS}", "/submissions/names/task?task=l", None, 200),
    "GET /submissions/{submission_id}": (f"{READ} on {SUBMISSIONS}", "/submissions/{ended}", None, 200),
    "GET /submissions/{submission_id}/progress": (
        f"{READ} on {SUBMISSIONS}",
        "/submissions/{ended}/progress",
        None,
        200,
    ),
    "POST /submissions/{submission_id}/rerun": (
        f"{EDIT} on {SUBMISSIONS}",
        "/submissions/{ended}/rerun",
        {"mode": "then"},
        303,
    ),
    "GET /previews": (f"{EDIT} on {SUBMISSIONS}", "/previews?dag=sales&task=load", None, 200),
    "GET /previews/dags": (f"{EDIT} on {SUBMISSIONS}", "/previews/dags?dag=s", None, 200),
    "GET /previews/tasks": (f"{EDIT} on {SUBMISSIONS}", "/previews/tasks?dag=sales&task=l", None, 200),
    # which DAGs he sees there is Airflow's to say (test_masters.py)
    "GET /masters": (ANY_USER, "/masters", None, 200),
    "GET /masters/{dag_id}": (ANY_USER, "/masters/sales", None, 200),
}
EVERY_ROUTE = pytest.mark.parametrize("route", ROUTES)


def send(pages: Pages, route: str, client: httpx.Client, headers: dict[str, str] | None = None) -> httpx.Response:
    """Make the route's call."""
    _, path, body, _ = ROUTES[route]
    said: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"data": body}
    return client.request(route.split()[0], path.format(**pages.names), headers=headers, **said)


def guarded_by(call: Any) -> dict[str, str] | None:
    """What a dependency asks of the caller, by the kind in the path, "" where it is the same for all."""
    if call is identified:
        return {"": ANY_USER}
    permission = getattr(call, "permission", None)
    if permission is None:
        return None
    action, resource = permission
    resources = resource if isinstance(resource, dict) else {"": resource}
    return {kind: f"{ACTION_NAMES[action]} on {one}" for kind, one in resources.items()}


def test_the_table_names_every_route_with_the_permission_it_asks_for(app: FastAPI) -> None:
    found = {}
    for route in app.routes:
        if isinstance(route, APIRoute) and route.path.startswith(PAGES_PREFIX):
            guards = [part.call for part in route.dependant.dependencies]
            (needed,) = [guard for guard in map(guarded_by, guards) if guard]
            method, path = min(route.methods), route.path.removeprefix(PAGES_PREFIX)
            for kind, permission in needed.items():
                found[f"{method} {path}".replace("{kind}", kind)] = permission
    assert found == {route: permission for route, (permission, *_) in ROUTES.items()}


@EVERY_ROUTE
def test_every_role_gets_what_its_permissions_open(pages: Pages, route: str) -> None:
    permission, *_, status = ROUTES[route]
    for role in ("Public", "Couture Worker", "Viewer", "User", "Couture Developer", "Op"):
        has = {f"{ACTION_NAMES[action]} on {resource}" for action, resource in ROLES.get(role, ())}
        answer = send(pages, route, pages.of(role))
        expected = status if permission in (*has, ANY_USER) else 403
        assert answer.status_code == expected
        if answer.status_code == 403:
            action, _, resource = permission.partition(" on ")
            told = f"This page needs the permission <strong>{action}</strong> on <strong>{resource}</strong>."
            assert told in answer.text


@EVERY_ROUTE
def test_who_is_not_logged_in_is_told_so(pages: Pages, route: str) -> None:
    nobody = pages.of("")
    answer = send(pages, route, nobody)
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert "<h1>Your session has ended</h1>" in answer.text
    part = send(pages, route, nobody, PART)
    assert part.status_code == 401
    assert "<html" not in part.text
    assert "What you typed is still here." in part.text


@pytest.mark.parametrize("route", [route for route in ROUTES if route.startswith("POST")])
def test_a_change_through_the_cookie_comes_from_our_own_page(pages: Pages, route: str) -> None:
    client, cookie = pages.of("Admin"), {"Cookie": "_token=ada:Admin"}
    del client.headers["Authorization"]
    refused = send(pages, route, client, {**cookie, "Sec-Fetch-Site": "cross-site"})
    assert (refused.status_code, "Refused from another site" in refused.text) == (403, True)
    assert pages.audit.entries == []
    answer = send(pages, route, client, {**cookie, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == ROUTES[route][3], answer.text


@EVERY_ROUTE
def test_nothing_foreign_runs_in_a_page_and_nobody_else_frames_it(pages: Pages, route: str) -> None:
    answer = send(pages, route, pages.of("Admin"))
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert " style=" not in answer.text
    assert "<script>" not in answer.text
