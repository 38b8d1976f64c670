"""A group as a whole: its description, the default, its deletion and the way back, its rows in the audit log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.admin_views.calls import change
from tests.admin_views.pages.conftest import PART

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages


def test_a_group_is_described(pages: Pages, admin: httpx.Client) -> None:
    answer = admin.post("/groups/prod/describe", data={"description": "The <b>lake</b>"}, headers=PART)
    assert answer.headers["HX-Redirect"] == "/pages/groups/prod?told=described"
    text = admin.get("/groups/prod?told=described").text
    assert "The description is saved." in text
    assert "The &lt;b&gt;lake&lt;/b&gt;" in text
    assert pages.api.get("/groups/prod").json()["revision"] == 4
    assert [entry.event for _, entry in pages.audit.entries] == ["group.describe"]


def test_another_group_becomes_the_default(pages: Pages, admin: httpx.Client) -> None:
    assert "Make it the default" not in admin.get("/groups/prod").text
    text = admin.get("/groups/spare").text
    assert "Every job that names no group runs with spare from its next start, no longer with prod." in text
    answer = admin.post("/groups/spare/default", headers=PART)
    assert answer.headers["HX-Redirect"] == "/pages/groups/spare?told=default"
    text = admin.get("/groups/spare?told=default").text
    assert "Jobs that name no group run with spare from now on." in text
    assert '<span class="mark">default</span>' in text


def test_who_uses_a_group_is_told_before_it_is_deleted(pages: Pages, admin: httpx.Client) -> None:
    text = admin.get("/groups/prod/delete").text
    assert "prod is the default group" in text
    assert "<button" not in text
    pages.api.post("/groups/spare/default")
    text = admin.get("/groups/prod/delete").text
    assert "In the last 30 days this task of 1 DAG ran with prod." in text
    assert ">sales</a>.<a " in text
    assert '<span class="status status-failed">failed</span>' in text
    assert "Delete it all the same" in text
    pages.api.post("/groups/prod/default")
    assert "No task ran with spare in the last 30 days." in admin.get("/groups/spare/delete").text


def test_a_deletion_is_done_and_taken_back(pages: Pages, admin: httpx.Client) -> None:
    answer = admin.post("/groups/spare/delete", data={"force": ""}, headers=PART)
    assert answer.headers["HX-Redirect"] == "/pages/groups?deleted=spare"
    assert admin.get("/groups?deleted=spare").headers["Location"] == "/pages/groups/prod?deleted=spare"
    text = admin.get("/groups/prod?deleted=spare").text
    assert "spare is deleted; this is prod." in text
    assert '<form hx-post="/pages/groups/spare/restore" data-leaves>' in text
    assert "/restore" not in pages.of("Viewer").get("/groups/prod?deleted=spare").text
    answer = admin.post("/groups/spare/restore", headers=PART)
    assert answer.headers["HX-Redirect"] == "/pages/groups/spare?told=restored"
    assert "The deletion was taken back." in admin.get("/groups/spare?told=restored").text
    assert [entry.event for _, entry in pages.audit.entries] == ["group.delete", "group.restore"]
    assert admin.post("/groups/spare/restore", headers=PART).status_code == 409
    assert "spare is deleted" not in admin.get("/groups/prod?deleted=spare").text


def test_a_deleted_group_is_found_again(pages: Pages, admin: httpx.Client) -> None:
    option = '<option value="/pages/groups/spare">spare</option>'
    assert "Deleted</h1>" not in admin.get("/groups/spare").text
    admin.post("/groups/spare/delete", data={"force": ""}, headers=PART)
    listed = admin.get("/groups/prod").text.partition('<optgroup label="Deleted">')[2]
    assert listed.count(option) == 1
    assert option not in pages.of("Viewer").get("/groups/prod").text
    answer = admin.get("/groups/spare")
    assert answer.status_code == 404
    assert "ada deleted it, " in answer.text
    assert '<form hx-post="/pages/groups/spare/restore"><button type="submit">Bring it back</button>' in answer.text
    text = pages.of("Viewer").get("/groups/spare").text
    assert "/restore" not in text
    assert "<strong>can_delete</strong> on <strong>Couture Config Groups</strong>" in text
    refused = pages.api.get("/groups/spare")
    assert "It was deleted; `couture groups restore spare` takes that back." in refused.json()["detail"]


def test_the_default_group_and_one_in_use_are_not_deleted(pages: Pages, admin: httpx.Client) -> None:
    refused = admin.post("/groups/prod/delete", data={"force": "1"}, headers=PART)
    assert refused.status_code == 409
    assert "make another one the default before deleting it" in refused.text
    pages.api.post("/groups/spare/default")
    refused = admin.post("/groups/prod/delete", data={"force": ""}, headers=PART)
    assert refused.status_code == 409
    assert "<li>DAG sales</li>" in refused.text
    assert admin.post("/groups/prod/delete", data={"force": "1"}, headers=PART).is_success


def test_a_viewer_has_none_of_these_controls(pages: Pages) -> None:
    text = pages.of("Viewer").get("/groups/spare").text
    assert [word for word in ("Describe", "Make it the default", "Delete", "Audit log") if word in text] == []


def test_a_page_leads_to_its_rows_in_airflows_audit_log(pages: Pages, admin: httpx.Client) -> None:
    change(pages.api, "prod", 4, arguments={"driver-memory": "6g"})
    assert 'href="/events?event_type=couture.group." data-leave>Audit log</a>' in admin.get("/groups/prod").text
    (link,) = re.findall(r'href="([^"]+)" data-leave aria-label="Revision 5 in', admin.get("/groups/prod/history").text)
    assert re.fullmatch(
        r"/events\?event_type=couture\.group\.&amp;user=ada&amp;after=20\S+%2B00%3A00&amp;before=20\S+%2B00%3A00", link
    )
    assert "event_type" not in pages.of("Op").get("/groups/prod/history").text  # Airflow shows it to admins
    assert "/events?event_type=couture.artifact." in admin.get("/artifacts/code").text
    assert "/events?event_type=couture.group." in admin.get("/hadoop/prod").text
    assert "/events?event_type=couture.submission." in admin.get("/submissions").text


def test_a_revision_is_downloaded_as_json_without_secrets(pages: Pages, admin: httpx.Client) -> None:
    text = pages.of("Viewer").get("/groups/prod/history").text
    assert 'download="prod-4.json" href="/api/v1/groups/prod/revisions/4"' in text
    revision = pages.of("Viewer", "/api/v1").get("/groups/prod/revisions/4")
    assert revision.json()["content"]["configurations"]["spark.my.password"]["value"] is None
    assert "token" not in revision.text
