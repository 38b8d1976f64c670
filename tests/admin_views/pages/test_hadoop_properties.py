"""The properties of one Hadoop file: the table, its search and pages, fields, edits that change their bytes alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from config_store.catalogue.lookup import Installed
from tests.admin_views.calls import new_group, save_file
from tests.admin_views.pages.conftest import PART
from tests.admin_views.pages.test_hadoop import EVIL, files_of, form
from tests.key_document import catalogue
from tests.stand_ins import ListedCatalogues

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

HERE = "/hadoop/lake/files/core-site.xml"
CORE = b"""<?xml version="1.0" encoding="ISO-8859-1"?>\r
<!-- caf\xe9 -->\r
<configuration xmlns:xi="http://www.w3.org/2001/XInclude">\r
  <!-- two name nodes -->\r
  <property>\r
    <name>fs.defaultFS</name>\r
    <value>hdfs://${cluster}</value>\r
    <final>true</final>\r
  </property>\r
  <property name="cluster"   value='nightly'/>\r
  <property><name>fs.s3a.secret.key</name><value>of the lake</value></property>\r
  <property><name>url</name><value>s3://${fs.s3a.secret.key}@lake</value></property>\r
  <property><name>tmp</name><value>/tmp/${user.name}</value></property>\r
  <property><name>twice</name><value>1</value></property>\r
  <property><name>twice</name><value>2</value></property>\r
  <xi:include href="more.xml"/>\r
</configuration>\r
"""
MORE = b"<configuration><property><name>included</name><value>yes</value></property></configuration>"
HDFS = b"<configuration><property><name>fs.defaultFS</name><value>hdfs://b</value></property></configuration>"


@pytest.fixture
def lake(pages: Pages) -> Pages:
    """A group with three files, on a server that knows the keys of its Spark's Hadoop."""
    new_group(pages.api, "lake")
    for revision, (name, content) in enumerate(
        {"core-site.xml": CORE, "more.xml": MORE, "hdfs-site.xml": HDFS}.items(), 1
    ):
        save_file(pages.api, "lake", revision, content, f"hadoop/{name}")
    assert isinstance(pages.services.key_catalogues, ListedCatalogues)
    pages.services.key_catalogues.installed = Installed(catalogue())
    return pages


@pytest.fixture
def editor(lake: Pages) -> httpx.Client:
    """The pages as the admin ada sees them."""
    return lake.of("Admin")


def row(token: str, name: str, value: str | None = None, file: str = "core-site.xml", **more: str) -> dict[str, str]:
    """The fields of an edited row."""
    said = {"file": file, "name": name, **({} if value is None else {"value": value}), **more}
    return {"row": token, **{f"{field}.{token}": text for field, text in said.items()}}


def save(client: httpx.Client, *rows: dict[str, str], deed: str = "save") -> httpx.Response:
    """Save the rows, or review them."""
    return client.post(f"/hadoop/lake/{deed}", data=form(*rows, back="core-site.xml", note="why"), headers=PART)


