"""Artifacts of both kinds: list, upload, download, delete, restore."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import Field
from starlette.requests import ClientDisconnect

from admin_views.api.access import Limit, Offset, ServicesDep, permitted
from admin_views.api.schemas import Page, Shape
from admin_views.bodies import download
from admin_views.permissions import Resource
from admin_views.services import Caller, Services
from config_store import artifacts
from config_store.artifacts import Artifact, ArtifactKind, Version
from config_store.beginnings import BEGINNING, check_beginning
from config_store.cleaning import hold_blobs
from config_store.errors import BlobTooLarge, Truncated, reject
from config_store.script_front import check_behind_script
from config_store.usage import groups_using_dependency, last_use_by_dag

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from admin_views.permissions import Action
    from config_store.blobs.protocol import Blob, BlobWriter

router = APIRouter(prefix="/artifacts/{kind}", tags=["artifacts"])

RESOURCES = {ArtifactKind.CODE: Resource.CODE, ArtifactKind.DEPENDENCY: Resource.DEPENDENCIES}
_FILE = {"schema": {"type": "string", "format": "binary"}, "example": "print('hello')\n"}
_BINARY_BODY = {"requestBody": {"content": {"application/octet-stream": _FILE}, "required": True}}

_CONTENT_DIGEST = re.compile(r"(?:^|[\s,])sha-256=:([A-Za-z0-9+/]{43}=):")
#: Bytes gathered before a chunk goes to the disk's thread: an upload costs this much memory, and few switches.
_WRITE_BYTES = 4 * 1024 * 1024


class VersionShape(Shape):
    """One upload; `size` in bytes."""

    version: int
    sha256: str
    size: int
    uploaded_by: str
    uploaded_at: datetime
    note: str
    hidden: bool


class ArtifactShape(VersionShape):
    """An artifact by its newest version; `versions` counts them all."""

    kind: ArtifactKind
    name: str
    versions: int


class DagUse(Shape):
    """A DAG that used an artifact, and when last."""

    dag_id: str
    last_used: datetime


class Users(Shape):
    """Who uses an artifact."""

    groups: list[str]
    dags: list[DagUse]


class ArtifactDetail(ArtifactShape):
    """An artifact with its versions, newest first, and its users."""

    history: list[VersionShape]
    used_by: Users = Field(description="groups that choose it now, DAGs that ever ran with it")


def permitted_kind(action: Action) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency like ``permitted``, on the resource of the kind in the path."""

    async def check(kind: ArtifactKind, request: Request) -> Caller:
        return await permitted(action, RESOURCES[kind])(request)

    check.permission = (action, RESOURCES)  # type: ignore[attr-defined]  # the test of all routes reads it
    return check


Reader = Annotated[Caller, Depends(permitted_kind("GET"))]
Creator = Annotated[Caller, Depends(permitted_kind("POST"))]
Editor = Annotated[Caller, Depends(permitted_kind("PUT"))]
Deleter = Annotated[Caller, Depends(permitted_kind("DELETE"))]
Note = Annotated[str, Query(description="why, for the history")]


