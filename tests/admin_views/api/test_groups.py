"""Config groups over HTTP: make, read, save, compare, roll back, delete."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from admin_views.permissions import ROLES, Resource
from config_store.secrets import FernetCipher
from tests.admin_views.calls import (
    CORE_SITE,
    KEYTAB,
    KRB5_CONF,
    bearer,
    change,
    connect,
    done,
    new_group,
    places_of,
    problem_of,
    rows_of,
    save_file,
    settings_of,
    upload,
    upon,
)
from tests.stand_ins import task

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from admin_views.services import Services
    from tests.stand_ins import ListedAudit, RoleIdentity

EMPTY: dict[str, Any] = {
    "arguments": {},
    "configurations": {},
    "environment": {},
    "jars": [],
    "py_files": [],
    "hadoop_files": [],
    "principal": "",
    "keytab": None,
    "krb5_conf": None,
    "spark_home": None,
}
PLAIN = {"final": False, "secret": False, "note": ""}
HIDDEN = {"value": None, "final": False, "secret": True, "note": ""}
DOTS = "••••••"


def content_of(api: httpx.Client, name: str = "prod") -> Any:
    """The content of a group as it stands."""
    return done(api.get(f"/groups/{name}"))["content"]


def given_to_a_job(api: httpx.Client, identity: RoleIdentity, group: str = "prod", **request: Any) -> dict[str, str]:
    """The settings with which a task's job would run now, secrets in plain text."""
    upload(api, "job.py")
    run = task(run_id=f"manual__{len(identity.tasks)}")
    headers = identity.add_task(f"ti-{len(identity.tasks)}:secret", run)
    request = {"language": "python", "code_artifact": "job.py", "config_group": group, **request}
    return settings_of(done(api.post("/submissions", json=request, headers=headers)))


# --- making ---


def test_a_new_group_is_answered_whole(api: httpx.Client) -> None:
    upload(api, "hbase.jar", kind="dependencies")
    upload(api, "features.whl", kind="dependencies")
    content = {
        "arguments": {"driver-memory": "7g", "queue": {"value": "etl", "final": True, "note": "ask Ann"}},
        "configurations": {"spark.sql.shuffle.partitions": {"value": "210"}, "spark.my.token": "t0k3n"},
        "environment": {"TZ": "UTC"},
        "jars": [{"name": "hbase.jar", "version": 1}],
        "py_files": [{"name": "features.whl"}],
        "spark_home": "spark-4.2",
    }
    new = {"name": "prod", "description": "The nightly cluster", "content": content, "note": "first"}
    answer = api.post("/groups", json=new)
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    group = done(answer)
    saved_at = group.pop("updated_at")
    assert group == {
        "name": "prod",
        "description": "The nightly cluster",
        "is_default": True,
        "revision": 1,
        "updated_by": "ada",
        "content": {
            **EMPTY,
            "arguments": {
                "driver-memory": {"value": "7g", **PLAIN},
                "queue": {"value": "etl", "final": True, "secret": False, "note": "ask Ann"},
            },
            "configurations": {
                "spark.sql.shuffle.partitions": {"value": "210", **PLAIN},
                "spark.my.token": HIDDEN,  # its name says that it is one
            },
            "environment": {"TZ": {"value": "UTC", **PLAIN}},
            "jars": [{"name": "hbase.jar", "version": 1}],
            "py_files": [{"name": "features.whl", "version": None}],
            "spark_home": "spark-4.2",
        },
        "remarks": [],
    }
    assert done(api.get("/groups/prod")) == {**group, "updated_at": saved_at}
    assert done(api.get("/groups/prod/revisions")) == {
        "items": [{"number": 1, "parent": None, "author": "ada", "created_at": saved_at, "note": "first"}],
        "total": 1,
    }


@pytest.mark.parametrize("name", ["p", "PROD_1", "a@b", "(x)-1", "hadoop", "content", "x" * 250])
def test_names_of_groups(api: httpx.Client, name: str) -> None:
    assert new_group(api, name)["name"] == name
    assert done(api.get(f"/groups/{name}"))["revision"] == 1
    assert done(change(api, name, 1, arguments={"driver-memory": "1g"}))["revision"] == 2


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a/b", "../prod", ".", "a.b", "naïve", "a\u0000", "a\n", "x" * 251, "x" * 300, "\ud800"]
)
def test_names_that_are_refused(api: httpx.Client, name: str) -> None:
    answer = api.post("/groups", content=json.dumps({"name": name}), headers={"Content-Type": "application/json"})
    assert places_of(answer) == ["name"]


