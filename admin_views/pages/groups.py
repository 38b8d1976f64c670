"""Spark Configuration: a group's settings, edited in place; the review before a save; history and rollback."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from admin_views.api import groups as api
from admin_views.api.access import ServicesDep
from admin_views.api.groups import Editor, Reader, Rollback
from admin_views.pages.conflicts import conflict_part
from admin_views.pages.edits import LISTS, PARTS, ROW_SECTIONS, read_edits
from admin_views.pages.forms import FormDep
from admin_views.pages.group_tables import PlaceDep, group_tables
from admin_views.pages.kerberos_edits import check_permitted, store_files
from admin_views.pages.keys import check_section, new_row, stored_row
from admin_views.pages.paging import PageNumber, count_pages
from admin_views.pages.parts import choices
from admin_views.pages.rendering import View, redirect, render
from admin_views.permissions import Resource
from config_store import groups
from config_store.catalogue.lint import content_remarks
from config_store.cleaning import hold_blobs
from config_store.content import check_content
from config_store.dependency_check import check_dependencies
from config_store.diff import diff_contents
from config_store.errors import NotFound, StaleRevision
from config_store.group_restoring import find_deleted_group, list_deleted_groups
from config_store.usage import tasks_using_group

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from admin_views.api.groups import ContentChange
    from admin_views.pages.edits import Edits
    from admin_views.services import Caller, Services
    from config_store.catalogue.lint import Remark
    from config_store.content import Content
    from config_store.diff import Change
    from config_store.settings import Setting

router = APIRouter(prefix="/groups", include_in_schema=False, default_response_class=HTMLResponse)

PAGE_SIZE = 50
#: A save and its row in the audit log are made by one transaction, at most so far apart.
_AROUND_SAVE = timedelta(seconds=30)


@router.get("")
def first_page(request: Request, services: ServicesDep, caller: Reader, deleted: str = "") -> Any:
    """The default group; a store without groups says how the first one is made. ``deleted``: what was a moment ago."""
    view = View(request, caller)
    with services.database.reading() as session:
        name = groups.default_group_name(session)
    return redirect(view, view.page(f"groups/{name}", deleted=deleted)) if name else render(view, "groups/none.html")


@router.get("/{name}")
def group_page(
    request: Request,
    services: ServicesDep,
    caller: Reader,
    name: str,
    place: PlaceDep,
    saved: int | None = None,
    told: str = "",
    deleted: str = "",
) -> Any:
    """The settings of a group.

    ``saved``, ``told`` and ``deleted`` say what was done a moment ago.
    """
    view = View(request, caller)
    may_delete = view.may("DELETE", Resource.GROUPS)
    with services.database.reading() as session:
        gone = find_deleted_group(session, name)
        if gone:
            return render(view, "groups/deleted.html", status=404, group=gone, may_delete=may_delete)
        group = groups.get_group(session, name)
        names = groups.list_group_names(session)
        gone_names = [one.name for one in list_deleted_groups(session)] if may_delete else []
        default = groups.default_group_name(session)
        chosen = choices(session, group.content)
    return render(
        view,
        "groups/group.html",
        group=group,
        names=names,
        gone_names=gone_names,
        default=default,
        place=place,
        saved=saved,
        told=told,
        deleted=deleted if deleted in gone_names else "",
        tables=group_tables(group.content, place),
        parts=PARTS,
        lists=LISTS,
        chosen=chosen,
        keys_missing=services.key_catalogues.find(group.content.spark_home).missing,
        may_edit=view.may("PUT", Resource.GROUPS),
        may_create=view.may("POST", Resource.GROUPS),
        may_delete=may_delete,
    )


@router.get("/{name}/row")
def row_part(request: Request, services: ServicesDep, caller: Reader, name: str, section: str, key: str) -> Any:
    """One setting as it stands: what undoing an edit shows again."""
    return _row(request, services, caller, name, section, key, "groups/row_part.html")


@router.get("/{name}/edit")
def edit_part(request: Request, services: ServicesDep, caller: Editor, name: str, section: str, key: str) -> Any:
    """One setting as fields."""
    content, stored = _setting(services, name, section, key)
    row = stored_row(services.key_catalogues.find(content.spark_home).catalogue, section, key, stored)
    return render(View(request, caller), "groups/edit_part.html", group=name, row=row)


@router.get("/{name}/drop")
def drop_part(request: Request, services: ServicesDep, caller: Editor, name: str, section: str, key: str) -> Any:
    """One setting, marked for deletion."""
    return _row(request, services, caller, name, section, key, "groups/drop_part.html")


@router.get("/{name}/add")
def add_part(request: Request, caller: Editor, name: str, section: str) -> Any:
    """The fields of a setting that is not there yet."""
    check_section(section)
    return render(View(request, caller), "groups/edit_part.html", group=name, row=new_row(section))


def _row(
    request: Request, services: Services, caller: Caller, name: str, section: str, key: str, template: str
) -> HTMLResponse:
    _, setting = _setting(services, name, section, key)
    view = View(request, caller)
    may_edit = view.may("PUT", Resource.GROUPS)
    token = f"{section}.{key}"
    return render(view, template, group=name, section=section, key=key, setting=setting, token=token, may_edit=may_edit)


def _setting(services: Services, name: str, section: str, key: str) -> tuple[Content, Setting]:
    check_section(section)
    with services.database.reading() as session:
        content = groups.get_group(session, name).content
    setting: Setting | None = getattr(content, section).get(key)
    if setting is None:
        raise NotFound(f"setting of config group {name!r} among its {section}", key)
    return content, setting


@router.post("/{name}/review")
def review(request: Request, services: ServicesDep, caller: Editor, name: str, form: FormDep, place: PlaceDep) -> Any:
    """What the edits would change, for which DAGs; nothing is saved."""
    edits, parent = read_edits(form), form.number("parent")
    check_permitted(services, caller, edits.files)
    with services.database.reading() as session:
        group = groups.get_group(session, name)
        if group.revision == parent:
            after = edits.apply(group.content, services.cipher)
            check_content(after, group.content)
            check_dependencies(session, after)
        tasks = tasks_using_group(session, name)
    if group.revision != parent:
        return conflict_part(request, services, name, parent, edits)
    changes = diff_contents(group.content, after)
    remarks = _remarks(services, after, edits.change)
    view = View(request, caller)
    address = view.page(f"groups/{name}/save", **place.query())
    names: dict[str, Any] = {"group": group, "changes": changes, "tasks": tasks, "remarks": remarks}
    return render(view, "groups/review_part.html", address=address, **names)


def _remarks(services: Services, after: Content, change: ContentChange) -> list[Remark]:
    """What is odd about the settings that were edited."""
    catalogue = services.key_catalogues.find(after.spark_home).catalogue
    edited = {(section, name) for section in ROW_SECTIONS for name in getattr(change, section)}
    return content_remarks(catalogue, after, edited)


@router.post("/{name}/save")
def save(request: Request, services: ServicesDep, caller: Editor, name: str, form: FormDep, place: PlaceDep) -> Any:
    """Save the edits as a revision, and show the group where its user was."""
    edits, parent = read_edits(form), form.number("parent")
    check_permitted(services, caller, edits.files)
    try:
        saved = _save(services, caller, name, parent, edits)
    except StaleRevision:
        return conflict_part(request, services, name, parent, edits)
    view = View(request, caller)
    return redirect(view, view.page(f"groups/{name}", **place.query(), saved=saved.revision))


def _save(services: Services, caller: Caller, name: str, parent: int, edits: Edits) -> groups.Group:
    stored = store_files(services, edits.files)
    with services.deed(caller) as deed:
        if stored:
            hold_blobs(deed.session, services.blobs, stored)
        change, note = partial(edits.apply, cipher=services.cipher), edits.change.note
        return api.save_change(services, deed, name, parent, change, note).group


@router.get("/{name}/history")
def history_page(
    request: Request,
    services: ServicesDep,
    caller: Reader,
    name: str,
    page: PageNumber = 1,
    old: int | None = None,
    new: int | None = None,
) -> Any:
    """The revisions, newest first, and what differs between ``old`` and ``new``."""
    with services.database.reading() as session:
        group = groups.get_group(session, name)
        names = groups.list_group_names(session)
        revisions, total = groups.list_revisions(session, name, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
        changes = _compared(session, name, old, new)
    view = View(request, caller)
    return render(
        view,
        "groups/history.html",
        group=group,
        names=names,
        revisions=revisions,
        page=page,
        pages=count_pages(total, PAGE_SIZE),
        old=old,
        new=new,
        changes=changes,
        audit_of=lambda revision: _audit_of(view, revision),
        may_edit=view.may("PUT", Resource.GROUPS),
    )


def _audit_of(view: View, revision: groups.RevisionHead) -> str:
    """Where Airflow shows the row of a save: it is written with it, so who and when lead there."""
    after, before = (revision.created_at + span for span in (-_AROUND_SAVE, _AROUND_SAVE))
    return view.audit("couture.group.", user=revision.author, after=after.isoformat(), before=before.isoformat())


def _compared(session: Session, name: str, old: int | None, new: int | None) -> list[Change] | None:
    """What differs; Hadoop files by their digests alone, as for who may not read them."""
    if old is None or new is None:
        return None
    before, after = (groups.get_revision(session, name, number).content for number in (old, new))
    return diff_contents(before, after)


@router.get("/{name}/rollback")
def rollback_part(request: Request, services: ServicesDep, caller: Editor, name: str, revision: int) -> Any:
    """What going back to a revision would change, for which DAGs; nothing is saved. Raises what going back would."""
    with services.database.reading() as session:
        group = groups.get_group(session, name)
        wanted = groups.get_revision(session, name, revision)
        check_dependencies(session, wanted.content)
        tasks = tasks_using_group(session, name)
    check_content(wanted.content, wanted.content)
    changes = diff_contents(group.content, wanted.content)
    api.demand_rollback(services, caller, group.revision, revision, changes)
    remarks = api.odd_changes(services, group.content, wanted.content)
    names: dict[str, Any] = {"group": group, "wanted": wanted, "changes": changes, "tasks": tasks, "remarks": remarks}
    return render(View(request, caller), "groups/rollback_part.html", **names)


@router.post("/{name}/rollback")
def roll_back(request: Request, services: ServicesDep, caller: Editor, name: str, form: FormDep) -> Any:
    """Make an older revision the newest."""
    wish = Rollback(revision=form.number("revision"), note=form.text("note"))
    saved = api.roll_back(services, caller, name, form.number("parent"), wish, Response())
    view = View(request, caller)
    return redirect(view, view.page(f"groups/{name}", saved=saved.revision))