@router.get("")
def list_artifacts(
    services: ServicesDep,
    _: Reader,
    kind: ArtifactKind,
    search: str = "",
    hidden: bool = False,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page[ArtifactShape]:
    """The artifacts of a kind by name; `hidden` lists the deleted ones too."""
    with services.database.reading() as session:
        found, total = artifacts.list_artifacts(session, kind, search=search, hidden=hidden, limit=limit, offset=offset)
    return Page(items=[_artifact_shape(artifact) for artifact in found], total=total)


@router.get("/{name}")
def read_artifact(services: ServicesDep, _: Reader, kind: ArtifactKind, name: str) -> ArtifactDetail:
    """One artifact with its versions and users."""
    return _detail(services, kind, name)


@router.post("/{name}/versions", status_code=201, openapi_extra=_BINARY_BODY)
async def upload(
    services: ServicesDep,
    caller: Creator,
    kind: ArtifactKind,
    name: str,
    request: Request,
    response: Response,
    note: Note = "",
    content_digest: Annotated[str | None, Header(description="RFC 9530: `sha-256=:<base64>:`")] = None,
) -> VersionShape:
    """Upload a version; the body is the file, streamed. The content of the newest version again adds none."""
    artifacts.check_upload(kind, name, note)
    announced = read_digest(content_digest)
    with services.blobs.writer(name) as writer:
        size = await receive(request, writer, name, services.max_upload_bytes)
        blob = await to_thread.run_sync(lambda: writer.commit(sha256=announced, size=size))
    version, is_new = await to_thread.run_sync(record_version, services, caller, kind, name, blob, note)
    response.status_code = 201 if is_new else 200
    return version_shape(version)


@router.get("/{name}/versions/{version}/content", response_class=Response)
def download_version(
    services: ServicesDep, _: Editor, kind: ArtifactKind, name: str, version: int, request: Request
) -> Response:
    """The bytes of a version; `Range` is supported. Code is not for every reader: this needs the right to edit."""
    with services.database.reading() as session:
        found = artifacts.get_version(session, kind, name, version)
    return download(request, services.blobs, found.sha256, found.name, "application/octet-stream")


@router.delete("/{name}", status_code=204)
def delete_artifact(services: ServicesDep, caller: Deleter, kind: ArtifactKind, name: str, force: bool = False) -> None:
    """Delete all versions; what used them still reads them."""
    hide(services, caller, kind, name, None, force)


@router.delete("/{name}/versions/{version}", status_code=204)
def delete_version(
    services: ServicesDep, caller: Deleter, kind: ArtifactKind, name: str, version: int, force: bool = False
) -> None:
    """Delete one version; what used it still reads it."""
    hide(services, caller, kind, name, version, force)


@router.post("/{name}/restore")
def restore(
    services: ServicesDep,
    caller: Editor,
    kind: ArtifactKind,
    name: str,
    version: Annotated[int | None, Query(description="that version alone")] = None,
) -> ArtifactShape:
    """Take the newest deletion back, or that of one version."""
    with services.deed(caller) as deed:
        if version is None:
            artifact = artifacts.restore_versions(deed.session, kind, name)
            deed.note("artifact.restore", f"{kind.noun} {name}")
        else:
            artifacts.restore_version(deed.session, kind, name, version)
            artifact, _ = artifacts.get_artifact(deed.session, kind, name)
            deed.note("artifact.restore", f"{kind.noun} {name}", version=version)
    return _artifact_shape(artifact)


def read_digest(header: str | None) -> str | None:
    """The sha256 of a Content-Digest; None without one, raises InvalidInput for one that is none."""
    if header is None:
        return None
    match = _CONTENT_DIGEST.search(header)
    if match is None:
        raise reject("Content-Digest", f"{header[:80]!r} is not of the form sha-256=:<base64 of 32 bytes>:")
    return base64.b64decode(match.group(1)).hex()


async def receive(request: Request, writer: BlobWriter, name: str, limit: int) -> int | None:
    """Write the body as it comes; answers how many bytes were announced, None for a chunked body."""
    announced = request.headers.get("Content-Length")
    if announced and int(announced) > limit:
        raise BlobTooLarge(name, limit)
    received, gathered = 0, bytearray()
    try:
        async for chunk in _checked(request.stream(), name):
            received += len(chunk)
            if received > limit:
                raise BlobTooLarge(name, limit)
            gathered += chunk
            if len(gathered) >= _WRITE_BYTES:
                await to_thread.run_sync(writer.write, bytes(gathered))
                gathered.clear()
    except ClientDisconnect:
        raise Truncated(name, int(announced or 0), received) from None
    await to_thread.run_sync(writer.write, bytes(gathered))
    return int(announced) if announced else None


async def _checked(chunks: AsyncIterator[bytes], name: str) -> AsyncIterator[bytes]:
    """The chunks of a file, after a look at its first bytes; raises InvalidInput."""
    first = b""
    async for chunk in chunks:
        if len(first) >= BEGINNING:
            yield chunk
            continue
        first += chunk
        if len(first) >= BEGINNING:
            check_beginning(name, first[:BEGINNING])
            yield first
    if len(first) < BEGINNING:
        check_beginning(name, first)
        yield first


def record_version(
    services: Services, caller: Caller, kind: ArtifactKind, name: str, blob: Blob, note: str
) -> tuple[Version, bool]:
    """Make stored bytes a version; answers it and whether it is new."""
    check_behind_script(services.blobs, name, blob.sha256)
    with services.deed(caller) as deed:
        hold_blobs(deed.session, services.blobs, [blob.sha256])
        version, is_new = artifacts.add_version(deed.session, kind, name, blob, author=caller.name, note=note)
        if is_new:
            details: dict[str, Any] = {"version": version.version, "sha256": blob.sha256, "size": blob.size}
            deed.note("artifact.upload", f"{kind.noun} {name}", note=note, **details)
    return version, is_new


def hide(services: Services, caller: Caller, kind: ArtifactKind, name: str, version: int | None, force: bool) -> None:
    """Delete one version, or all; raises InUse with the users unless forced."""
    with services.deed(caller) as deed:
        hidden = artifacts.hide_versions(deed.session, kind, name, version, author=caller.name, force=force)
        deed.note("artifact.delete", f"{kind.noun} {name}", versions=[v.version for v in hidden], force=force)


def _detail(services: Services, kind: ArtifactKind, name: str) -> ArtifactDetail:
    with services.database.reading() as session:
        artifact, versions = artifacts.get_artifact(session, kind, name)
        chosen = groups_using_dependency(session, name) if kind is ArtifactKind.DEPENDENCY else []
        used = last_use_by_dag(session, [version.id for version in versions])
    return ArtifactDetail(
        **_artifact_shape(artifact).model_dump(),
        history=[version_shape(version) for version in versions],
        used_by=Users(
            groups=[user.name for user in chosen],
            dags=[DagUse(dag_id=dag_id, last_used=last) for dag_id, last in used],
        ),
    )


def version_shape(version: Version) -> VersionShape:
    """The version as the API tells it."""
    return VersionShape(**{field: getattr(version, field) for field in VersionShape.model_fields})


def _artifact_shape(artifact: Artifact) -> ArtifactShape:
    shown = version_shape(artifact.shown).model_dump()
    return ArtifactShape(**shown, kind=artifact.kind, name=artifact.name, versions=artifact.versions)
