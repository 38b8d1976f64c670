"""The text of a Hadoop file, edited as a whole: what is sent, what is refused, and a browser without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.admin_views.calls import CORE_SITE, save_file
from tests.admin_views.pages.conftest import PART
from tests.admin_views.pages.test_hadoop import form

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

HERE = "/hadoop/prod/files/core-site.xml/text"
NEW = CORE_SITE.replace(b"hdfs://a", b"hdfs://b")


def send(client: httpx.Client, text: bytes, parent: int = 4) -> httpx.Response:
    """Send the text as the editor does."""
    return client.post(f"/hadoop/prod/text/core-site.xml?parent={parent}", content=text, headers=PART)


def fields(answer: httpx.Response) -> dict[str, str]:
    """What a review needs of a text that was taken."""
    assert answer.status_code == 200, answer.text
    return dict(re.findall(r'name="([^"]+)" value="([^"]*)"', answer.text))


def stored(pages: Pages) -> bytes:
    """The file as the group has it."""
    return pages.api.get("/groups/prod/hadoop/core-site.xml").content


def test_the_page_holds_the_text_and_alone_loads_the_editor(admin: httpx.Client) -> None:
    text = admin.get(f"{HERE}?line=2").text
    assert 'data-line="2">\n&lt;configuration&gt;\n  &lt;property&gt;&lt;name&gt;fs.defaultFS' in text
    assert re.search(r'<script src="/static/editor.js\?[0-9a-f]{12}" defer></script>', text)
    assert "editor.js" not in admin.get("/hadoop/prod/files/core-site.xml").text


def test_a_text_is_reviewed_and_saved(pages: Pages, admin: httpx.Client) -> None:
    row = fields(send(admin, NEW))
    text = admin.post("/hadoop/prod/review", data=form(row), headers=PART).text
    assert "<code>hdfs://b:8020</code>" in text
    assert stored(pages) == CORE_SITE
    answer = admin.post("/hadoop/prod/save", data=form(row, back="core-site.xml"), headers=PART)
    assert answer.headers["HX-Redirect"] == "/pages/hadoop/prod/files/core-site.xml?saved=5"
    assert stored(pages) == NEW


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"<configuration>\n  <oops>\n</configuration>", "is not well-formed XML at line 3, column 3: mismatched tag"),
        (b"<configuration>\xff</configuration>", "was sent as something that is no UTF-8"),
        (b"<configuration>\x00</configuration>", "contains a NUL character"),
    ],
)
def test_a_fault_is_told_with_its_place_and_nothing_is_stored(
    pages: Pages, admin: httpx.Client, text: bytes, told: str
) -> None:
    answer = send(admin, text)
    assert (answer.status_code, told in answer.text) == (422, True), answer.text
    assert stored(pages) == CORE_SITE


def test_a_text_of_an_older_revision_says_what_it_would_take_back(pages: Pages, admin: httpx.Client) -> None:
    save_file(pages.api, "prod", 4, CORE_SITE.replace(b"8020", b"9000"))
    row = fields(send(admin, NEW, parent=4))
    assert admin.post("/hadoop/prod/review", data=form(row), headers=PART).status_code == 409
    text = admin.post("/hadoop/prod/review", data=form(row, parent=5), headers=PART).text
    assert "was saved by somebody else after you took it: your file takes back what he changed" in text
    assert "<code>hdfs://a:9000</code>" in text


def test_without_scripts_the_review_is_a_page_of_its_own(pages: Pages, admin: httpx.Client) -> None:
    sent = NEW.decode().replace("\n", "\r\n")  # as browsers send what stands in a text field
    page = admin.post(HERE, data={"parent": "4", "text": sent})
    assert "<h1>Review of core-site.xml</h1>" in page.text
    assert "data-closes" not in page.text  # what scripts do is not offered
    row = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page.text))
    answer = admin.post("/hadoop/prod/save", data={**row, "note": "by hand"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/pages/hadoop/prod/files/core-site.xml?saved=5")
    assert stored(pages) == NEW
