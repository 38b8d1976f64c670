"""Config groups, their revisions and their settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field
from sqlalchemy.orm import Session

from admin_views.api.access import Limit, Offset, RevisionDep, ServicesDep, demand, permitted
from admin_views.api.schemas import (
    ChangeShape,
    DependencyShape,
    GroupDetail,
    GroupShape,
    Page,
    RevisionDetail,
    RevisionShape,
    SettingChanges,
    Shape,
    WritableContent,
    change_shapes,
    changed_settings,
    dependencies,
    example,
    group_detail,
    group_shape,
    replaced_content,
    revision_detail,
    revision_shape,
)
from admin_views.permissions import Resource, file_needs
from admin_views.services import Caller, Deed, Services
from config_store import group_restoring, groups
from config_store.catalogue.lint import Remark, content_remarks
from config_store.content import SECTIONS, Content
from config_store.diff import Change, diff_contents
from config_store.groups import Group, Save
from config_store.names import check_spark_home

router = APIRouter(prefix="/groups", tags=["config groups"])

Reader = Annotated[Caller, Depends(permitted("GET", Resource.GROUPS))]
Creator = Annotated[Caller, Depends(permitted("POST", Resource.GROUPS))]
Editor = Annotated[Caller, Depends(permitted("PUT", Resource.GROUPS))]
Deleter = Annotated[Caller, Depends(permitted("DELETE", Resource.GROUPS))]


class NewGroup(Shape):
    """A group to make: empty, with a content, or as a copy of another (files and secrets included)."""

    model_config = example(
        name="prod",
        description="The nightly cluster",
        content={
            "arguments": {"driver-memory": "7g", "queue": {"value": "etl", "final": True, "note": "ask the admins"}},
            "configurations": {"spark.my.apikey": {"value": "…", "secret": True}},
        },
        note="first try",
    )

    name: str
    description: str = ""
    copy_of: str | None = None
    content: WritableContent | None = None
    note: str = ""


class Description(Shape):
    """The description of a group."""

    model_config = example(description="The nightly cluster")

    description: str


class ContentSave(Shape):
    """A whole content, and why."""

    model_config = example(
        content={
            "arguments": {"driver-memory": "8g"},
            "configurations": {"spark.my.apikey": {"value": None, "secret": True}},
        },
        note="more memory; the secret stays what it was",
    )

    content: WritableContent
    note: str = ""


class ContentChange(Shape):
    """Changes by name: a setting sets, null removes, absent stays."""

    model_config = example(arguments={"executor-memory": "8g", "queue": None}, note="more memory, any queue")

    arguments: SettingChanges = {}
    configurations: SettingChanges = {}
    environment: SettingChanges = {}
    jars: list[DependencyShape] | None = None
    py_files: list[DependencyShape] | None = None
    principal: str | None = None
    spark_home: str | None = None
    note: str = ""


class Rollback(Shape):
    """The revision to go back to, and why."""

    model_config = example(revision=1, note="the new settings broke the nightly load")

    revision: int
    note: str = ""


class RevisionName(Shape):
    """One revision of one group."""

    group: str
    revision: int


class Difference(Shape):
    """What differs between two revisions."""

    # "from" is a keyword of Python
    from_: RevisionName = Field(alias="from")
    to: RevisionName
    changes: list[ChangeShape]


@router.get("")
def list_groups(
    services: ServicesDep, _: Reader, search: str = "", limit: Limit = 50, offset: Offset = 0
) -> Page[GroupShape]:
    """The groups by name; `search` matches anywhere in the name."""
    with services.database.reading() as session:
        found, total = groups.list_groups(session, search=search, limit=limit, offset=offset)
    return Page(items=[group_shape(group) for group in found], total=total)


@router.post("", status_code=201)
def create_group(services: ServicesDep, caller: Creator, new: NewGroup, response: Response) -> GroupDetail:
    """Make a group; the first one of a store becomes the default."""
    with services.deed(caller) as deed:
        source = groups.get_group(deed.session, new.copy_of).content if new.copy_of else Content()
        content = replaced_content(source, new.content) if new.content else source
        note = new.note or (f"copy of {new.copy_of}" if new.copy_of else "")
        group = groups.create_group(
            deed.session,
            new.name,
            Save(caller.name, note),
            services.cipher,
            description=new.description,
            content=content,
        )
        changes = diff_contents(Content(), group.content)
        deed.note_changes("group.create", f"group {group.name}", changes, revision=group.revision, note=note)
    return tagged(response, group, odd_changes(services, Content(), group.content))


@router.get("/{name}")
def read_group(services: ServicesDep, _: Reader, name: str, response: Response) -> GroupDetail:
    """A group with its content; secrets are null."""
    with services.database.reading() as session:
        return tagged(response, groups.get_group(session, name))


@router.patch("/{name}")
def describe_group(services: ServicesDep, caller: Editor, name: str, new: Description) -> GroupShape:
    """Change the description."""
    with services.deed(caller) as deed:
        old = groups.get_group(deed.session, name).description
        group = groups.describe_group(deed.session, name, new.description)
        deed.note("group.describe", f"group {name}", old=old, new=new.description)
    return group_shape(group)


@router.delete("/{name}", status_code=204)
def delete_group(services: ServicesDep, caller: Deleter, name: str, force: bool = False) -> None:
    """Delete a group; its revisions stay readable for receipts."""
    with services.deed(caller) as deed:
        groups.delete_group(deed.session, name, caller.name, force=force)
        deed.note("group.delete", f"group {name}", force=force)


@router.post("/{name}/restore")
def restore_group(services: ServicesDep, caller: Deleter, name: str) -> GroupShape:
    """Take a group's deletion back, with all its revisions; it does not become the default."""
    with services.deed(caller) as deed:
        group = group_restoring.restore_group(deed.session, name)
        deed.note("group.restore", f"group {name}", revision=group.revision)
    return group_shape(group)


