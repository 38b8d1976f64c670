"""Submissions over HTTP: tasks and outsiders hand in, workers fetch and report, people read the receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.admin_views.calls import (
    CORE_SITE,
    JOB,
    bearer,
    change,
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
from tests.stand_ins import ListedTaskRuns, archived, task

if TYPE_CHECKING:
    import httpx

    from admin_views.services import Services
    from tests.stand_ins import ListedAudit, RoleIdentity

REQUEST = {"language": "python", "code_artifact": "job.py"}
WORKER = bearer("Couture Worker", "ci")
OUTSIDE = {"dag_id": "nightly", "task_id": "load", "run_id": "2026-01-01"}


@pytest.fixture
def store(api: httpx.Client) -> httpx.Client:
    """The API with a group of one Hadoop file, one dependency and one secret, and two code artifacts."""
    upload(api, "lib.jar", b"library", "dependencies")
    upload(api, "job.py")
    upload(api, "other.py", b"other")
    settings = {"spark.my.password": "p4ss", "spark.x": {"value": "1", "final": True}}
    new_group(api, configurations=settings, jars=[{"name": "lib.jar"}])
    save_file(api, "prod", 1, CORE_SITE)
    return api


def submit(api: httpx.Client, headers: dict[str, str], **request: Any) -> Any:
    """Hand a request in; answers the ticket."""
    answer = api.post("/submissions", json={**REQUEST, **request}, headers=headers)
    assert answer.status_code == 201, answer.text
    return done(answer)


def token_of(ticket: Any) -> dict[str, str]:
    """The header that opens the submission."""
    return {"Authorization": f"Couture-Submission {ticket['token']}"}


def report(api: httpx.Client, ticket: Any, **told: Any) -> httpx.Response:
    """Report on the submission with its own token."""
    return api.post(f"/submissions/{ticket['submission_id']}/reports", json=told, headers=token_of(ticket))


# --- who submits ---


def test_a_task_is_who_it_proves_to_be_whatever_it_says(store: httpx.Client, identity: RoleIdentity) -> None:
    headers = identity.add_task("ti-7:secret", task("sales", "load", try_number=2, map_index=3))
    ticket = submit(store, headers, task={"dag_id": "payroll", "task_id": "pay", "run_id": "x"})
    receipt = done(store.get(f"/submissions/{ticket['submission_id']}"))
    assert receipt["task"] == {
        "dag_id": "sales",
        "task_id": "load",
        "run_id": "manual__1",
        "try_number": 2,
        "map_index": 3,
    }
    assert receipt["submitted_by"] == "task"
    given = settings_of(ticket)
    assert (given["spark.workflow.dagId"], given["spark.workflow.taskId"]) == ("sales", "load")
    assert ticket["plan"]["app_name"] == "sales.load"


@pytest.mark.parametrize(
    "credential",
    [
        "Couture-Task ti-8:secret",
        "Couture-Task ti-7:wrong",
        "Couture-Task ti-7",
        "Couture-Task ti-7:",
        "Couture-Task",
        "Couture-Task Couture-Task ti-7:secret",
    ],
)
def test_a_proof_that_proves_nothing(
    store: httpx.Client, identity: RoleIdentity, services: Services, credential: str
) -> None:
    identity.add_task("ti-7:secret", task())
    answer = store.post("/submissions", json=REQUEST, headers={"Authorization": credential})
    assert problem_of(answer, 403, "NotProven")["title"] == "Not proven"
    assert rows_of(services.database)["couture_submissions"] == []


def test_a_caller_from_outside_names_his_task(store: httpx.Client) -> None:
    ticket = submit(store, WORKER, task=OUTSIDE)
    receipt = done(store.get(f"/submissions/{ticket['submission_id']}"))
    assert receipt["submitted_by"] == "ci"
    assert receipt["task"] == {**OUTSIDE, "try_number": 1, "map_index": -1}
    answer = store.post("/submissions", json=REQUEST, headers=WORKER)
    assert places_of(answer) == ["task"]


def test_a_caller_from_outside_needs_the_permission(store: httpx.Client) -> None:
    for role in ("Viewer", "User", "Op"):
        answer = store.post("/submissions", json={**REQUEST, "task": OUTSIDE}, headers=bearer(role))
        assert problem_of(answer, 403, "Forbidden")["permission"] == "can_create"


# --- what is handed in ---


@pytest.mark.parametrize(
    ("request_", "places"),
    [
        ({}, ["language"]),
        ({"language": "scala"}, ["language"]),
        ({"language": "python", "code_artefact": "job.py"}, ["code_artefact"]),
        ({**REQUEST, "jars": "lib.jar"}, ["jars"]),
        ({**REQUEST, "spark_arguments": {"queue": 5}}, ["spark_arguments.queue"]),
        ({**REQUEST, "application_arguments": [1]}, ["application_arguments.0"]),
        ({**REQUEST, "task": {"dag_id": "x"}}, ["task.task_id", "task.run_id"]),
        ({**REQUEST, "spark_arguments": {"driver-memmory": "1g"}}, ["spark_arguments.driver-memmory"]),
        ({**REQUEST, "env_vars": {"1X": "1", "X": "1", "2Y": "2"}}, ["env_vars.1X", "env_vars.2Y"]),
        ({**REQUEST, "code_artifact": "../job.py"}, ["code_artifact"]),
        ({**REQUEST, "jars": ["a,b.jar"]}, ["jars"]),
    ],
    ids=str,
)
def test_the_place_of_a_fault_is_named(
    store: httpx.Client, identity: RoleIdentity, services: Services, request_: Any, places: list[str]
) -> None:
    headers = identity.add_task("ti:secret", task())
    assert places_of(store.post("/submissions", json=request_, headers=headers)) == places
    assert rows_of(services.database)["couture_submissions"] == []


@pytest.mark.parametrize(
    ("request_", "status", "name", "detail"),
    [
        ({"config_group": "prd"}, 404, "UnknownGroup", "There is no config group 'prd'. Did you mean: prod?"),
        ({"code_artifact": "jobb.py"}, 404, "NotFound", "There is no code artifact 'jobb.py'. Did you mean: job.py"),
        (
            {"code_artifact_version": 9},
            404,
            "NotFound",
            "There is no version of code artifact 'job.py' with number '9'.",
        ),
        ({"jars": ["libb.jar"]}, 404, "NotFound", "There is no dependency 'libb.jar'. Did you mean: lib.jar?"),
        (
            {"spark_configurations": {"spark.x": "2"}},
            422,
            "FinalOverridden",
            "spark.x=1 is final in config group 'prod': the task may not change it (spark_configurations: spark.x=2).\n"
            "Remove that from the task, or ask an admin to lift the mark.",
        ),
        ({"jars": ["hdfs://x/lib.jar"]}, 422, "DependencyClash", "Two different files named 'lib.jar' would reach"),
        ({"class_path": "a.Main"}, 422, "Unresolvable", "class_path names the main class of a jar;"),
    ],
    ids=str,
)
def test_what_can_not_be_resolved_is_told_before_anything_is_written(
    store: httpx.Client, identity: RoleIdentity, services: Services, request_: Any, status: int, name: str, detail: str
) -> None:
    headers = identity.add_task("ti:secret", task())
    answer = store.post("/submissions", json={**REQUEST, **request_}, headers=headers)
    assert problem_of(answer, status, name)["detail"].startswith(detail)
    assert rows_of(services.database)["couture_submissions"] == []


def test_a_store_without_groups_says_so(api: httpx.Client) -> None:
    upload(api, "job.py")
    answer = api.post("/submissions", json={**REQUEST, "task": OUTSIDE}, headers=WORKER)
    problem = problem_of(answer, 404, "NoDefaultGroup")
    assert problem["detail"] == (
        "No config group is named and the store has no default group; create one with `couture groups create NAME`."
    )


def test_a_saved_change_reaches_the_next_submission_and_not_the_last(
    store: httpx.Client, identity: RoleIdentity
) -> None:
    first = submit(store, identity.add_task("ti-1:s", task(run_id="1")))
    done(change(store, "prod", 2, arguments={"executor-memory": "8g"}))
    second = submit(store, identity.add_task("ti-2:s", task(run_id="2")))
    assert [settings_of(ticket).get("executor-memory") for ticket in (first, second)] == [None, "8g"]
    receipts = [done(store.get(f"/submissions/{t['submission_id']}")) for t in (first, second)]
    assert [receipt["revision"] for receipt in receipts] == [2, 3]
    difference = done(store.get(f"/submissions/diff?from={first['submission_id']}&to={second['submission_id']}"))
    assert (difference["from"], difference["to"]) == (first["submission_id"], second["submission_id"])
    assert [(c["where"], c["old"], c["new"], c["saved"] and c["saved"]["by"]) for c in difference["changes"]] == [
        ("arguments.executor-memory", None, "8g", "ada"),
        ("revision", "2", "3", None),
    ]


# --- again ---


def test_a_try_that_asks_again_gets_the_same_submission_with_a_new_token(
    store: httpx.Client, identity: RoleIdentity
) -> None:
    headers = identity.add_task("ti:secret", task())
    first, second = submit(store, headers), submit(store, headers)
    assert second["submission_id"] == first["submission_id"]
    assert second["token"] != first["token"]
    problem_of(report(store, first, state="running"), 403, "NotProven")
    assert report(store, second, state="running").status_code == 200
    assert done(store.get("/submissions"))["total"] == 1


def test_a_try_that_has_begun_is_not_begun_again(store: httpx.Client, identity: RoleIdentity) -> None:
    headers = identity.add_task("ti:secret", task())
    ticket = submit(store, headers)
    assert report(store, ticket, state="submitted", application_id="app-1").status_code == 200
    for _ in range(2):
        problem = problem_of(store.post("/submissions", json=REQUEST, headers=headers), 409, "WrongState")
        assert problem["detail"] == f"Submission {ticket['submission_id']} is submitted; it cannot become planned."
    assert report(store, ticket, state="ended", outcome="succeeded", exit_code=0).status_code == 200
    problem_of(store.post("/submissions", json=REQUEST, headers=headers), 409, "WrongState")
    assert done(store.get("/submissions"))["total"] == 1


def test_the_next_try_is_a_submission_of_its_own(store: httpx.Client, identity: RoleIdentity) -> None:
    first = submit(store, identity.add_task("ti-1:s", task()))
    second = submit(store, identity.add_task("ti-2:s", task(try_number=2)))
    assert second["submission_id"] != first["submission_id"]
    lost = done(store.get(f"/submissions/{first['submission_id']}"))
    assert (lost["state"], lost["outcome"]) == ("ended", "lost")
    problem_of(report(store, first, state="running"), 409, "WrongState")


@pytest.mark.parametrize("path", ["", "/{}", "/diff?from={}&to={}"], ids=["list", "read", "diff"])
def test_who_looks_finds_the_end_of_what_runs_no_more(store: httpx.Client, identity: RoleIdentity, path: str) -> None:
    ticket, alive = (
        submit(store, identity.add_task("ti-1", task())),
        submit(store, identity.add_task("ti-2", task("b"))),
    )
    assert report(store, ticket, state="running").status_code == 200
    identity.gone["ti-1"] = "Airflow has its task as failed"
    done(store.get(f"/submissions{path.format(*[ticket['submission_id']] * 2)}"))
    lost = done(store.get(f"/submissions/{ticket['submission_id']}"))
    assert (lost["state"], lost["outcome"], lost["message"]) == (
        "ended",
        "lost",
        "its worker went away without a word; Airflow has its task as failed",
    )
    assert done(store.get(f"/submissions/{alive['submission_id']}"))["state"] == "planned"


def test_the_token_of_a_task_that_runs_no_more_opens_nothing(store: httpx.Client, identity: RoleIdentity) -> None:
    ticket = submit(store, identity.add_task("ti-1", task()))
    path = f"/submissions/{ticket['submission_id']}/files/{ticket['plan']['application']['sha256']}"
    assert store.get(path, headers=token_of(ticket)).content == JOB
    identity.gone["ti-1"] = "Airflow has no such try any more"
    problem_of(store.get(path, headers=token_of(ticket)), 403, "NotProven")


def test_a_word_that_comes_after_all_counts_more_than_the_presumption(
    store: httpx.Client, identity: RoleIdentity
) -> None:
    ticket = submit(store, identity.add_task("ti-1", task()))
    identity.gone["ti-1"] = "Airflow has its task as failed"
    assert done(store.get(f"/submissions/{ticket['submission_id']}"))["outcome"] == "lost"
    assert report(store, ticket, state="ended", outcome="killed").status_code == 200
    receipt = done(store.get(f"/submissions/{ticket['submission_id']}"))
    assert (receipt["outcome"], receipt["message"]) == ("killed", None)
    assert [entry["state"] for entry in receipt["timeline"]] == ["planned", "ended"]


def test_the_equal_names_of_two_airflows_do_not_meet(store: httpx.Client) -> None:
    tries = [submit(store, WORKER, task=OUTSIDE, origin=f"https://{name}") for name in ("prod", "test", "test")]
    found = [done(store.get(f"/submissions/{one['submission_id']}"))["outcome"] for one in tries]
    assert found == [None, "lost", None]


# --- the token ---


def test_a_token_opens_its_own_submission_and_no_other(store: httpx.Client, identity: RoleIdentity) -> None:
    mine = submit(store, identity.add_task("ti-1:s", task("mine")))
    other = submit(store, identity.add_task("ti-2:s", task("other")))
    digest = mine["plan"]["application"]["sha256"]
    before = done(store.get(f"/submissions/{other['submission_id']}"))
    for submission_id in (other["submission_id"], "no-such-submission"):
        answer = store.post(f"/submissions/{submission_id}/reports", json={"state": "running"}, headers=token_of(mine))
        problem_of(answer, 403, "NotProven")
        problem_of(store.get(f"/submissions/{submission_id}/files/{digest}", headers=token_of(mine)), 403, "NotProven")
    assert done(store.get(f"/submissions/{other['submission_id']}")) == before


@pytest.mark.parametrize(
    "credential",
    ["Bearer {token}", "Couture-Submission", "Couture-Submission {token}x", "Couture-Submission x{token}", "{token}"],
)
def test_nearly_a_token_is_none(store: httpx.Client, identity: RoleIdentity, credential: str) -> None:
    ticket = submit(store, identity.add_task("ti:s", task()))
    headers = {"Authorization": credential.format(token=ticket["token"])}
    path = f"/submissions/{ticket['submission_id']}"
    problem_of(store.post(f"{path}/reports", json={"state": "running"}, headers=headers), 403, "NotProven")
    digest = ticket["plan"]["application"]["sha256"]
    problem_of(store.get(f"{path}/files/{digest}", headers=headers), 403, "NotProven")


def test_a_token_is_no_login(store: httpx.Client, identity: RoleIdentity) -> None:
    headers = identity.add_task("ti:s", task())
    ticket = submit(store, headers)
    for credential in (token_of(ticket), headers):
        for path in ("/version", "/groups", f"/submissions/{ticket['submission_id']}"):
            problem_of(store.get(path, headers=credential), 401, "Unauthenticated")


def test_the_token_dies_with_the_submission(store: httpx.Client, identity: RoleIdentity) -> None:
    ticket = submit(store, identity.add_task("ti:s", task()))
    digest = ticket["plan"]["application"]["sha256"]
    path = f"/submissions/{ticket['submission_id']}"
    assert store.get(f"{path}/files/{digest}", headers=token_of(ticket)).content == JOB
    end = {"state": "ended", "outcome": "succeeded", "exit_code": 0}
    assert report(store, ticket, **end).status_code == 200
    ended = done(store.get(path))
    problem_of(store.get(f"{path}/files/{digest}", headers=token_of(ticket)), 403, "NotProven")
    assert report(store, ticket, **end).status_code == 200  # again: the answer to the first was lost on the way
    for told in ({"state": "running"}, {"state": "ended", "outcome": "failed"}):
        problem_of(report(store, ticket, **told), 409, "WrongState")
    assert done(store.get(path)) == ended


def test_the_token_stands_nowhere_but_in_the_ticket(
    store: httpx.Client, identity: RoleIdentity, services: Services
) -> None:
    ticket = submit(store, identity.add_task("ti:s", task()))
    assert ticket["token"] not in str(rows_of(services.database))
    assert ticket["token"] not in store.get(f"/submissions/{ticket['submission_id']}").text


# --- files ---


def test_the_token_opens_the_files_of_its_plan_and_no_other(store: httpx.Client, identity: RoleIdentity) -> None:
    ticket = submit(store, identity.add_task("ti:s", task()))
    plan = ticket["plan"]
    path = f"/submissions/{ticket['submission_id']}/files"
    files = {
        plan["application"]["sha256"]: JOB,
        plan["resources"][0]["artifact"]["sha256"]: archived("lib.jar", b"library"),
        plan["hadoop_files"][0]["sha256"]: CORE_SITE,
    }
    for digest, content in files.items():
        answer = store.get(f"{path}/{digest}", headers=token_of(ticket))
        assert (answer.status_code, answer.content) == (200, content)
        part = store.get(f"{path}/{digest}", headers={**token_of(ticket), "Range": "bytes=2-"})
        assert (part.status_code, part.content) == (206, content[2:])
    other = done(store.get("/artifacts/code/other.py"))["sha256"]
    for digest in (other, "0" * 64, "x", other.upper()):
        problem_of(store.get(f"{path}/{digest}", headers=token_of(ticket)), 404, "NotFound")


def test_what_a_submission_uses_stays_readable_for_it(store: httpx.Client, identity: RoleIdentity) -> None:
    ticket = submit(store, identity.add_task("ti:s", task()))
    assert store.delete("/artifacts/code/job.py?force=true").status_code == 204
    done(store.delete("/groups/prod/hadoop/core-site.xml", headers=upon(2)))
    path = f"/submissions/{ticket['submission_id']}/files"
    for file, content in ((ticket["plan"]["application"], JOB), (ticket["plan"]["hadoop_files"][0], CORE_SITE)):
        assert store.get(f"{path}/{file['sha256']}", headers=token_of(ticket)).content == content


# --- reports ---


def test_reports_fill_the_receipt(store: httpx.Client, identity: RoleIdentity) -> None:
    ticket = submit(store, identity.add_task("ti:s", task()))
    reports: list[dict[str, Any]] = [
        {"state": "keyed", "key": "app-1", "host": "worker-3"},
        {"state": "submitted", "argv": ["spark-submit", "job.py"], "environment_names": ["TZ"], "pids": [4, 5]},
        {"state": "running", "application_id": "app-1", "tracking_url": "http://x"},
        {"state": "ended", "outcome": "failed", "exit_code": 137, "message": "killed", "last_lines": "  at x\n"},
    ]
    for told in reports:
        assert report(store, ticket, **told).status_code == 200
    receipt = done(store.get(f"/submissions/{ticket['submission_id']}"))
    assert [entry["state"] for entry in receipt["timeline"]] == ["planned", "keyed", "submitted", "running", "ended"]
    for told in reports:
        assert {name: receipt[name] for name in told if name != "state"} == {
            name: value for name, value in told.items() if name != "state"
        }


@pytest.mark.parametrize(
    ("told", "status", "name"),
    [
        ({}, 422, "InvalidInput"),
        ({"state": "finished"}, 422, "InvalidInput"),
        ({"state": "running", "pid": 5}, 422, "InvalidInput"),
        ({"state": "running", "exit_code": "none"}, 422, "InvalidInput"),
        ({"state": "ended"}, 422, "InvalidInput"),
        ({"state": "running", "outcome": "succeeded"}, 422, "InvalidInput"),
        ({"state": "planned"}, 409, "WrongState"),
        ({"state": "keyed", "key": "other"}, 409, "WrongState"),
    ],
    ids=str,
)
def test_reports_that_are_refused_change_nothing(
    store: httpx.Client, identity: RoleIdentity, told: Any, status: int, name: str
) -> None:
    ticket = submit(store, identity.add_task("ti:s", task()))
    assert report(store, ticket, state="running").status_code == 200
    before = done(store.get(f"/submissions/{ticket['submission_id']}"))
    problem_of(report(store, ticket, **told), status, name)
    assert done(store.get(f"/submissions/{ticket['submission_id']}")) == before


def test_a_report_may_come_twice(store: httpx.Client, identity: RoleIdentity) -> None:
    ticket = submit(store, identity.add_task("ti:s", task()))
    told = {"state": "running", "host": "worker-3"}
    assert report(store, ticket, **told).status_code == 200
    once = done(store.get(f"/submissions/{ticket['submission_id']}"))
    assert report(store, ticket, **told).status_code == 200
    assert done(store.get(f"/submissions/{ticket['submission_id']}")) == once


# --- receipts ---


@pytest.fixture
def receipts(store: httpx.Client, identity: RoleIdentity) -> list[str]:
    """The ids of three submissions, oldest first."""
    new_group(store, "other")
    requests = [
        (task("sales", run_id="1"), {}),
        (task("sales", "report", run_id="2"), {"code_artifact": "other.py"}),
        (task("hr", run_id="1"), {"config_group": "other"}),
    ]
    tickets = [
        submit(store, identity.add_task(f"ti-{number}:s", who), **request)
        for number, (who, request) in enumerate(requests)
    ]
    report(store, tickets[1], state="ended", outcome="failed", exit_code=1, message="it broke")
    return [ticket["submission_id"] for ticket in tickets]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [2, 1, 0]),
        ("dag_id=sales", [1, 0]),
        ("dag_id=sales&task_id=load", [0]),
        ("run_id=1", [2, 0]),
        ("group=other", [2]),
        ("artifact=other.py", [1]),
        ("artifact=lib.jar", [1, 0]),
        ("state=ended", [1]),
        ("state=planned&group=prod", [0]),
        ("outcome=failed", [1]),
        ("outcome=lost", []),
        ("submitted_by=nobody", []),
        ("since=2020-01-31", [2, 1, 0]),
        ("until=2020-01-31T18:00Z", []),
        ("dag_id=%25", []),
        ("dag_id=", []),
    ],
)
def test_receipts_are_filtered_newest_first(
    store: httpx.Client, receipts: list[str], query: str, found: list[int]
) -> None:
    page = done(store.get(f"/submissions?{query}"))
    assert [item["submission_id"] for item in page["items"]] == [receipts[number] for number in found]
    assert page["total"] == len(found)


def test_an_item_of_the_list(store: httpx.Client, receipts: list[str]) -> None:
    item = done(store.get("/submissions?outcome=failed"))["items"][0]
    assert item.pop("created_at") < item.pop("updated_at")
    assert item == {
        "submission_id": receipts[1],
        "task": {"dag_id": "sales", "task_id": "report", "run_id": "2", "try_number": 1, "map_index": -1},
        "state": "ended",
        "outcome": "failed",
        "group": "prod",
        "revision": 2,
        "app_name": "sales.report",
        "exit_code": 1,
        "message": "it broke",
    }


@pytest.mark.parametrize("query", ["state=over", "outcome=none"])
def test_a_filter_that_is_none_is_refused(store: httpx.Client, query: str) -> None:
    assert places_of(store.get(f"/submissions?{query}")) == [query.partition("=")[0]]


def test_a_submission_that_does_not_exist(store: httpx.Client, receipts: list[str]) -> None:
    problem_of(store.get("/submissions/none"), 404, "NotFound")
    problem_of(store.get(f"/submissions/diff?from={receipts[0]}&to=none"), 404, "NotFound")
    assert places_of(store.get("/submissions/diff")) == ["to"]


def test_the_secrets_of_a_receipt_are_hidden(store: httpx.Client, identity: RoleIdentity) -> None:
    overrides = {"spark_configurations": {"spark.my.password": "mine"}, "env_vars": {"API_KEY": "k3y", "TZ": "UTC"}}
    ticket = submit(store, identity.add_task("ti:s", task()), **overrides)
    assert settings_of(ticket)["spark.my.password"] == "mine"
    receipt = done(store.get(f"/submissions/{ticket['submission_id']}"))
    shown = {setting["name"]: setting for setting in receipt["plan"]["settings"]}
    assert shown["spark.my.password"]["value"] == "••••••"
    assert shown["spark.my.password"]["beat"] == [{"layer": "group", "name": "spark.my.password", "value": "••••••"}]
    assert receipt["request"]["spark_configurations"] == {"spark.my.password": "••••••"}
    assert receipt["request"]["env_vars"] == {"API_KEY": "••••••", "TZ": "UTC"}


def test_a_secret_that_no_key_opens_is_told(store: httpx.Client, app: Any, services: Services) -> None:
    from dataclasses import replace

    from cryptography.fernet import Fernet

    from config_store.secrets import FernetCipher

    app.state.services = replace(services, cipher=FernetCipher([Fernet.generate_key().decode()]))
    answer = store.post("/submissions", json={**REQUEST, "task": OUTSIDE}, headers=WORKER)
    problem = problem_of(answer, 500, "SecretUnreadable")
    assert problem["detail"] == (
        "The secret groups.prod.configurations.spark.my.password cannot be decrypted with the present Fernet keys; "
        "add the former key to [core] fernet_key (new,old) or set the secret again."
    )


# --- what changed, and again ---


def failed(api: httpx.Client, headers: dict[str, str], outcome: str = "failed", **request: Any) -> tuple[Any, Any]:
    """Run a task to its end; answers the ticket and what the worker was told."""
    ticket = submit(api, headers, **request)
    return ticket, done(report(api, ticket, state="ended", outcome=outcome))


def test_a_failure_is_answered_with_what_changed(store: httpx.Client, identity: RoleIdentity) -> None:
    first, told = failed(store, identity.add_task("ti-1", task(run_id="1")), "succeeded")
    assert told == {"changed": None}
    change(store, "prod", 2, arguments={"executor-memory": "8g"})
    second, told = failed(store, identity.add_task("ti-2", task(run_id="2")))
    (entry,) = told["changed"]["changes"]
    assert told["changed"]["since"] == first["submission_id"]
    assert {**entry, "saved": {**entry["saved"], "at": ""}} == {
        "where": "arguments.executor-memory",
        "old": None,
        "new": "8g",
        "saved": {"by": "ada", "at": "", "revision": 3},
    }
    assert done(store.get(f"/submissions/{second['submission_id']}"))["changed"] == told["changed"]
    difference = done(store.get("/submissions/diff", params={"to": second["submission_id"]}))
    assert difference["from"] == first["submission_id"]
    assert [c["where"] for c in difference["changes"]] == ["arguments.executor-memory", "revision"]


def test_a_task_that_never_succeeded_has_nothing_to_differ_from(store: httpx.Client, identity: RoleIdentity) -> None:
    ticket, told = failed(store, identity.add_task("ti-1", task()))
    assert told == {"changed": {"since": None, "succeeded_at": None, "changes": []}}
    answer = done(store.get("/submissions/diff", params={"to": ticket["submission_id"]}))
    assert answer == {"from": None, "to": ticket["submission_id"], "changes": []}


def rerun(api: httpx.Client, ticket: Any, mode: str, **more: Any) -> httpx.Response:
    """Ask for a task to run again."""
    return api.post(f"/submissions/{ticket['submission_id']}/rerun", json={"mode": mode}, **more)


def test_a_task_runs_again_as_then(store: httpx.Client, identity: RoleIdentity, services: Services) -> None:
    first, _ = failed(store, identity.add_task("ti-1", task()))
    change(store, "prod", 2, arguments={"executor-memory": "8g"})
    answer = rerun(store, first, "then")
    assert (answer.status_code, answer.json()["run_id"]) == (202, "manual__1")
    assert [(again.dag_id, again.task_id) for again in listed_again(services)] == [("sales", "load")]
    second = submit(store, identity.add_task("ti-2", task(try_number=2)))
    assert second["plan"]["revision"] == 2
    receipt = done(store.get(f"/submissions/{second['submission_id']}"))
    assert (receipt["rerun_of"]["submission_id"], receipt["rerun_of"]["mode"]) == (first["submission_id"], "then")


def test_a_wish_that_airflow_refuses_is_taken_back(
    store: httpx.Client, identity: RoleIdentity, services: Services, audit: ListedAudit
) -> None:
    first, _ = failed(store, identity.add_task("ti-1", task()))
    assert isinstance(services.task_runs, ListedTaskRuns)
    services.task_runs.running.add("load")
    problem_of(rerun(store, first, "then"), 422, "NotRerunnable")
    assert done(store.get(f"/submissions/{first['submission_id']}"))["rerun"] is None
    asked, withdrawn = (entry for _, entry in audit.entries[-2:])
    assert (asked.event, withdrawn.event) == ("submission.rerun", "submission.rerun_withdrawn")
    assert (withdrawn.subject, withdrawn.details) == (
        "task sales.load",
        {"mode": "then", "run_id": "manual__1", "submission_id": first["submission_id"]},
    )
    assert (withdrawn.subject, withdrawn.details) == (asked.subject, asked.details)


def test_who_may_not_clear_a_dag_runs_nothing_again(
    store: httpx.Client, identity: RoleIdentity, services: Services
) -> None:
    first, _ = failed(store, identity.add_task("ti-1", task("private")))
    problem = problem_of(rerun(store, first, "then"), 403, "ForbiddenDag")
    assert problem["detail"] == "This needs the permission to clear tasks of the DAG 'private'."
    assert listed_again(services) == []
    assert done(store.get(f"/submissions/{first['submission_id']}"))["rerun"] is None


def test_what_runs_still_is_not_run_again(store: httpx.Client, identity: RoleIdentity) -> None:
    problem_of(rerun(store, submit(store, identity.add_task("ti-1", task())), "now"), 409, "WrongState")
    problem_of(rerun(store, {"submission_id": "nope"}, "now"), 404, "NotFound")
    ticket, _ = failed(store, identity.add_task("ti-2", task("b")))
    problem_of(rerun(store, ticket, "sometimes"), 422, "InvalidInput")


def listed_again(services: Services) -> list[Any]:
    assert isinstance(services.task_runs, ListedTaskRuns)
    return services.task_runs.again
