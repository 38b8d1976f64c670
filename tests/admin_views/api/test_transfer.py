"""Exports and imports over HTTP: what each needs, what it leaves, and what nobody gets by them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from config_store.transfer.archive import read_archive
from tests.admin_views.archives import packed
from tests.admin_views.calls import CORE_SITE, KEYTAB, bearer, done, new_group, problem_of, rows_of, save_file, upload
from tests.stand_ins import RoleIdentity, archived

if TYPE_CHECKING:
    import httpx

    from admin_views.permissions import Action, Resource
    from admin_views.services import Caller, Services
    from tests.stand_ins import ListedAudit

READ, EDIT, CREATE, DELETE = "GET", "PUT", "POST", "DELETE"
GROUPS, HADOOP = "Couture Config Groups", "Couture Hadoop Configs"
DEPENDENCIES, CODE = "Couture Dependencies", "Couture Code Artifacts"
JAR = archived("lib.jar", b"classes")
SHA256 = hashlib.sha256(JAR).hexdigest()
MANIFEST = f"dependencies:\n  lib.jar: [{{version: 1, sha256: {SHA256}, size: {len(JAR)}}}]\n"
SPARE: dict[str, bytes | str] = {"groups/spare.yaml": "arguments: {queue: etl}"}


class Permissions(RoleIdentity):
    """Users have the permissions that their token names: ``Bearer eve:GET Couture Config Groups,PUT …``."""

    def permits(self, caller: Caller, action: Action, resource: Resource) -> bool:
        """Whether it is one of them."""
        return f"{action} {resource}" in caller.user.split(",")


def holding(*permissions: str) -> dict[str, str]:
    """The header of a user with these permissions, ``GET Couture Config Groups``."""
    return bearer(",".join(permissions))


def plan(
    api: httpx.Client, files: dict[str, bytes | str], headers: dict[str, str] | None = None, **options: Any
) -> Any:
    """The plan of an import."""
    return done(api.post("/transfer/plan", content=packed(files, **options), headers=headers))


def apply(
    api: httpx.Client, files: dict[str, bytes | str], headers: dict[str, str] | None = None, **options: Any
) -> httpx.Response:
    """Import the files as they are planned now."""
    seen = plan(api, files, **{key: value for key, value in options.items() if key in ("prune", "carried")})
    agreed = {"plan": seen["digest"], "bases": {group["name"]: group["base"] for group in seen["groups"]}}
    return api.post("/transfer/apply", content=packed(files, **{**agreed, **options}), headers=headers)


@pytest.fixture
def permissions(app: Any, api_url: str, services: Services) -> None:
    """Users have the permissions that their token names; ada, an admin of another test's kind, has none."""
    from dataclasses import replace

    app.state.services = replace(services, identity=Permissions())


ALL = [
    f"{action} {resource}"
    for resource in (GROUPS, HADOOP, DEPENDENCIES, CODE)
    for action in (READ, EDIT, CREATE, DELETE)
]


def needed(api: httpx.Client, send: Any) -> list[str]:
    """The permissions without one of which a request is refused; with all of them it succeeds."""
    lacking = []
    for permission in ALL:
        answer = send(holding(*(other for other in ALL if other != permission)))
        if answer.status_code == 403:
            problem_of(answer, 403, "Forbidden")
            lacking.append(permission)
    assert send(holding(*ALL)).is_success
    return lacking


