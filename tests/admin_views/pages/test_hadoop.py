"""Hadoop Configuration: files sent, listed, deleted, reviewed and saved; permissions; conflicts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from config_store.hadoop_xml import MAX_HADOOP_BYTES
from tests.admin_views.calls import CORE_SITE, done, new_group, save_file, upon
from tests.admin_views.pages.conftest import PART

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

EVIL = "<script>alert(1)</script>"
HDFS_SITE = (
    b"<configuration>\r\n  <property><name>dfs.replication</name><value>2</value></property>\r\n</configuration>"
)
FINAL = b"<configuration><property><name>fs.defaultFS</name><value>hdfs://b</value><final>true</final></property></configuration>"
BROKEN = b"<configuration>\n  <property><name>a</name>\n</configuration>"


def send(client: httpx.Client, file: str, content: bytes, group: str = "prod") -> httpx.Response:
    """Send a file as the page's script does."""
    return client.post(f"/hadoop/{group}/stage/{file}", content=content, headers=PART)


def staged(client: httpx.Client, file: str, content: bytes, group: str = "prod") -> dict[str, str]:
    """The fields of the row that a file becomes."""
    answer = send(client, file, content, group)
    assert answer.status_code == 200, answer.text
    return dict(re.findall(r'name="([^"]+)" value="([^"]*)"', answer.text))


def dropped(file: str) -> dict[str, str]:
    """The fields of a file that is to go."""
    return {"row": file, f"file.{file}": file, f"drop.{file}": "1"}


def form(*rows: dict[str, str], parent: int = 4, **more: str) -> dict[str, Any]:
    """The form with those rows."""
    fields: dict[str, Any] = {"parent": str(parent), "row": [], **more}
    for row in rows:
        fields["row"].append(row["row"])
        fields |= {name: value for name, value in row.items() if name != "row"}
    return fields


def files_of(pages: Pages, group: str = "prod") -> dict[str, bytes]:
    """The files of the group's newest revision."""
    names = [file["name"] for file in pages.api.get(f"/groups/{group}/hadoop").json()["items"]]
    return {name: pages.api.get(f"/groups/{group}/hadoop/{name}").content for name in names}


