"""Config groups: listed, shown, made, described, deleted, rolled back."""

from __future__ import annotations

import json

import yaml

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import SAVED_AT, Answer, StoreServer, problem, setting

SAVED = "2026-03-01 12:00:05 UTC"
DELETED = "Deleted prod. To take that back: couture groups restore prod\n"


def test_list(couture: Couture, prod: StoreServer) -> None:
    prod.store.add_group("staging")
    table = (
        "NAME     DEFAULT  REVISION  CHANGED BY  CHANGED                  DESCRIPTION\n"
        "prod     yes      1         anna        2026-03-01 12:00:05 UTC  The nightly cluster\n"
        "staging           1         anna        2026-03-01 12:00:05 UTC\n"
    )
    assert couture.ok("groups") == table
    assert couture.ok("groups", "list") == table
    assert prod.asked[0].query == {"limit": "50", "offset": "0"}


def test_list_as_json_is_the_servers_answer(couture: Couture, prod: StoreServer) -> None:
    group = {
        "name": "prod",
        "description": "The nightly cluster",
        "is_default": True,
        "revision": 1,
        "updated_by": "anna",
        "updated_at": SAVED_AT,
    }
    document = {"items": [group], "total": 1}
    assert json.loads(couture.ok("groups", "--output", "json", "--search", "pr")) == document
    assert yaml.safe_load(couture.ok("groups", "list", "--output", "yaml")) == document
    assert prod.asked[0].query == {"search": "pr", "limit": "50", "offset": "0"}


def test_pages(couture: Couture, server: StoreServer) -> None:
    for name in ("a", "b", "c"):
        server.store.add_group(name)
    first = couture("groups", "--limit", "2")
    assert [line.split()[0] for line in first.stdout.splitlines()] == ["NAME", "a", "b"]
    assert first.stderr == "1 to 2 of 3. More: --offset 2\n"
    second = couture("groups", "--limit", "2", "--offset", "2")
    assert [line.split()[0] for line in second.stdout.splitlines()] == ["NAME", "c"]
    assert second.stderr == ""


def test_an_empty_list(couture: Couture, server: StoreServer) -> None:
    run = couture("groups")
    assert (run.returncode, run.stdout) == (0, "")
    assert run.stderr == (
        "There is no config group yet. Make the first, which becomes the default: couture groups create NAME\n"
    )
    assert couture("groups", "--search", "x").stderr == (
        "Nothing fits: leave out --search, --offset and the other options for all.\n"
    )
    server.answers["GET /submissions"] = server.answers["GET /artifacts/dependencies"] = Answer(
        200, {"items": [], "total": 0}
    )
    assert couture("submissions").stderr == (
        "There is no submission yet: each try of a Spark task of the suite makes one.\n"
    )
    assert couture("artifacts", "list", "dependencies").stderr == (
        "There is no artifact yet. Upload the first: couture artifacts upload dependencies FILE\n"
    )


def test_show(couture: Couture, prod: StoreServer) -> None:
    content = prod.store.content("prod")
    content["py_files"] = [{"name": "features.whl", "version": 12}]
    content["hadoop_files"] = [{"name": "core-site.xml", "sha256": "ab" * 32, "size": 1234}]
    content["keytab"] = {"name": "etl.keytab", "sha256": "cd" * 32, "size": 99}
    content |= {"principal": "etl@EXAMPLE.COM", "spark_home": "spark-4.2"}
    prod.store.save("prod", content)
    assert couture.ok("groups", "show", "prod") == (
        "Group        prod (the default)\n"
        "Description  The nightly cluster\n"
        "Revision     2\n"
        "Changed      2026-03-01 12:00:05 UTC by anna\n"
        "\n"
        "Arguments\n"
        "NAME             VALUE  MARKS  NOTE\n"
        "executor-memory  4g     final  the nodes have 5g\n"
        "master           yarn\n"
        "\n"
        "Configurations\n"
        "NAME             VALUE   MARKS\n"
        "spark.my.apikey  ••••••  secret\n"
        "\n"
        "Environment\n"
        "NAME  VALUE\n"
        "TZ    UTC\n"
        "\n"
        "Jars\n"
        "NAME            VERSION\n"
        "postgresql.jar  newest\n"
        "delta.jar       3\n"
        "\n"
        "Python files\n"
        "NAME          VERSION\n"
        "features.whl  12\n"
        "\n"
        "Hadoop files\n"
        "NAME           SIZE    SHA256\n"
        f"core-site.xml  1.2 kB  {'ab' * 32}\n"
        "\n"
        "Kerberos and Spark\n"
        "Principal   etl@EXAMPLE.COM\n"
        f"Keytab      etl.keytab (99 B, sha256 {'cd' * 32})\n"
        "Spark home  spark-4.2\n"
    )


