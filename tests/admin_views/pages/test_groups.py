"""The pages of groups: tables, edits in place, the review, saving, conflicts, history."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from admin_views.permissions import ROLES, Resource
from config_store.groups import get_group
from tests.admin_views.calls import change, new_group
from tests.admin_views.pages.conftest import PART

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

EVIL = "<script>alert(1)</script>"


def row(token: str, section: str, name: str, **fields: str) -> dict[str, str]:
    """The fields of an edited row."""
    said = {"section": section, "name": name, **fields}
    return {f"{field}.{token}": value for field, value in said.items()}


def form(*rows: dict[str, str], parent: int = 4, **more: str) -> dict[str, Any]:
    """The fields of the form with those rows."""
    fields: dict[str, Any] = {"parent": str(parent), "row": [], **more}
    for fields_of_row in rows:
        fields["row"].append(next(iter(fields_of_row)).partition(".")[2])
        fields |= fields_of_row
    return fields


MEMORY = row("a", "arguments", "driver-memory", value="8g", note="OOM")


def content(pages: Pages) -> Any:
    """The group's content as the API tells it."""
    return pages.api.get("/groups/prod").json()["content"]


def test_the_menu_leads_to_the_default_group(admin: httpx.Client) -> None:
    assert admin.get("/groups").headers["Location"] == "/pages/groups/prod"


def test_a_store_without_groups_says_what_one_is_and_makes_it(pages: Pages, api_url: str) -> None:
    assert "<form" not in pages.of("Viewer").get("/groups").text
    admin = pages.of("Admin")
    assert "There is no config group yet." in admin.get("/groups").text
    assert (
        admin.post("/groups", data={"name": "first"}, headers=PART).headers["HX-Redirect"]
        == "/pages/groups/first/start"
    )
    assert admin.get("/groups").headers["Location"] == "/pages/groups/first"


def test_the_tables_show_values_and_hide_secrets(admin: httpx.Client) -> None:
    text = admin.get("/groups/prod").text
    assert '<th scope="row"><code>driver-memory</code></th>\n  <td><code>7g</code></td>' in text
    assert '<code>spark.my.password</code></th>\n  <td><span aria-label="hidden">••••••</span></td>' in text
    assert "password</td>" not in text
    assert '<option value="/pages/groups/spare">spare</option>' in text


def test_a_secret_is_not_lost_with_its_mark(pages: Pages, admin: httpx.Client) -> None:
    """Its field is empty because nobody may see the value, not because it is to be empty."""
    answer = pages.api.patch(
        "/groups/prod/content",
        json={"configurations": {"spark.my.label": {"value": "hush", "secret": True}}},
        headers={"If-Match": '"4"'},
    )
    assert answer.is_success
    fields = {"parent": "5", "row": "r", "section.r": "configurations", "value.r": "", "kept.r": "1"}
    refused = admin.post("/groups/prod/save", data={**fields, "name.r": "spark.my.label"}, headers=PART)
    assert refused.status_code == 422
    assert (
        "has no value: a secret keeps its stored one only while it stays a secret; give the value anew" in refused.text
    )
    assert admin.post("/groups/prod/save", data={**fields, "name.r": "spark.my.password"}, headers=PART).is_success
    assert pages.api.get("/groups/prod").json()["revision"] == 5


def test_what_is_typed_loses_blanks_and_line_ends_around_it(pages: Pages, admin: httpx.Client) -> None:
    rows = (
        row("a", "arguments", "driver-memory", value=" 1g\r\n"),
        row("b", "configurations", "spark.my.list", value="\r\na\r\nb \r\n"),
        row("c", "configurations", "spark.my.password", value=" hush \r\n"),
    )
    assert admin.post("/groups/prod/save", data=form(*rows), headers=PART).is_success
    saved = content(pages)
    assert saved["arguments"]["driver-memory"]["value"] == "1g"
    assert saved["configurations"]["spark.my.list"]["value"] == "a\nb"
    with pages.services.database.reading() as session:
        stored = get_group(session, "prod").content.configurations["spark.my.password"]
    assert pages.services.cipher.decrypt(stored.value, "") == " hush "


def test_a_line_break_that_is_typed_changes_nothing(admin: httpx.Client) -> None:
    typed = row("a", "arguments", "driver-memory", value="7g\r\n")
    assert "Nothing would change." in admin.post("/groups/prod/review", data=form(typed), headers=PART).text