def rows_of(text: str) -> list[list[str]]:
    """The cells of the table's rows, as text."""
    rows = re.findall(r"<tr[ >].*?</tr>", text.partition('<tbody id="rows-files">')[2], re.DOTALL)
    cells = [re.findall(r"<t[hd][ >].*?</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


# --- the list ---


def test_the_menu_leads_to_the_default_group(admin: httpx.Client) -> None:
    assert admin.get("/hadoop").headers["Location"] == "/pages/hadoop/prod"


def test_a_store_without_groups_leads_to_the_first_one(pages: Pages, api_url: str) -> None:
    text = pages.of("Admin").get("/hadoop").text
    assert "There is no config group yet." in text
    assert '<a href="/pages/groups">Make the first one</a>' in text
    assert "Make the first one" not in pages.of("Viewer").get("/hadoop").text


def test_a_group_without_files_says_which_it_needs_and_where_they_lie(pages: Pages, admin: httpx.Client) -> None:
    text = " ".join(admin.get("/hadoop/spare").text.split())
    assert "This group has no Hadoop file." in text
    assert "They lie in <code>/etc/hadoop/conf</code> on each machine of the cluster" in text
    assert "Drop them above, all at once, then review and save." in text
    assert "Drop them above" not in pages.of("Viewer").get("/hadoop/spare").text


def test_the_list_says_how_hadoop_reads_each_file(pages: Pages, admin: httpx.Client) -> None:
    including = (
        b"""<configuration xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="more.xml"/></configuration>"""
    )
    lacking = including.replace(b"more.xml", b"lost.xml")
    files = {"hdfs-site.xml": HDFS_SITE, "mapred-site.xml": including, "more.xml": FINAL, "alone.xml": lacking}
    for revision, (name, content) in enumerate(files.items(), 4):
        save_file(pages.api, "prod", revision, content, f"hadoop/{name}")
    listed = [row[:5] for row in rows_of(admin.get("/hadoop/prod").text)]
    assert listed == [
        ["core-site.xml", "valid", "as number 1", "1", f"{len(CORE_SITE)} bytes"],
        ["hdfs-site.xml", "valid", "as number 2", "1", f"{len(HDFS_SITE)} bytes"],
        ["mapred-site.xml", "valid", "as number 3", "0", f"{len(including)} bytes"],
        [
            "alone.xml",
            "can't be read includes a file that the group does not have, without a fallback: Hadoop fails",
            "when a program asks for it",
            "0",
            f"{len(including)} bytes",
        ],
        ["more.xml", "valid", "within mapred-site.xml", "1", f"{len(FINAL)} bytes"],
    ]


def test_a_file_whose_bytes_are_lost_is_told(pages: Pages, admin: httpx.Client) -> None:
    save_file(pages.api, "prod", 4, CORE_SITE + b"<!-- nobody has looked at it -->")
    sha256 = pages.api.get("/groups/prod/hadoop").json()["items"][0]["sha256"]
    pages.services.blobs.delete(sha256)
    for path in ("/hadoop/prod", "/hadoop/prod/files/core-site.xml"):
        assert "its bytes are missing in the blob storage; upload it again" in admin.get(path).text


# --- files that are sent ---


def test_a_file_that_is_sent_becomes_a_row_and_nothing_is_saved(pages: Pages, admin: httpx.Client) -> None:
    new = " ".join(send(admin, "hdfs-site.xml", HDFS_SITE).text.split())
    assert '<span class="mark mark-good">valid</span> will be added</td>' in new
    assert f"<td>1</td> <td>{len(HDFS_SITE)} bytes</td>" in new
    assert "will replace what the group has" in send(admin, "core-site.xml", FINAL).text
    assert "is what the group has already" in send(admin, "core-site.xml", CORE_SITE).text
    assert pages.api.get("/groups/prod").json()["revision"] == 4
    assert pages.audit.entries == []


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("a.xml", BROKEN, "is not well-formed XML at line 3, column 3: mismatched tag"),
        ("a.xml", b"", "is not well-formed XML at line 1, column 1: no element found"),
        ("a.xml", b"<!DOCTYPE a><configuration/>", "has a DOCTYPE at line 1, column 1"),
        ("a.xml", b"<jobs/>", "begins with &lt;jobs&gt; at line 1, column 1; Hadoop reads &lt;configuration&gt;"),
        ("a.txt", CORE_SITE, "&#39;a.txt&#39; must end with .xml"),
        ("a b.xml", CORE_SITE, "&#39;a b.xml&#39; is refused: a name consists of letters"),
        ("<script>.xml", CORE_SITE, "&#39;&lt;script&gt;.xml&#39; is refused"),
    ],
)
def test_what_no_save_would_take_is_refused_at_once(admin: httpx.Client, file: str, content: bytes, told: str) -> None:
    answer = send(admin, file, content)
    assert answer.status_code == 422
    assert told in answer.text


def test_a_file_that_is_too_large_is_refused(admin: httpx.Client) -> None:
    answer = send(admin, "a.xml", b"x" * (MAX_HADOOP_BYTES + 1))
    assert (answer.status_code, "larger than 20,000,000 bytes" in answer.text) == (413, True)


# --- review and save ---


def test_the_review_tells_properties_by_file_and_for_whom_they_count(pages: Pages, admin: httpx.Client) -> None:
    rows = (staged(admin, "core-site.xml", FINAL), staged(admin, "hdfs-site.xml", HDFS_SITE))
    text = admin.post("/hadoop/prod/review", data=form(*rows), headers=PART).text
    assert re.findall(r"<h3>(\S+) <span[^>]*>(\w+)", text) == [("core-site.xml", "changed"), ("hdfs-site.xml", "new")]
    assert "<code>hdfs://a:8020</code>" in text
    assert "<code>hdfs://b</code>" in text
    assert "<code>fs.defaultFS (final)</code>" in text
    assert "<code>dfs.replication</code>" in text
    assert ">sales</a>.<a" in text
    assert list(files_of(pages)) == ["core-site.xml"]


