"""What a version holds, and whom the next one reaches, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.admin_views.calls import bearer, done, new_group, places_of, problem_of, upload
from tests.config_store.archives import MAIN_TYPE, PUBLIC, STATIC, java_class, zipped
from tests.stand_ins import task

if TYPE_CHECKING:
    import httpx

    from tests.stand_ins import RoleIdentity

STARTS = java_class([(PUBLIC | STATIC, "main", MAIN_TYPE)], java=21)
JAR = zipped({"META-INF/MANIFEST.MF": b"Main-Class: a.Etl\n", "a/Etl.class": STARTS})


def inside(api: httpx.Client, name: str = "etl.jar", version: int = 1) -> Any:
    return done(api.get(f"/artifacts/code/{name}/versions/{version}/inside"))


def ran_on(api: httpx.Client, identity: RoleIdentity, java: str, code: str = "etl.jar", run_id: str = "1") -> None:
    """A task runs the artifact on a JVM."""
    headers = identity.add_task(f"ti-{run_id}:x", task("sales", f"load{run_id}", run_id=run_id))
    request = {"language": "java", "code_artifact": code, "class_path": "a.Etl"}
    ticket = done(api.post("/submissions", json=request, headers=headers))
    told = {"Authorization": f"Couture-Submission {ticket['token']}"}
    report = {"state": "submitted", "java_version": java}
    done(api.post(f"/submissions/{ticket['submission_id']}/reports", json=report, headers=told))


def test_the_inside_of_a_jar(api: httpx.Client) -> None:
    upload(api, "etl.jar", JAR)
    assert inside(api) == {
        "fault": None,
        "files": 2,
        "unpacked": 18 + len(STARTS),
        "members": [{"name": "META-INF/MANIFEST.MF", "size": 18}, {"name": "a/Etl.class", "size": len(STARTS)}],
        "attributes": {"Main-Class": "a.Etl"},
        "mains": ["a.Etl"],
        "java": 21,
        "classes": 1,
        "classes_read": 1,
        "cut": False,
        "jvm": None,
    }


def test_the_jvm_that_is_too_old_is_the_oldest_that_ran_it(api: httpx.Client, identity: RoleIdentity) -> None:
    new_group(api)
    upload(api, "etl.jar", JAR)
    upload(api, "other.jar", JAR)
    ran_on(api, identity, "11.0.2", "other.jar", "0")
    assert inside(api)["jvm"] == {
        "version": "11.0.2",
        "release": 11,
        "seen": "the newest submission",
        "too_old": True,
    }
    ran_on(api, identity, "21.0.1", run_id="1")
    assert inside(api)["jvm"] == {"version": "21.0.1", "release": 21, "seen": "sales.load1", "too_old": False}
    ran_on(api, identity, "17.0.15", run_id="2")
    assert inside(api)["jvm"] == {"version": "17.0.15", "release": 17, "seen": "sales.load2", "too_old": True}


def test_what_can_not_be_read_says_why(api: httpx.Client) -> None:
    upload(api, "job.py")
    upload(api, "etl.jar", b"no archive behind the mark")
    assert inside(api, "job.py")["fault"] == "it is a single file, no archive"
    assert inside(api)["fault"] == "it has no end of a zip archive; was it cut off?"


@pytest.mark.parametrize("version", [0, 2, -1, 10**12])
def test_a_version_that_is_not_there_is_told(api: httpx.Client, version: int) -> None:
    upload(api, "etl.jar", JAR)
    problem_of(api.get(f"/artifacts/code/etl.jar/versions/{version}/inside"), 404, "NotFound")


def test_a_viewer_sees_names_and_no_content(api: httpx.Client) -> None:
    upload(api, "etl.jar", JAR)
    viewer = bearer("Viewer")
    assert api.get("/artifacts/code/etl.jar/versions/1/inside", headers=viewer).status_code == 200
    problem_of(api.get("/artifacts/code/etl.jar/versions/1/content", headers=viewer), 403, "Forbidden")


def test_whom_a_new_version_reaches(api: httpx.Client, identity: RoleIdentity) -> None:
    upload(api, "lib.jar", JAR, "dependencies")
    new_group(api, "prod", jars=[{"name": "lib.jar"}])
    new_group(api, "dev", jars=[{"name": "lib.jar", "version": 1}])
    upload(api, "etl.jar", JAR)
    ran_on(api, identity, "17.0.15")
    found = done(api.get("/artifacts/dependencies/lib.jar/reach"))
    used = found["tasks"][0].pop("last_used")
    assert used
    assert found == {
        "newest": 1,
        "following": ["prod"],
        "pinned": [{"group": "dev", "versions": [1]}],
        "tasks": [
            {
                "dag_id": "sales",
                "task_id": "load1",
                "group": "prod",
                "version": 1,
                "pinned": None,
                "follows": True,
                "java": "17.0.15",
            }
        ],
    }


def test_a_name_that_is_new_or_none(api: httpx.Client) -> None:
    assert done(api.get("/artifacts/code/new.py/reach")) == {
        "newest": None,
        "following": [],
        "pinned": [],
        "tasks": [],
    }
    assert places_of(api.get("/artifacts/code/new.txt/reach")) == ["code_artifact"]


def test_one_version_comes_back_alone(api: httpx.Client) -> None:
    for data in (b"1", b"2", b"3"):
        upload(api, "job.py", data)
    for version in (1, 2):
        assert api.delete(f"/artifacts/code/job.py/versions/{version}").status_code == 204
    done(api.post("/artifacts/code/job.py/restore", params={"version": 1}))
    history = done(api.get("/artifacts/code/job.py"))["history"]
    assert [(one["version"], one["hidden"]) for one in history] == [(3, False), (2, True), (1, False)]
    problem_of(api.post("/artifacts/code/job.py/restore", params={"version": 9}), 404, "NotFound")