def test_a_name_is_taken_once(api: httpx.Client) -> None:
    new_group(api)
    problem = problem_of(api.post("/groups", json={"name": "prod"}), 409, "AlreadyExists")
    assert problem["detail"] == "The config group 'prod' exists already; choose another name."
    new_group(api, "Prod")  # names are compared letter by letter
    assert [group["name"] for group in done(api.get("/groups"))["items"]] == ["Prod", "prod"]


def test_everything_wrong_with_a_group_is_told_at_once(api: httpx.Client) -> None:
    content = {
        "arguments": {"driver-memmory": "7g", "name": "x", "verbose": "perhaps"},
        "configurations": {"spark driver": "x", "spark.driver.memory": "1g"},
        "environment": {"AIRFLOW_HOME": "/", "1X": "x"},
        "jars": [{"name": "../x.jar"}, {"name": "never-uploaded.jar"}],
    }
    problem = problem_of(api.post("/groups", json={"name": "prod", "content": content}), 422, "InvalidInput")
    told = {fault["where"]: fault["message"] for fault in problem["errors"]}
    assert list(told) == [
        "arguments.driver-memmory",
        "arguments.name",
        "arguments.verbose",
        "configurations.spark driver",
        "environment.AIRFLOW_HOME",
        "environment.1X",
        "jars",
    ]
    assert told["arguments.driver-memmory"].startswith("spark-submit has no option --driver-memmory; did you mean ")
    assert done(api.get("/groups"))["total"] == 0


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, ["name"]),
        ({"name": 5}, ["name"]),
        ({"name": "prod", "descripton": ""}, ["descripton"]),
        ({"name": "prod", "revision": 7}, ["revision"]),
        ({"name": "prod", "content": {"hadoop_files": []}}, ["content.hadoop_files"]),
        ({"name": "prod", "content": {"keytab": None}}, ["content.keytab"]),
        ({"name": "prod", "content": {"arguments": {"queue": 5}}}, ["content.arguments.queue"]),
        ({"name": "prod", "content": {"arguments": {"queue": {"valeu": "x"}}}}, ["content.arguments.queue.valeu"]),
        ({"name": "prod", "content": {"jars": [{"name": "a.jar"}, {}]}}, ["content.jars.1.name"]),
        ({"name": "prod", "content": {"jars": ["a.jar"]}}, ["content.jars.0"]),
        ({"name": "prod", "content": {"spark_home": "/opt/spark"}}, ["spark_home"]),
        (
            {"name": "prod", "content": {"configurations": {"spark.x": {"note": "no value"}}}},
            ["configurations.spark.x"],
        ),
        ({"name": "prod", "note": "x" * 10_001}, ["note"]),
        ({"name": "prod", "description": "x" * 10_001}, ["description"]),
        ({"name": "prod", "content": {"principal": "a\u0000b"}}, ["content.principal"]),
        ([], ["body"]),
    ],
    ids=str,
)
def test_the_place_of_a_fault_is_named(api: httpx.Client, body: Any, places: list[str]) -> None:
    assert places_of(api.post("/groups", json=body)) == places
    assert done(api.get("/groups"))["total"] == 0


# --- copies ---


def test_a_copy_has_everything_secrets_and_files_included(api: httpx.Client, identity: RoleIdentity) -> None:
    settings = {"spark.my.password": "p4ss", "spark.plain": {"value": "kept", "secret": True}}
    new_group(api, arguments={"queue": "etl"}, configurations=settings, principal="etl@EXAMPLE.COM")
    save_file(api, "prod", 1, CORE_SITE)
    source = save_file(api, "prod", 2, KEYTAB, "kerberos/keytab")
    copy = done(api.post("/groups", json={"name": "copy", "copy_of": "prod"}))
    assert (copy["revision"], copy["is_default"], copy["content"]) == (1, False, source["content"])
    assert done(api.get("/groups/copy/revisions"))["items"][0]["note"] == "copy of prod"
    given = given_to_a_job(api, identity, "copy")
    assert (given["spark.my.password"], given["spark.plain"], given["queue"]) == ("p4ss", "kept", "etl")


def test_a_copy_with_a_content_keeps_the_secrets_sent_as_null(api: httpx.Client, identity: RoleIdentity) -> None:
    new_group(api, configurations={"spark.my.password": "p4ss", "spark.my.token": "t0k3n", "spark.x": "1"})
    content = {"configurations": {"spark.my.password": {"value": None, "secret": True}, "spark.my.token": "new"}}
    copy = done(api.post("/groups", json={"name": "copy", "copy_of": "prod", "content": content, "note": "mine"}))
    assert list(copy["content"]["configurations"]) == ["spark.my.password", "spark.my.token"]
    given = given_to_a_job(api, identity, "copy")
    assert (given["spark.my.password"], given["spark.my.token"]) == ("p4ss", "new")


