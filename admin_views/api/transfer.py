"""Configuration as text: an export as one tar.gz; an import as a plan, the bytes it lacks, and one transaction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from admin_views.api.access import ServicesDep, demand, permitted
from admin_views.api.artifacts import RESOURCES, permitted_kind, receive
from admin_views.api.transfer_shapes import (
    AppliedShape,
    ApplyOptions,
    NeedShape,
    PlanOptions,
    PlanShape,
    UploadReceipt,
    applied_shape,
    plan_shape,
)
from admin_views.bodies import read_limited
from admin_views.permissions import ACTION_NAMES, Action, Resource, file_needs
from admin_views.problems import Forbidden
from admin_views.services import Caller, Deed, Services
from config_store.artifacts import ArtifactKind
from config_store.beginnings import BEGINNING, beginning_fault
from config_store.cleaning import hold_blobs
from config_store.errors import BlobMissing, Fault, InvalidInput, SecretUnreadable, reject
from config_store.groups import Save
from config_store.script_front import script_fault
from config_store.transfer.apply import Agreed, Applied, apply_request, check_secrets, keep_blobs
from config_store.transfer.archive import read_archive, write_archive
from config_store.transfer.export import Export, export_entries, gather_export
from config_store.transfer.plan import (
    ArtifactDeed,
    ArtifactStep,
    GroupDeed,
    GroupStep,
    Plan,
    agreement,
    make_plan,
)
from config_store.transfer.plan import Request as ImportRequest
from config_store.transfer.tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

Options = TypeVar("Options", bound="PlanOptions")

router = APIRouter(prefix="/transfer", tags=["configuration as text"])

Reader = Annotated[Caller, Depends(permitted("GET", Resource.GROUPS))]
Editor = Annotated[Caller, Depends(permitted("PUT", Resource.GROUPS))]
Uploader = Annotated[Caller, Depends(permitted_kind("POST"))]

#: The member of an import's archive that holds what its files do not say: :class:`PlanOptions`, :class:`ApplyOptions`.
OPTIONS = "request.json"
#: The text of an import, packed; the bytes of artifacts travel on their own.
MAX_ARCHIVE_BYTES = 16_000_000
#: Each import in work may hold a hundred megabytes.
_TURNS = CapacityLimiter(2)

_GZIP = "application/gzip"
_FILE = {"schema": {"type": "string", "format": "binary"}}
_ARCHIVE_BODY = {"requestBody": {"content": {_GZIP: _FILE}, "required": True}}
_BLOB_BODY = {"requestBody": {"content": {"application/octet-stream": _FILE}, "required": True}}
_DIGEST = re.compile(r"[0-9a-f]{64}")

#: What each step of an import needs; what it needs of Hadoop files, a group's changes tell.
GROUP_NEEDS: dict[GroupDeed, tuple[Action, Resource]] = {
    GroupDeed.CREATE: ("POST", Resource.GROUPS),
    GroupDeed.CHANGE: ("PUT", Resource.GROUPS),
    GroupDeed.DELETE: ("DELETE", Resource.GROUPS),
}
ARTIFACT_NEEDS: dict[ArtifactDeed, Action] = {ArtifactDeed.ADD: "POST", ArtifactDeed.RESTORE: "PUT"}


@router.get("/export", response_class=Response)
def export(
    services: ServicesDep,
    caller: Reader,
    group: Annotated[list[str], Query(description="only these groups, and the dependencies they choose")] = [],  # noqa: B006  # FastAPI copies it
    artifacts: Annotated[bool, Query(description="with the bytes of the artifacts")] = False,
) -> Response:
    """The configuration as a tar.gz of text files, secrets by reference. Files in it need the rights to read them."""
    with services.database.reading() as session:
        found = gather_export(session, group)
    demand(services, caller, _export_needs(found, artifacts=artifacts))
    entries = export_entries(found, services.blobs, artifacts=artifacts)
    headers = {
        "Content-Encoding": "identity",  # it is compressed, and Airflow would do so again
        "Content-Disposition": 'attachment; filename="couture.tar.gz"',
    }
    return StreamingResponse(write_archive(entries), media_type=_GZIP, headers=headers)


def _export_needs(found: Export, *, artifacts: bool) -> Iterator[tuple[Action, Resource]]:
    """As the routes of the single files ask: the bytes of files and artifacts are for those who may edit them."""
    if found.has_files():
        yield "PUT", Resource.HADOOP
    for kind in sorted(found.kinds()):
        yield "GET", RESOURCES[kind]
        if artifacts:
            yield "PUT", RESOURCES[kind]


@router.post("/plan", openapi_extra=_ARCHIVE_BODY)
async def plan(services: ServicesDep, caller: Reader, request: Request) -> PlanShape:
    """What an import of the body, a tar.gz as exported, would do; nothing is changed.

    Its member `request.json`, which may be left out, holds `prune`, `carried` and `secrets`.
    """
    body = await read_limited(request, MAX_ARCHIVE_BYTES)
    return await to_thread.run_sync(_plan, services, caller, body, limiter=_TURNS)


def _plan(services: Services, caller: Caller, body: bytes) -> PlanShape:
    asked, options = _asked(body, PlanOptions)
    may_edit = services.identity.permits(caller, "PUT", Resource.GROUPS)
    if options.secrets and not may_edit:
        raise Forbidden("PUT", Resource.GROUPS)  # else a reader could try values until one is the stored one
    may_read_files = services.identity.permits(caller, "PUT", Resource.HADOOP)
    with services.database.reading() as session:
        digest = agreement(session, asked, services.cipher).digest()
        made = make_plan(session, asked, services.cipher, services.read_blob if may_read_files else None)
    needs = [
        NeedShape(
            permission=ACTION_NAMES[action],
            resource=str(resource),
            granted=services.identity.permits(caller, action, resource),
        )
        for action, resource in _needs(made)
    ]
    return plan_shape(made, digest, needs, compares_secrets=may_edit)


@router.put("/blobs/{kind}/{sha256}", openapi_extra=_BLOB_BODY)
async def upload_blob(
    services: ServicesDep, caller: Uploader, kind: ArtifactKind, sha256: str, request: Request
) -> UploadReceipt:
    """Take the bytes of an artifact ahead of the import that makes a version of them."""
    if not _DIGEST.fullmatch(sha256):
        raise reject("sha256", f"{sha256[:100]!r} is no digest of 64 digits of 0-9 and a-f")
    with services.blobs.writer(sha256) as writer:
        size = await receive(request, writer, sha256, services.max_upload_bytes)
        blob = await to_thread.run_sync(lambda: writer.commit(sha256=sha256, size=size))
    receipt = await to_thread.run_sync(_record_upload, services, caller, kind, sha256, blob.size)
    return UploadReceipt(sha256=blob.sha256, size=blob.size, receipt=receipt)


def _record_upload(services: Services, caller: Caller, kind: ArtifactKind, sha256: str, size: int) -> str:
    receipt = services.cipher.encrypt(_receipt_text(caller, sha256))
    with services.deed(caller) as deed:
        deed.note("transfer.upload", f"{kind.noun} {sha256}", size=size)
    return receipt


def _receipt_text(caller: Caller, sha256: str) -> str:
    # without the kind: one file may be both, and the rights to each are asked for when it is applied
    return f"couture upload {sha256} {caller.name}"


@router.post("/apply", openapi_extra=_ARCHIVE_BODY)
async def apply(services: ServicesDep, caller: Editor, request: Request) -> AppliedShape:
    """Import the body, a tar.gz as exported: all of it in one transaction, or an error and nothing.

    Its member `request.json` holds what the plan was asked with, the plan's `digest` as `plan`, its `bases`, the
    receipts of `uploads` and a `note`. Besides the right to edit groups it needs those of what it changes.
    """
    body = await read_limited(request, MAX_ARCHIVE_BYTES)
    return await to_thread.run_sync(_apply, services, caller, body, limiter=_TURNS)


def _apply(services: Services, caller: Caller, body: bytes) -> AppliedShape:
    asked, options = _asked(body, ApplyOptions)
    with services.database.reading() as session:
        foreseen = make_plan(session, asked, services.cipher)
    demand(services, caller, _needs(foreseen))
    check_secrets(foreseen)
    _check_uploads(services, caller, foreseen, options.uploads)
    keep_blobs(foreseen, services.blobs)
    agreed = Agreed(options.bases, options.plan)
    digests = {*foreseen.blobs, *(step.listed.sha256 for step in foreseen.additions())}
    with services.deed(caller) as deed:
        hold_blobs(deed.session, services.blobs, digests)
        done = apply_request(deed.session, asked, agreed, Save(caller.name, options.note), services.cipher)
        _note_deeds(deed, done, options.note)
    return applied_shape(done)


def _note_deeds(deed: Deed, done: Applied, note: str) -> None:
    """An audit row for each thing that changed, as if each had been changed on its own."""
    for brought, version in zip(done.plan.additions(), done.versions, strict=True):
        event = "artifact.upload" if brought.deed is ArtifactDeed.ADD else "artifact.restore"
        subject = f"{version.kind.noun} {version.name}"
        deed.note(event, subject, version=version.version, sha256=version.sha256, size=version.size, note=note)
    for step in done.plan.steps():
        group, subject = done.groups[step.name], f"group {step.name}"
        if group is None:
            deed.note("group.delete", subject, note=note)
            continue
        event = "group.create" if step.deed is GroupDeed.CREATE else "group.save"
        deed.note_changes(event, subject, step.changes, revision=group.revision, parent=step.base, note=note)
    if default := done.plan.default:
        deed.note("group.default", f"group {default.new}", old=default.old, new=default.new, note=note)


def _asked(body: bytes, shape: type[Options]) -> tuple[ImportRequest, Options]:
    """The import and its options out of an archive."""
    files = read_archive(body)
    try:
        options = shape.model_validate_json(files.pop(OPTIONS, b"{}"))
    except ValidationError as error:
        places = ((".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors(include_input=False))
        raise InvalidInput([Fault(": ".join(filter(None, [OPTIONS, at])), message) for at, message in places]) from None
    asked = ImportRequest(read_tree(files), options.secrets, frozenset(options.carried), options.prune)
    return asked, options


def _needs(made: Plan) -> list[tuple[Action, Resource]]:
    """The permissions that a plan's steps need, each once."""
    needs = [need for step in made.steps() for need in _group_needs(step)]
    if made.default:
        needs.append(("PUT", Resource.GROUPS))
    needs += [(ARTIFACT_NEEDS[step.deed], RESOURCES[step.listed.kind]) for step in made.additions()]
    return list(dict.fromkeys(needs))


