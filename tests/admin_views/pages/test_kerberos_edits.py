"""A keytab and a krb5.conf that come within the form of the page."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from admin_views.permissions import ROLES, Resource
from tests.admin_views.calls import KEYTAB, KRB5_CONF
from tests.admin_views.pages.conftest import PART

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

NEW_KEYTAB, NEW_CONF = b"\x05\x02other keys", b"[libdefaults]\n  default_realm = OTHER\n"


def chosen(field: str, name: str, body: bytes, parent: int = 4) -> dict[str, Any]:
    """The form with a file that was chosen."""
    text = base64.b64encode(body).decode()
    return {"parent": str(parent), "part": field, f"{field}.name": name, f"{field}.body": text}


def test_both_are_reviewed_by_digest_and_saved_as_one_revision(pages: Pages, admin: httpx.Client) -> None:
    keytab, conf = chosen("keytab", "etl.keytab", NEW_KEYTAB), chosen("krb5_conf", "krb5.conf", NEW_CONF)
    form = {**keytab, **conf, "part": ["keytab", "krb5_conf"]}
    review = admin.post("/groups/prod/review", data=form, headers=PART).text
    assert "<code>keytab.name</code>" in review
    assert "<code>krb5_conf</code>" in review
    assert base64.b64encode(NEW_KEYTAB).decode() not in review
    assert admin.post("/groups/prod/save", data=form, headers=PART).headers["HX-Redirect"] == (
        "/pages/groups/prod?saved=5"
    )
    saved = pages.api.get("/groups/prod").json()
    assert saved["revision"] == 5
    assert (saved["content"]["keytab"]["name"], saved["content"]["keytab"]["size"]) == ("etl.keytab", len(NEW_KEYTAB))
    assert pages.services.read_blob(saved["content"]["krb5_conf"]["sha256"]) == NEW_CONF


def test_the_same_files_make_no_revision(pages: Pages, admin: httpx.Client) -> None:
    form = {
        **chosen("keytab", "user.keytab", KEYTAB),
        **chosen("krb5_conf", "my-krb5.conf", KRB5_CONF),
        "part": ["keytab", "krb5_conf"],
    }
    assert "Nothing would change." in admin.post("/groups/prod/review", data=form, headers=PART).text
    admin.post("/groups/prod/save", data=form, headers=PART)
    assert pages.api.get("/groups/prod").json()["revision"] == 4


def test_a_file_is_taken_away(pages: Pages, admin: httpx.Client) -> None:
    assert 'name="keytab.drop"' in admin.get("/groups/prod/part/edit?field=keytab").text
    form = {"parent": "4", "part": ["keytab", "krb5_conf"], "keytab.drop": "on", "krb5_conf.drop": "on"}
    assert admin.post("/groups/prod/save", data=form, headers=PART).is_success
    content = pages.api.get("/groups/prod").json()["content"]
    assert (content["keytab"], content["krb5_conf"]) == (None, None)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (chosen("keytab", "etl.keytab", b"not keys"), "is no Kerberos keytab: its first byte is not 5"),
        (chosen("keytab", "etl.txt", NEW_KEYTAB), "must end with .keytab"),
        (chosen("krb5_conf", "krb5.conf", b" \n# a comment\n"), "<code>krb5.conf</code>: is empty"),
        (
            chosen("krb5_conf", "krb5.conf", b"<?xml version='1.0'?>\n"),
            "begins with &#34;&lt;?xml version=&#39;1.0&#39;?&gt;&#34;, and not with a section as [libdefaults], ",
        ),
        (chosen("keytab", "", b""), "no file is chosen; choose one, or undo this edit"),
        (chosen("krb5_conf", "krb5.conf", b"a" * 1_000_001), "has 1,000,001 bytes, at most 1,000,000 are allowed"),
        (
            {"parent": "4", "part": "keytab", "keytab.name": "a.keytab", "keytab.body": "%"},
            "<code>keytab</code>: did not come as base64",
        ),
        (
            {"parent": "4", "part": "keytab", "keytab.name": "a.keytab", "keytab.body": "é"},
            "<code>keytab</code>: did not come as base64: string argument should contain only ASCII characters",
        ),
    ],
)
def test_what_is_no_such_file_is_refused(pages: Pages, admin: httpx.Client, form: dict[str, Any], told: str) -> None:
    for deed in ("review", "save"):
        answer = admin.post(f"/groups/prod/{deed}", data=form, headers=PART)
        assert answer.status_code == 422
        assert told in answer.text
    assert pages.api.get("/groups/prod").json()["revision"] == 4


def test_it_needs_the_permissions_that_the_api_asks_for(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    others = tuple(one for one in ROLES["Op"] if one[0] == "GET" or one[1] is not Resource.HADOOP)
    monkeypatch.setitem(ROLES, "Op", others)
    seat = pages.of("Op")
    assert "Edit Keytab" not in seat.get("/groups/prod").text
    for form, needed in (
        (chosen("keytab", "etl.keytab", NEW_KEYTAB), "can_edit"),
        ({"parent": "4", "part": "krb5_conf", "krb5_conf.drop": "on"}, "can_delete"),
    ):
        answer = seat.post("/groups/prod/save", data=form, headers=PART)
        assert answer.status_code == 403
        assert f"This needs the permission {needed} on Couture Hadoop Configs" in answer.text