def test_a_copy_of_nothing_is_refused(api: httpx.Client) -> None:
    new_group(api)
    problem = problem_of(api.post("/groups", json={"name": "copy", "copy_of": "prd"}), 404, "UnknownGroup")
    assert (problem["nearest"], problem["groups"]) == (["prod"], ["prod"])


# --- reading ---


def test_an_unknown_group_is_told_with_the_nearest_and_all_there_are(api: httpx.Client) -> None:
    for name in ("prod", "prod_eu", "staging"):
        new_group(api, name)
    problem = problem_of(api.get("/groups/prodd"), 404, "UnknownGroup")
    assert problem == {
        "type": "urn:couture:problem:UnknownGroup",
        "title": "Unknown config group",
        "status": 404,
        "detail": "There is no config group 'prodd'. Did you mean: prod, prod_eu? "
        "Config groups: prod, prod_eu, staging.",
        "nearest": ["prod", "prod_eu"],
        "groups": ["prod", "prod_eu", "staging"],
    }


@pytest.mark.parametrize(
    ("query", "names", "total"),
    [
        ("", ["aX1", "a_1", "b", "c"], 4),
        ("search=A", ["aX1", "a_1"], 2),
        ("search=_", ["a_1"], 1),
        ("search=%25", [], 0),
        ("search=nothing", [], 0),
        ("limit=2", ["aX1", "a_1"], 4),
        ("limit=2&offset=2", ["b", "c"], 4),
        ("limit=1&offset=1&search=a", ["a_1"], 2),
        ("offset=4", [], 4),
    ],
)
def test_the_list_is_searched_and_paged(api: httpx.Client, query: str, names: list[str], total: int) -> None:
    for name in ("c", "aX1", "b", "a_1"):
        new_group(api, name)
    page = done(api.get(f"/groups?{query}"))
    assert ([group["name"] for group in page["items"]], page["total"]) == (names, total)
    assert all("content" not in group for group in page["items"])


@pytest.mark.parametrize("number", ["0", "-1", "2", "2147483648", "99999999999999999999"])
def test_a_revision_that_does_not_exist(api: httpx.Client, number: str) -> None:
    new_group(api)
    problem = problem_of(api.get(f"/groups/prod/revisions/{number}"), 404, "NotFound")
    assert problem["detail"] == f"There is no revision of config group 'prod' with number '{number}'."
    back = api.post("/groups/prod/rollback", json={"revision": int(number)}, headers=upon(1))
    problem_of(back, 404, "NotFound")
    problem_of(api.get("/groups/prod/diff", params={"from": number, "to": 1}), 404, "NotFound")


def test_a_revision_number_that_is_no_number(api: httpx.Client) -> None:
    new_group(api)
    assert places_of(api.get("/groups/prod/revisions/newest")) == ["number"]
    assert places_of(api.get("/groups/prod/diff?from=x&to=1.5")) == ["from", "to"]


# --- description, default, deletion ---


def test_the_description_is_no_part_of_a_revision(api: httpx.Client, audit: ListedAudit) -> None:
    new_group(api)
    group = done(api.patch("/groups/prod", json={"description": "nightly"}))
    assert (group["description"], group["revision"]) == ("nightly", 1)
    _, entry = audit.entries[-1]
    assert entry.details == {"old": "", "new": "nightly"}
    assert places_of(api.patch("/groups/prod", json={"description": None})) == ["description"]
    assert places_of(api.patch("/groups/prod", json={})) == ["description"]


def test_the_first_group_is_the_default_until_another_one_is_made_it(api: httpx.Client, audit: ListedAudit) -> None:
    new_group(api, "first")
    new_group(api, "second")
    assert done(api.post("/groups/second/default"))["is_default"] is True
    assert {g["name"]: g["is_default"] for g in done(api.get("/groups"))["items"]} == {"first": False, "second": True}
    _, entry = audit.entries[-1]
    assert (entry.event, entry.details) == ("group.default", {"old": "first", "new": "second"})
    problem_of(api.post("/groups/third/default"), 404, "UnknownGroup")


def test_the_default_group_is_never_deleted(api: httpx.Client) -> None:
    new_group(api)
    for force in ("false", "true"):
        problem = problem_of(api.delete(f"/groups/prod?force={force}"), 409, "DefaultGroupKept")
        assert problem["detail"] == "'prod' is the default group; make another one the default before deleting it."


