"""Carries a plan out within one transaction: all of it, or an error and nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config_store import groups
from config_store.artifacts import put_version, restore_version
from config_store.blobs.protocol import Blob
from config_store.errors import Fault, InvalidInput, PlanOutdated, UnknownGroup
from config_store.settings import note_faults
from config_store.transfer.plan import ArtifactDeed, GroupDeed, agreement, make_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from config_store.artifacts import Version
    from config_store.blobs.protocol import BlobStorage
    from config_store.groups import Group, Save
    from config_store.secrets import Cipher
    from config_store.transfer.plan import ArtifactStep, GroupStep, Plan, Request


@dataclass(frozen=True)
class Agreed:
    """The plan that the user saw: the revisions it was made upon (None: no such group), and its digest."""

    bases: Mapping[str, int | None]
    digest: str


@dataclass(frozen=True)
class Applied:
    """What was done: the groups as they stand now (None: deleted), the versions that came."""

    plan: Plan
    groups: Mapping[str, Group | None]
    versions: tuple[Version, ...]


def check_secrets(plan: Plan) -> None:
    """Raise InvalidInput naming every secret that neither the store has nor the import gives."""
    faults = [
        Fault(use.name, f"has no value; {use.where} of group {use.group} needs it") for use in plan.missing_secrets()
    ]
    if faults:
        raise InvalidInput(faults)


def keep_blobs(plan: Plan, blobs: BlobStorage) -> None:
    """Store the Hadoop files and krb5.conf of a plan; by digest, so that it may be repeated. Raises StorageFull."""
    for sha256, content in plan.blobs.items():
        with blobs.writer(sha256) as writer:
            writer.write(content)
            writer.commit(sha256=sha256)


def apply_request(session: Session, request: Request, agreed: Agreed, save: Save, cipher: Cipher) -> Applied:
    """Do what the user agreed to; the blobs are stored already.

    Raises StaleRevision or PlanOutdated when the store is no longer what the plan was made upon, InvalidInput.
    """
    if faults := list(note_faults("note", save.note)):
        raise InvalidInput(faults)
    _check_bases(session, agreed.bases)
    plan = agreement(session, request, cipher)
    if plan.digest() != agreed.digest:
        raise PlanOutdated
    if request.values:
        plan = make_plan(session, request, cipher)
    check_secrets(plan)
    versions = tuple(_bring(session, step, save) for step in plan.additions())
    done: dict[str, Group | None] = {}
    for step in plan.steps():
        if step.deed is not GroupDeed.DELETE:
            done[step.name] = _save(session, step, save, cipher)
    if plan.default and plan.default.new:
        groups.make_default(session, plan.default.new)
    for step in plan.steps():
        if step.deed is GroupDeed.DELETE:
            groups.delete_group(session, step.name, save.author, force=True)
            done[step.name] = None
    return Applied(plan, done, versions)


def _check_bases(session: Session, bases: Mapping[str, int | None]) -> None:
    for name, base in sorted(bases.items()):
        try:
            current = groups.get_group(session, name)
        except UnknownGroup:
            if base is not None:
                raise PlanOutdated from None
            continue
        if base is None:
            raise PlanOutdated
        if current.revision != base:
            raise groups.stale_revision(session, name, base)


def _bring(session: Session, step: ArtifactStep, save: Save) -> Version:
    listed = step.listed
    if step.deed is ArtifactDeed.RESTORE and listed.version is not None:
        return restore_version(session, listed.kind, listed.name, listed.version)
    return put_version(
        session,
        listed.kind,
        listed.name,
        listed.version,
        Blob(listed.sha256, listed.size),
        author=save.author,
        note=save.note,
    )


def _save(session: Session, step: GroupStep, save: Save, cipher: Cipher) -> Group:
    if step.base is None:
        return groups.create_group(session, step.name, save, cipher, description=step.description, content=step.content)
    if step.description != step.old_description:
        groups.describe_group(session, step.name, step.description)
    return groups.save_content(session, step.name, step.content, parent=step.base, save=save, cipher=cipher)