def test_a_viewer_has_no_controls(pages: Pages) -> None:
    text = pages.of("Viewer").get("/groups/prod").text
    assert "<code>7g</code>" in text
    assert [word for word in ("Delete", "Add to", "Review and save", "New group", "Go back") if word in text] == []
    assert "Go back" not in pages.of("Viewer").get("/groups/prod/history").text


def test_who_may_see_previews_finds_them(pages: Pages) -> None:
    link = '<a class="button quiet" href="/pages/previews">Preview a task</a>'
    assert link in pages.of("User").get("/groups/prod").text
    assert link not in pages.of("Viewer").get("/groups/prod").text


@pytest.mark.parametrize(
    ("search", "found"),
    [("memory", ["driver-memory"]), ("7G", ["driver-memory"]), ("prod's", []), ("my", ["spark.my.password"])],
)
def test_the_search_looks_at_names_values_and_notes_but_never_at_secrets(
    admin: httpx.Client, search: str, found: list[str]
) -> None:
    text = admin.get("/groups/prod", params={"search": search}).text
    names = ("driver-memory", "spark.my.password")
    assert [name for name in names if f"<code>{name}</code>" in text] == found


def test_the_settings_of_a_large_group_come_in_pages(pages: Pages, admin: httpx.Client) -> None:
    new_group(
        pages.api,
        "large",
        configurations={f"spark.a.k{n:04}": "1" for n in range(250)},
        environment={f"V{n:04}": "1" for n in range(101)},
    )

    def names(query: str) -> list[str]:
        return re.findall(r'<th scope="row"><code>(.*?)</code>', admin.get(f"/groups/large{query}").text)

    configurations = [f"spark.a.k{n:04}" for n in range(250)]
    assert names("") == [*configurations[:100], *(f"V{n:04}" for n in range(100))]
    assert names("?configurations=3&environment=2") == [*configurations[200:], "V0100"]
    assert names("?search=K02&configurations=2") == []
    assert names("?search=K024") == configurations[240:]
    text = admin.get("/groups/large?search=1&configurations=2&environment=2").text
    assert '<nav class="pager" aria-label="Pages of Configurations">' in text
    pages_of = "/pages/groups/large?search=1"
    assert f'rel="prev" href="{pages_of}&amp;environment=2#configurations"' in text
    assert f'rel="next" href="{pages_of}&amp;configurations=3&amp;environment=2#configurations"' in text
    assert f'rel="prev" href="{pages_of}&amp;configurations=2#environment"' in text
    assert "There is no page 9;" in admin.get("/groups/large?configurations=9").text
    assert admin.get("/groups/large?configurations=0").status_code == 422


def test_a_save_leads_back_to_where_its_user_was(pages: Pages, admin: httpx.Client) -> None:
    new_group(pages.api, "large", configurations={f"spark.a.k{n:04}": "1" for n in range(250)})
    where = "?search=spark&amp;configurations=2"
    assert f'/groups/large/review{where}"' in admin.get("/groups/large?search=spark&configurations=2").text
    edit = form(row("a", "configurations", "spark.a.k0150", value="2"), parent=1)
    review = admin.post("/groups/large/review?search=spark&configurations=2", data=edit, headers=PART)
    assert f'hx-post="/pages/groups/large/save{where}"' in review.text
    saved = admin.post("/groups/large/save?search=spark&configurations=2", data=edit, headers=PART)
    assert saved.headers["HX-Redirect"] == "/pages/groups/large?search=spark&configurations=2&saved=2"


def test_a_row_becomes_fields_and_a_row_again(admin: httpx.Client) -> None:
    at = "section=arguments&key=driver-memory"
    assert '<textarea name="value.arguments.driver-memory"' in admin.get(f"/groups/prod/edit?{at}").text
    assert 'name="drop.arguments.driver-memory" value="1"' in admin.get(f"/groups/prod/drop?{at}").text
    assert "<code>7g</code>" in admin.get(f"/groups/prod/row?{at}").text
    secret = admin.get("/groups/prod/edit?section=configurations&key=spark.my.password").text
    assert 'placeholder="unchanged"' in secret
    assert "gAAAA" not in secret
    assert 'aria-label="Name of the new setting"' in admin.get("/groups/prod/add?section=environment").text
    assert admin.get("/groups/prod/edit?section=arguments&key=nothing").status_code == 404
    assert admin.get("/groups/prod/add?section=jars").status_code == 422


def test_the_review_shows_what_would_change_for_whom_and_saves_nothing(pages: Pages, admin: httpx.Client) -> None:
    answer = admin.post("/groups/prod/review", data=form(MEMORY), headers=PART)
    assert "<code>arguments.driver-memory</code>" in answer.text
    assert "<code>7g</code>" in answer.text
    assert "<code>8g</code>" in answer.text
    assert ">sales</a>" in answer.text
    assert content(pages)["arguments"]["driver-memory"]["value"] == "7g"
    assert pages.audit.entries == []