def test_a_deleted_group_is_gone_but_its_revisions_stay(api: httpx.Client, audit: ListedAudit) -> None:
    new_group(api)
    new_group(api, "old", arguments={"queue": "etl"})
    answer = api.delete("/groups/old")
    assert (answer.status_code, answer.content) == (204, b"")
    problem_of(api.get("/groups/old"), 404, "UnknownGroup")
    problem_of(api.delete("/groups/old"), 404, "UnknownGroup")
    problem_of(api.get("/groups/old/revisions"), 404, "UnknownGroup")
    assert done(api.get("/groups"))["total"] == 1
    assert done(api.get("/groups/old/revisions/1"))["content"]["arguments"]["queue"]["value"] == "etl"
    assert done(api.get("/groups/old/diff?from=1&to=1"))["changes"] == []
    assert [entry.event for _, entry in audit.entries] == ["group.create", "group.create", "group.delete"]


def test_a_name_that_comes_back_goes_on_counting(api: httpx.Client) -> None:
    new_group(api)
    new_group(api, "old", arguments={"queue": "etl"})
    done(api.delete("/groups/old"))
    assert new_group(api, "old")["revision"] == 2
    assert done(api.get("/groups/old/revisions"))["total"] == 2


def test_a_group_in_use_is_deleted_only_by_force(api: httpx.Client, identity: RoleIdentity) -> None:
    new_group(api)
    new_group(api, "busy")
    given_to_a_job(api, identity, "busy")
    problem = problem_of(api.delete("/groups/busy"), 409, "InUse")
    assert problem["users"] == [{"noun": "DAG", "name": "sales"}]
    assert problem["detail"] == ("The config group 'busy' is used by DAG sales; delete it with force to do so anyway.")
    assert done(api.get("/groups/busy"))["revision"] == 1
    assert api.delete("/groups/busy?force=true").status_code == 204


# --- saving ---


def test_put_replaces_all_settings_and_leaves_the_files(api: httpx.Client) -> None:
    upload(api, "hbase.jar", kind="dependencies")
    new_group(
        api,
        arguments={"queue": "etl", "driver-memory": "7g"},
        environment={"TZ": "UTC"},
        jars=[{"name": "hbase.jar"}],
        principal="etl@EXAMPLE.COM",
        spark_home="spark-4.2",
    )
    files = save_file(api, "prod", 1, CORE_SITE)["content"]["hadoop_files"]
    content = {"arguments": {"queue": "adhoc"}}
    saved = done(api.put("/groups/prod/content", json={"content": content, "note": "less"}, headers=upon(2)))
    assert (saved["revision"], saved["content"]) == (
        3,
        {**EMPTY, "arguments": {"queue": {"value": "adhoc", **PLAIN}}, "hadoop_files": files},
    )
    assert [r["note"] for r in done(api.get("/groups/prod/revisions"))["items"]] == ["less", "", ""]


def test_patch_sets_and_removes_by_name_and_leaves_the_rest(api: httpx.Client) -> None:
    upload(api, "hbase.jar", kind="dependencies")
    content: dict[str, Any] = {
        "arguments": {"queue": "etl", "driver-memory": "7g"},
        "configurations": {"spark.x": "1"},
        "jars": [{"name": "hbase.jar"}],
        "principal": "etl@EXAMPLE.COM",
        "spark_home": "spark-4.2",
    }
    new_group(api, **content)
    saved = done(change(api, "prod", 1, arguments={"queue": None, "executor-cores": "4", "never-set": None}))
    assert saved["content"] == {
        **EMPTY,
        "arguments": {"driver-memory": {"value": "7g", **PLAIN}, "executor-cores": {"value": "4", **PLAIN}},
        "configurations": {"spark.x": {"value": "1", **PLAIN}},
        "jars": [{"name": "hbase.jar", "version": None}],
        "principal": "etl@EXAMPLE.COM",
        "spark_home": "spark-4.2",
    }
    saved = done(change(api, "prod", 2, jars=[], principal="", spark_home=None))
    assert [saved["content"][name] for name in ("jars", "principal", "spark_home")] == [[], "", None]
    assert saved["content"]["configurations"] == {"spark.x": {"value": "1", **PLAIN}}


def test_a_save_tells_what_is_odd_about_what_it_changed_and_about_nothing_else(api: httpx.Client) -> None:
    told = [
        {
            "where": "arguments.master",
            "message": "master='yarm' is no master that spark-submit knows; did you mean yarn?",
        }
    ]
    made = new_group(api, arguments={"master": "yarm"})
    assert made["remarks"] == told
    assert done(api.get("/groups/prod"))["remarks"] == []
    for revision, wish, remarks in (
        (1, {"queue": "etl"}, []),
        (2, {"master": "yarn"}, []),
        (3, {"master": "yarm", "queue": None}, told),
    ):
        assert done(change(api, "prod", revision, arguments=wish))["remarks"] == remarks