@router.post("/{name}/default")
def make_default(services: ServicesDep, caller: Editor, name: str) -> GroupShape:
    """Make the group the default of jobs that name none."""
    with services.deed(caller) as deed:
        old = groups.default_group_name(deed.session)
        group = groups.make_default(deed.session, name)
        deed.note("group.default", f"group {name}", old=old, new=name)
    return group_shape(group)


@router.put("/{name}/content")
def replace_content(
    services: ServicesDep, caller: Editor, name: str, parent: RevisionDep, save: ContentSave, response: Response
) -> GroupDetail:
    """Replace all settings; Hadoop files, keytab and krb5.conf stay as they are."""
    with services.deed(caller) as deed:
        saved = save_change(
            services, deed, name, parent, lambda current: replaced_content(current, save.content), save.note
        )
    return answer_save(services, saved, response)


@router.patch("/{name}/content")
def change_content(
    services: ServicesDep, caller: Editor, name: str, parent: RevisionDep, change: ContentChange, response: Response
) -> GroupDetail:
    """Set and remove settings by name; all or nothing."""
    with services.deed(caller) as deed:
        saved = save_change(services, deed, name, parent, lambda current: changed_content(current, change), change.note)
    return answer_save(services, saved, response)


@router.get("/{name}/revisions")
def list_revisions(
    services: ServicesDep, _: Reader, name: str, limit: Limit = 50, offset: Offset = 0
) -> Page[RevisionShape]:
    """The revisions, newest first."""
    with services.database.reading() as session:
        found, total = groups.list_revisions(session, name, limit=limit, offset=offset)
    return Page(items=[revision_shape(revision) for revision in found], total=total)


@router.get("/{name}/revisions/{number}")
def read_revision(services: ServicesDep, _: Reader, name: str, number: int) -> RevisionDetail:
    """One revision; readable also after its group was deleted."""
    with services.database.reading() as session:
        return revision_detail(groups.get_revision(session, name, number))


@router.post("/{name}/rollback")
def roll_back(
    services: ServicesDep, caller: Editor, name: str, parent: RevisionDep, rollback: Rollback, response: Response
) -> GroupDetail:
    """Make an older revision the newest, as a revision of its own.

    Where it changes Hadoop files, keytab or krb5.conf, it needs the permissions that saving or removing them needs.
    """
    # revisions stay as they are; and the auth manager is not asked while others wait for the group
    with services.database.reading() as session:
        groups.check_save(session, name, parent=parent, note=rollback.note)
        before, wanted = (groups.get_revision(session, name, number).content for number in (parent, rollback.revision))
    demand_rollback(services, caller, parent, rollback.revision, diff_contents(before, wanted))
    with services.deed(caller) as deed:
        save = Save(caller.name, rollback.note)
        group = groups.roll_back(
            deed.session, name, rollback.revision, parent=parent, save=save, cipher=services.cipher
        )
        details = {"note": rollback.note, "rolled_back_to": rollback.revision}
        saved = _note_save(services, deed, before, group, parent, **details)
    return answer_save(services, saved, response)


