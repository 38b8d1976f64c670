"""The scripts and styles of the pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

TYPES = {"theme.js": "text/javascript", "pages.js": "text/javascript", "pages.css": "text/css"}


def test_a_page_names_its_files_by_their_content(pages: Pages, admin: httpx.Client) -> None:
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', admin.get("/submissions").text)
    assert [address.partition("?")[0] for address in named] == [
        "/static/theme.js",
        "/static/pages.css",
        "/static/pages.js",
    ]
    assert all(re.fullmatch(r"[0-9a-f]{12}", address.partition("?")[2]) for address in named)
    for address in named:
        answer = pages.of("", "").get(address)
        assert answer.headers["Content-Type"].partition(";")[0] == TYPES[address[8:].partition("?")[0]]
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert len(answer.content) > 100


@pytest.mark.parametrize("name", ["package.json", "..%2Fpackage.json", "nothing.js", "pages.js%00"])
def test_no_other_file_is_sent(pages: Pages, name: str) -> None:
    assert pages.of("Admin", "").get(f"/static/{name}").status_code == 404