def test_patch_is_all_or_nothing(api: httpx.Client) -> None:
    new_group(api, arguments={"queue": "etl"})
    answer = change(api, "prod", 1, arguments={"queue": "adhoc", "nonsense": "1"})
    assert places_of(answer) == ["arguments.nonsense"]
    assert content_of(api)["arguments"] == {"queue": {"value": "etl", **PLAIN}}


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PATCH", {}),
        ("PATCH", {"arguments": {"queue": "etl"}, "note": "the same again"}),
        ("PATCH", {"configurations": {"spark.my.password": {"value": None, "secret": True}}}),
        ("PATCH", {"configurations": {"spark.my.password": "p4ss"}}),
        ("PATCH", {"environment": {"NEVER_SET": None}}),
        (
            "PUT",
            {"content": {"arguments": {"queue": "etl"}, "configurations": {"spark.my.password": {"value": None}}}},
        ),
    ],
    ids=str,
)
def test_a_save_that_changes_nothing_makes_no_revision_and_no_audit_entry(
    api: httpx.Client, audit: ListedAudit, method: str, body: Any
) -> None:
    new_group(api, arguments={"queue": "etl"}, configurations={"spark.my.password": "p4ss"})
    answer = api.request(method, "/groups/prod/content", json=body, headers=upon(1))
    assert (done(answer)["revision"], answer.headers["ETag"]) == (1, '"1"')
    assert [entry.event for _, entry in audit.entries] == ["group.create"]


@pytest.mark.parametrize("value", ["a b", "%s $x 'y' \"z\"", "ünï\u2028cødé 🎉", "a\nb", "", "x" * 1_000_000])
def test_values_are_kept_as_they_are(api: httpx.Client, value: str) -> None:
    new_group(api, configurations={"spark.x": value})
    assert content_of(api)["configurations"]["spark.x"]["value"] == value


@pytest.mark.parametrize(
    ("value", "message"),
    [("a\u0000b", "NUL"), ("x" * 1_000_001, "longer than 1,000,000 bytes"), ("\ud800", "surrogate")],
    ids=["NUL", "too long", "half a surrogate pair"],
)
def test_values_that_no_job_could_get_are_refused(api: httpx.Client, value: str, message: str) -> None:
    new_group(api)
    body = json.dumps({"environment": {"X": value}})
    answer = api.patch("/groups/prod/content", content=body, headers={**upon(1), "Content-Type": "application/json"})
    assert places_of(answer) == ["environment.X"]
    assert message in answer.json()["detail"]


# --- secrets ---


SECRET = {"spark.my.password": "p4ss", "spark.marked": {"value": "m4rked", "secret": True}}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_null_keeps_a_stored_secret(api: httpx.Client, identity: RoleIdentity, method: str) -> None:
    new_group(api, configurations=SECRET)
    # exactly what was read is sent back, beside another change
    content = {"configurations": content_of(api)["configurations"], "arguments": {"queue": "etl"}}
    body = {"content": content} if method == "PUT" else content
    saved = done(api.request(method, "/groups/prod/content", json=body, headers=upon(1)))
    assert saved["content"]["configurations"] == {"spark.my.password": HIDDEN, "spark.marked": HIDDEN}
    given = given_to_a_job(api, identity)
    assert (given["spark.my.password"], given["spark.marked"]) == ("p4ss", "m4rked")


def test_a_secret_is_set_anew_by_its_value(api: httpx.Client, identity: RoleIdentity) -> None:
    new_group(api, configurations=SECRET)
    done(change(api, "prod", 1, configurations={"spark.my.password": "new"}))
    given = given_to_a_job(api, identity)
    assert (given["spark.my.password"], given["spark.marked"]) == ("new", "m4rked")


@pytest.mark.parametrize("setting", ["new", {"value": "new"}, {"value": "new", "final": True}], ids=str)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_secret_stays_one_when_its_mark_is_not_spoken_of(
    api: httpx.Client, audit: ListedAudit, identity: RoleIdentity, method: str, setting: Any
) -> None:
    new_group(api, configurations=SECRET)
    content = {"configurations": {"spark.marked": setting}}
    body = {"content": content} if method == "PUT" else content
    saved = done(api.request(method, "/groups/prod/content", json=body, headers=upon(1)))
    assert saved["content"]["configurations"]["spark.marked"]["value"] is None
    assert given_to_a_job(api, identity)["spark.marked"] == "new"
    assert "new" not in str(audit.entries[-1])


