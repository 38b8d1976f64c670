"""The properties inside a group's Hadoop files: as a table, and changed one by one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from admin_views.api.access import Limit, Offset, RevisionDep, ServicesDep, permitted
from admin_views.api.hadoop import check_before_save, find_file, save_files, store_file, with_file
from admin_views.api.schemas import GroupDetail, Page, Shape, example
from admin_views.permissions import Resource
from admin_views.services import Caller
from config_store.groups import get_group
from config_store.hadoop.edit import PropertyEdit, edit_properties
from config_store.hadoop.table import property_table

router = APIRouter(prefix="/groups/{name}", tags=["hadoop files"])

Editor = Annotated[Caller, Depends(permitted("PUT", Resource.HADOOP))]


class PropertyShape(Shape):
    """One property of one file; `value` is as written, `effective` after `${…}`, null stands for none."""

    file: str
    included_by: str | None
    line: int
    name: str
    value: str | None
    final: bool
    comment: str
    effective: str | None
    unknown: list[str]
    overridden_by: str | None
    fault: str


class FileFault(Shape):
    """Why Hadoop can't read a file."""

    where: str
    message: str


class PropertyPage(Page[PropertyShape]):
    """One page of the properties, and the files that can't be read."""

    faults: list[FileFault]


class PropertyChange(Shape):
    """What becomes of a property; null keeps the value or the final mark."""

    value: str | None = None
    final: bool | None = None


class PropertyChanges(Shape):
    """Changes by name: a change sets, null deletes, absent stays."""

    model_config = example(
        properties={"fs.defaultFS": {"value": "hdfs://nn2:8020", "final": True}, "dfs.old": None},
        note="the new name node",
    )

    properties: dict[str, PropertyChange | None]
    note: str = ""


@router.get("/hadoop-properties")
def list_properties(
    services: ServicesDep,
    _: Editor,
    name: str,
    file: str = "",
    search: str = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> PropertyPage:
    """The properties of all Hadoop files as Hadoop reads them; they may be passwords: needs the right to edit."""
    with services.database.reading() as session:
        content = get_group(session, name).content
    files = {found.name: services.read_blob(found.sha256) for found in content.hadoop_files}
    environment = {key: setting.value for key, setting in content.environment.items() if not setting.secret}
    table = property_table(files, environment)
    wanted = search.casefold()
    rows = [
        row
        for row in table.rows
        if file in ("", row.file) and (wanted in row.name.casefold() or wanted in (row.value or "").casefold())
    ]
    return PropertyPage(
        items=[PropertyShape.model_validate(asdict(row)) for row in rows[offset : offset + limit]],
        total=len(rows),
        faults=[FileFault(where=fault.where, message=fault.message) for fault in table.faults],
    )


@router.patch("/hadoop/{file}/properties")
def change_properties(
    services: ServicesDep,
    caller: Editor,
    name: str,
    file: str,
    parent: RevisionDep,
    changes: PropertyChanges,
    response: Response,
) -> GroupDetail:
    """Set and delete properties of a file; all or nothing, and no other byte of the file changes."""
    check_before_save(services, name, parent, changes.note)
    with services.database.reading() as session:
        found = find_file(get_group(session, name).content, name, file)
    edits = {key: _edit(change) for key, change in changes.properties.items()}
    stored = store_file(services, file, edit_properties(file, services.read_blob(found.sha256), edits))
    return save_files(
        services, caller, name, parent, lambda content: with_file(content, stored), changes.note, response, [stored]
    )


def _edit(change: PropertyChange | None) -> PropertyEdit:
    return PropertyEdit(delete=True) if change is None else PropertyEdit(change.value, change.final)