@pytest.mark.usefixtures("permissions")
def test_an_export_needs_the_rights_to_read_what_it_holds(api: httpx.Client) -> None:
    api.headers.update(holding(*ALL))
    upload(api, "lib.jar", JAR, "dependencies")
    new_group(api, "plain")
    new_group(api, "jars", jars=[{"name": "lib.jar"}])
    new_group(api, "files")
    save_file(api, "files", 1, CORE_SITE)

    def needs(path: str) -> list[str]:
        return needed(api, lambda headers: api.get(f"/transfer/export{path}", headers=headers))

    assert needs("?group=plain") == [f"{READ} {GROUPS}"]
    assert needs("?group=files") == [f"{READ} {GROUPS}", f"{EDIT} {HADOOP}"]
    assert needs("?group=jars") == [f"{READ} {GROUPS}", f"{READ} {DEPENDENCIES}"]
    assert needs("?group=jars&artifacts=true") == [
        f"{READ} {GROUPS}",
        f"{READ} {DEPENDENCIES}",
        f"{EDIT} {DEPENDENCIES}",
    ]
    assert needs("") == [f"{READ} {GROUPS}", f"{EDIT} {HADOOP}", f"{READ} {DEPENDENCIES}"]


@pytest.mark.usefixtures("permissions")
@pytest.mark.parametrize(
    ("files", "options", "needs"),
    [
        ({"groups/spare.yaml": "description: new"}, {}, [f"{EDIT} {GROUPS}"]),
        ({"groups/new.yaml": "{}"}, {}, [f"{EDIT} {GROUPS}", f"{CREATE} {GROUPS}"]),
        ({"groups/spare.yaml": "{}"}, {"prune": True}, [f"{EDIT} {GROUPS}", f"{DELETE} {GROUPS}"]),
        ({"groups/spare.yaml": "{}", "groups/spare/a.xml": CORE_SITE}, {}, [f"{EDIT} {GROUPS}", f"{EDIT} {HADOOP}"]),
        ({"groups/files.yaml": "{}"}, {}, [f"{EDIT} {GROUPS}", f"{DELETE} {HADOOP}"]),
        ({"couture.yaml": "{format: 1, default_group: files}", "groups/files.yaml": "{}",
          "groups/files/core-site.xml": CORE_SITE}, {}, [f"{EDIT} {GROUPS}"]),
    ],
)  # fmt: skip
def test_an_import_needs_the_permissions_of_what_it_changes(
    api: httpx.Client, services: Services, files: dict[str, bytes | str], options: dict[str, Any], needs: list[str]
) -> None:
    api.headers.update(holding(*ALL))
    new_group(api, "spare")
    new_group(api, "files")
    save_file(api, "files", 1, CORE_SITE)
    told = {f"{n['permission']} on {n['resource']}" for n in plan(api, files, **options)["needs"]}
    before = rows_of(services.database)
    refused = []
    for permission in needs:
        others = [other for other in ALL if other != permission]
        answer = apply(api, files, holding(*others), **options)
        refused.append(problem_of(answer, 403, "Forbidden")["permission"])
    assert rows_of(services.database) == before
    assert done(apply(api, files, holding(*needs), **options))
    names = {"GET": "can_read", "POST": "can_create", "PUT": "can_edit", "DELETE": "can_delete"}
    assert refused == [names[need.split()[0]] for need in needs]
    # the right to edit groups opens the route, whatever else is changed
    assert told | {f"can_edit on {GROUPS}"} == {f"{names[n.partition(' ')[0]]} on {n.partition(' ')[2]}" for n in needs}


def test_what_an_import_did_is_audited_thing_by_thing(api: httpx.Client, audit: ListedAudit) -> None:
    new_group(api, "default")
    new_group(api, "spare")
    receipt = done(api.put(f"/transfer/blobs/dependencies/{SHA256}", content=JAR))["receipt"]
    files: dict[str, bytes | str] = {
        "couture.yaml": "{format: 1, default_group: spare}",
        "artifacts.yaml": MANIFEST,
        "groups/spare.yaml": "jars: [lib.jar]",
        "groups/new.yaml": "environment: {TZ: UTC}",
    }
    audit.entries.clear()
    answer = done(apply(api, files, prune=True, carried=[SHA256], uploads={SHA256: receipt}, note="pull request 12"))
    assert answer["groups"] == [
        {"name": "new", "deed": "create", "revision": 1},
        {"name": "spare", "deed": "change", "revision": 2},
        {"name": "default", "deed": "delete", "revision": None},
    ]
    assert [(entry.event, entry.subject) for _, entry in audit.entries] == [
        ("artifact.upload", "dependency lib.jar"),
        ("group.create", "group new"),
        ("group.save", "group spare"),
        ("group.delete", "group default"),
        ("group.default", "group spare"),
    ]
    assert {entry.details["note"] for _, entry in audit.entries} == {"pull request 12"}


