"""Hadoop Configuration: a group's XML files; several sent at once, deleted, reviewed and saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from admin_views.api.access import ServicesDep
from admin_views.api.hadoop import Editor, Reader, find_file, save_files, store_file
from admin_views.bodies import read_limited
from admin_views.pages.forms import FormDep
from admin_views.pages.hadoop_conflicts import meetings, stale_with_files
from admin_views.pages.hadoop_draft import apply_draft, file_before, read_draft
from admin_views.pages.hadoop_review import State, file_changes, warnings
from admin_views.pages.rendering import View, redirect, render
from admin_views.permissions import Resource
from admin_views.problems import Forbidden
from config_store import groups
from config_store.errors import InvalidInput, StaleRevision
from config_store.hadoop_xml import MAX_HADOOP_BYTES, check_hadoop_file, read_properties
from config_store.usage import tasks_using_group

if TYPE_CHECKING:
    from admin_views.hadoop_tables import Files
    from admin_views.pages.forms import Form
    from admin_views.pages.hadoop_draft import Draft, Outcome
    from admin_views.services import Caller, Services
    from config_store.content import ConfigFile, Content
    from config_store.groups import Group

router = APIRouter(prefix="/hadoop", include_in_schema=False, default_response_class=HTMLResponse)


class FileRow(NamedTuple):
    """One file in the list."""

    file: ConfigFile
    properties: int
    fault: str
    order: int | None
    included_by: tuple[str, ...]


@dataclass(frozen=True)
class GroupView:
    """What all pages of a group's files know: its words, and which controls the caller has."""

    view: View
    group: Group
    names: list[str] = field(default_factory=list)

    @property
    def may_edit(self) -> bool:
        """Whether the caller may see inside files and change them."""
        return self.view.may("PUT", Resource.HADOOP)

    @property
    def may_delete(self) -> bool:
        """Whether the caller may take files away; the save asks for the right to edit, too."""
        return self.may_edit and self.view.may("DELETE", Resource.HADOOP)

    def page(self, path: str = "", **query: Any) -> str:
        """The address of a page of the group's files."""
        return self.view.page(f"hadoop/{self.group.name}{path}", **query)

    def download(self, file: str) -> str:
        """The address of a file's bytes."""
        return self.view.api(f"groups/{self.group.name}/hadoop/{file}")


def files_of(services: Services, content: Content) -> Files:
    """The files of a content as Hadoop reads them."""
    return services.hadoop_tables.find(content, services.read_blob)


def group_view(request: Request, services: Services, caller: Caller, name: str) -> GroupView:
    """The group as it stands, for one of its pages; raises UnknownGroup."""
    with services.database.reading() as session:
        group, names = groups.get_group(session, name), groups.list_group_names(session)
    return GroupView(View(request, caller), group, names)


def _rows(content: Content, files: Files) -> list[FileRow]:
    """The files, those that Hadoop reads by itself first, in its order."""
    rows = [
        FileRow(
            file,
            len(files.own.get(file.name, ())),
            files.faults.get(file.name, ""),
            files.order.get(file.name),
            files.included_by.get(file.name, ()),
        )
        for file in content.hadoop_files
    ]
    return sorted(rows, key=lambda row: (row.order or len(rows) + 1, row.file.name))


@router.get("")
def first_page(request: Request, services: ServicesDep, caller: Reader) -> Any:
    """The default group; a store without groups says how the first one is made."""
    view = View(request, caller)
    with services.database.reading() as session:
        name = groups.default_group_name(session)
    return redirect(view, view.page(f"hadoop/{name}")) if name else render(view, "hadoop/none.html")


@router.get("/{name}")
def list_page(request: Request, services: ServicesDep, caller: Reader, name: str, saved: int | None = None) -> Any:
    """The files of a group: whether Hadoop can read them, and in which order it does."""
    of = group_view(request, services, caller, name)
    rows = _rows(of.group.content, files_of(services, of.group.content))
    return render(of.view, "hadoop/list.html", of=of, rows=rows, saved=saved, limit=MAX_HADOOP_BYTES)


@router.get("/{name}/row")
def row_part(request: Request, services: ServicesDep, caller: Reader, name: str, file: str) -> Any:
    """One file as it stands: what undoing its deletion shows again."""
    of = group_view(request, services, caller, name)
    find_file(of.group.content, name, file)
    (row,) = (row for row in _rows(of.group.content, files_of(services, of.group.content)) if row.file.name == file)
    return render(of.view, "hadoop/row_part.html", of=of, row=row)


@router.get("/{name}/drop")
def drop_part(request: Request, services: ServicesDep, caller: Editor, name: str, file: str) -> Any:
    """One file, marked for deletion."""
    of = group_view(request, services, caller, name)
    _check_deletion(services, caller)
    found = find_file(of.group.content, name, file)
    return render(of.view, "hadoop/drop_part.html", of=of, file=found)