def test_the_mark_of_a_secret_is_taken_away_only_with_a_new_value(api: httpx.Client) -> None:
    new_group(api, configurations=SECRET)
    lift: dict[str, Any] = {"spark.marked": {"value": None, "secret": False}}
    assert places_of(change(api, "prod", 1, configurations=lift)) == ["configurations.spark.marked"]
    lift = {"spark.marked": {"value": "public", "secret": False}}
    saved = done(change(api, "prod", 1, configurations=lift))
    assert saved["content"]["configurations"]["spark.marked"] == {"value": "public", **PLAIN}


def test_a_name_that_sounds_like_a_secret_can_not_be_unmarked(api: httpx.Client) -> None:
    new_group(api)
    setting = {"value": "p4ss", "secret": False}
    saved = done(change(api, "prod", 1, environment={"DB_PASSWORD": setting}))
    assert saved["content"]["environment"]["DB_PASSWORD"] == HIDDEN


@pytest.mark.parametrize("setting", [{"value": None}, {"value": None, "secret": True}, {"note": "x"}], ids=str)
@pytest.mark.parametrize("name", ["spark.never.set", "spark.plain"])
def test_null_is_no_value_where_no_secret_is_stored(api: httpx.Client, name: str, setting: Any) -> None:
    new_group(api, configurations={"spark.plain": "1"})
    assert places_of(change(api, "prod", 1, configurations={name: setting})) == [f"configurations.{name}"]


def test_changes_of_secrets_are_told_without_them(api: httpx.Client, audit: ListedAudit) -> None:
    new_group(api, configurations={**SECRET, "spark.plain": "1"})
    changed = {"spark.my.password": "new", "spark.marked": None, "spark.plain": "2", "spark.my.token": "t"}
    done(change(api, "prod", 1, configurations=changed, note="rotated"))
    changes = [
        {"where": "configurations.spark.marked", "old": DOTS, "new": None},
        {"where": "configurations.spark.my.password", "old": DOTS, "new": DOTS},
        {"where": "configurations.spark.my.token", "old": None, "new": DOTS},
        {"where": "configurations.spark.plain", "old": "1", "new": "2"},
    ]
    assert done(api.get("/groups/prod/diff")) == {
        "from": {"group": "prod", "revision": 1},
        "to": {"group": "prod", "revision": 2},
        "changes": changes,
    }
    name, entry = audit.entries[-1]
    assert (name, entry.event, entry.subject) == ("ada", "group.save", "group prod")
    assert entry.details == {"changes": changes, "changed": 4, "revision": 2, "parent": 1, "note": "rotated"}


def test_the_audit_entry_of_a_huge_change_names_some_and_counts_all(api: httpx.Client, audit: ListedAudit) -> None:
    new_group(api)
    done(change(api, "prod", 1, configurations={f"spark.x{number:03}": "1" for number in range(201)}))
    details = audit.entries[-1][1].details
    assert (len(details["changes"]), details["changed"]) == (200, 201)


def test_without_a_key_no_secret_is_taken(api_url: str, app: FastAPI, services: Services) -> None:
    app.state.services = replace(services, cipher=FernetCipher([]))
    with connect(api_url, bearer("Admin")) as api:
        answer = api.post("/groups", json={"name": "prod", "content": {"configurations": SECRET}})
        problem = problem_of(answer, 503, "NoSecretKey")
        assert problem["detail"] == (
            "No Fernet key is configured, so secrets can't be stored; set [core] fernet_key on every API server."
        )
        assert done(api.get("/groups"))["total"] == 0


# --- two at once ---


def test_of_two_admins_who_save_at_once_one_gets_the_conflict_with_the_change_of_the_other(
    api: httpx.Client, api_url: str, services: Services
) -> None:
    new_group(api, arguments={"executor-memory": "1g"})
    start = threading.Barrier(2)
    answers: dict[str, httpx.Response] = {}

    def save(name: str) -> None:
        with connect(api_url, bearer("Admin", name)) as admin:
            done(admin.get("/groups/prod"))  # the connection stands, both have read revision 1
            start.wait()
            answers[name] = change(admin, "prod", 1, arguments={"executor-memory": f"{len(name)}g"}, note=name)

    threads = [threading.Thread(target=save, args=(name,)) for name in ("ann", "bert")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers.values()) == [200, 409]
    winner, loser = sorted(answers, key=lambda name: answers[name].status_code)
    problem = problem_of(answers[loser], 409, "StaleRevision")
    assert (problem["current_revision"], problem["saved_by"], problem["note"]) == (2, winner, winner)
    saved = f"{len(winner)}g"
    assert problem["changes"] == [{"where": "arguments.executor-memory", "old": "1g", "new": saved}]
    assert content_of(api)["arguments"]["executor-memory"]["value"] == saved
    assert done(api.get("/groups/prod/revisions"))["total"] == 2
    assert len(rows_of(services.database)["couture_revisions"]) == 2