def test_several_files_come_and_go_in_one_revision(pages: Pages, admin: httpx.Client) -> None:
    rows = (staged(admin, "hdfs-site.xml", HDFS_SITE), staged(admin, "own.xml", FINAL), dropped("core-site.xml"))
    answer = admin.post("/hadoop/prod/save", data=form(*rows, note="the new cluster"), headers=PART)
    assert answer.headers["HX-Redirect"] == "/pages/hadoop/prod?saved=5"
    assert files_of(pages) == {"hdfs-site.xml": HDFS_SITE, "own.xml": FINAL}
    assert [(who, entry.event) for who, entry in pages.audit.entries] == [("ada", "group.save")]
    assert pages.audit.entries[0][1].details["note"] == "the new cluster"
    assert "Saved as revision 5." in admin.get("/hadoop/prod?saved=5").text


def test_the_review_warns_of_what_hadoop_will_not_do(pages: Pages, admin: httpx.Client) -> None:
    save_file(pages.api, "prod", 4, FINAL)
    overrides = FINAL.replace(b"hdfs://b", b"hdfs://c")
    rows = form(staged(admin, "hdfs-site.xml", overrides), parent=5)
    text = admin.post("/hadoop/prod/review", data=rows, headers=PART).text
    assert "<code>fs.defaultFS</code>: is final in core-site.xml, line 1: Hadoop ignores it here" in text


def test_a_file_with_other_comments_alone_says_so(admin: httpx.Client) -> None:
    commented = CORE_SITE.replace(b"<configuration>", b"<configuration><!-- why -->")
    text = admin.post("/hadoop/prod/review", data=form(staged(admin, "core-site.xml", commented)), headers=PART).text
    assert "No property changes: only what stands between them, their order, or how they are written." in text
    same = admin.post("/hadoop/prod/review", data=form(staged(admin, "core-site.xml", CORE_SITE)), headers=PART).text
    assert "Nothing would change." in same


def test_secrets_are_hidden_in_the_review(admin: httpx.Client) -> None:
    secret = (
        b"<configuration><property><name>fs.s3a.secret.key</name><value>of the lake</value></property></configuration>"
    )
    text = admin.post("/hadoop/prod/review", data=form(staged(admin, "s3.xml", secret)), headers=PART).text
    assert "<code>fs.s3a.secret.key</code>" in text
    assert "of the lake" not in text


def test_a_save_on_an_old_revision_shows_what_the_other_did_inside_the_file(pages: Pages, admin: httpx.Client) -> None:
    row = staged(admin, "core-site.xml", FINAL)
    theirs = CORE_SITE.replace(b"hdfs://a", b"hdfs://theirs")
    save_file(pages.api, "prod", 4, theirs, "hadoop/core-site.xml?note=moved")
    for deed in ("review", "save"):
        answer = admin.post(f"/hadoop/prod/{deed}", data=form(row), headers=PART)
        assert answer.status_code == 409
        assert "ada saved revision 5: “moved”." in answer.text
        assert "<code>hdfs://theirs:8020</code>" in answer.text
        assert 'data-rebase="5"' in answer.text
    assert files_of(pages) == {"core-site.xml": theirs}
    text = admin.post("/hadoop/prod/review", data=form(row, parent=5), headers=PART).text
    assert "was saved by somebody else after you took it: your file takes back what he changed" in text


