"""Hadoop Configuration: the properties of one file as a table, and the fields that edit them one by one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from admin_views.api.access import ServicesDep
from admin_views.api.hadoop import Editor, find_file
from admin_views.pages.forms import FormDep
from admin_views.pages.hadoop import GroupView, files_of, group_view
from admin_views.pages.hadoop_draft import digest_of
from admin_views.pages.hadoop_review import is_ignored, row_remarks
from admin_views.pages.keys import MAX_PROPOSED, Known, Token
from admin_views.pages.paging import PageNumber, count_pages
from admin_views.pages.rendering import View, render, row_id
from config_store import groups
from config_store.catalogue.lint import Remark, hadoop_remarks
from config_store.errors import NotFound
from config_store.names import nearest
from config_store.wire import HIDDEN, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_views.hadoop_tables import Files
    from admin_views.services import Services
    from config_store.catalogue.lookup import Catalogue
    from config_store.hadoop.table import Row

router = APIRouter(prefix="/hadoop/{name}/files/{file}", include_in_schema=False, default_response_class=HTMLResponse)

PAGE_SIZE = 100
#: Which properties the list holds, besides what the search matches.
Show = Literal["", "final", "odd"]


class ShownProperty(NamedTuple):
    """One property in the list; ``shown`` is its value, or dots; ``token`` is "" where it can't be edited there."""

    row: Row
    token: str
    shown: str | None
    effective: str | None
    remarks: tuple[Remark, ...]

    @property
    def id(self) -> str:
        """By which the document knows the row."""
        return row_id(self.row.file, self.row.name)


class PropertyFields(NamedTuple):
    """One property as fields; ``stored`` is what the file has (None: nothing yet), ``was`` the digest of ``typed``."""

    id: str
    token: str
    name: str
    stored: Row | None
    typed: str
    was: str
    is_secret: bool
    known: Known


@router.get("")
def file_page(
    request: Request,
    services: ServicesDep,
    caller: Editor,
    name: str,
    file: str,
    search: str = "",
    show: Show = "",
    page: PageNumber = 1,
    saved: int | None = None,
) -> Any:
    """The properties of a file; ``search`` matches in names, comments and values that are no secrets."""
    of = group_view(request, services, caller, name)
    stored = find_file(of.group.content, name, file)
    files = files_of(services, of.group.content)
    found = [row for row in files.seen.get(file, ()) if _matches(row, search.casefold(), show)]
    installed = services.key_catalogues.find(of.group.content.spark_home)
    winners = files.winners(file)
    shown = [
        _shown(row, file, files, winners, installed.catalogue)
        for row in found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    ]
    return render(
        of.view,
        "hadoop/listing_part.html" if of.view.is_part else "hadoop/file.html",
        of=of,
        file=file,
        stored=stored,
        fault=files.faults.get(file, ""),
        order=files.order.get(file),
        included_by=files.included_by.get(file, ()),
        shown=shown,
        found=len(found),
        total=len(files.seen.get(file, ())),
        first=(page - 1) * PAGE_SIZE + 1,
        search=search,
        show=show,
        page=page,
        pages=count_pages(len(found), PAGE_SIZE),
        saved=saved,
        keys_missing=installed.missing,
    )


def _matches(row: Row, wanted: str, show: Show) -> bool:
    if (show == "final" and not row.final) or (show == "odd" and not (row.overridden_by or is_ignored(row))):
        return False
    value = "" if is_secret_name(row.name) else row.value or ""
    return not wanted or any(wanted in text.casefold() for text in (row.name, value, row.comment))


def _shown(row: Row, file: str, files: Files, winners: dict[str, Row], catalogue: Catalogue | None) -> ShownProperty:
    is_hidden = is_secret_name(row.name) and row.value is not None
    return ShownProperty(
        row,
        f"{file}.{row.name}" if winners.get(row.name) is row else "",
        HIDDEN if is_hidden else row.value,
        files.shown_effective(row),
        tuple(row_remarks(row, catalogue)),
    )


class _Place(NamedTuple):
    """Where a property is edited."""

    of: GroupView
    files: Files
    catalogue: Catalogue | None


def _place(request: Request, services: Services, caller: Editor, name: str, file: str) -> _Place:
    of = group_view(request, services, caller, name)
    find_file(of.group.content, name, file)
    catalogue = services.key_catalogues.find(of.group.content.spark_home).catalogue
    return _Place(of, files_of(services, of.group.content), catalogue)


