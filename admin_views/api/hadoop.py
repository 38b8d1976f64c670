"""A group's files: Hadoop XML, the keytab, krb5.conf. Bytes are kept as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from admin_views.api.access import Limit, Offset, RevisionDep, ServicesDep, permitted
from admin_views.api.groups import answer_save, save_change, tagged
from admin_views.api.schemas import FileShape, GroupDetail, Page
from admin_views.bodies import download, read_limited
from admin_views.permissions import Resource
from admin_views.services import Caller, Services
from config_store.cleaning import hold_blobs
from config_store.content import KEYTAB_SUFFIXES, ConfigFile, Content
from config_store.errors import NotFound
from config_store.groups import Edit, check_save, get_group
from config_store.hadoop_xml import HADOOP_SUFFIXES, MAX_HADOOP_BYTES, check_hadoop_file
from config_store.kerberos import MAX_KERBEROS_BYTES, check_krb5_conf, seal_keytab
from config_store.names import check_file_name, nearest

router = APIRouter(prefix="/groups/{name}", tags=["hadoop files"])

Reader = Annotated[Caller, Depends(permitted("GET", Resource.HADOOP))]
Editor = Annotated[Caller, Depends(permitted("PUT", Resource.HADOOP))]
Deleter = Annotated[Caller, Depends(permitted("DELETE", Resource.HADOOP))]


@router.get("/hadoop")
def list_files(services: ServicesDep, _: Reader, name: str, limit: Limit = 50, offset: Offset = 0) -> Page[FileShape]:
    """The Hadoop files of a group by name."""
    with services.database.reading() as session:
        files = get_group(session, name).content.hadoop_files
    page = files[offset : offset + limit]
    shapes = [FileShape(name=file.name, sha256=file.sha256, size=file.size) for file in page]
    return Page(items=shapes, total=len(files))


@router.get("/hadoop/{file}", response_class=Response)
def read_file(services: ServicesDep, _: Editor, name: str, file: str, request: Request) -> Response:
    """The bytes of a file, as they were saved. Such files may hold passwords: this needs the right to edit them."""
    with services.database.reading() as session:
        content = get_group(session, name).content
    found = find_file(content, name, file)
    return download(request, services.blobs, found.sha256, found.name, "application/xml")


@router.put("/hadoop/{file}", openapi_extra={"requestBody": {"content": {"application/xml": {}}, "required": True}})
async def save_file(
    services: ServicesDep,
    caller: Editor,
    name: str,
    file: str,
    parent: RevisionDep,
    request: Request,
    response: Response,
    note: str = "",
    dry_run: bool = False,
) -> GroupDetail:
    """Add or replace a Hadoop file; the body is the file. `dry_run`: it is only looked at, and the group stays."""
    check_file_name(file, HADOOP_SUFFIXES)
    await to_thread.run_sync(check_before_save, services, name, parent, note)
    body = await read_limited(request, MAX_HADOOP_BYTES)

    def save() -> GroupDetail:
        check_hadoop_file(file, body)
        if dry_run:
            with services.database.reading() as session:
                return tagged(response, get_group(session, name))
        stored = store_file(services, file, body)
        return save_files(
            services, caller, name, parent, lambda content: with_file(content, stored), note, response, [stored]
        )

    return await to_thread.run_sync(save)


@router.delete("/hadoop/{file}")
def delete_file(
    services: ServicesDep,
    caller: Deleter,
    name: str,
    file: str,
    parent: RevisionDep,
    response: Response,
    note: str = "",
) -> GroupDetail:
    """Remove a Hadoop file from the group; older revisions keep it."""

    def without(content: Content) -> Content:
        return without_file(content, name, file)

    return save_files(services, caller, name, parent, without, note or f"remove {file}", response)


@router.put("/kerberos/keytab", openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}})
async def save_keytab(
    services: ServicesDep,
    caller: Editor,
    name: str,
    parent: RevisionDep,
    request: Request,
    response: Response,
    filename: str = "user.keytab",
    note: str = "",
) -> GroupDetail:
    """Set the keytab, which is encrypted and never shown again; the body is the file."""
    check_file_name(filename, KEYTAB_SUFFIXES, "filename")
    await to_thread.run_sync(check_before_save, services, name, parent, note)
    body = await read_limited(request, MAX_KERBEROS_BYTES)

    def save() -> GroupDetail:
        keytab = seal_keytab(filename, body, services.cipher)
        return save_files(
            services, caller, name, parent, lambda content: replace(content, keytab=keytab), note, response
        )

    return await to_thread.run_sync(save)


@router.delete("/kerberos/keytab")
def delete_keytab(
    services: ServicesDep, caller: Deleter, name: str, parent: RevisionDep, response: Response, note: str = ""
) -> GroupDetail:
    """Remove the keytab."""
    return save_files(services, caller, name, parent, lambda content: replace(content, keytab=None), note, response)


@router.put("/kerberos/krb5.conf", openapi_extra={"requestBody": {"content": {"text/plain": {}}, "required": True}})
async def save_krb5_conf(
    services: ServicesDep,
    caller: Editor,
    name: str,
    parent: RevisionDep,
    request: Request,
    response: Response,
    note: str = "",
) -> GroupDetail:
    """Set the krb5.conf; the body is the file."""
    await to_thread.run_sync(check_before_save, services, name, parent, note)
    body = await read_limited(request, MAX_KERBEROS_BYTES)
    check_krb5_conf(body)

    def save() -> GroupDetail:
        stored = store_file(services, "krb5.conf", body)

        def changed(content: Content) -> Content:
            return replace(content, krb5_conf=stored)

        return save_files(services, caller, name, parent, changed, note, response, [stored])

    return await to_thread.run_sync(save)


@router.delete("/kerberos/krb5.conf")
def delete_krb5_conf(
    services: ServicesDep, caller: Deleter, name: str, parent: RevisionDep, response: Response, note: str = ""
) -> GroupDetail:
    """Remove the krb5.conf."""
    return save_files(services, caller, name, parent, lambda content: replace(content, krb5_conf=None), note, response)


def save_files(
    services: Services,
    caller: Caller,
    name: str,
    parent: int,
    change: Edit,
    note: str,
    response: Response,
    stored: Sequence[ConfigFile] = (),
) -> GroupDetail:
    """Save a change; ``stored`` are the files that were stored for it."""
    with services.deed(caller) as deed:
        if stored:
            hold_blobs(deed.session, services.blobs, [file.sha256 for file in stored])
        saved = save_change(services, deed, name, parent, change, note)
    return answer_save(services, saved, response)


def check_before_save(services: Services, name: str, parent: int, note: str) -> None:
    """What the save will find wrong whatever the body is, before the body is read and stored."""
    with services.database.reading() as session:
        check_save(session, name, parent=parent, note=note)


def store_file(services: Services, file: str, body: bytes) -> ConfigFile:
    """Store the bytes of a configuration file."""
    with services.blobs.writer(file) as writer:
        writer.write(body)
        blob = writer.commit()
    return ConfigFile(file, blob.sha256, blob.size)


def with_file(content: Content, stored: ConfigFile) -> Content:
    """The content with the Hadoop file added or replaced."""
    others = [file for file in content.hadoop_files if file.name != stored.name]
    return replace(content, hadoop_files=tuple(sorted([*others, stored], key=lambda file: file.name)))


def without_file(content: Content, group: str, name: str) -> Content:
    """The content without the Hadoop file of that name; raises NotFound."""
    gone = find_file(content, group, name)
    return replace(content, hadoop_files=tuple(kept for kept in content.hadoop_files if kept != gone))


def find_file(content: Content, group: str, name: str) -> ConfigFile:
    """The Hadoop file of that name; raises NotFound."""
    for file in content.hadoop_files:
        if file.name == name:
            return file
    known = [file.name for file in content.hadoop_files]
    raise NotFound(f"Hadoop file of config group {group!r} named", name, nearest(name, known))