@pytest.mark.parametrize(
    ("row", "status", "told"),
    [
        ({"row": "1", "file.1": "a.xml", "sha256.1": "../../x"}, 422, "is no digest of a file that was sent"),
        ({"row": "1", "file.1": "a.txt", "sha256.1": "0" * 64}, 422, "must end with .xml"),
        ({"row": "1", "file.1": "a.xml", "sha256.1": "0" * 64}, 409, "was cleaned away as unused"),
        (
            dropped("nobody.xml"),
            404,
            "There is no Hadoop file of config group &#39;prod&#39; named &#39;nobody.xml&#39;.",
        ),
    ],
)
@pytest.mark.parametrize("deed", ["review", "save"])
def test_a_form_that_no_page_made_is_refused(
    pages: Pages, admin: httpx.Client, deed: str, row: dict[str, str], status: int, told: str
) -> None:
    answer = admin.post(f"/hadoop/prod/{deed}", data=form(row), headers=PART)
    assert (answer.status_code, told in answer.text) == (status, True), answer.text
    assert pages.api.get("/groups/prod").json()["revision"] == 4


def test_no_other_stored_content_gets_in_by_its_digest(pages: Pages, admin: httpx.Client) -> None:
    row = {"row": "1", "file.1": "a.xml", "sha256.1": pages.names["sha256"], "base.1": ""}
    answer = admin.post("/hadoop/prod/save", data=form(row), headers=PART)
    assert answer.status_code == 422
    assert "<code>a.xml</code>: is not well-formed XML" in answer.text


def test_a_file_that_is_given_twice_is_refused(admin: httpx.Client) -> None:
    first, second = staged(admin, "a.xml", FINAL), dropped("b.xml") | {"file.b.xml": "a.xml"}
    answer = admin.post("/hadoop/prod/review", data=form(first, second), headers=PART)
    assert (answer.status_code, "<code>a.xml</code>: is given twice; keep one" in answer.text) == (422, True)


# --- who may ---


def test_a_viewer_sees_which_files_there_are_and_no_controls(pages: Pages) -> None:
    text = pages.of("Viewer").get("/hadoop/prod").text
    assert "core-site.xml" in text
    assert [
        word for word in ("Choose files", "Delete", "Download", "Review and save", "Text</a>") if word in text
    ] == []
    assert (
        "to look inside needs the permission <strong>can_edit</strong> on <strong>Couture Hadoop Configs</strong>"
        in text
    )


def test_a_deletion_needs_its_own_permission(pages: Pages) -> None:
    editor = pages.of("can_edit on Couture Hadoop Configs")
    assert editor.get("/hadoop/prod/drop?file=core-site.xml").status_code in (401, 403)


def test_a_row_comes_back(admin: httpx.Client) -> None:
    assert 'name="drop.core-site.xml" value="1"' in admin.get("/hadoop/prod/drop?file=core-site.xml").text
    assert 'aria-label="Delete core-site.xml"' in admin.get("/hadoop/prod/row?file=core-site.xml").text
    assert admin.get("/hadoop/prod/row?file=nobody.xml").status_code == 404


def test_what_others_wrote_is_text(pages: Pages, admin: httpx.Client) -> None:
    new_group(pages.api, "evil")
    value = EVIL.replace("<", "&lt;")
    xml = (
        f"<configuration><!-- {EVIL} --><property><name>{value}</name><value>{value}</value></property></configuration>"
    )
    save_file(pages.api, "evil", 1, xml.encode())
    for path in (
        "/hadoop/evil",
        "/hadoop/evil/files/core-site.xml",
        "/hadoop/evil/files/core-site.xml/text",
        f"/hadoop/{EVIL}",
    ):
        assert EVIL not in admin.get(path).text
    assert "<code>&lt;script&gt;alert(1)&lt;/script&gt;</code>" in admin.get("/hadoop/evil/files/core-site.xml").text


def test_an_import_beside_the_page_is_seen_by_it(pages: Pages, admin: httpx.Client) -> None:
    """What the page keeps of files is kept by their content."""
    assert "hdfs://a:8020" in admin.get("/hadoop/prod/files/core-site.xml").text
    done(pages.api.put("/groups/prod/hadoop/core-site.xml", content=FINAL, headers=upon(4)))
    text = admin.get("/hadoop/prod/files/core-site.xml").text
    assert ("hdfs://a:8020" in text, "hdfs://b" in text) == (False, True)