def _check_deletion(services: Services, caller: Caller) -> None:
    if not services.identity.permits(caller, "DELETE", Resource.HADOOP):
        raise Forbidden("DELETE", Resource.HADOOP)


@router.post("/{name}/stage/{file}")
async def stage_part(request: Request, services: ServicesDep, caller: Editor, name: str, file: str) -> Any:
    """Take a file's bytes, the body, and answer its row in the list; what no save would take is refused at once."""
    body = await read_limited(request, MAX_HADOOP_BYTES)
    return await to_thread.run_sync(_stage, request, services, caller, name, file, body)


def _stage(request: Request, services: Services, caller: Caller, name: str, file: str, body: bytes) -> HTMLResponse:
    of = group_view(request, services, caller, name)
    try:
        check_hadoop_file(file, body)
    except InvalidInput as refused:
        return render(of.view, "faults_part.html", status=422, faults=refused.told)
    stored, present = store_file(services, file, body), file_before(of.group.content, file)
    count = len(read_properties(file, body))
    return render(of.view, "hadoop/staged_part.html", of=of, file=stored, present=present, count=count)


def outcome_of(services: Services, caller: Caller, name: str, draft: Draft, parent: int) -> tuple[Group, Outcome]:
    """The group, and what a draft upon a revision makes of it; raises what the save would raise."""
    with services.database.reading() as session:
        group = groups.get_group(session, name)
        if group.revision != parent:
            raise stale_with_files(services, session, group, parent)
    if draft.deletes:
        _check_deletion(services, caller)
    return group, apply_draft(services, name, group.content, draft)


@router.post("/{name}/review")
def review(request: Request, services: ServicesDep, caller: Editor, name: str, form: FormDep) -> Any:
    """What the edits would change, for which DAGs; no revision is made."""
    draft, view = read_draft(form), View(request, caller)
    try:
        names = review_names(services, caller, name, draft, form.number("parent"))
    except StaleRevision as stale:
        return _conflict(services, view, name, draft, stale)
    of = GroupView(view, names.pop("group"))
    return render(view, "hadoop/review_part.html", of=of, back=form.text("back"), staged=None, **names)


def _conflict(services: Services, view: View, name: str, draft: Draft, stale: StaleRevision) -> HTMLResponse:
    """Mine and what was saved meanwhile, side by side; nothing is saved."""
    with services.database.reading() as session:
        of = GroupView(view, groups.get_group(session, name))
    met = meetings(stale, draft)
    collisions = sum(bool(one.edit) for one in met)
    told: dict[str, Any] = {"of": of, "stale": stale, "met": met, "collisions": collisions}
    told["left_out"] = len(stale.changes) - len(met)
    return render(view, "hadoop/conflict_part.html", status=409, **told)


def review_names(services: Services, caller: Caller, name: str, draft: Draft, parent: int) -> dict[str, Any]:
    """What a review tells of a draft; raises what the save would raise."""
    group, outcome = outcome_of(services, caller, name, draft, parent)
    with services.database.reading() as session:
        tasks = tasks_using_group(session, name)
    before = State(group.content, files_of(services, group.content))
    after = State(outcome.content, services.hadoop_tables.find(outcome.content, outcome.reader(services)))
    catalogue = services.key_catalogues.find(group.content.spark_home).catalogue
    return {
        "group": group,
        "changed": file_changes(before, after),
        "tasks": tasks,
        "remarks": warnings(before, after, draft, catalogue),
    }


@router.post("/{name}/save")
def save(request: Request, services: ServicesDep, caller: Editor, name: str, form: FormDep) -> Any:
    """Save the edits as a revision."""
    draft, view = read_draft(form), View(request, caller)
    try:
        outcome, revision = _save(services, caller, name, draft, form)
    except StaleRevision as stale:
        return _conflict(services, view, name, draft, stale)
    return redirect(view, view.page(f"hadoop/{name}{_file_path(form.text('back'), outcome)}", saved=revision))


def _save(services: Services, caller: Caller, name: str, draft: Draft, form: Form) -> tuple[Outcome, int]:
    parent = form.number("parent")
    _, outcome = outcome_of(services, caller, name, draft, parent)
    touched = {*draft.properties, *(file for file, staged in draft.files.items() if staged)}
    stored = [file for file in outcome.content.hadoop_files if file.name in touched]
    for file in stored:
        if file.sha256 in outcome.new:
            store_file(services, file.name, outcome.new[file.sha256])
    saved = save_files(services, caller, name, parent, lambda _: outcome.content, form.text("note"), Response(), stored)
    return outcome, saved.revision


def _file_path(back: str, outcome: Outcome) -> str:
    """The path of the file's page that the edits were made on; "" leads to the list."""
    return f"/files/{back}" if any(file.name == back for file in outcome.content.hadoop_files) else ""