def _property(place: _Place, file: str, key: str) -> Row:
    winners = place.files.winners(file)
    if key not in winners:
        raise NotFound(f"property of {file} named", key, nearest(key, winners))
    return winners[key]


@router.get("/row")
def row_part(request: Request, services: ServicesDep, caller: Editor, name: str, file: str, key: str) -> Any:
    """One property as it stands: what undoing an edit shows again."""
    return _row(_place(request, services, caller, name, file), file, key, "hadoop/property_row_part.html")


@router.get("/drop")
def drop_part(request: Request, services: ServicesDep, caller: Editor, name: str, file: str, key: str) -> Any:
    """One property, marked for deletion."""
    return _row(_place(request, services, caller, name, file), file, key, "hadoop/property_drop_part.html")


def _row(place: _Place, file: str, key: str, template: str) -> HTMLResponse:
    row = _property(place, file, key)
    one = _shown(row, file, place.files, {key: row}, place.catalogue)
    return render(place.of.view, template, of=place.of, file=file, one=one)


@router.get("/edit")
def edit_part(request: Request, services: ServicesDep, caller: Editor, name: str, file: str, key: str) -> Any:
    """One property as fields; a secret's value stays hidden, and what it is when the field is left empty."""
    place = _place(request, services, caller, name, file)
    row = _property(place, file, key)
    is_secret = is_secret_name(key)
    typed = "" if is_secret else row.value or ""
    known = _look_up(place.catalogue, key, None if is_secret else row.value)
    fields = PropertyFields(row_id(file, key), f"{file}.{key}", key, row, typed, digest_of(typed), is_secret, known)
    return render(place.of.view, "hadoop/property_edit_part.html", of=place.of, file=file, row=fields)


@router.get("/add")
def add_part(request: Request, services: ServicesDep, caller: Editor, name: str, file: str) -> Any:
    """The fields of a property that the file does not have yet."""
    of = group_view(request, services, caller, name)
    find_file(of.group.content, name, file)
    token = f"new-{secrets.token_hex(4)}"
    fields = PropertyFields(token, token, "", None, "", "", is_secret=False, known=Known())
    return render(of.view, "hadoop/property_edit_part.html", of=of, file=file, row=fields)


@router.post("/field")
def field_part(
    request: Request, services: ServicesDep, caller: Editor, name: str, file: str, form: FormDep, token: Token
) -> Any:
    """What is known of the field of one row, and what is odd about what was typed; nothing is saved."""
    place = _place(request, services, caller, name, file)
    key, known = form.text(f"name.{token}").strip(), Known()
    if key:
        value = None if is_secret_name(key) else form.text(f"value.{token}")
        known = _look_up(place.catalogue, key, value)
        known = Known(
            known.key, (*known.remarks, *_collisions(place.files, file, key, is_new=token.startswith("new-")))
        )
    return render(place.of.view, "groups/field_part.html", known=known)


def _look_up(catalogue: Catalogue | None, key: str, value: str | None) -> Known:
    if catalogue is None:
        return Known()
    remarks = () if value == "" else tuple(hadoop_remarks(catalogue, key, key, value))
    return Known(catalogue.hadoop.keys.get(key), remarks)


def _collisions(files: Files, file: str, key: str, *, is_new: bool) -> Iterator[Remark]:
    """What the same name in this file or in another means for a row."""
    if is_new and key in files.winners(file):
        yield Remark(key, "is in the file already; a save replaces its value")
    for other in files.own:
        row = files.winners(other).get(key) if other != file else None
        if row:
            yield Remark(key, f"is {'final in' if row.final else 'set by'} {other}, line {row.line}, as well")


@router.get("/keys")
def keys_part(request: Request, services: ServicesDep, caller: Editor, name: str, file: str, token: Token) -> Any:
    """Hadoop's keys that what was typed may become, as options of a list box."""
    typed = request.query_params.get(f"name.{token}", "").strip()
    with services.database.reading() as session:
        content = groups.get_group(session, name).content
    find_file(content, name, file)
    catalogue = services.key_catalogues.find(content.spark_home).catalogue
    found = catalogue.hadoop.complete(typed)[:MAX_PROPOSED] if catalogue and typed else []
    return render(View(request, caller), "groups/keys_part.html", keys=found, token=token)