def _group_needs(step: GroupStep) -> Iterator[tuple[Action, Resource]]:
    yield GROUP_NEEDS[step.deed]
    yield from file_needs(step.changes)


def _check_uploads(services: Services, caller: Caller, made: Plan, receipts: dict[str, str]) -> None:
    """Raise InvalidInput unless every version that comes has bytes, and the caller has shown that they are his.

    A digest alone proves nothing: who knows that of a file he may not read could make an artifact of it.
    """
    faults = [
        Fault(f"uploads.{step.listed.sha256}", message)
        for step in made.additions()
        if step.deed is ArtifactDeed.ADD
        and (message := _upload_fault(services, caller, step, receipts.get(step.listed.sha256)))
    ]
    if faults:
        raise InvalidInput(faults)


def _upload_fault(services: Services, caller: Caller, step: ArtifactStep, receipt: str | None) -> str | None:
    listed = step.listed
    if step.upload and (receipt is None or not _is_receipt(services, caller, listed.sha256, receipt)):
        return f"the bytes of {listed} have to be uploaded first"
    try:
        size = services.blobs.size(listed.sha256)
        with services.blobs.open(listed.sha256) as content:
            beginning = content.read(BEGINNING)
    except BlobMissing:
        return f"the bytes of {listed} are gone from the storage; upload them again"
    if size != listed.size:
        return f"{listed} has {size:,} bytes, the manifest says {listed.size:,}"
    fault = beginning_fault(listed.name, beginning) or script_fault(services.blobs, listed.name, listed.sha256)
    return f"{listed} {fault}" if fault else None


def _is_receipt(services: Services, caller: Caller, sha256: str, receipt: str) -> bool:
    try:
        text = services.cipher.decrypt(receipt, "uploads")
    except SecretUnreadable:
        return False
    return text == _receipt_text(caller, sha256)
