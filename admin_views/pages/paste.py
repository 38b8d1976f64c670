"""Spark Configuration: a pasted block becomes rows of fields; what is not understood stays in the box, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from admin_views.api.access import ServicesDep
from admin_views.api.groups import Editor
from admin_views.pages.edits import ROW_SECTIONS
from admin_views.pages.forms import FormDep
from admin_views.pages.keys import Row, look_up, new_row, stored_row
from admin_views.pages.rendering import View, render
from config_store import groups
from config_store.pasted import PastedSetting, read_pasted

if TYPE_CHECKING:
    from config_store.catalogue.lookup import Catalogue
    from config_store.content import Content

router = APIRouter(prefix="/groups", include_in_schema=False, default_response_class=HTMLResponse)


@router.post("/{name}/paste")
def paste(request: Request, services: ServicesDep, _: Editor, name: str, form: FormDep) -> Any:
    """The settings of a block as rows to be reviewed; nothing is saved."""
    pasted = read_pasted(form.text("block"))
    with services.database.reading() as session:
        content = groups.get_group(session, name).content
    catalogue = services.key_catalogues.find(content.spark_home).catalogue
    rows = [_row(catalogue, content, one) for one in pasted.settings.values()]
    tables = {section: [row for row in rows if row.section == section] for section in ROW_SECTIONS}
    return render(View(request), "groups/paste_part.html", group=name, tables=tables, count=len(rows), pasted=pasted)


def _row(catalogue: Catalogue | None, content: Content, one: PastedSetting) -> Row:
    stored = getattr(content, one.section).get(one.name)
    row = stored_row(catalogue, one.section, one.name, stored) if stored else new_row(one.section, one.name)
    known = look_up(catalogue, one.section, one.name, one.value)
    return row._replace(typed=one.value, known=known, takes_focus=False)
