"""The app that Airflow mounts: what it says of itself, and that it does nothing before it is asked."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from starlette.middleware.gzip import GZipMiddleware

from admin_views.app import create_app
from tests.admin_views.calls import bearer, connect, done, new_group, problem_of, upload, upon
from tests.admin_views.furnished import services_in
from tests.conftest import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from admin_views.services import Services

#: Every request body that is JSON, by its operation.
JSON_BODIES = {
    "POST /api/v1/groups",
    "PATCH /api/v1/groups/{name}",
    "PUT /api/v1/groups/{name}/content",
    "PATCH /api/v1/groups/{name}/content",
    "POST /api/v1/groups/{name}/rollback",
    "POST /api/v1/artifacts/{kind}/{name}/uploads",
    "POST /api/v1/submissions",
    "POST /api/v1/submissions/{submission_id}/reports",
    "POST /api/v1/submissions/{submission_id}/rerun",
    "POST /api/v1/previews",
    "PATCH /api/v1/groups/{name}/hadoop/{file}/properties",
    "POST /api/v1/child-runs",
    "POST /api/v1/child-runs/states",
}


# --- the description ---


@pytest.fixture
def description(api: httpx.Client) -> Any:
    """The OpenAPI document."""
    return done(api.get("/openapi.json"))


def _operations(description: Any) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def _every(value: Any, key: str) -> Iterator[Any]:
    """The values of a key, however deep."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for inner in value.values():
            yield from _every(inner, key)
    if isinstance(value, list):
        for inner in value:
            yield from _every(inner, key)


def _example(description: Any, operation: str) -> Any:
    """The first example of an operation's JSON body, which its schema accepts."""
    schema = _operations(description)[operation]["requestBody"]["content"]["application/json"]["schema"]
    named = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    example = named["examples"][0]
    Draft202012Validator({**schema, "components": description["components"]}).validate(example)
    return example


def test_the_description_is_openapi_whose_schemas_and_references_hold(description: Any) -> None:
    assert description["openapi"].startswith("3.1")
    assert description["info"]["title"] == "Couture"
    for schema in [*description["components"]["schemas"].values(), *_every(description["paths"], "schema")]:
        Draft202012Validator.check_schema(schema)
    references = set(_every(description, "$ref"))
    assert references
    assert references == {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(description: Any) -> None:
    operations = _operations(description)
    assert len(operations) == 58
    identifiers = [operation["operationId"] for operation in operations.values()]
    assert len(set(identifiers)) == len(identifiers)
    for named, operation in operations.items():
        assert operation["summary"].strip(), named
        assert operation["description"].strip(), named
        assert operation["tags"], named


def test_every_parameter_of_a_path_is_described(description: Any) -> None:
    for named, operation in _operations(description).items():
        in_path = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        assert in_path == {part[1:-1] for part in named.split("/") if part.startswith("{")}, named
        assert all(p["required"] for p in operation.get("parameters", ()) if p["in"] == "path")


def test_every_json_body_has_an_example_that_its_schema_accepts(description: Any) -> None:
    operations = _operations(description)
    assert {
        named
        for named, operation in operations.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    } == JSON_BODIES
    for named in JSON_BODIES:
        assert _example(description, named), named


def test_the_examples_work(api: httpx.Client, description: Any) -> None:
    new = _example(description, "POST /api/v1/groups")
    assert done(api.post("/groups", json=new))["revision"] == 1
    done(api.patch("/groups/prod", json=_example(description, "PATCH /api/v1/groups/{name}")))
    content = "/groups/prod/content"
    assert (
        done(api.put(content, json=_example(description, f"PUT {_route(content)}"), headers=upon(1)))["revision"] == 2
    )
    assert (
        done(api.patch(content, json=_example(description, f"PATCH {_route(content)}"), headers=upon(2)))["revision"]
        == 3
    )
    back = "/groups/prod/rollback"
    assert done(api.post(back, json=_example(description, f"POST {_route(back)}"), headers=upon(3)))["revision"] == 4

    body = _operations(description)["POST /api/v1/artifacts/{kind}/{name}/versions"]["requestBody"]["content"]
    upload(api, "ratings.py", body["application/octet-stream"]["example"].encode())
    request = _example(description, "POST /api/v1/submissions")
    assert done(api.post("/previews", json=request))["plan"]["group"] == "prod"
    ticket = done(api.post("/submissions", json=request, headers=bearer("Couture Worker")))
    told = _example(description, "POST /api/v1/submissions/{submission_id}/reports")
    token = {"Authorization": f"Couture-Submission {ticket['token']}"}
    answer = api.post(f"/submissions/{ticket['submission_id']}/reports", json=told, headers=token)
    assert done(answer) == {"changed": {"since": None, "succeeded_at": None, "changes": []}}
    assert done(api.get(f"/submissions/{ticket['submission_id']}"))["outcome"] == "failed"


def _route(path: str) -> str:
    return f"/api/v1{path.replace('/prod/', '/{name}/')}"


def test_the_description_can_be_looked_at_in_a_browser(api: httpx.Client) -> None:
    page = api.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "/api/v1/openapi.json" in page.text


# --- the app ---


def test_nothing_is_opened_or_made_before_the_first_request(tmp_path: Path) -> None:
    services = services_in(tmp_path / "store", Fernet.generate_key().decode())
    assert create_app(services).openapi()["info"]["title"] == "Couture"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def mounted(services: Services) -> Iterator[httpx.Client]:
    """The API as it stands in Airflow: below a path, and behind a middleware that compresses answers."""
    host = FastAPI()
    host.add_middleware(GZipMiddleware, minimum_size=1024)
    host.mount("/couture", create_app(services))
    with serving(host) as url, connect(f"{url}/couture/api/v1", bearer("Admin", "ada")) as client:
        yield client


def test_below_a_path_everything_is_as_it_was(mounted: httpx.Client) -> None:
    new_group(mounted)
    assert mounted.get("/groups/prod").headers["ETag"] == '"1"'
    problem = problem_of(mounted.get("/nowhere"), 404, "")
    assert problem["detail"] == "GET /couture/api/v1/nowhere"
    json = {"Content-Type": "application/json"}
    problem_of(mounted.post("/groups", content=b" " * 32_000_001, headers=json), 413, "TooLarge")
    assert upload(mounted, "large.py", b"#" * 32_000_001)["size"] == 32_000_001  # which is no JSON
    with connect(str(mounted.base_url), {"Cookie": "_token=ada:Admin"}) as browser:
        problem_of(browser.post("/groups", json={"name": "x"}), 403, "CrossSite")
        answer = browser.post("/groups", json={"name": "x"}, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 201


def test_downloads_are_not_compressed_on_their_way(mounted: httpx.Client) -> None:
    content = b"print('hello')\n" * 10_000
    upload(mounted, "job.py", content)
    path = "/artifacts/code/job.py/versions/1/content"
    for headers, expected in (({}, content), ({"Range": "bytes=5-80004"}, content[5:80005])):
        with mounted.stream("GET", path, headers={"Accept-Encoding": "gzip", **headers}) as answer:
            sent = b"".join(answer.iter_raw())
        assert (sent, answer.headers["Content-Length"]) == (expected, str(len(expected)))
        assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