def test_a_save_makes_a_revision_with_its_note_and_an_audit_entry(pages: Pages, admin: httpx.Client) -> None:
    rows = (
        MEMORY,
        row("b", "configurations", "spark.new", value="a\r\nb", final="on"),
        row("c", "configurations", "spark.my.password", value="", kept="1", secret="on", note="of the lake"),
    )
    answer = admin.post("/groups/prod/save", data=form(*rows, note="since Monday"), headers=PART)
    assert answer.headers["HX-Redirect"] == "/pages/groups/prod?saved=5"
    saved = content(pages)
    assert saved["arguments"]["driver-memory"] == {"value": "8g", "final": False, "secret": False, "note": "OOM"}
    assert saved["configurations"]["spark.new"] == {"value": "a\nb", "final": True, "secret": False, "note": ""}
    assert saved["configurations"]["spark.my.password"]["note"] == "of the lake"
    assert [(who, entry.event) for who, entry in pages.audit.entries] == [("ada", "group.save")]
    assert "Saved as revision 5." in admin.get("/groups/prod?saved=5").text
    assert "since Monday" in admin.get("/groups/prod/history").text
    differs = pages.api.get("/groups/prod/diff?from=4&to=5").json()["changes"]
    assert "configurations.spark.my.password" not in [change["where"] for change in differs]  # the secret is kept


def test_a_deleted_row_goes(pages: Pages, admin: httpx.Client) -> None:
    dropped = row("a", "arguments", "driver-memory", drop="1")
    assert admin.post("/groups/prod/save", data=form(dropped), headers=PART).status_code == 200
    assert content(pages)["arguments"] == {}


def test_a_save_on_an_old_revision_shows_what_the_other_did_and_saves_nothing(
    pages: Pages, admin: httpx.Client
) -> None:
    assert change(pages.api, "prod", 4, arguments={"driver-memory": "6g"}, note=EVIL).is_success
    for deed in ("review", "save"):
        answer = admin.post(f"/groups/prod/{deed}", data=form(MEMORY), headers=PART)
        assert answer.status_code == 409
        assert "ada saved revision 5: “&lt;script&gt;alert(1)&lt;/script&gt;”." in answer.text
        assert "<code>6g</code>" in answer.text
        assert 'data-rebase="5"' in answer.text
    assert content(pages)["arguments"]["driver-memory"]["value"] == "6g"


def test_the_review_warns_of_a_wrong_master(admin: httpx.Client) -> None:
    edited = row("a", "arguments", "master", value="yarm")
    text = admin.post("/groups/prod/review", data=form(edited), headers=PART).text
    assert (
        "<li><strong>Will fail:</strong> <code>arguments.master</code>: master=&#39;yarm&#39; is no master that "
        "spark-submit knows; did you mean yarn?</li>"
    ) in text


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            [row("a", "arguments", "driver-memory", value="7 gig")],
            "<code>arguments.driver-memory</code>: Unexpected value &#39;7 gig&#39;",
        ),
        (
            [row("a", "arguments", "driver-memry", value="7g")],
            "spark-submit has no option --driver-memry; did you mean driver-memory",
        ),
        ([row("a", "arguments", " ", value="7g")], "a row has no name"),
        ([row("a", "jars", "x", value="7g")], "&#39;jars&#39; is none of arguments, configurations, environment"),
        (
            [row("a", "arguments", "queue", value="a"), row("b", "arguments", "queue", value="b")],
            "<code>arguments.queue</code>: is given twice; keep one",
        ),
        ([row("a", "configurations", "spark.a", value="a\x00b")], "contains a NUL character"),
    ],
)
@pytest.mark.parametrize("deed", ["review", "save"])
def test_what_is_wrong_is_told_at_its_place(
    pages: Pages, admin: httpx.Client, deed: str, rows: list[dict[str, str]], told: str
) -> None:
    answer = admin.post(f"/groups/prod/{deed}", data=form(*rows), headers=PART)
    assert answer.status_code == 422
    assert told in answer.text
    assert pages.api.get("/groups/prod").json()["revision"] == 4


@pytest.mark.parametrize("body", [b"parent=%ff", b"parent=\xff", b"parent=x", b""])
def test_a_form_that_is_none_is_refused(admin: httpx.Client, body: bytes) -> None:
    assert admin.post("/groups/prod/review", content=body).status_code == 422