def test_a_digest_alone_gives_no_file(api: httpx.Client, services: Services) -> None:
    """Else who may upload jars could read Hadoop files, whose digests every reader sees."""
    new_group(api, "prod")
    stored = save_file(api, "prod", 1, CORE_SITE)["content"]["hadoop_files"][0]
    manifest = f"dependencies:\n  lib.jar: [{{version: 1, sha256: {stored['sha256']}, size: {stored['size']}}}]\n"
    files: dict[str, bytes | str] = {"couture.yaml": "format: 1", "artifacts.yaml": manifest}
    before = rows_of(services.database)
    for uploads in ({}, {stored["sha256"]: "forged"}, {stored["sha256"]: _receipt_of_another(api)}):
        problem = problem_of(apply(api, files, carried=[stored["sha256"]], uploads=uploads), 422, "InvalidInput")
        assert problem["errors"] == [
            {"where": f"uploads.{stored['sha256']}", "message": "the bytes of lib.jar@1 have to be uploaded first"}
        ]
    assert rows_of(services.database) == before


def test_one_upload_is_enough_for_a_file_that_is_both_code_and_dependency(api: httpx.Client) -> None:
    files: dict[str, bytes | str] = {
        "couture.yaml": "format: 1",
        "artifacts.yaml": MANIFEST + MANIFEST.replace("dependencies", "code"),
    }
    receipt = done(api.put(f"/transfer/blobs/dependencies/{SHA256}", content=JAR))["receipt"]
    answer = done(apply(api, files, carried=[SHA256], uploads={SHA256: receipt}))
    assert [(added["kind"], added["name"]) for added in answer["artifacts"]] == [
        ("code", "lib.jar"),
        ("dependencies", "lib.jar"),
    ]


def test_an_import_refuses_the_files_that_an_upload_refuses(api: httpx.Client, services: Services) -> None:
    """Sent under a digest they may be anything: their names come with the manifest."""
    content = b"classes"
    sha256 = hashlib.sha256(content).hexdigest()
    manifest = f"dependencies:\n  lib.jar: [{{version: 1, sha256: {sha256}, size: {len(content)}}}]\n"
    files: dict[str, bytes | str] = {"couture.yaml": "format: 1", "artifacts.yaml": manifest}
    receipt = done(api.put(f"/transfer/blobs/dependencies/{sha256}", content=content))["receipt"]
    before = rows_of(services.database)
    problem = problem_of(apply(api, files, carried=[sha256], uploads={sha256: receipt}), 422, "InvalidInput")
    assert problem["errors"] == [
        {
            "where": f"uploads.{sha256}",
            "message": "lib.jar@1 is no .jar file: it does not begin like a zip archive",
        }
    ]
    assert rows_of(services.database) == before


def _receipt_of_another(api: httpx.Client) -> str:
    receipt: str = done(api.put(f"/transfer/blobs/dependencies/{SHA256}", content=JAR))["receipt"]
    return receipt


def test_bytes_that_are_not_their_digest_are_refused(api: httpx.Client) -> None:
    problem_of(api.put(f"/transfer/blobs/code/{SHA256}", content=b"other"), 422, "DigestMismatch")
    problem_of(api.put("/transfer/blobs/code/..x", content=b"other"), 422, "InvalidInput")


