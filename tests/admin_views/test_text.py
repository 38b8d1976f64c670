"""What is no text is refused at the edge, on every route and every database, with its place and without a 5xx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete

from config_store.database import Database, migrate, open_engine
from config_store.errors import DatabaseBusy
from config_store.models import Base
from tests.admin_views.calls import done, new_group, problem_of
from tests.databases import SERVERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.databases import DatabaseServer

REQUEST = {"language": "python", "code_artifact": "a.py"}


@pytest.fixture(scope="module", params=list(SERVERS))
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated store on PostgreSQL or MariaDB."""
    server: DatabaseServer = request.getfixturevalue(request.param)
    url = server.create_database("edge")
    migrate(url)
    yield url
    server.drop_database("edge")


@pytest.fixture
def database(server_url: str) -> Iterator[Database]:
    """An empty store there."""
    opened = Database(open_engine(server_url))
    with opened.writing() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
    yield opened
    opened.engine.dispose()


def faults(answer: httpx.Response) -> dict[str, str]:
    """Place -> message of a refused request."""
    return {fault["where"]: fault["message"] for fault in problem_of(answer, 422, "InvalidInput")["errors"]}


NUL = "contains a NUL character"


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", "/groups/a%00b", {"name": NUL}),
        ("DELETE", "/groups/%00", {"name": NUL}),
        ("POST", "/groups/%00/default", {"name": NUL}),
        ("GET", "/groups/prod/revisions/1%00", {"number": NUL}),
        ("GET", "/groups/prod/hadoop/%00.xml", {"file": NUL}),
        ("GET", "/artifacts/code/%00.py", {"name": NUL}),
        ("POST", "/artifacts/code/%00.py/versions", {"name": NUL}),
        ("GET", "/submissions/%00", {"submission_id": NUL}),
        ("GET", "/submissions/x/files/%00", {"sha256": NUL}),
        ("GET", "/previews/dags/%00/tasks/%00", {"dag_id": NUL, "task_id": NUL}),
        ("GET", "/groups?search=%00", {"search": NUL}),
        ("GET", "/artifacts/code?search=a%00", {"search": NUL}),
        ("GET", "/submissions?dag_id=%00&run_id=b%00", {"dag_id": NUL, "run_id": NUL}),
        ("GET", "/submissions/diff?from=%00&to=%00", {"from": NUL, "to": NUL}),
        ("GET", "/groups/prod/diff?other=%00", {"other": NUL}),
        ("DELETE", "/groups/prod/hadoop/a.xml?note=%00", {"note": NUL}),
        ("GET", "/groups/%ff", {"path": "is not UTF-8"}),
        ("GET", "/groups/%ed%a0%80", {"path": "is not UTF-8"}),
        ("GET", "/groups?search=%c0%80", {"query": "is not UTF-8"}),
    ],
)
def test_path_and_query(api: httpx.Client, method: str, path: str, told: dict[str, str]) -> None:
    new_group(api)
    assert faults(api.request(method, path)) == told


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "/groups", {"name": "a\x00"}, {"name": NUL}),
        ("POST", "/groups", {"name": "a", "note": "\x00", "copy_of": "\x00"}, {"note": NUL, "copy_of": NUL}),
        (
            "POST",
            "/groups",
            {"name": "a", "content": {"jars": [{"name": "a.jar"}, {"name": "\x00"}], "environment": {"\x00": "x"}}},
            {"content.jars.1.name": NUL, "content.environment.\\x00": f"the name {NUL}"},
        ),
        ("PATCH", "/groups/prod/content", {"environment": {"A": {"value": "\x00"}}}, {"environment.A.value": NUL}),
        ("PATCH", "/groups/prod", {"description": "\x00"}, {"description": NUL}),
        ("POST", "/previews", {**REQUEST, "config_group": "\x00"}, {"config_group": NUL}),
        ("POST", "/submissions", {**REQUEST, "task": {"dag_id": "\x00"}}, {"task.dag_id": NUL}),
    ],
)
def test_bodies(api: httpx.Client, method: str, path: str, body: Any, told: dict[str, str]) -> None:
    new_group(api)
    assert faults(api.request(method, path, json=body, headers={"If-Match": '"1"'})) == told
    assert done(api.get("/groups"))["total"] == 1


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "\\\\\\u0000", "\\\\ud800"])
def test_a_backslash_before_a_u_is_no_escape_by_itself(api: httpx.Client, text: str) -> None:
    body = f'{{"name": "prod", "note": "{text}"}}'.encode()
    answer = api.post("/groups", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == (422 if text.count("\\") % 2 else 201)


@pytest.mark.parametrize(
    "body", [b'"\\u0041' + b"[" * 100_000, b'{"a": "\\u00', b"[" * 900 + b'"\\u0000"' + b"]" * 900]
)
def test_a_body_that_is_no_json_or_nested_deep_is_refused_all_the_same(api: httpx.Client, body: bytes) -> None:
    answer = api.post("/groups", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/groups/{'x' * 251}", 404),
        (f"/groups/{'x' * 20_000}", 404),
        ("/groups/%F0%9F%98%80", 404),
        (f"/groups?search={'%25' * 5000}", 200),
        (f"/groups/prod/revisions/{2**63}", 404),
        (f"/groups/prod/revisions/-{2**64}", 404),
        (f"/groups/prod/diff?from={10**30}", 404),
        (f"/artifacts/code/a.py/versions/{2**64}/content", 404),
        (f"/groups?offset={2**63}", 422),
        ("/submissions?dag_id=%F0%9F%98%80", 200),
    ],
)
def test_long_names_emoji_and_great_numbers(api: httpx.Client, path: str, status: int) -> None:
    new_group(api)
    assert api.get(path).status_code == status


def test_a_report_may_hold_what_a_log_says(api: httpx.Client) -> None:
    new_group(api)
    task = {"dag_id": "d", "task_id": "t", "run_id": "r"}
    asked = {"language": "python", "application_uri": "s3a://jobs/a.py", "task": task}
    ticket = done(api.post("/submissions", json=asked))
    path = f"/submissions/{ticket['submission_id']}"
    told = {"state": "ended", "outcome": "failed", "message": "a\x00b"}
    headers = {"Authorization": f"Couture-Submission {ticket['token']}"}
    assert api.post(f"{path}/reports", json=told, headers=headers).status_code == 200
    assert done(api.get(path))["message"] == "a\x00b"


def test_a_busy_database_is_a_503_that_says_when_to_come_again(
    api: httpx.Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> None:
        raise DatabaseBusy("deadlock detected")

    monkeypatch.setattr(Database, "writing", lambda _: busy())
    answer = api.post("/groups", json={"name": "prod"})
    problem = problem_of(answer, 503, "DatabaseBusy")
    assert answer.headers["Retry-After"] == "1"
    assert problem["detail"] == (
        "The store's database is busy with other changes (deadlock detected). Nothing was saved; send it again."
    )
