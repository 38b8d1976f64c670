"""The edge: every error of the domain and of the edge as a problem (RFC 9457), written out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from admin_views import problems
from admin_views.permissions import Resource
from admin_views.problems import STATUSES, install_handlers
from config_store import errors
from config_store.diff import Change
from config_store.errors import Fault, User
from config_store.secrets import NoSecretKey
from couture_ops.errors import CoutureError
from tests.admin_views.calls import bearer, connect, done, new_group, places_of, problem_of
from tests.conftest import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

SAVED_AT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)

#: An error, and the whole problem it is told as, less "type" and "detail", which are its class and its message.
SAMPLES: list[tuple[Exception, dict[str, Any]]] = [
    (
        errors.InvalidInput([Fault("arguments.queue", "is bad"), Fault("name", "is worse")]),
        {
            "status": 422,
            "title": "Invalid input",
            "errors": [
                {"where": "arguments.queue", "message": "is bad"},
                {"where": "name", "message": "is worse"},
            ],
        },
    ),
    (errors.Unresolvable("a and b exclude each other"), {"status": 422, "title": "The request contradicts itself"}),
    (errors.NotRerunnable("etl.load runs still"), {"status": 422, "title": "The task can't run again"}),
    (
        errors.FinalOverridden("prod", "queue", "etl", "change", "spark_arguments: queue=x"),
        {"status": 422, "title": "A final setting may not be overridden"},
    ),
    (errors.DependencyClash("a.jar", "a.jar@1", "a.jar@2"), {"status": 422, "title": "Dependencies clash"}),
    (errors.DigestMismatch("a.jar", "00", "11"), {"status": 422, "title": "The content is damaged"}),
    (errors.Truncated("a.jar", 1000, 10), {"status": 422, "title": "The content is incomplete"}),
    (errors.NotFound("code artifact", "x.py", ["y.py"]), {"status": 404, "title": "Not found", "nearest": ["y.py"]}),
    (
        errors.UnknownGroup("prd", ["prod"], ["prod", "staging"]),
        {"status": 404, "title": "Unknown config group", "nearest": ["prod"], "groups": ["prod", "staging"]},
    ),
    (errors.NoDefaultGroup(), {"status": 404, "title": "No default group"}),
    (errors.AlreadyExists("config group", "prod"), {"status": 409, "title": "Already exists"}),
    (errors.NotDeleted("config group", "prod"), {"status": 409, "title": "Not deleted"}),
    (
        errors.StaleRevision("prod", 2, 3, "bob", SAVED_AT, "more memory", [Change("arguments.queue", None, "etl")]),
        {
            "status": 409,
            "title": "Somebody else saved meanwhile",
            "current_revision": 3,
            "saved_by": "bob",
            "saved_at": "2026-03-01T12:00:05+00:00",
            "note": "more memory",
            "changes": [{"where": "arguments.queue", "old": None, "new": "etl"}],
        },
    ),
    (errors.PlanOutdated(), {"status": 409, "title": "Somebody else saved meanwhile"}),
    (errors.DefaultGroupKept("prod"), {"status": 409, "title": "The default group stays"}),
    (
        errors.InUse("dependency", "a.jar", [User("group", "prod"), User("DAG", "sales")]),
        {
            "status": 409,
            "title": "In use",
            "users": [{"noun": "group", "name": "prod"}, {"noun": "DAG", "name": "sales"}],
        },
    ),
    (errors.WrongState("some-id", "ended", "running"), {"status": 409, "title": "Wrong state"}),
    (errors.WireVersionMismatch("2", 1), {"status": 409, "title": "Versions do not match", "theirs": "2", "ours": 1}),
    (errors.BlobTooLarge("a.jar", 1000), {"status": 413, "title": "Too large"}),
    (errors.StorageFull("/blobs"), {"status": 507, "title": "The storage is full"}),
    (errors.StorageMisconfigured("no such scheme"), {"status": 500, "title": "The blob storage is not set up"}),
    (errors.StorageRefused("s3://b", "no"), {"status": 500, "title": "The blob storage refuses access"}),
    (errors.StorageAbsent("s3://b", "b"), {"status": 500, "title": "The blob storage is not there"}),
    (errors.StorageForeign(2), {"status": 500, "title": "The blob storage is another's"}),
    (errors.StorageUnreachable("s3://b", "no"), {"status": 503, "title": "The blob storage does not answer"}),
    (errors.BlobVanished("00"), {"status": 409, "title": "Cleaned away meanwhile"}),
    (errors.BlobMissing("00"), {"status": 500, "title": "A stored file is missing"}),
    (errors.SecretUnreadable("groups.prod.x"), {"status": 500, "title": "A secret can't be decrypted"}),
    (errors.UnusableDatabase("is none."), {"status": 500, "title": "The database's URL can't be used"}),
    (errors.DatabaseBusy("deadlock detected"), {"status": 503, "title": "The database is busy"}),
    (errors.DatabaseFull("disk is full"), {"status": 507, "title": "The database is full"}),
    (errors.DatabaseAway("gone away"), {"status": 503, "title": "The database can't be reached"}),
    (NoSecretKey(), {"status": 503, "title": "No key for secrets"}),
    (CoutureError("the task says both"), {"status": 422, "title": "The task could not be submitted"}),
    (problems.Unauthenticated("Log in first."), {"status": 401, "title": "Not authenticated"}),
    (problems.NotProven("That proves nothing."), {"status": 403, "title": "Not proven"}),
    (
        problems.Forbidden("PUT", Resource.HADOOP),
        {
            "status": 403,
            "title": "Permission missing",
            "permission": "can_edit",
            "resource": "Couture Hadoop Configs",
        },
    ),
    (problems.ForbiddenDag("payroll"), {"status": 403, "title": "Permission missing"}),
    (problems.ChildUnusable("payroll", "it is paused"), {"status": 409, "title": "Nothing was started"}),
    (problems.CrossSite("Another site asked."), {"status": 403, "title": "Refused from another site"}),
    (problems.PreconditionMissing("Send If-Match."), {"status": 428, "title": "If-Match is missing"}),
    (problems.TooLarge(1000), {"status": 413, "title": "Too large"}),
    (problems.RangeNotSatisfiable(10), {"status": 416, "title": "Range not satisfiable"}),
]
HEADERS = {
    problems.Unauthenticated: ("WWW-Authenticate", "Bearer"),
    problems.RangeNotSatisfiable: ("Content-Range", "bytes */10"),
    errors.DatabaseBusy: ("Retry-After", "1"),
    errors.DatabaseAway: ("Retry-After", "1"),
}


class Special(errors.NotFound):
    """A kind of error that the table knows only by its parent."""


OTHERS: dict[str, Exception] = {
    "special": Special("thing", "x"),
    "bug": ZeroDivisionError("the password is p4ss"),
    "surrogate": UnicodeEncodeError("utf-8", "a\udc00", 1, 2, "surrogates not allowed"),
    "teapot": HTTPException(418, "I'm short and stout", {"X-Handle": "here"}),
    "plain": HTTPException(403),
}


@pytest.fixture(scope="module")
def failing_url() -> Iterator[str]:
    """The address of an app whose routes fail, each with its error."""
    app = FastAPI()
    install_handlers(app)

    @app.get("/samples/{number}")
    def fail(number: int) -> None:
        raise SAMPLES[number][0]

    @app.get("/others/{name}")
    def fail_otherwise(name: str) -> None:
        raise OTHERS[name]

    with serving(app) as url:
        yield url


@pytest.fixture
def failing(failing_url: str) -> Iterator[httpx.Client]:
    """A client of the app whose routes fail; the server closes the connection after an unforeseen error."""
    with connect(failing_url) as client:
        yield client


def _family(error: type[Exception]) -> Iterator[type[Exception]]:
    for child in error.__subclasses__():
        yield child
        yield from _family(child)


def test_every_error_of_the_store_and_of_the_edge_has_its_status() -> None:
    raised = {error for error in _family(errors.StoreError) if not error.__module__.startswith("tests.")}
    assert raised - set(STATUSES) == set()
    assert set(_family(problems.Refused)) - set(STATUSES) == set()
    assert [type(error) for error, _ in SAMPLES] == list(STATUSES)


@pytest.mark.parametrize("number", range(len(SAMPLES)), ids=[type(error).__name__ for error, _ in SAMPLES])
def test_an_error_is_told_as_its_problem(failing: httpx.Client, number: int) -> None:
    error, expected = SAMPLES[number]
    answer = failing.get(f"/samples/{number}")
    name = type(error).__name__
    assert problem_of(answer, expected["status"], name) == {
        **expected,
        "type": f"urn:couture:problem:{name}",
        "detail": str(error),
    }
    if type(error) in HEADERS:
        header, value = HEADERS[type(error)]
        assert answer.headers[header] == value


def test_an_error_that_the_table_knows_by_its_parent_keeps_its_name(failing: httpx.Client) -> None:
    assert problem_of(failing.get("/others/special"), 404, "Special")["title"] == "Not found"


def test_a_fault_of_the_server_says_nothing_of_its_inside(
    failing: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert problem_of(failing.get("/others/bug"), 500, "") == {
        "type": "about:blank",
        "title": "The server failed",
        "status": 500,
        "detail": "This is a fault of the server; its log holds the details.",
    }
    assert "GET /others/bug failed" in caplog.text
    assert "ZeroDivisionError: the password is p4ss" in caplog.text


def test_errors_of_the_framework_are_problems_too(failing: httpx.Client) -> None:
    answer = failing.get("/others/teapot")
    assert problem_of(answer, 418, "") == {
        "type": "about:blank",
        "title": "I'm a Teapot",
        "status": 418,
        "detail": "I'm short and stout",
    }
    assert answer.headers["X-Handle"] == "here"
    assert problem_of(failing.get("/others/plain"), 403, "")["detail"] == "GET /others/plain"


def test_half_a_surrogate_pair_is_an_invalid_input(failing: httpx.Client) -> None:
    problem = problem_of(failing.get("/others/surrogate"), 422, "InvalidInput")
    message = "contains \\udc00, half a surrogate pair, which is not text"
    assert problem["errors"] == [{"where": "body", "message": message}]


# --- what the framework finds wrong with a request ---


def test_unknown_addresses_and_methods(api: httpx.Client) -> None:
    problem = problem_of(api.get("/nowhere"), 404, "")
    assert (problem["title"], problem["detail"]) == ("Not Found", "GET /api/v1/nowhere")
    answer = api.delete("/groups")
    problem = problem_of(answer, 405, "")
    assert (problem["title"], problem["detail"]) == ("Method Not Allowed", "DELETE /api/v1/groups")
    assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Field required"),
        (b'{"name": ', "is not JSON: Expecting value at character 9"),
        (b"{'name': 'prod'}", "is not JSON: Expecting property name enclosed in double quotes at character 1"),
        (b'{"name": "prod"} {}', "is not JSON: Extra data at character 17"),
        (b"null", "Field required"),
        (b'"prod"', "Input should be a valid dictionary or object to extract fields from"),
    ],
)
def test_a_body_that_is_no_json_object(api: httpx.Client, body: bytes, message: str) -> None:
    answer = api.post("/groups", content=body, headers={"Content-Type": "application/json"})
    problem = problem_of(answer, 422, "InvalidInput")
    assert problem["errors"] == [{"where": "body", "message": message}]
    assert problem["detail"] == f"body: {message}"


@pytest.mark.parametrize("body", [b'{"name": "\xff"}', b"[" * 100_000, b'{"revision": ' + b"9" * 5000 + b"}"])
def test_a_body_that_can_not_be_read(api: httpx.Client, body: bytes) -> None:
    answer = api.post("/groups", content=body, headers={"Content-Type": "application/json"})
    problem = problem_of(answer, 400, "")
    assert (problem["title"], problem["detail"]) == ("Bad Request", "There was an error parsing the body")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_of_another_type_is_refused(api: httpx.Client, content_type: str) -> None:
    answer = api.post("/groups", content=b'{"name": "prod"}', headers={"Content-Type": content_type})
    assert problem_of(answer, 422, "InvalidInput")["detail"] == (
        "body: is not read as JSON: send Content-Type: application/json"
    )
    assert done(api.get("/groups"))["total"] == 0


def test_an_unknown_field_names_those_there_are(api: httpx.Client) -> None:
    fields = "name, description, copy_of, content, note"
    errors = problem_of(api.post("/groups", json={"name": "a", "descripton": "", "zzz": 1}), 422, "InvalidInput")[
        "errors"
    ]
    assert errors == [
        {"where": "descripton", "message": f"is no field here; did you mean description? The fields are: {fields}"},
        {"where": "zzz", "message": f"is no field here. The fields are: {fields}"},
    ]


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/groups", b'{"name": "x", "note": "\\ud800"}', "note"),
        ("/groups", b'{"name": "x", "copy_of": "\\ud800"}', "copy_of"),
        ("/groups", b'{"name": "x", "content": {"arguments": {"\\ud800": "1"}}}', r"content.arguments.\ud800"),
        ("/groups", b'{"name": "x", "\\ud800": "1"}', r"\ud800"),
        ("/previews", b'{"language": "python", "code_artifact": "a.py", "config_group": "\\ud800"}', "config_group"),
    ],
)
def test_half_a_surrogate_pair_anywhere_is_refused(api: httpx.Client, path: str, body: bytes, place: str) -> None:
    new_group(api)
    answer = api.post(path, content=body, headers={"Content-Type": "application/json"})
    problem = problem_of(answer, 422, "InvalidInput")
    assert [fault["where"] for fault in problem["errors"]] == [place]


def test_nothing_of_a_wrong_body_is_repeated(api: httpx.Client) -> None:
    settings = {"spark.my.password": {"value": ["p4ss"]}, "spark.my.token": {"value": "t0k3n", "mark": "s3cr3t"}}
    answer = api.post("/groups", json={"name": "prod", "content": {"configurations": settings}})
    assert places_of(answer) == [
        "content.configurations.spark.my.password.value",
        "content.configurations.spark.my.token.mark",
    ]
    for secret in ("p4ss", "t0k3n", "s3cr3t"):
        assert secret not in answer.text


def test_a_parameter_that_is_wrong_is_told_once(api: httpx.Client) -> None:
    assert places_of(api.get("/artifacts/jars/a.jar", headers=bearer("Admin"))) == ["kind"]