def test_any_two_revisions_are_compared(pages: Pages, admin: httpx.Client) -> None:
    change(pages.api, "prod", 4, arguments={"driver-memory": "6g"})
    text = admin.get("/groups/prod/history?old=4&new=5").text
    assert "From revision 4 to 5" in text
    assert "<code>6g</code>" in text
    assert admin.get("/groups/prod/history?old=4&new=99").status_code == 404


def test_of_very_many_changes_the_first_are_shown(pages: Pages, admin: httpx.Client) -> None:
    change(pages.api, "prod", 4, configurations={f"spark.my.x{number:03}": "1" for number in range(600)})
    text = admin.get("/groups/prod/history?old=4&new=5").text
    assert text.count("<code>configurations.spark.my.x") == 500
    assert "The first 500 of 600 changes are shown." in text


def test_going_back_is_reviewed_first(pages: Pages, admin: httpx.Client) -> None:
    text = admin.get("/groups/prod/rollback?revision=1", headers=PART).text
    assert "The content of revision 1 becomes a new revision on top of 4; nothing is lost." in text
    assert "<code>hadoop_files.core-site.xml</code>" in text
    assert ">sales</a>.<a " in text
    assert '<input type="hidden" name="revision" value="1">' in text
    assert '<button type="submit">Go back</button>' in text
    assert "Nothing would change." in admin.get("/groups/prod/rollback?revision=4", headers=PART).text
    assert admin.get("/groups/prod/rollback?revision=9", headers=PART).status_code == 404
    new_group(pages.api, "odd", arguments={"master": "yran"})
    change(pages.api, "odd", 1, arguments={"master": "yarn"})
    assert "is no master that spark-submit knows" in admin.get("/groups/odd/rollback?revision=1", headers=PART).text
    assert pages.api.get("/groups/prod").json()["revision"] == 4


def test_the_review_of_going_back_refuses_what_going_back_would(
    pages: Pages, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_group(pages.api, "old", jars=[{"name": "unused.jar"}])
    change(pages.api, "old", 1, jars=[])
    assert "<code>jars</code>" in admin.get("/groups/old/rollback?revision=1", headers=PART).text
    pages.api.delete("/artifacts/dependencies/unused.jar").raise_for_status()
    refused = admin.get("/groups/old/rollback?revision=1", headers=PART)
    assert refused.status_code == 422
    assert "There is no dependency" in refused.text
    monkeypatch.setitem(ROLES, "Op", tuple(one for one in ROLES["Op"] if one[1] is not Resource.HADOOP))
    refused = pages.of("Op").get("/groups/prod/rollback?revision=1", headers=PART)
    assert refused.status_code == 403
    assert "Revision 1 has other Hadoop files, another keytab or krb5.conf than revision 4." in refused.text


def test_an_older_revision_comes_back_on_top(pages: Pages, admin: httpx.Client) -> None:
    wish = {"parent": "4", "revision": "1", "note": "as it was"}
    answer = admin.post("/groups/prod/rollback", data=wish, headers=PART)
    assert answer.headers["HX-Redirect"] == "/pages/groups/prod?saved=5"
    assert content(pages)["hadoop_files"] == []
    assert admin.post("/groups/prod/rollback", data=wish, headers=PART).status_code == 409


def test_going_back_to_other_files_needs_their_permissions(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROLES, "Op", tuple(one for one in ROLES["Op"] if one[1] is not Resource.HADOOP))
    wish = {"parent": "4", "revision": "1", "note": "as it was"}
    answer = pages.of("Op").post("/groups/prod/rollback", data=wish, headers=PART)
    assert answer.status_code == 403
    assert (
        "Revision 1 has other Hadoop files, another keytab or krb5.conf than revision 4. "
        "This needs the permission can_delete on Couture Hadoop Configs" in answer.text
    )
    assert pages.api.get("/groups/prod").json()["revision"] == 4


def test_what_others_wrote_is_text(pages: Pages, admin: httpx.Client) -> None:
    new_group(
        pages.api,
        "evil",
        configurations={f"spark.{EVIL.replace('=', '')}": {"value": EVIL, "note": EVIL}},
    )
    for path in ("/groups/evil", "/groups/evil/history?old=1&new=1", f"/groups/{EVIL}", f"/groups/evil?search={EVIL}"):
        assert EVIL not in admin.get(path).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in admin.get("/groups/evil").text


def test_an_unknown_group_is_told(admin: httpx.Client) -> None:
    answer = admin.get("/groups/prd")
    assert answer.status_code == 404
    assert "prod" in answer.text
