"""What every route asks for first: a login that is the user's own wish, the revision of a save, the wire's version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.admin_views.calls import bearer, change, connect, done, new_group, places_of, problem_of, upload, upon

if TYPE_CHECKING:
    from collections.abc import Iterator

COOKIE = {"Cookie": "_token=ada:Admin"}


@pytest.fixture
def browser(api_url: str) -> Iterator[httpx.Client]:
    """A client that sends no Authorization header of its own."""
    with connect(api_url) as client:
        yield client


def _address(client: httpx.Client) -> str:
    return f"http://{client.base_url.netloc.decode()}"


# --- changes through the cookie ---


@pytest.mark.parametrize(
    "proof",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "HERE"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://the-name-behind-the-proxy.example"},
    ],
    ids=["same origin", "no site at all", "the origin is our address", "the proxy changed the host"],
)
def test_a_change_by_cookie_is_accepted_from_our_own_pages(browser: httpx.Client, proof: dict[str, str]) -> None:
    proof = {name: _address(browser) if value == "HERE" else value for name, value in proof.items()}
    answer = browser.post("/groups", json={"name": "prod"}, headers={**COOKIE, **proof})
    assert done(answer)["updated_by"] == "ada"


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "Same-Origin"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "HERE"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Origin": "HERE.evil.example"},
        {"Origin": "http://evil.example/HERE"},
        {"Origin": "http://ada@HERE"},
        {"Referer": "HERE/couture"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Authorization": "Basic YWRhOmFkYQ=="},
    ],
    ids=str,
)
def test_a_change_by_cookie_is_refused_from_anywhere_else(browser: httpx.Client, proof: dict[str, str]) -> None:
    proof = {name: value.replace("HERE", _address(browser)) for name, value in proof.items()}
    problem = problem_of(browser.post("/groups", json={"name": "prod"}, headers={**COOKIE, **proof}), 403, "CrossSite")
    assert problem["title"] == "Refused from another site"
    assert done(browser.get("/groups", headers=COOKIE)) == {"items": [], "total": 0}


@pytest.mark.parametrize("proof", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}], ids=str)
def test_a_change_by_bearer_token_needs_no_proof(browser: httpx.Client, proof: dict[str, str]) -> None:
    answer = browser.post("/groups", json={"name": "prod"}, headers={**bearer("Admin"), **COOKIE, **proof})
    assert done(answer)["updated_by"] == "eve"  # the token counts, not the cookie beside it


def test_reading_by_cookie_needs_no_proof(browser: httpx.Client) -> None:
    assert done(browser.get("/version", headers={**COOKIE, "Sec-Fetch-Site": "cross-site"}))["user"] == "ada"


# --- the revision that a save was made from ---


SAVES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "PUT content": ("PUT", "/groups/prod/content", {"json": {"content": {"arguments": {"driver-memory": "9g"}}}}),
    "PATCH content": ("PATCH", "/groups/prod/content", {"json": {"arguments": {"driver-memory": "9g"}}}),
    "rollback": ("POST", "/groups/prod/rollback", {"json": {"revision": 1}}),
    "PUT hadoop": ("PUT", "/groups/prod/hadoop/yarn-site.xml", {"content": b"<configuration/>"}),
    "DELETE hadoop": ("DELETE", "/groups/prod/hadoop/core-site.xml", {}),
    "PUT keytab": ("PUT", "/groups/prod/kerberos/keytab", {"content": b"\x05\x02"}),
    "DELETE keytab": ("DELETE", "/groups/prod/kerberos/keytab", {}),
    "PUT krb5.conf": ("PUT", "/groups/prod/kerberos/krb5.conf", {"content": b"[libdefaults]"}),
    "DELETE krb5.conf": ("DELETE", "/groups/prod/kerberos/krb5.conf", {}),
}
EVERY_SAVE = pytest.mark.parametrize("save", SAVES)


@pytest.fixture
def prod(api: httpx.Client) -> httpx.Client:
    """The API with the group prod at revision 3: ada made it, bob changed it twice."""
    new_group(api, arguments={"driver-memory": "1g"})
    bob = bearer("Admin", "bob")
    done(
        api.put(
            "/groups/prod/hadoop/core-site.xml",
            content=b"<configuration/>",
            headers={**upon(1), **bob},
        )
    )
    settings = {"arguments": {"driver-memory": "2g"}, "note": "more memory"}
    done(api.patch("/groups/prod/content", json=settings, headers={**upon(2), **bob}))
    return api


def _save(api: httpx.Client, save: str, if_match: str | None) -> httpx.Response:
    method, path, body = SAVES[save]
    return api.request(method, path, headers={} if if_match is None else {"If-Match": if_match}, **body)


@EVERY_SAVE
def test_a_save_without_a_revision_is_refused(prod: httpx.Client, save: str) -> None:
    problem = problem_of(_save(prod, save, None), 428, "PreconditionMissing")
    assert problem["title"] == "If-Match is missing"
    assert problem["detail"] == ("A save says which revision it was made from: send the group's ETag back in If-Match.")
    assert done(prod.get("/groups/prod"))["revision"] == 3


@EVERY_SAVE
def test_a_stale_save_is_told_who_saved_what_meanwhile(prod: httpx.Client, save: str) -> None:
    problem = problem_of(_save(prod, save, '"2"'), 409, "StaleRevision")
    saved_at = done(prod.get("/groups/prod/revisions/3"))["created_at"]
    assert problem["title"] == "Somebody else saved meanwhile"
    assert (problem["current_revision"], problem["saved_by"], problem["note"]) == (3, "bob", "more memory")
    assert problem["saved_at"].replace("+00:00", "Z") == saved_at
    assert problem["changes"] == [{"where": "arguments.driver-memory", "old": "1g", "new": "2g"}]
    assert problem["detail"].startswith("Group 'prod' is at revision 3, not 2: bob saved it at ")
    assert problem["detail"].endswith(
        " UTC (more memory; changed: arguments.driver-memory). "
        "Nothing was saved; read the group again and repeat the change."
    )
    assert done(prod.get("/groups/prod"))["revision"] == 3


@EVERY_SAVE
@pytest.mark.parametrize("if_match", ['"3"', "3", 'W/"3"'])
def test_a_save_on_the_newest_revision_is_made(prod: httpx.Client, save: str, if_match: str) -> None:
    answer = _save(prod, save, if_match)
    saved = done(answer)
    assert saved["revision"] == (
        3 if save in ("DELETE keytab", "DELETE krb5.conf") else 4
    )  # there is nothing to remove
    assert answer.headers["ETag"] == f'"{saved["revision"]}"'


@pytest.mark.parametrize(
    "if_match", ["", "*", '""', "three", '"3", "4"', "-3", "3.0", "0x3", "W/", "1234567890", '"3"-gzip', "³"]
)
def test_a_revision_that_is_none_is_refused(prod: httpx.Client, if_match: str) -> None:
    answer = prod.patch("/groups/prod/content", json={}, headers={b"If-Match": if_match.encode("latin-1")})
    assert places_of(answer) == ["If-Match"]


@pytest.mark.parametrize("revision", [0, 4, 999_999_999])
def test_a_revision_that_was_never_made_is_a_conflict(prod: httpx.Client, revision: int) -> None:
    problem = problem_of(change(prod, "prod", revision, arguments={}), 409, "StaleRevision")
    assert (problem["current_revision"], problem["changes"]) == (3, [])


def test_the_etag_of_a_group_is_its_revision(prod: httpx.Client) -> None:
    assert prod.get("/groups/prod").headers["ETag"] == '"3"'


# --- the version of the wire ---


WORKERS_ROUTES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "submit": ("POST", "/submissions", {"json": {"language": "python", "code_artifact": "job.py"}}),
    "report": ("POST", "/submissions/{submission_id}/reports", {"json": {"state": "running"}}),
    "fetch": ("GET", "/submissions/{submission_id}/files/{sha256}", {}),
}


@pytest.mark.parametrize("route", WORKERS_ROUTES)
@pytest.mark.parametrize("theirs", ["2", "0", "1.0", "01", "one", "9" * 100])
def test_a_worker_of_another_version_is_told_both_numbers(prod: httpx.Client, route: str, theirs: str) -> None:
    method, path, body = WORKERS_ROUTES[route]
    path = path.format(submission_id="any", sha256="0" * 64)
    answer = prod.request(method, path, headers={"Couture-Wire-Version": theirs}, **body)
    problem = problem_of(answer, 409, "WireVersionMismatch")
    assert problem["title"] == "Versions do not match"
    assert (problem["theirs"], problem["ours"]) == (theirs[:20], 1)
    assert problem["detail"] == (
        f"The caller speaks wire version {theirs[:20]}, this server 1; "
        "install the same couture-ops on workers and API servers."
    )


@pytest.mark.parametrize("headers", [{}, {"Couture-Wire-Version": "1"}], ids=["a plain client", "a worker"])
def test_our_own_version_is_served(prod: httpx.Client, headers: dict[str, str]) -> None:
    upload(prod, "job.py")
    task = {"dag_id": "sales", "task_id": "load", "run_id": "manual__1"}
    request = {"language": "python", "code_artifact": "job.py", "task": task}
    ticket = done(prod.post("/submissions", json=request, headers={**headers, **bearer("Couture Worker")}))
    token = {"Authorization": f"Couture-Submission {ticket['token']}", **headers}
    path = f"/submissions/{ticket['submission_id']}"
    digest = ticket["plan"]["application"]["sha256"]
    assert prod.get(f"{path}/files/{digest}", headers=token).content == b"print('hello')\n"
    assert prod.post(f"{path}/reports", json={"state": "running"}, headers=token).status_code == 200


# --- pages of lists ---


LISTS = {
    "groups": "/groups",
    "revisions": "/groups/prod/revisions",
    "artifacts": "/artifacts/code",
    "submissions": "/submissions",
}
EVERY_LIST = pytest.mark.parametrize("path", LISTS.values(), ids=LISTS)


@EVERY_LIST
@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1001", "limit"),
        ("limit=all", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        ("offset=-1", "offset"),
        ("offset=1000000001", "offset"),
        ("offset=99999999999999999999", "offset"),
        ("offset=x", "offset"),
    ],
)
def test_a_page_out_of_bounds_is_refused(prod: httpx.Client, path: str, query: str, place: str) -> None:
    assert places_of(prod.get(f"{path}?{query}")) == [place]


@EVERY_LIST
def test_pages_share_a_list_without_gap_or_repetition(prod: httpx.Client, path: str) -> None:
    for number in range(1, 4):
        if path == LISTS["groups"]:
            new_group(prod, f"more{number}")
        if path in (LISTS["artifacts"], LISTS["submissions"]):
            upload(prod, f"job{number}.py")
        if path == LISTS["submissions"]:
            task = {"dag_id": f"dag{number}", "task_id": "load", "run_id": "manual__1"}
            request = {"language": "python", "code_artifact": "job1.py", "task": task}
            done(prod.post(path, json=request, headers=bearer("Couture Worker")))
    whole = done(prod.get(path, params={"limit": 1000}))
    assert whole["total"] == len(whole["items"]) >= 3
    pages = [done(prod.get(path, params={"limit": 2, "offset": offset})) for offset in range(0, whole["total"], 2)]
    assert [item for page in pages for item in page["items"]] == whole["items"]
    assert {page["total"] for page in pages} == {whole["total"]}


@EVERY_LIST
@pytest.mark.parametrize("offset", [4, 1_000_000_000])
def test_beyond_the_end_a_page_is_empty_and_the_total_stays(prod: httpx.Client, path: str, offset: int) -> None:
    total = done(prod.get(path))["total"]
    assert done(prod.get(path, params={"offset": offset})) == {"items": [], "total": total}