def test_a_stale_change_is_a_conflict_also_where_it_would_be_a_mistake_by_now(api: httpx.Client) -> None:
    new_group(api, configurations=SECRET)
    save_file(api, "prod", 1, CORE_SITE)
    done(change(api, "prod", 2, configurations={"spark.marked": None}))
    keep = {"spark.marked": {"value": None, "secret": True}}  # which is no longer there
    problem = problem_of(change(api, "prod", 2, configurations=keep), 409, "StaleRevision")
    assert problem["changes"] == [{"where": "configurations.spark.marked", "old": DOTS, "new": None}]
    done(api.delete("/groups/prod/hadoop/core-site.xml", headers=upon(3)))
    again = api.delete("/groups/prod/hadoop/core-site.xml", headers=upon(3))
    assert problem_of(again, 409, "StaleRevision")["changes"][0]["where"] == "hadoop_files.core-site.xml"


# --- back and forth ---


def test_a_deleted_group_comes_back_with_its_revisions(api: httpx.Client, audit: ListedAudit) -> None:
    new_group(api)
    new_group(api, "spare", arguments={"queue": "etl"})
    done(change(api, "spare", 1, arguments={"queue": "nightly"}))
    done(api.delete("/groups/spare"))
    restored = done(api.post("/groups/spare/restore"))
    assert (restored["name"], restored["revision"], restored["is_default"]) == ("spare", 2, False)
    assert content_of(api, "spare")["arguments"]["queue"]["value"] == "nightly"
    assert done(api.get("/groups/spare/revisions"))["total"] == 2
    entry = audit.entries[-1][1]
    assert (entry.event, entry.subject, entry.details) == ("group.restore", "group spare", {"revision": 2})


def test_what_is_not_deleted_is_not_restored(api: httpx.Client) -> None:
    new_group(api)
    problem_of(api.post("/groups/prod/restore"), 409, "NotDeleted")
    problem = problem_of(api.post("/groups/prd/restore"), 404, "NotFound")
    assert problem["detail"] == "There is no deleted config group named 'prd'."


def test_a_rollback_is_a_new_revision_with_the_secrets_and_files_of_the_old_one(
    api: httpx.Client, audit: ListedAudit, identity: RoleIdentity
) -> None:
    new_group(api, configurations=SECRET)
    first = save_file(api, "prod", 1, CORE_SITE)["content"]
    done(change(api, "prod", 2, configurations={"spark.my.password": "new", "spark.marked": None}))
    done(api.delete("/groups/prod/hadoop/core-site.xml", headers=upon(3)))
    answer = api.post("/groups/prod/rollback", json={"revision": 2, "note": ""}, headers=upon(4))
    details = audit.entries[-1][1].details
    assert (done(answer)["revision"], answer.headers["ETag"]) == (5, '"5"')
    assert content_of(api) == first
    newest = done(api.get("/groups/prod/revisions"))["items"][0]
    assert (newest["parent"], newest["note"], newest["author"]) == (4, "roll back to revision 2", "ada")
    given = given_to_a_job(api, identity)
    assert (given["spark.my.password"], given["spark.marked"]) == ("p4ss", "m4rked")
    assert (details["rolled_back_to"], details["revision"], details["parent"]) == (2, 5, 4)
    assert [c["where"] for c in details["changes"]] == [
        "configurations.spark.marked",
        "configurations.spark.my.password",
        "hadoop_files.core-site.xml",
    ]


FILES = {
    "hadoop/core-site.xml": (CORE_SITE, CORE_SITE + b"\n"),
    "kerberos/keytab": (KEYTAB, KEYTAB + b"!"),
    "kerberos/krb5.conf": (KRB5_CONF, KRB5_CONF + b"\n"),
}