def test_show_as_json(couture: Couture, prod: StoreServer) -> None:
    assert json.loads(couture.ok("groups", "show", "prod", "--output", "json")) == prod.store.detail("prod")


def test_an_unknown_group(couture: Couture, prod: StoreServer) -> None:
    assert couture.error("groups", "show", "prd") == (
        "Error: Unknown config group: There is no config group 'prd'. Did you mean: prod?\n"
    )
    assert prod.lines() == ["GET /groups/prd"]


def test_create(couture: Couture, server: StoreServer) -> None:
    assert couture.ok("groups", "create", "prod") == "Created prod, revision 1.\n"
    couture.ok("groups", "create", "staging", "--copy-of", "prod", "--description", "x", "--note", "y")
    assert [asked.line for asked in server.asked] == ["POST /groups", "POST /groups"]
    assert [asked.json for asked in server.asked] == [
        {"name": "prod", "description": "", "copy_of": None, "note": ""},
        {"name": "staging", "description": "x", "copy_of": "prod", "note": "y"},
    ]
    detail = json.loads(couture.ok("groups", "create", "third", "--output", "json"))
    assert (detail["name"], detail["revision"]) == ("third", 1)


def test_describe(couture: Couture, prod: StoreServer) -> None:
    assert couture.ok("groups", "describe", "prod", "Nightly jobs") == "Described prod: Nightly jobs\n"
    assert (prod.asked[0].line, prod.asked[0].json) == ("PATCH /groups/prod", {"description": "Nightly jobs"})


def test_default(couture: Couture, prod: StoreServer) -> None:
    prod.store.add_group("staging")
    assert couture.ok("groups", "default", "staging") == "staging is the default.\n"
    assert prod.lines() == ["POST /groups/staging/default"]
    assert prod.store.groups["prod"]["is_default"] is False


def test_deleting_asks(couture: Couture, prod: StoreServer) -> None:
    no = couture.at_terminal("groups", "delete", "prod", typed=[("Delete the group prod? [y/N]: ", "n\n")])
    assert (no.returncode, no.stdout) == (1, "")
    assert no.screen.endswith("Aborted!\n")
    assert prod.asked == []
    yes = couture.at_terminal("groups", "delete", "prod", typed=[("Delete the group prod? [y/N]: ", "y\n")])
    assert (yes.returncode, yes.stdout) == (0, DELETED)
    assert prod.lines() == ["DELETE /groups/prod"]


def test_deleting_without_a_terminal(couture: Couture, prod: StoreServer) -> None:
    assert couture.error("groups", "delete", "prod", stdin="y\n") == (
        "Error: Deleting asks first, and there is no terminal to ask at. Add --yes.\n"
    )
    assert prod.asked == []
    assert couture.ok("groups", "delete", "prod", "--yes", "--force") == DELETED
    assert (prod.asked[0].line, prod.asked[0].query) == ("DELETE /groups/prod", {"force": "true"})


def test_deleting_as_json(couture: Couture, prod: StoreServer) -> None:
    assert json.loads(couture.ok("groups", "delete", "prod", "--yes", "--output", "json")) == {
        "deleted": {"group": "prod"}
    }
    assert prod.asked[0].query == {}


def test_a_deleted_group_comes_back(couture: Couture, prod: StoreServer) -> None:
    assert couture.ok("groups", "delete", "prod", "--yes") == DELETED
    assert couture.ok("groups", "restore", "prod") == "Restored prod, revision 1.\n"
    assert prod.lines() == ["DELETE /groups/prod", "POST /groups/prod/restore"]
    assert json.loads(couture.ok("groups", "show", "prod", "--output", "json"))["revision"] == 1