@router.get("/{name}/diff")
def diff_revisions(
    services: ServicesDep,
    caller: Reader,
    name: str,
    from_: Annotated[int | None, Query(alias="from", description="a revision; by default the one before `to`")] = None,
    to: Annotated[int | None, Query(description="a revision; by default the newest")] = None,
    other: Annotated[str | None, Query(description="the group that `to` is a revision of; by default the same")] = None,
) -> Difference:
    """What differs between two revisions, of one group or of two; inside Hadoop files for those who may read them."""
    with services.database.reading() as session:
        target = other or name
        newest = groups.get_group(session, target).revision if to is None else to
        oldest = from_ if from_ is not None else _before(session, name, newest if target == name else None)
        old, new = groups.get_revision(session, name, oldest), groups.get_revision(session, target, newest)
    may_read_files = services.identity.permits(caller, "PUT", Resource.HADOOP)  # as GET …/hadoop/{file} asks
    changes = diff_contents(old.content, new.content, services.read_blob if may_read_files else None)
    return Difference.model_validate(
        {
            "from": RevisionName(group=name, revision=oldest),
            "to": RevisionName(group=target, revision=newest),
            "changes": change_shapes(changes),
        }
    )


def _before(session: Session, name: str, newest: int | None) -> int:
    """The revision that ``newest`` was made from; of another group: the present one."""
    if newest is None:
        return groups.get_group(session, name).revision
    return groups.get_revision(session, name, newest).parent or newest


class Saved(NamedTuple):
    """A group after a save, and the content that it had before."""

    group: Group
    before: Content


def save_change(services: Services, deed: Deed, name: str, parent: int, change: groups.Edit, note: str) -> Saved:
    """Save what ``change`` makes of the present content, with its audit row."""
    before = groups.get_group(deed.session, name)
    # On a content that it was not made for, a change may fail in its own way, and the conflict would stay untold.
    edit = change if before.revision == parent else lambda content: content
    group = groups.change_content(
        deed.session, name, edit, parent=parent, save=Save(deed.caller.name, note), cipher=services.cipher
    )
    return _note_save(services, deed, before.content, group, parent, note=note)


def _note_save(services: Services, deed: Deed, before: Content, group: Group, parent: int, **details: Any) -> Saved:
    if group.revision != parent:  # else the content is what it was, and there is nothing to tell
        changes = diff_contents(before, group.content, services.read_blob)
        subject = f"group {group.name}"
        deed.note_changes("group.save", subject, changes, revision=group.revision, parent=parent, **details)
    return Saved(group, before)


def demand_rollback(services: Services, caller: Caller, present: int, wanted: int, changes: Sequence[Change]) -> None:
    """Raise Forbidden unless the caller may change the files that going back to a revision changes."""
    why = f"Revision {wanted} has other Hadoop files, another keytab or krb5.conf than revision {present}."
    demand(services, caller, file_needs(changes), why)


def answer_save(services: Services, saved: Saved, response: Response) -> GroupDetail:
    """The group after a save as an answer, with what is odd about the change."""
    return tagged(response, saved.group, odd_changes(services, saved.before, saved.group.content))


def odd_changes(services: Services, before: Content, after: Content) -> list[Remark]:
    """What is odd about the settings that differ."""
    catalogue = services.key_catalogues.find(after.spark_home).catalogue
    changed = {
        (section, name)
        for section in SECTIONS
        for name, setting in getattr(after, section).items()
        if getattr(before, section).get(name) != setting
    }
    return content_remarks(catalogue, after, changed)


def tagged(response: Response, group: Group, remarks: Sequence[Remark] = ()) -> GroupDetail:
    """The group as an answer with its revision as ETag."""
    response.headers["ETag"] = f'"{group.revision}"'
    return group_detail(group, remarks)


def changed_content(current: Content, change: ContentChange) -> Content:
    """The content after the change; raises InvalidInput."""
    named = change.model_fields_set
    sections = changed_settings(current, {section: getattr(change, section) for section in SECTIONS})
    return replace(
        current,
        **sections,
        jars=current.jars if change.jars is None else dependencies(change.jars),
        py_files=current.py_files if change.py_files is None else dependencies(change.py_files),
        principal=current.principal if change.principal is None else change.principal,
        spark_home=check_spark_home(change.spark_home) if "spark_home" in named else current.spark_home,
    )
