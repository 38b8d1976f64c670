"""The check of a group through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.admin_views.calls import CORE_SITE, bearer, done, new_group, problem_of, save_file, upload

if TYPE_CHECKING:
    import httpx

    from config_store.blobs.file_system import FileSystemBlobs


def test_a_group_that_is_well(api: httpx.Client) -> None:
    new_group(api, arguments={"master": "local[2]"})
    answer = done(api.get("/groups/prod/check", headers=bearer("Viewer")))
    assert (answer["group"], answer["revision"]) == ("prod", 1)
    assert [(finding["check"], finding["verdict"]) for finding in answer["findings"]] == [
        ("files", "ok"),
        ("hadoop", "ok"),
        ("target", "ok"),
        ("dependencies", "ok"),
        ("secrets", "ok"),
        ("keys", "skipped"),
    ]


def test_a_group_that_is_not(api: httpx.Client, blobs: FileSystemBlobs) -> None:
    version = upload(api, "lib.jar", b"classes", "dependencies")
    new_group(api, arguments={"master": "yarn"}, jars=[{"name": "lib.jar"}])
    save_file(api, "prod", 1, CORE_SITE)
    blobs.delete(version["sha256"])
    answer = done(api.get("/groups/prod/check"))
    assert answer["revision"] == 2
    assert answer["findings"][:2] == [
        {
            "check": "files",
            "subject": "config group prod",
            "verdict": "fault",
            "message": f"lib.jar@1 is missing in the blob storage (sha256 {version['sha256']}).",
            "advice": "Restore the blob storage from its backup, or put the file there again: "
            "couture artifacts upload dependencies lib.jar",
        },
        {
            "check": "hadoop",
            "subject": "config group prod",
            "verdict": "fault",
            "message": "master is yarn, and no Hadoop file names a resource manager (yarn.resourcemanager.hostname).",
            "advice": "Store the cluster's yarn-site.xml: couture hadoop put prod yarn-site.xml",
        },
    ]


def test_an_unknown_group(api: httpx.Client) -> None:
    problem_of(api.get("/groups/prod/check"), 404, "UnknownGroup")
