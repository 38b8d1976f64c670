"""Secrets are planted wherever one can stand; then every answer, row and log is searched for them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from config_store.master_dags import DagHead
from config_store.wire import JobRequest
from tests.admin_views.calls import (
    bearer,
    begin_upload,
    change,
    done,
    new_group,
    problem_of,
    rows_of,
    save_file,
    upload,
    upon,
)
from tests.admin_views.route_table import CHILD_TOKEN, ROUTES
from tests.stand_ins import task

if TYPE_CHECKING:
    import httpx

    from admin_views.services import Services
    from tests.stand_ins import ListedAudit, ListedDags, ListedTasks, RoleIdentity

#: Where a secret is planted -> the secret.
CANARIES = {
    place: f"canary-{number:02}-in-{place}"
    for number, place in enumerate(
        (
            "argument-marked",
            "argument-final",
            "configuration-named",
            "configuration-marked",
            "configuration-final",
            "environment-named",
            "environment-marked",
            "former-value",
            "value-of-a-copy",
            "override-of-an-argument",
            "override-of-a-configuration",
            "override-named",
            "override-of-a-variable",
            "variable-named",
            "python",
            "preview",
            "refused-override",
            "refused-setting",
            "stale-save",
            "keytab",
            "hadoop-file",
            "former-hadoop-file",
        )
    )
}


def _secret(place: str, **marks: Any) -> dict[str, Any]:
    return {"value": CANARIES[place], "secret": True, **marks}


def _site(place: str) -> bytes:
    """A Hadoop file with a secret under a name that sounds like one, and within values of other names."""
    secret = CANARIES[place]
    properties = {
        "fs.s3a.secret.key": secret,
        "javax.jdo.option.ConnectionURL": f"jdbc:mysql://hive:{secret}@db/hive?password={secret}",
        "mapreduce.map.java.opts": f"-Xmx1g -Djavax.net.ssl.trustStorePassword={secret}",
    }
    listed = "".join(f"<property><name>{k}</name><value>{v}</value></property>" for k, v in properties.items())
    return f"<configuration>{listed}</configuration>".encode()


class Overheard:
    """Everything that the API answered, and to which request."""

    def __init__(self, api: httpx.Client) -> None:
        self.answers: list[tuple[str, bytes]] = []
        api.event_hooks["response"] = [self._hear]

    def _hear(self, answer: httpx.Response) -> None:
        answer.read()
        head = repr(answer.headers.multi_items()).encode()
        self.answers.append((f"{answer.request.method} {answer.request.url.path}", head + answer.content))

    def told_by(self, secret: str) -> set[str]:
        """The requests whose answers hold the secret, plain, escaped or in base64."""
        forms = {secret.encode(), base64.b64encode(secret.encode()), base64.b64encode(b"\x05\x02" + secret.encode())}
        return {request for request, answer in self.answers if any(form in answer for form in forms)}


@pytest.fixture
def overheard(api: httpx.Client) -> Overheard:
    """What the API answers from now on."""
    return Overheard(api)


def _plant(api: httpx.Client) -> None:
    """Groups with secrets in every place that takes one, their former values, and a copy."""
    upload(api, "job.py")
    new_group(
        api,
        "prod",
        arguments={
            "archives": _secret("argument-marked"),
            "queue": _secret("argument-final", final=True),
        },
        configurations={
            "spark.my.password": CANARIES["former-value"],
            "spark.marked": _secret("configuration-marked"),
            "spark.final": _secret("configuration-final", final=True),
            "spark.yarn.appMasterEnv.PYSPARK_PYTHON": {"value": "python3", "secret": True},
        },
        environment={"DB_TOKEN": CANARIES["environment-named"], "DSN": _secret("environment-marked")},
        principal="etl@EXAMPLE.COM",
    )
    save_file(api, "prod", 1, _site("former-hadoop-file"))
    save_file(api, "prod", 2, _site("hadoop-file"))
    save_file(api, "prod", 3, b"\x05\x02" + CANARIES["keytab"].encode(), "kerberos/keytab")
    done(change(api, "prod", 4, configurations={"spark.my.password": CANARIES["configuration-named"]}))
    done(api.post("/groups", json={"name": "spare", "copy_of": "prod"}))
    done(change(api, "spare", 1, configurations={"spark.my.password": CANARIES["value-of-a-copy"]}))


#: What a task gives for itself, over the group's secrets and under names that sound like one.
OVERRIDES = {
    "language": "python",
    "code_artifact": "job.py",
    "python_conf": CANARIES["python"],
    "spark_arguments": {"archives": CANARIES["override-of-an-argument"]},
    "spark_configurations": {
        "spark.marked": CANARIES["override-of-a-configuration"],
        "spark.my.apikey": CANARIES["override-named"],
    },
    "env_vars": {"DSN": CANARIES["override-of-a-variable"], "MY_PASSWORD": CANARIES["variable-named"]},
}


def _provoke(api: httpx.Client, identity: RoleIdentity) -> None:
    """Errors about secrets, each of which could repeat one."""
    headers = identity.add_task("ti-9:s", task(run_id="refused"))
    for override in (
        {"spark_configurations": {"spark.final": CANARIES["refused-override"]}},
        {"spark_arguments": {"queue": CANARIES["refused-override"]}},
    ):
        answer = api.post("/submissions", json={**OVERRIDES, **override}, headers=headers)
        problem_of(answer, 422, "FinalOverridden")
        problem_of(api.post("/previews", json={**OVERRIDES, **override}), 422, "FinalOverridden")
    refused = {"spark.bad.password": f"{CANARIES['refused-setting']}\u0000", "spark.my.password": {"valeu": "x"}}
    for name, setting in refused.items():
        problem_of(change(api, "prod", 5, configurations={name: setting}), 422, "InvalidInput")
    stale = {"spark.my.password": CANARIES["stale-save"]}
    problem_of(change(api, "prod", 4, configurations=stale), 409, "StaleRevision")


def _walk(api: httpx.Client, names: dict[str, str]) -> None:
    """Every route that reads, and every revision and difference."""
    token = {"Authorization": f"Couture-Submission {names['token']}"}
    for route in ROUTES:
        if not route.changes and "/dependencies" not in route.path and route.action != CHILD_TOKEN:
            answer = route.send(api, names, token if not route.for_users and "submission" in route.path else {})
            assert answer.status_code == route.status, answer.text
    for group, newest in (("prod", 5), ("spare", 2)):
        for number in range(1, newest + 1):
            done(api.get(f"/groups/{group}/revisions/{number}"))
            done(api.get(f"/groups/{group}/diff?from={number}&to={newest}"))
    done(api.get("/groups/prod/diff?from=1&to=2&other=spare"))
    done(api.post("/previews", json={**OVERRIDES, "env_vars": {"MY_SECRET": CANARIES["preview"]}}))


@pytest.fixture
def names(
    api: httpx.Client, overheard: Overheard, identity: RoleIdentity, tasks: ListedTasks, dags: ListedDags
) -> dict[str, str]:
    """All secrets are planted, used, and asked for in every way; answers the names of what was made."""
    _plant(api)
    dags.known["sales"] = DagHead()
    tasks.requests["sales", "load"] = JobRequest.model_validate(OVERRIDES)
    headers = identity.add_task("ti-1:s", task(run_id="1"))
    ticket = done(api.post("/submissions", json=OVERRIDES, headers=headers))
    path = f"/submissions/{ticket['submission_id']}"
    token = {"Authorization": f"Couture-Submission {ticket['token']}"}
    assert api.post(f"{path}/reports", json={"state": "running"}, headers=token).status_code == 200
    _provoke(api, identity)
    names = {
        "submission": ticket["submission_id"],
        "token": ticket["token"],
        "sha256": ticket["plan"]["application"]["sha256"],
        "upload_code": begin_upload(api, "job.py", b"print()")["id"],
    }
    _walk(api, names)
    return names


USED = {
    "argument-marked",
    "argument-final",
    "configuration-named",
    "configuration-marked",
    "configuration-final",
    "environment-named",
    "environment-marked",
    "override-of-an-argument",
    "override-of-a-configuration",
    "override-named",
    "override-of-a-variable",
    "variable-named",
    "python",
    "keytab",
}


def test_no_answer_but_the_ticket_of_a_task_holds_a_secret(names: dict[str, str], overheard: Overheard) -> None:
    expected = {place: {"POST /api/v1/submissions"} if place in USED else set() for place in CANARIES}
    # a Hadoop file comes back as it was given, to those who may edit it
    expected["hadoop-file"] = {
        "GET /api/v1/groups/prod/hadoop/core-site.xml",
        "GET /api/v1/groups/prod/hadoop-properties",
    }
    assert {place: overheard.told_by(secret) for place, secret in CANARIES.items()} == expected


def test_no_answer_holds_a_token_of_the_cipher(names: dict[str, str], overheard: Overheard, services: Services) -> None:
    token = services.cipher.encrypt("x")[:5]
    assert token in str(rows_of(services.database))
    assert [request for request, answer in overheard.answers if token.encode() in answer] == []


def test_no_row_and_no_audit_entry_holds_a_secret(
    names: dict[str, str], services: Services, audit: ListedAudit
) -> None:
    rows, entries = str(rows_of(services.database)), str(audit.entries)
    assert len(audit.entries) == 8
    assert [place for place, secret in CANARIES.items() if secret in rows or secret in entries] == []
    assert base64.b64encode(b"\x05\x02" + CANARIES["keytab"].encode()).decode() not in rows + entries


def test_no_log_holds_a_secret(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> None:
    caplog.set_level("DEBUG")
    request.getfixturevalue("names")
    assert [place for place, secret in CANARIES.items() if secret in caplog.text] == []


@pytest.mark.parametrize("role", ["Viewer", "User", "Op"])
def test_values_in_hadoop_files_are_told_only_to_those_who_may_edit_them(api: httpx.Client, role: str) -> None:
    new_group(api)
    # a password, though its name does not sound like one
    site = b"<configuration><property><name>ha.zookeeper.auth</name><value>VALUE</value></property></configuration>"
    save_file(api, "prod", 1, site.replace(b"VALUE", b"digest:hdfs:f0rmer"))
    save_file(api, "prod", 2, site.replace(b"VALUE", b"digest:hdfs:pr3sent"))
    who = bearer(role)
    asked = [
        api.get(path, headers=who)
        for path in (
            "/groups/prod",
            "/groups/prod/diff",
            "/groups/prod/revisions/2",
            "/groups/prod/hadoop",
            "/groups/prod/hadoop/core-site.xml",
        )
    ]
    stale = api.put("/groups/prod/content", json={"content": {}}, headers={**upon(2), **bearer("Op")})
    problem_of(stale, 409, "StaleRevision")
    told = [answer.request.url.path for answer in asked if "f0rmer" in answer.text or "pr3sent" in answer.text]
    files = ["/api/v1/groups/prod/diff", "/api/v1/groups/prod/hadoop/core-site.xml"]
    assert told == (files if role == "Op" else [])
    assert "pr3sent" not in stale.text
    digests = done(asked[1])["changes"][0]
    assert digests["where"] == "hadoop_files.core-site.xml"  # that it changed is told to all