@pytest.mark.parametrize("file", FILES)
def test_a_rollback_needs_for_files_what_saving_and_removing_them_needs(
    api: httpx.Client, services: Services, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """Revision 1 has no file, 2 has one, 3 has another; 4 has other settings."""
    older, newer = FILES[file]
    new_group(api)
    save_file(api, "prod", 1, older, file)
    save_file(api, "prod", 2, newer, file)
    done(change(api, "prod", 3, arguments={"queue": "etl"}))
    settings_alone = tuple(one for one in ROLES["Op"] if one[1] is not Resource.HADOOP)
    before = rows_of(services.database)
    for held, revision, needed in (
        ((), 1, "can_delete"),
        ((), 2, "can_edit"),
        ((("PUT", Resource.HADOOP),), 1, "can_delete"),
        ((("DELETE", Resource.HADOOP),), 2, "can_edit"),
    ):
        monkeypatch.setitem(ROLES, "Op", (*settings_alone, *held))
        answer = api.post("/groups/prod/rollback", json={"revision": revision}, headers={**upon(4), **bearer("Op")})
        problem = problem_of(answer, 403, "Forbidden")
        assert (problem["permission"], problem["resource"]) == (needed, "Couture Hadoop Configs")
        assert problem["detail"] == (
            f"Revision {revision} has other Hadoop files, another keytab or krb5.conf than revision 4. This needs the "
            f"permission {needed} on Couture Hadoop Configs; ask an admin to give it to one of your roles."
        )
    assert rows_of(services.database) == before
    monkeypatch.setitem(ROLES, "Op", settings_alone)
    for parent, revision, holds in ((4, 3, ()), (5, 2, ("PUT",)), (6, 1, ("DELETE",)), (7, 2, ("PUT",))):
        monkeypatch.setitem(ROLES, "Op", (*settings_alone, *((action, Resource.HADOOP) for action in holds)))
        answer = api.post(
            "/groups/prod/rollback", json={"revision": revision}, headers={**upon(parent), **bearer("Op")}
        )
        assert done(answer)["revision"] == parent + 1


def test_a_stale_rollback_is_told_as_that_whatever_it_would_need(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_group(api)
    save_file(api, "prod", 1, CORE_SITE)
    monkeypatch.setitem(ROLES, "Op", tuple(one for one in ROLES["Op"] if one[1] is not Resource.HADOOP))
    stale = api.post("/groups/prod/rollback", json={"revision": 1}, headers={**upon(1), **bearer("Op")})
    assert problem_of(stale, 409, "StaleRevision")["current_revision"] == 2


@pytest.mark.parametrize("body", [{}, {"revision": None}, {"revision": "x"}, {"revision": 1.5}], ids=str)
def test_a_rollback_to_what_is_no_number(api: httpx.Client, body: Any) -> None:
    new_group(api)
    assert places_of(api.post("/groups/prod/rollback", json=body, headers=upon(1))) == ["revision"]


def test_a_diff_is_by_default_with_the_revision_before(api: httpx.Client) -> None:
    new_group(api, arguments={"queue": "a"})
    assert done(api.get("/groups/prod/diff"))["changes"] == []  # there is none before the first
    for revision, queue in ((1, "b"), (2, "c")):
        done(change(api, "prod", revision, arguments={"queue": queue}))
    for query, old, new in (("", "b", "c"), ("?to=2", "a", "b"), ("?from=1", "a", "c"), ("?from=3&to=1", "c", "a")):
        changes = done(api.get(f"/groups/prod/diff{query}"))["changes"]
        assert changes == [{"where": "arguments.queue", "old": old, "new": new}], query


def test_a_diff_with_another_group(api: httpx.Client) -> None:
    new_group(api, arguments={"queue": "a"})
    new_group(api, "other", arguments={"queue": {"value": "b", "final": True}}, environment={"TZ": "UTC"})
    assert done(api.get("/groups/prod/diff?other=other")) == {
        "from": {"group": "prod", "revision": 1},
        "to": {"group": "other", "revision": 1},
        "changes": [
            {"where": "arguments.queue", "old": "a", "new": "b"},
            {"where": "arguments.queue.final", "old": "false", "new": "true"},
            {"where": "environment.TZ", "old": None, "new": "UTC"},
        ],
    }
    problem_of(api.get("/groups/prod/diff?other=nobody"), 404, "UnknownGroup")


def test_a_diff_looks_into_hadoop_files(api: httpx.Client) -> None:
    def site(**properties: str) -> bytes:
        listed = (f"<property><name>{k}</name><value>{v}</value></property>" for k, v in properties.items())
        return f"<configuration>{''.join(listed)}</configuration>".encode()

    new_group(api)
    first = save_file(api, "prod", 1, site(fs="hdfs://a", gone="x", password="0ld"))
    second = save_file(api, "prod", 2, site(fs="hdfs://b", come="y", password="n3w"))
    old, new = (saved["content"]["hadoop_files"][0]["sha256"] for saved in (first, second))
    assert done(api.get("/groups/prod/diff"))["changes"] == [
        {"where": "hadoop_files.core-site.xml", "old": old, "new": new},
        {"where": "hadoop_files.core-site.xml.come", "old": None, "new": "y"},
        {"where": "hadoop_files.core-site.xml.fs", "old": "hdfs://a", "new": "hdfs://b"},
        {"where": "hadoop_files.core-site.xml.gone", "old": "x", "new": None},
        {"where": "hadoop_files.core-site.xml.password", "old": DOTS, "new": DOTS},
    ]