def test_a_group_that_is_not_deleted_is_not_restored(couture: Couture, prod: StoreServer) -> None:
    told = "The config group 'prod' is not deleted, so there is nothing to take back."
    prod.answers["POST /groups/prod/restore"] = problem(409, "Not deleted", told)
    assert couture.error("groups", "restore", "prod") == f"Error: Not deleted: {told}\n"


def test_deleting_what_is_used(couture: Couture, prod: StoreServer) -> None:
    users = [{"noun": "DAG", "name": "ratings_dag"}, {"noun": "DAG", "name": "nightly"}]
    prod.answers["DELETE /groups/prod"] = problem(409, "In use", "prod is used by DAG nightly", users=users)
    assert couture.error("groups", "delete", "prod", "--yes") == (
        "Error: In use: prod is used by DAG nightly\n  DAG ratings_dag\n  --force deletes it all the same.\n"
    )


def test_history(couture: Couture, prod: StoreServer) -> None:
    prod.store.save("prod", prod.store.content("prod"), "bigger joins", "bob")
    assert couture.ok("groups", "history", "prod") == (
        "REVISION  SAVED                    BY    UPON  NOTE\n"
        f"2         {SAVED}  bob   1     bigger joins\n"
        f"1         {SAVED}  anna        start\n"
    )
    assert prod.lines() == ["GET /groups/prod/revisions"]
    page = json.loads(couture.ok("groups", "history", "prod", "--limit", "1", "--output", "json"))
    assert (page["total"], [revision["number"] for revision in page["items"]]) == (2, [2])


def test_rollback(couture: Couture, prod: StoreServer) -> None:
    prod.store.save("prod", {**prod.store.content("prod"), "arguments": {"queue": setting("etl")}})
    assert couture.ok("groups", "rollback", "prod", "1", "--note", "too slow") == "Saved revision 3 of prod.\n"
    assert prod.lines() == ["GET /groups/prod", "POST /groups/prod/rollback"]
    assert prod.asked[1].headers["If-Match"] == '"2"'
    assert prod.asked[1].json == {"revision": 1, "note": "too slow"}
    assert "executor-memory" in prod.store.content("prod")["arguments"]


def test_a_rollback_to_files_that_one_may_not_save(couture: Couture, prod: StoreServer) -> None:
    told = "Revision 1 has other Hadoop files. This needs the permission can_edit on Couture Hadoop Configs."
    prod.answers["POST /groups/prod/rollback"] = problem(403, "Permission missing", told)
    assert couture.error("groups", "rollback", "prod", "1") == f"Error: Permission missing: {told}\n"


def test_rollback_to_no_number(couture: Couture, prod: StoreServer) -> None:
    refusal = couture.error("groups", "rollback", "prod", "0", code=2)
    assert refusal.endswith("Error: Invalid value for 'REVISION': 0 is not in the range x>=1.\n")
    assert prod.asked == []


def found(verdict: str, check: str = "hadoop", advice: str = "") -> dict[str, str]:
    """A finding as the server tells it."""
    return {
        "check": check,
        "subject": "config group prod",
        "verdict": verdict,
        "message": "So it is.",
        "advice": advice,
    }


def test_check(couture: Couture, prod: StoreServer) -> None:
    answer = {"group": "prod", "revision": 1, "findings": [found("ok"), found("fault", "target", "Change it.")]}
    prod.answers["GET /groups/prod/check"] = Answer(200, answer)
    run = couture("groups", "check", "prod")
    assert (run.returncode, run.stdout, run.stderr) == (
        1,
        "VERDICT  CHECK   FOUND      WHAT TO DO\nok       hadoop  So it is.\nfault    target  So it is.  Change it.\n",
        "",
    )
    run = couture("groups", "check", "prod", "--output", "json")
    assert (run.returncode, json.loads(run.stdout)) == (1, answer)


def test_check_that_finds_no_fault(couture: Couture, prod: StoreServer) -> None:
    answer = {"group": "prod", "revision": 1, "findings": [found("ok"), found("warning"), found("skipped")]}
    prod.answers["GET /groups/prod/check"] = Answer(200, answer)
    assert couture("groups", "check", "prod").returncode == 0
    assert couture("groups", "check", "prod", "--strict").returncode == 1
