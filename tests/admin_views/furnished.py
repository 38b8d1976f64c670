"""A store with one of everything, built once through the API and copied for each test that needs it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event

from admin_views.services import Services
from config_store.blobs.file_system import FileSystemBlobs
from config_store.database import Database, open_engine
from config_store.master_dags import DagHead
from config_store.secrets import FernetCipher
from config_store.wire import ChildState, JobRequest
from tests.admin_views.calls import (
    CORE_SITE,
    IN_PARTS,
    JOB,
    KEYTAB,
    KRB5_CONF,
    begin_upload,
    change,
    done,
    new_group,
    save_file,
    upload,
)
from tests.stand_ins import (
    ListedAudit,
    ListedCatalogues,
    ListedChildRuns,
    ListedDags,
    ListedTaskRuns,
    ListedTasks,
    RoleIdentity,
    archived,
    task,
)

PROOF = "ti-1:secret"
#: The token of the one child run that there is.
CHILD_TOKEN = "1:child"
#: The revision at which the group ``prod`` of the furnished store stands.
REVISION = 4


def open_store(file: Path) -> Database:
    """The store in a file, without waiting for the disk at each commit: no test here is about power cuts."""
    engine = open_engine(f"sqlite:///{file}")
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))
    return Database(engine)


def services_in(directory: Path, key: str, **more: Any) -> Services:
    """The services of an API server whose store lies in the directory; nothing is opened or made."""
    parts: dict[str, Any] = {
        "database": open_store(directory / "store.db"),
        "blobs": FileSystemBlobs(directory / "blobs"),
        "cipher": FernetCipher([key]),
        "identity": RoleIdentity(),
        "audit": ListedAudit(),
        "tasks": ListedTasks(),
        "task_runs": ListedTaskRuns(),
        "dags": ListedDags(),
        "key_catalogues": ListedCatalogues(),
        "child_runs": ListedChildRuns(runs={CHILD_TOKEN: ChildState(state="running")}),
        "max_upload_bytes": 100_000_000,
        "airflow_version": "3.3.2",
    }
    return Services(**{**parts, **more})


@dataclass(frozen=True)
class Furnished:
    """Where the furnished store lies, the key of its secrets, and what in it has no name of its own."""

    directory: Path
    key: str
    names: dict[str, str]

    def copy_to(self, directory: Path, **more: Any) -> Services:
        """The services of a copy; in its Airflow the task of PROOF runs, and the DAG ``sales`` has a Spark task."""
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(self.directory, directory)
        services = services_in(directory, self.key, **more)
        assert isinstance(services.identity, RoleIdentity)
        assert isinstance(services.tasks, ListedTasks)
        services.identity.add_task(PROOF, task())
        assert isinstance(services.dags, ListedDags)
        services.dags.known["sales"] = DagHead()
        services.tasks.requests["sales", "load"] = JobRequest.model_validate(
            {"language": "python", "code_artifact": "job.py"}
        )
        return services


def furnish(api: httpx.Client, identity: RoleIdentity) -> dict[str, str]:
    """Put one of everything into an empty store; answers what a test can't know: ids, digests, tokens."""
    upload(api, "lib.jar", b"classes", "dependencies")
    upload(api, "unused.jar", b"more classes", "dependencies")
    job = upload(api, "job.py", JOB)
    upload(api, "job.py", JOB + b"print('again')\n")
    upload(api, "unused.py", b"pass\n")
    new_group(
        api,
        "prod",
        arguments={"driver-memory": "7g"},
        configurations={"spark.my.password": "prod's password"},
        jars=[{"name": "lib.jar"}],
        principal="etl@EXAMPLE.COM",
    )
    save_file(api, "prod", 1, CORE_SITE)
    save_file(api, "prod", 2, KRB5_CONF, "kerberos/krb5.conf")
    save_file(api, "prod", 3, KEYTAB, "kerberos/keytab")
    new_group(api, "spare")
    new_group(api, "twice")
    done(change(api, "twice", 1, arguments={"queue": "etl"}))
    new_group(api, "gone")
    done(api.delete("/groups/gone"))
    begun = {
        f"upload_{kind}": begin_upload(api, name, archived(name, IN_PARTS), kind)["id"]
        for kind, name in (("code", "job.py"), ("dependencies", "lib.jar"))
    }
    request = {"language": "python", "code_artifact": "job.py", "code_artifact_version": 1}
    ticket = done(
        api.post("/submissions", json=request, headers=identity.add_task("ti-0:secret", task(run_id="manual__0")))
    )
    assert ticket["plan"]["revision"] == REVISION
    ended = done(api.post("/submissions", json=request, headers=identity.add_task("ti-1:secret", task())))
    told = {"Authorization": f"Couture-Submission {ended['token']}"}
    path = f"/submissions/{ended['submission_id']}/reports"
    done(api.post(path, json={"state": "ended", "outcome": "failed"}, headers=told))
    return {
        **begun,
        "submission": ticket["submission_id"],
        "ended": ended["submission_id"],
        "token": ticket["token"],
        "sha256": job["sha256"],
    }
