"""Every route of the API, the one permission that opens it, and a request that succeeds on the furnished store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from config_store.diff import Change
from config_store.transfer.plan import GroupDeed, GroupStep, Plan
from tests.admin_views.archives import packed
from tests.admin_views.calls import CORE_SITE, IN_PARTS, KEYTAB, KRB5_CONF, content_digest, upon
from tests.admin_views.furnished import REVISION
from tests.stand_ins import archived

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

READ, CREATE, EDIT, DELETE = "can_read", "can_create", "can_edit", "can_delete"

GROUPS = "Couture Config Groups"
HADOOP = "Couture Hadoop Configs"
DEPENDENCIES = "Couture Dependencies"
CODE = "Couture Code Artifacts"
SUBMISSIONS = "Couture Submissions"
#: Every permission there is, as ``can_read on Couture Config Groups``.
PERMISSIONS = [
    f"{action} on {resource}"
    for resource in (GROUPS, HADOOP, DEPENDENCIES, CODE, SUBMISSIONS)
    for action in (READ, CREATE, EDIT, DELETE)
]

#: What opens the routes that no permission opens.
ANYBODY = "anybody"
ANY_USER = "any user of Airflow"
SUBMISSION_TOKEN = "the token of the submission"
TASK_PROOF = "the proof of a running task"
CHILD_TOKEN = "the token of a child run"

JOB_REQUEST = {
    "language": "python",
    "code_artifact": "job.py",
    "task": {"dag_id": "outside", "task_id": "load", "run_id": "manual__1"},
}


#: An import that describes the group spare; it needs no more than the permission of its route.
_FILES: dict[str, bytes | str] = {"groups/spare.yaml": "description: new"}
_STEP = GroupStep("spare", GroupDeed.CHANGE, 1, (Change("description", None, "new"),))
_AGREED = {"plan": Plan((_STEP,), (), None, (), {}).digest(), "bases": {"spare": 1}}
_BLOB = "d8594fa1268ecabc62af7c9e2449b8c46db0f426cd9aad384c67efe59e582b3e"  # of _BYTES
_BYTES = b"print()\n"


@dataclass(frozen=True)
class Route:
    """A route, its permission (``resource`` is empty where none is needed), and a request that succeeds.

    ``audited`` is the event and the subject of the one audit entry that the request leaves.
    """

    method: str
    path: str
    action: str
    resource: str
    call: str
    status: int = 200
    json: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    audited: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.call}"

    @property
    def permission(self) -> str:
        """The permission that opens the route, or what else does."""
        return f"{self.action} on {self.resource}" if self.resource else self.action

    @property
    def changes(self) -> bool:
        """Whether the method is one that changes something."""
        return self.method not in ("GET", "HEAD") and self.path not in ("/transfer/plan", "/child-runs/states")

    @property
    def for_users(self) -> bool:
        """Whether users have to log in for it."""
        return self.action not in (ANYBODY, SUBMISSION_TOKEN, TASK_PROOF, CHILD_TOKEN)

    def send(self, api: httpx.Client, names: Mapping[str, str], headers: Mapping[str, str]) -> httpx.Response:
        """Send the request; ``names`` are those of the furnished store."""
        return api.request(
            self.method,
            self.call.format(**names),
            json=self.json,
            content=self.content,
            headers={**self.headers, **headers},
        )


def _save(
    method: str, path: str, action: str, resource: str, call: str, json: Any = None, content: bytes | None = None
) -> Route:
    """A route that saves the group prod."""
    audited = ("group.save", "group prod")
    return Route(method, path, action, resource, call, 200, json, content, upon(REVISION), audited)


def _artifact_routes(kind: str, noun: str, resource: str, used: str, unused: str) -> list[Route]:
    """The routes of one kind of artifact: ``used`` and ``unused`` are names of its artifacts."""
    base = f"/artifacts/{kind}"
    upload, delete = ("artifact.upload", f"{noun} {used}"), ("artifact.delete", f"{noun} {unused}")
    restore = ("artifact.restore", f"{noun} {unused}")
    versions, uploads = f"{base}/{{name}}/versions", f"{base}/{{name}}/uploads"
    begun = f"{base}/{used}/uploads/{{upload_{kind}}}"
    return [
        Route("GET", f"{versions}/{{version}}/inside", READ, resource, f"{base}/{used}/versions/1/inside"),
        Route("GET", f"{base}/{{name}}/reach", READ, resource, f"{base}/{used}/reach"),
        Route("POST", uploads, CREATE, resource, f"{base}/{used}/uploads", status=201, json={"size": 7}),
        Route("GET", f"{uploads}/{{upload}}", CREATE, resource, begun),
        Route(
            "PUT",
            f"{uploads}/{{upload}}/parts/{{number}}",
            CREATE,
            resource,
            f"{begun}/parts/1",
            status=204,
            content=archived(used, IN_PARTS),
            headers={"Content-Digest": content_digest(archived(used, IN_PARTS))},
        ),
        Route(
            "POST",
            f"{uploads}/{{upload}}/complete",
            CREATE,
            resource,
            f"{begun}/complete",
            status=201,
            audited=("artifact.upload", f"{noun} {used}"),
        ),
        Route("DELETE", f"{uploads}/{{upload}}", CREATE, resource, begun, status=204),
        Route("GET", base, READ, resource, base),
        Route("GET", f"{base}/{{name}}", READ, resource, f"{base}/{used}"),
        Route(
            "POST",
            versions,
            CREATE,
            resource,
            f"{base}/{used}/versions",
            status=201,
            content=archived(used, b"new content"),
            audited=upload,
        ),
        # who may see the code is who may change it: it may hold what readers are not meant to see
        Route("GET", f"{versions}/{{version}}/content", EDIT, resource, f"{base}/{used}/versions/1/content"),
        Route("DELETE", f"{base}/{{name}}", DELETE, resource, f"{base}/{unused}", status=204, audited=delete),
        Route(
            "DELETE",
            f"{versions}/{{version}}",
            DELETE,
            resource,
            f"{base}/{unused}/versions/1",
            status=204,
            audited=delete,
        ),
        Route("POST", f"{base}/{{name}}/restore", EDIT, resource, f"{base}/{unused}/restore", audited=restore),
    ]


ROUTES = [
    # Airflow's own description of its API is public too; ours says nothing that the documentation does not
    Route("GET", "/openapi.json", ANYBODY, "", "/openapi.json"),
    Route("GET", "/docs", ANYBODY, "", "/docs"),
    Route("GET", "/static/{name}", ANYBODY, "", "/../../static/pages.js"),
    Route("GET", "/version", ANY_USER, "", "/version"),
    Route("GET", "/groups", READ, GROUPS, "/groups"),
    Route(
        "POST",
        "/groups",
        CREATE,
        GROUPS,
        "/groups",
        status=201,
        json={"name": "new"},
        audited=("group.create", "group new"),
    ),
    Route("GET", "/groups/{name}", READ, GROUPS, "/groups/prod"),
    Route("GET", "/groups/{name}/check", READ, GROUPS, "/groups/prod/check"),
    Route(
        "PATCH",
        "/groups/{name}",
        EDIT,
        GROUPS,
        "/groups/prod",
        json={"description": "new"},
        audited=("group.describe", "group prod"),
    ),
    Route(
        "DELETE",
        "/groups/{name}",
        DELETE,
        GROUPS,
        "/groups/spare",
        status=204,
        audited=("group.delete", "group spare"),
    ),
    # who may delete a group may take that back
    Route(
        "POST",
        "/groups/{name}/restore",
        DELETE,
        GROUPS,
        "/groups/gone/restore",
        audited=("group.restore", "group gone"),
    ),
    Route(
        "POST",
        "/groups/{name}/default",
        EDIT,
        GROUPS,
        "/groups/spare/default",
        audited=("group.default", "group spare"),
    ),
    _save("PUT", "/groups/{name}/content", EDIT, GROUPS, "/groups/prod/content", json={"content": {}}),
    _save("PATCH", "/groups/{name}/content", EDIT, GROUPS, "/groups/prod/content", json={"jars": []}),
    Route("GET", "/groups/{name}/revisions", READ, GROUPS, "/groups/prod/revisions"),
    Route("GET", "/groups/{name}/revisions/{number}", READ, GROUPS, "/groups/prod/revisions/1"),
    # to other files it needs more (api/test_groups.py)
    Route(
        "POST",
        "/groups/{name}/rollback",
        EDIT,
        GROUPS,
        "/groups/twice/rollback",
        json={"revision": 1},
        headers=upon(2),
        audited=("group.save", "group twice"),
    ),
    Route("GET", "/groups/{name}/diff", READ, GROUPS, "/groups/prod/diff"),
    Route("GET", "/groups/{name}/hadoop", READ, HADOOP, "/groups/prod/hadoop"),
    # such files may hold passwords: who may see them is who may change them
    Route("GET", "/groups/{name}/hadoop/{file}", EDIT, HADOOP, "/groups/prod/hadoop/core-site.xml"),
    _save("PUT", "/groups/{name}/hadoop/{file}", EDIT, HADOOP, "/groups/prod/hadoop/yarn-site.xml", content=CORE_SITE),
    Route("GET", "/groups/{name}/hadoop-properties", EDIT, HADOOP, "/groups/prod/hadoop-properties"),
    _save(
        "PATCH",
        "/groups/{name}/hadoop/{file}/properties",
        EDIT,
        HADOOP,
        "/groups/prod/hadoop/core-site.xml/properties",
        json={"properties": {"a": {"value": "new"}}},
    ),
    _save("DELETE", "/groups/{name}/hadoop/{file}", DELETE, HADOOP, "/groups/prod/hadoop/core-site.xml"),
    _save("PUT", "/groups/{name}/kerberos/keytab", EDIT, HADOOP, "/groups/prod/kerberos/keytab", content=KEYTAB + b"!"),
    _save("DELETE", "/groups/{name}/kerberos/keytab", DELETE, HADOOP, "/groups/prod/kerberos/keytab"),
    _save(
        "PUT",
        "/groups/{name}/kerberos/krb5.conf",
        EDIT,
        HADOOP,
        "/groups/prod/kerberos/krb5.conf",
        content=KRB5_CONF + b"\n",
    ),
    _save("DELETE", "/groups/{name}/kerberos/krb5.conf", DELETE, HADOOP, "/groups/prod/kerberos/krb5.conf"),
    *_artifact_routes("code", "code artifact", CODE, "job.py", "unused.py"),
    *_artifact_routes("dependencies", "dependency", DEPENDENCIES, "lib.jar", "unused.jar"),
    # the permission is for callers outside this Airflow; a task proves itself (api/test_submissions.py)
    Route("POST", "/submissions", CREATE, SUBMISSIONS, "/submissions", status=201, json=JOB_REQUEST),
    Route("GET", "/submissions", READ, SUBMISSIONS, "/submissions"),
    Route("GET", "/submissions/diff", READ, SUBMISSIONS, "/submissions/diff?from={submission}&to={submission}"),
    Route("GET", "/submissions/{submission_id}", READ, SUBMISSIONS, "/submissions/{submission}"),
    Route(
        "POST",
        "/submissions/{submission_id}/reports",
        SUBMISSION_TOKEN,
        "",
        "/submissions/{submission}/reports",
        json={"state": "running"},
    ),
    Route(
        "POST",
        "/submissions/{submission_id}/rerun",
        EDIT,
        SUBMISSIONS,
        "/submissions/{ended}/rerun",
        status=202,
        json={"mode": "then"},
        audited=("submission.rerun", "task sales.load"),
    ),
    Route(
        "GET",
        "/submissions/{submission_id}/files/{sha256}",
        SUBMISSION_TOKEN,
        "",
        "/submissions/{submission}/files/{sha256}",
    ),
    Route("GET", "/catalogue", READ, GROUPS, "/catalogue?prefix=spark.ex"),
    # a preview shows how a job would be started, to those who may edit submissions; it changes nothing
    Route("POST", "/previews", EDIT, SUBMISSIONS, "/previews", json=JOB_REQUEST),
    Route("GET", "/previews/dags/{dag_id}/tasks/{task_id}", EDIT, SUBMISSIONS, "/previews/dags/sales/tasks/load"),
    # who may read which DAG is Airflow's to say (api/test_dags.py)
    Route("GET", "/dags/masters", ANY_USER, "", "/dags/masters"),
    Route("GET", "/dags/{dag_id}/tree", ANY_USER, "", "/dags/sales/tree"),
    # a master's task, its trigger: no user asks here
    Route("POST", "/child-runs", TASK_PROOF, "", "/child-runs", status=201, json={"dag_id": "sales"}),
    Route("POST", "/child-runs/states", CHILD_TOKEN, "", "/child-runs/states", json={"tokens": ["1:child", "2:x"]}),
    Route("POST", "/child-runs/stop", CHILD_TOKEN, "", "/child-runs/stop", status=204),
    # these need more where an export or an import holds more (api/test_transfer.py)
    Route("GET", "/transfer/export", READ, GROUPS, "/transfer/export?group=spare"),
    Route("POST", "/transfer/plan", READ, GROUPS, "/transfer/plan", content=packed(_FILES)),
    Route(
        "POST",
        "/transfer/apply",
        EDIT,
        GROUPS,
        "/transfer/apply",
        content=packed(_FILES, **_AGREED),
        audited=("group.save", "group spare"),
    ),
    *(
        Route(
            "PUT",
            f"/transfer/blobs/{kind}/{{sha256}}",
            CREATE,
            resource,
            f"/transfer/blobs/{kind}/{_BLOB}",
            content=_BYTES,
            audited=("transfer.upload", f"{noun} {_BLOB}"),
        )
        for kind, resource, noun in (
            ("code", CODE, "code artifact"),
            ("dependencies", DEPENDENCIES, "dependency"),
        )
    ),
]
