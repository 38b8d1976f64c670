"""The scripts and styles of the pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from admin_views.pages import rendering

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.admin_views.pages.conftest import Pages

SCRIPT = "text/javascript"
TYPES = {"theme.js": SCRIPT, "pages.js": SCRIPT, "editor.js": SCRIPT, "pages.css": "text/css"}


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


def test_the_editor_is_loaded_by_the_page_of_a_text_alone(pages: Pages, admin: httpx.Client) -> None:
    named = re.findall(r'src="(/static/[^"]+)"', admin.get("/hadoop/prod/files/core-site.xml/text").text)
    assert [address.partition("?")[0] for address in named] == [
        f"/static/{name}.js" for name in ("theme", "pages", "editor")
    ]
    answer = pages.of("", "").get(named[-1])
    assert answer.headers["Content-Type"].partition(";")[0] == TYPES["editor.js"]
    assert len(answer.content) > 100_000


@pytest.mark.parametrize("name", ["package.json", "..%2Fpackage.json", "nothing.js", "pages.js%00"])
def test_no_other_file_is_sent(pages: Pages, name: str) -> None:
    assert pages.of("Admin", "").get(f"/static/{name}").status_code == 404


def test_a_package_without_the_bundle_says_so_on_every_page(
    admin: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "ASSETS", tmp_path)
    rendering._digest.cache_clear()
    try:
        answer = admin.get("/submissions")
    finally:
        monkeypatch.undo()
        rendering._digest.cache_clear()
    assert answer.status_code == 200
    assert "run <code>make setup-pages</code>" in answer.text
    assert "make setup-pages" not in admin.get("/submissions").text