def rows_of(text: str) -> list[list[str]]:
    """The name, the value with what is said of it, marks and place of each row, as text."""
    rows = re.findall(r"<tr[ >].*?</tr>", text.partition('<tbody id="rows-properties">')[2], re.DOTALL)
    cells = [re.findall(r"<t[hd][ >].*?</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row[:4]] for row in cells]


# --- the table ---


def test_the_table_tells_what_hadoop_makes_of_each_property(editor: httpx.Client) -> None:
    assert rows_of(editor.get(HERE).text) == [
        ["fs.defaultFS two name nodes", "hdfs://${cluster} becomes hdfs://nightly", "final", "5"],
        ["cluster", "nightly", "", "10"],
        ["fs.s3a.secret.key", "••••••", "", "11"],
        ["url", "s3://${fs.s3a.secret.key}@lake becomes ••••••", "", "12"],
        ["tmp", "/tmp/${user.name} ${user.name} is left to the job’s machine: nothing here says it", "", "13"],
        ["twice", "1", "does not count", "14"],
        ["twice", "2", "", "15"],
        ["included", "yes", "", "more.xml"],
    ]
    assert rows_of(editor.get("/hadoop/lake/files/hdfs-site.xml").text) == [
        [
            "fs.defaultFS",
            "hdfs://b is final in core-site.xml, line 5: Hadoop ignores it here",
            "does not count",
            "1",
        ]
    ]


def test_only_what_counts_and_stands_in_the_file_has_controls(editor: httpx.Client) -> None:
    text = editor.get(HERE).text
    edits = re.findall(r'aria-label="Edit ([^"]+)" hx-get', text)
    assert edits == ["fs.defaultFS", "cluster", "fs.s3a.secret.key", "url", "tmp", "twice"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("search=CLUSTER", ["fs.defaultFS", "cluster"]),
        ("search=name nodes", ["fs.defaultFS"]),
        ("search=of the lake", []),
        ("show=final", ["fs.defaultFS"]),
        ("show=odd", ["twice"]),
        ("search=clu&show=final", ["fs.defaultFS"]),
    ],
)
def test_the_search_looks_at_names_values_and_comments_but_never_at_secrets(
    editor: httpx.Client, query: str, names: list[str]
) -> None:
    found = [row[0].split()[0] for row in rows_of(editor.get(f"{HERE}?{query}").text)]
    assert found == names
    assert editor.get(f"{HERE}?show=nothing").status_code == 422


def test_a_large_file_comes_in_pages(pages: Pages, admin: httpx.Client) -> None:
    many = "".join(f"<property><name>k.{n:05}</name><value>{n}</value></property>\n" for n in range(250))
    new_group(pages.api, "many")
    save_file(pages.api, "many", 1, f"<configuration>{many}</configuration>".encode())
    here = "/hadoop/many/files/core-site.xml"
    last = admin.get(f"{here}?page=3").text
    assert "201 to 250 of 250" in last
    assert [row[0] for row in rows_of(last)] == [f"k.{n:05}" for n in range(200, 250)]
    assert f'<a rel="prev" href="/pages{here}?page=2">Previous</a>' in last
    assert "There is no page 4" in admin.get(f"{here}?page=4").text
    found = admin.get(f"{here}?search=k.0024").text
    assert "1 to 10 of 10; the file has 250" in found
    part = admin.get(f"{here}?page=3", headers=PART).text
    assert ("<html" in part, "k.00249" in part) == (False, True)


def test_a_file_that_hadoop_cannot_read_says_why(pages: Pages, admin: httpx.Client) -> None:
    lacking = (
        b"""<configuration xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="lost.xml"/></configuration>"""
    )
    save_file(pages.api, "spare", 1, lacking)
    text = admin.get("/hadoop/spare/files/core-site.xml").text
    assert "it includes a file that the group does not have, without a fallback: Hadoop fails" in text
    assert admin.get("/hadoop/spare/files/nobody.xml").status_code == 404


# --- fields ---


def test_a_property_becomes_fields_and_a_row_again(editor: httpx.Client) -> None:
    fields = editor.get(f"{HERE}/edit?key=fs.defaultFS").text
    assert '<textarea name="value.core-site.xml.fs.defaultFS" rows="1"' in fields
    assert "\nhdfs://${cluster}</textarea>" in fields
    assert 'name="final.core-site.xml.fs.defaultFS" checked' in fields
    assert 'name="drop.core-site.xml.cluster" value="1"' in editor.get(f"{HERE}/drop?key=cluster").text
    assert "<code>nightly</code>" in editor.get(f"{HERE}/row?key=cluster").text
    assert "\n2</textarea>" in editor.get(f"{HERE}/edit?key=twice").text
    for part in ("edit", "drop", "row"):
        answer = editor.get(f"{HERE}/{part}?key=clusters", headers=PART)
        assert (answer.status_code, "Did you mean: cluster?" in answer.text) == (404, True)


def test_a_secret_is_never_shown_in_a_field(editor: httpx.Client) -> None:
    fields = editor.get(f"{HERE}/edit?key=fs.s3a.secret.key").text
    assert 'placeholder="unchanged"' in fields
    assert "of the lake" not in fields


def told(client: httpx.Client, fields: dict[str, str], token: str) -> list[str]:
    """What is said at the field of a row."""
    text = client.post(f"{HERE}/field?token={token}", data=form(fields), headers=PART).text
    return re.findall(r"<strong>\w+:</strong> ([^<]*)</p>", text)


def test_the_field_says_what_is_odd_while_it_is_typed(editor: httpx.Client) -> None:
    assert told(editor, row("new-1", "io.file.buffer.sise", "1"), "new-1") == [
        "io.file.buffer.sise is no property that Hadoop names; did you mean io.file.buffer.size?"
    ]
    assert told(editor, row("new-1", "io.file.buffer.size", "lots"), "new-1") == [
        "Unexpected value &#39;lots&#39;: io.file.buffer.size is a whole number like &#39;4&#39;, "
        "as its default &#39;4096&#39; shows"
    ]
    assert told(editor, row("new-1", "cluster", "x"), "new-1") == ["is in the file already; a save replaces its value"]
    assert told(editor, row("a", "fs.defaultFS", "x", file="core-site.xml"), "a") == [
        "is set by hdfs-site.xml, line 1, as well"
    ]
    assert told(editor, row("a", "", "x"), "a") == []


def test_hadoops_keys_are_proposed(editor: httpx.Client) -> None:
    new = editor.get(f"{HERE}/add").text
    token = re.findall(r'name="row" value="(new-\w+)"', new)[0]
    text = editor.get(f"{HERE}/keys", params={"token": token, f"name.{token}": "io.file"}).text
    assert f'<li role="option" id="{token}-key-1" data-value="io.file.buffer.size"' in text
    assert editor.get(f"{HERE}/keys", params={"token": token}).text.strip() == ""


# --- edits ---


def test_an_edit_changes_the_bytes_of_its_property_alone(lake: Pages, editor: httpx.Client) -> None:
    rows = (
        row("a", "cluster", "weekly"),
        row("b", "tmp", drop="1"),
        row("c", "new", "a\r\nb", final="on"),
    )
    answer = save(editor, *rows)
    assert answer.headers["HX-Redirect"] == "/pages/hadoop/lake/files/core-site.xml?saved=5"
    expected = CORE.replace(b"nightly", b"weekly").replace(
        b"  <property><name>tmp</name><value>/tmp/${user.name}</value></property>\r\n", b""
    )
    added = b"  <property><name>new</name><value>a\r\nb</value><final>true</final></property>\r\n"
    before, _, after = expected.partition(b"</configuration>")
    assert files_of(lake, "lake")["core-site.xml"] == before + added + b"</configuration>" + after
    assert files_of(lake, "lake")["hdfs-site.xml"] == HDFS


def test_a_mark_alone_leaves_a_value_as_it_is_written(lake: Pages, editor: httpx.Client) -> None:
    fields = editor.get(f"{HERE}/edit?key=fs.s3a.secret.key").text
    (was,) = re.findall(r'name="was.core-site.xml.fs.s3a.secret.key" value="(\w+)"', fields)
    assert save(editor, row("a", "fs.s3a.secret.key", "", was=was, final="on")).is_success
    expected = CORE.replace(b"of the lake</value>", b"of the lake</value><final>true</final>")
    assert files_of(lake, "lake")["core-site.xml"] == expected


def test_the_review_tells_the_properties_and_what_is_odd(lake: Pages, editor: httpx.Client) -> None:
    text = save(editor, row("a", "cluster", EVIL), row("b", "io.file.buffer.size", "lots"), deed="review").text
    assert re.findall(r'<th scope="row"><code>([^<]+)</code>', text) == ["cluster", "io.file.buffer.size"]
    assert "<code>nightly</code>" in text
    assert "<code>&lt;script&gt;alert(1)&lt;/script&gt;</code>" in text
    assert "<code>io.file.buffer.size</code>: Unexpected value &#39;lots&#39;" in text
    assert '<input type="hidden" name="back" value="core-site.xml">' in text
    assert files_of(lake, "lake")["core-site.xml"] == CORE


def test_what_both_changed_is_chosen_and_the_rest_goes_together(lake: Pages, editor: httpx.Client) -> None:
    theirs = CORE.replace(b"nightly", b"theirs").replace(b"/tmp/$", b"/var/$")
    save_file(lake.api, "lake", 4, theirs)
    for deed in ("review", "save"):
        answer = save(editor, row("a", "cluster", "mine"), deed=deed)
        assert answer.status_code == 409
        assert "One property was changed by both of you: choose what to take." in answer.text
        assert '<td><code>mine</code><label><input type="radio"' in answer.text
        now = "/pages/hadoop/lake/files/core-site.xml/row?key=cluster"
        label = "Take what was saved: hadoop_files.core-site.xml.cluster"
        assert f'aria-label="{label}" data-edit="a" data-now="{now}"' in answer.text
        assert answer.text.count('class="collides"') == 1
        assert "<code>hadoop_files.core-site.xml.tmp</code>" in answer.text
    assert files_of(lake, "lake")["core-site.xml"] == theirs
    rows = form(row("a", "cluster", "mine"), parent=5, back="core-site.xml")
    assert editor.post("/hadoop/lake/save", data=rows, headers=PART).is_success
    assert files_of(lake, "lake")["core-site.xml"] == theirs.replace(b"theirs", b"mine")


@pytest.mark.parametrize(
    ("rows", "status", "told"),
    [
        ([row("a", " ", "1")], 422, "a row has no name; name the property, or take the row away"),
        ([row("a", "x", "1"), row("b", "x", "2")], 422, "<code>x</code>: is given twice; keep one"),
        ([row("a", "x", "\x01")], 422, "<code>x</code>: the value contains &#39;\\x01&#39;, which XML can&#39;t hold"),
        ([row("a", "nothing", drop="1")], 404, "There is no property of core-site.xml named &#39;nothing&#39;."),
        ([row("a", "x", "1", file="nobody.xml")], 404, "named &#39;nobody.xml&#39;"),
        (
            [row("a", "x", "1"), {"row": "b", "file.b": "core-site.xml", "drop.b": "1"}],
            422,
            "<code>core-site.xml</code>: is replaced and edited at once; save one first",
        ),
    ],
)
@pytest.mark.parametrize("deed", ["review", "save"])
def test_what_is_wrong_is_told_at_its_place_and_nothing_is_saved(
    lake: Pages, editor: httpx.Client, deed: str, rows: list[dict[str, str]], status: int, told: str
) -> None:
    answer = save(editor, *rows, deed=deed)
    assert (answer.status_code, told in answer.text) == (status, True), answer.text
    assert files_of(lake, "lake")["core-site.xml"] == CORE


def test_who_may_not_edit_reads_which_permission_he_needs(lake: Pages) -> None:
    answer: Any = lake.of("Viewer").get(HERE)
    assert answer.status_code == 403
    needed = "This page needs the permission <strong>can_edit</strong> on <strong>Couture Hadoop Configs</strong>."
    assert needed in answer.text
