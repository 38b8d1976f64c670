"""The pages of artifacts: the list, one artifact, what it holds, whom a new version reaches, deletions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.admin_views.calls import upload
from tests.admin_views.pages.conftest import PART
from tests.config_store.archives import MAIN_TYPE, PUBLIC, STATIC, java_class, zipped

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

EVIL = "<script>alert(1)</script>"
STARTS = java_class([(PUBLIC | STATIC, "main", MAIN_TYPE)], java=21)


def test_the_list_searches_and_pages(pages: Pages, admin: httpx.Client) -> None:
    for number in range(50):
        upload(pages.api, f"many{number:02}.py", f"print({number})".encode())
    text = admin.get("/artifacts/code").text
    assert "1 to 50 of 52" in text
    assert '<a rel="next" href="/pages/artifacts/code?page=2">Next</a>' in text
    second = admin.get("/artifacts/code?page=2").text
    assert ("51 to 52 of 52" in second, "unused.py" in second) == (True, True)
    found = admin.get("/artifacts/code?search=MANY4").text
    assert "1 to 10 of 10" in found
    assert "many39.py" not in found
    assert (
        'No name holds “xyz”; <a href="/pages/artifacts/code?hidden=true">'
        in admin.get("/artifacts/code?search=xyz").text
    )
    assert "There is no page 9;" in admin.get("/artifacts/code?page=9").text


def test_deleted_artifacts_are_listed_on_demand(pages: Pages, admin: httpx.Client) -> None:
    pages.api.delete("/artifacts/code/unused.py").raise_for_status()
    assert "unused.py" not in admin.get("/artifacts/code").text
    text = admin.get("/artifacts/code?hidden=true").text
    assert 'unused.py</a> <span class="mark">deleted</span>' in text


@pytest.mark.parametrize(
    ("kind", "told"), [("code", "There is no code artifact yet."), ("dependencies", "There is no dependency yet.")]
)
def test_an_empty_list_says_what_to_do(pages: Pages, api_url: str, kind: str, told: str) -> None:
    assert told in (first := pages.of("Admin").get(f"/artifacts/{kind}").text)
    assert "Upload the first one above." in first
    assert "Upload" not in pages.of("Viewer").get(f"/artifacts/{kind}").text


def test_one_artifact_with_its_versions_and_users(pages: Pages, admin: httpx.Client) -> None:
    text = admin.get("/artifacts/dependencies/lib.jar").text
    assert '<th scope="row">1 <span class="mark">newest</span></th>' in text
    assert "<div>group prod</div>" in text
    assert 'href="/pages/submissions?dag=sales&amp;artifact=lib.jar"' in text
    assert 'href="/pages/groups/prod">prod</a>' in text
    assert "In the last 30 days these ran with it and take the newest:" in text
    assert "sales.load</a> (group prod, version 1, last <time" in text
    code = admin.get("/artifacts/code/job.py").text
    assert '<th scope="row">2 <span class="mark">newest</span></th>' in code
    assert "sales.load stays at version 1." in code
    assert "Look inside" not in code


@pytest.mark.parametrize(
    ("role", "controls"),
    [
        ("Viewer", set()),
        ("User", set()),
        ("Couture Developer", {"Upload"}),
        ("Op", {"Upload", "Download", "Delete", "Show again"}),
        ("Admin", {"Upload", "Download", "Delete", "Show again"}),
    ],
)
def test_controls_that_a_role_may_not_use_are_not_there(pages: Pages, role: str, controls: set[str]) -> None:
    upload(pages.api, "unused.py", b"second")
    pages.api.delete("/artifacts/code/unused.py/versions/1").raise_for_status()
    text = pages.of(role).get("/artifacts/code/unused.py").text
    shown = {"Upload": ">Upload</button>", "Download": ">Download</a>", "Delete": ">Delete…</button>"}
    shown["Show again"] = ">Show again</button>"
    assert {one for one, control in shown.items() if control in text} == controls
    assert ("data-uploads" in text) == ("Upload" in controls)


def test_a_developer_uploads_code_and_no_dependencies(pages: Pages) -> None:
    developer = pages.of("Couture Developer")
    assert "data-uploads" in developer.get("/artifacts/code").text
    assert "data-uploads" not in developer.get("/artifacts/dependencies").text


def test_the_form_for_uploads_knows_where_to_send_them(admin: httpx.Client) -> None:
    text = admin.get("/artifacts/dependencies/lib.jar").text
    assert 'data-api="/api/v1/artifacts/dependencies" data-reach="/pages/artifacts/dependencies/reach"' in text
    assert 'data-name="lib.jar"' in text
    assert 'accept=".jar,.py,.zip,.egg,.whl"' in text
    assert "at most 100.0 MB each" in text


def test_what_an_upload_would_change_is_told_before(admin: httpx.Client) -> None:
    assert (
        "Replaces version 1 from the next start of a task"
        in admin.get("/artifacts/dependencies/reach?name=lib.jar").text
    )
    assert "A new code artifact: nothing is replaced." in admin.get("/artifacts/code/reach?name=new.py").text
    assert "Nobody takes the newest version now." in admin.get("/artifacts/code/reach?name=unused.py").text
    refused = admin.get(f"/artifacts/code/reach?name={EVIL}.py", headers=PART)
    assert refused.status_code == 422
    assert EVIL not in refused.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.py&#39; is refused: a name consists of letters" in refused.text


def test_the_inside_of_a_jar(pages: Pages, admin: httpx.Client) -> None:
    manifest = f"Main-Class: a.Etl\nBuilt-By: {EVIL}\n".encode()
    upload(pages.api, "etl.jar", zipped({"META-INF/MANIFEST.MF": manifest, "a/Etl.class": STARTS, EVIL: b"x"}))
    page = admin.get("/artifacts/code/etl.jar?inside=1").text
    assert 'hx-get="/pages/artifacts/code/etl.jar/versions/1/inside" hx-trigger="load"' in page
    text = admin.get("/artifacts/code/etl.jar/versions/1/inside").text
    assert "<li><code>a.Etl</code></li>" in text
    assert "<dt>Main-Class</dt><dd>a.Etl</dd>" in text
    assert "<dt>Java</dt><dd>21 or newer</dd>" in text
    assert EVIL not in text
    assert text.count("&lt;script&gt;") == 2


def test_what_can_not_be_read_says_why(admin: httpx.Client) -> None:
    text = admin.get("/artifacts/dependencies/lib.jar/versions/1/inside").text
    assert "It can't be read: it has no end of a zip archive; was it cut off?" in text


def test_a_deletion_is_refused_with_its_users_then_forced_then_undone(pages: Pages, admin: httpx.Client) -> None:
    path = "/artifacts/dependencies/lib.jar"
    refused = admin.post(f"{path}/delete", data={"version": "1", "force": ""}, headers=PART)
    assert refused.status_code == 409
    assert "<li>group prod</li>" in refused.text
    assert "<li>DAG sales</li>" in refused.text
    assert "data-forces" in refused.text
    forced = admin.post(f"{path}/delete", data={"version": "1", "force": "1"}, headers=PART)
    assert forced.headers["HX-Redirect"] == "/pages/artifacts/dependencies/lib.jar?deleted=1"
    after = admin.get(f"{path}?deleted=1").text
    assert "Version 1 is deleted; what used it still can." in after
    assert '<input type="hidden" name="version" value="1"><button type="submit" class="quiet">Undo</button>' in after
    undone = admin.post(f"{path}/restore", data={"version": "1"}, headers=PART)
    assert undone.headers["HX-Redirect"] == "/pages/artifacts/dependencies/lib.jar?restored=1"
    assert "The deletion of version 1 was taken back." in admin.get(f"{path}?restored=1").text
    assert [entry.event for _, entry in pages.audit.entries] == ["artifact.delete", "artifact.restore"]


def test_all_versions_go_and_come_back(admin: httpx.Client) -> None:
    path = "/artifacts/code/unused.py"
    deleted = admin.post(f"{path}/delete", data={"version": ""}, headers=PART)
    assert deleted.headers["HX-Redirect"].endswith("?deleted=all")
    text = admin.get(f"{path}?deleted=all").text
    assert "All versions are deleted;" in text
    assert "Delete all versions" not in text
    admin.post(f"{path}/restore", data={}, headers=PART).raise_for_status()
    assert "Delete all versions" in admin.get(path).text


def test_a_kind_or_a_name_that_is_none_is_told(admin: httpx.Client) -> None:
    assert admin.get("/artifacts/jars").status_code == 422
    missing = admin.get("/artifacts/code/jbo.py")
    assert (missing.status_code, "Did you mean: job.py" in missing.text) == (404, True)
    answer = admin.post("/artifacts/code/job.py/delete", data={"version": "two"}, headers=PART)
    assert (answer.status_code, "&#39;two&#39; is no whole number" in answer.text) == (422, True)
    assert EVIL not in admin.get(f"/artifacts/code?search={EVIL}").text