def test_a_reader_cannot_try_values_of_secrets(api: httpx.Client) -> None:
    new_group(api, "prod", configurations={"spark.my.password": "hunter2"})
    files: dict[str, bytes | str] = {"groups/prod.yaml": "configurations: {spark.my.password: {secret: true}}"}
    guess = packed(files, secrets={"COUTURE_SECRET_PROD_SPARK_MY_PASSWORD": "hunter2"})
    problem_of(api.post("/transfer/plan", content=guess, headers=bearer("Viewer")), 403, "Forbidden")
    assert plan(api, files, bearer("Viewer"))["compares_secrets"] is False
    assert plan(api, files, bearer("Op"))["compares_secrets"] is True


def test_a_reader_sees_no_values_inside_hadoop_files(api: httpx.Client) -> None:
    new_group(api, "prod")
    save_file(api, "prod", 1, CORE_SITE)
    files: dict[str, bytes | str] = {
        "groups/prod.yaml": "{}",
        "groups/prod/core-site.xml": CORE_SITE.replace(b"8020", b"9000"),
    }
    for role, places in (("Viewer", 1), ("Op", 2)):
        (group,) = plan(api, files, bearer(role))["groups"]
        assert len(group["changes"]) == places


def test_a_conflict_tells_who_saved(api: httpx.Client) -> None:
    new_group(api, "spare")
    seen = plan(api, SPARE)
    body = packed(SPARE, plan=seen["digest"], bases={"spare": 1})
    done(api.patch("/groups/spare/content", json={"arguments": {"queue": "x"}}, headers={"If-Match": '"1"'}))
    problem = problem_of(api.post("/transfer/apply", content=body), 409, "StaleRevision")
    assert (problem["current_revision"], problem["saved_by"]) == (2, "ada")
    new_group(api, "other")
    files = {**SPARE, "groups/other.yaml": "{}"}
    outdated = packed(files, plan=seen["digest"], bases={})
    problem_of(api.post("/transfer/apply", content=outdated), 409, "PlanOutdated")


@pytest.mark.parametrize("path", ["/transfer/plan", "/transfer/apply"])
def test_a_body_is_limited_and_must_be_an_archive(api: httpx.Client, path: str) -> None:
    assert api.post(path, content=bytes(16_000_001)).status_code == 413
    problem_of(api.post(path, content=b"x"), 422, "InvalidInput")
    problem_of(api.post(path, content=b""), 422, "InvalidInput")


def test_options_that_nobody_knows_are_told(api: httpx.Client) -> None:
    answer = api.post("/transfer/plan", content=packed(SPARE, prnue=True))
    (fault,) = problem_of(answer, 422, "InvalidInput")["errors"]
    assert fault == {"where": "request.json: prnue", "message": "Extra inputs are not permitted"}
    answer = api.post("/transfer/apply", content=packed(SPARE, secrets={"A": 1}))
    problem = problem_of(answer, 422, "InvalidInput")
    assert [fault["where"] for fault in problem["errors"]] == [
        "request.json: secrets.A",
        "request.json: plan",
        "request.json: bases",
    ]


def test_an_export_holds_no_secret(api: httpx.Client) -> None:
    new_group(api, "prod", configurations={"spark.my.password": "hunter2"}, environment={"A_TOKEN": "hunter3"})
    save_file(api, "prod", 1, KEYTAB, "kerberos/keytab")
    answer = api.get("/transfer/export").raise_for_status()
    assert answer.headers["Content-Type"] == "application/gzip"
    everything = b"".join(read_archive(answer.content).values())
    assert b"hunter" not in everything
    assert b"gAAAA" not in everything  # how Fernet's tokens begin
    assert everything.count(b"COUTURE_SECRET_PROD_") == 3


def test_an_export_of_an_unknown_group_is_told_before_it_begins(api: httpx.Client) -> None:
    new_group(api, "prod")
    assert problem_of(api.get("/transfer/export?group=prd"), 404, "UnknownGroup")["nearest"] == ["prod"]
