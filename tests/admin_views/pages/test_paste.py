"""A pasted block becomes rows of fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from config_store.catalogue.lookup import Installed
from tests.admin_views.pages.conftest import PART
from tests.key_document import catalogue
from tests.stand_ins import ListedCatalogues

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

BLOCK = """--driver-memory 9g --conf spark.executor.memroy=7g
spark.my.password=new
A_B=<b>
what is this
"""


def pasted(client: httpx.Client, block: str) -> str:
    """What the dialog shows then."""
    return client.post("/groups/prod/paste", data={"block": block}, headers=PART).text


def test_rows_stand_in_their_tables_and_the_rest_in_the_box(pages: Pages, admin: httpx.Client) -> None:
    assert isinstance(pages.services.key_catalogues, ListedCatalogues)
    pages.services.key_catalogues.installed = Installed(catalogue())
    text = pasted(admin, BLOCK)
    assert "4 rows made. What follows was not understood, and is still in the box:" in " ".join(text.split())
    assert re.findall('<template data-rows="([^"]+)">', text) == [
        "rows-arguments",
        "rows-configurations",
        "rows-environment",
    ]
    assert re.search(r'<textarea name="value.arguments.driver-memory"[^>]*>\n9g</textarea>', text)
    assert 'name="name.arguments.driver-memory" value="driver-memory"' in text
    assert "did you mean spark.executor.memory?" in text
    assert re.search(
        r'<input name="value.configurations.spark.my.password" value="new"[^>]*placeholder="unchanged"', text
    )
    assert "&lt;b&gt;</textarea>" in text
    assert "<li>Line 4, <code>what is this</code>: is neither an option" in text
    assert re.search(r'<textarea name="block"[^>]*>\nwhat is this</textarea>', text)
    assert pages.audit.entries == []


def test_one_row_that_was_understood(admin: httpx.Client) -> None:
    text = " ".join(pasted(admin, "spark.a=b").split())
    assert "1 row made. Close this and review them." in text
    assert 'aria-label="Name of the new setting"' in text
    assert "autofocus></textarea>" not in text


def test_the_row_of_a_stored_setting_has_the_id_of_its_row(admin: httpx.Client) -> None:
    (shown,) = re.findall(
        r'<tr id="(row-\w+)">\n\s*<th scope="row"><code>driver-memory', admin.get("/groups/prod").text
    )
    assert f'id="{shown}"' in pasted(admin, "--driver-memory 9g")
