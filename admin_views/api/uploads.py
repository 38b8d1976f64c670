"""Uploads in parts: what breaks off goes on where it was, through whichever API server (docs/adr/015)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Request, Response
from pydantic import Field
from starlette.requests import ClientDisconnect

from admin_views.api.access import ServicesDep
from admin_views.api.artifacts import Creator, VersionShape, read_digest, record_version, version_shape
from admin_views.api.schemas import Shape, example
from admin_views.bodies import read_limited
from config_store import artifacts
from config_store.artifacts import ArtifactKind
from config_store.blobs.protocol import PIECE_BYTES
from config_store.errors import InvalidInput, Truncated, reject
from config_store.part_uploads import (
    PartUpload,
    begin_upload,
    cancel_upload,
    find_upload,
    finish_upload,
    put_part,
    put_together,
    received_parts,
)

if TYPE_CHECKING:
    from admin_views.services import Caller, Services
    from config_store.artifacts import Version

router = APIRouter(prefix="/artifacts/{kind}/{name}/uploads", tags=["uploads in parts"])

_FILE = {"schema": {"type": "string", "format": "binary"}}
_PART_BODY = {"requestBody": {"content": {"application/octet-stream": _FILE}, "required": True}}


class NewUpload(Shape):
    """What is about to come: its size in bytes, why, and its sha256 where that is known beforehand."""

    model_config = example(size=2_000_000_000, note="release 1.4")

    size: int = Field(lt=2**63)
    note: str = ""
    sha256: str | None = None


class UploadShape(Shape):
    """An upload that was begun. Each of its `parts` has `part_size` bytes, the last one what is left."""

    id: str
    size: int
    part_size: int
    parts: int
    received: list[int] = Field(description="the numbers of the parts that are there, from 1")
    expires_at: datetime
    version: int | None = Field(description="what it became; null until it is complete")


@router.post("", status_code=201)
def begin(services: ServicesDep, _: Creator, kind: ArtifactKind, name: str, new: NewUpload) -> UploadShape:
    """Begin an upload in parts: name, note and size are checked before the first byte comes."""
    limit = services.max_upload_bytes
    upload = begin_upload(services.blobs, kind, name, new.size, note=new.note, sha256=new.sha256, limit=limit)
    return _shape(services, upload)


@router.get("/{upload}")
def read_upload(services: ServicesDep, _: Creator, kind: ArtifactKind, name: str, upload: str) -> UploadShape:
    """How far an upload is: what to send after a connection broke off. It is kept for a day."""
    return _shape(services, find_upload(services.blobs, kind, name, upload))


@router.put("/{upload}/parts/{number}", status_code=204, openapi_extra=_PART_BODY)
async def send_part(
    services: ServicesDep,
    _: Creator,
    kind: ArtifactKind,
    name: str,
    upload: str,
    number: int,
    request: Request,
    content_digest: Annotated[str | None, Header(description="RFC 9530: `sha-256=:<base64>:`; required")] = None,
) -> None:
    """Send a part, in any order, and again when its answer was lost; the body is its bytes."""
    announced = read_digest(content_digest)
    if announced is None:
        raise reject("Content-Digest", "is missing: a part says its digest, sha-256=:<base64 of 32 bytes>:")
    found = await to_thread.run_sync(find_upload, services.blobs, kind, name, upload)
    try:
        content = await read_limited(request, PIECE_BYTES)
    except ClientDisconnect:
        raise Truncated(f"{name} (part {number})", int(request.headers.get("Content-Length", 0)), 0) from None
    await to_thread.run_sync(put_part, services.blobs, found, number, content, announced)


@router.post("/{upload}/complete", status_code=201)
def complete(
    services: ServicesDep, caller: Creator, kind: ArtifactKind, name: str, upload: str, response: Response
) -> VersionShape:
    """Make the parts a version. Again, it answers the same version: an answer may be lost."""
    found = find_upload(services.blobs, kind, name, upload)
    version, is_new = _became(services, found) or _complete(services, caller, found)
    response.status_code = 201 if is_new else 200
    return version_shape(version)


@router.delete("/{upload}", status_code=204)
def cancel(services: ServicesDep, _: Creator, kind: ArtifactKind, name: str, upload: str) -> None:
    """Forget an upload and its parts; a version that it became stays."""
    cancel_upload(services.blobs, find_upload(services.blobs, kind, name, upload))


def _complete(services: Services, caller: Caller, upload: PartUpload) -> tuple[Version, bool]:
    try:
        blob = put_together(services.blobs, upload)
    except InvalidInput:  # parts are missing: because another request has completed it meanwhile?
        became = _became(services, find_upload(services.blobs, upload.kind, upload.name, upload.id))
        if became is None:
            raise
        return became
    version, is_new = record_version(services, caller, upload.kind, upload.name, blob, upload.note)
    finish_upload(services.blobs, upload, version.version)
    return version, is_new


def _became(services: Services, upload: PartUpload) -> tuple[Version, bool] | None:
    if upload.version is None:
        return None
    with services.database.reading() as session:
        return artifacts.get_version(session, upload.kind, upload.name, upload.version), False


def _shape(services: Services, upload: PartUpload) -> UploadShape:
    return UploadShape(
        id=upload.id,
        size=upload.size,
        part_size=PIECE_BYTES,
        parts=upload.parts,
        received=received_parts(services.blobs, upload),
        expires_at=upload.expires_at,
        version=upload.version,
    )
