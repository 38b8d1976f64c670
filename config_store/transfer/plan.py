"""What an import would do: the files against the store, step by step, with every fault before anything is written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select

from config_store.artifacts import ArtifactKind, find_version
from config_store.content import Content, seal
from config_store.diff import Change, diff_contents
from config_store.errors import MAX_TOLD, Fault, InvalidInput, NotFound
from config_store.groups import Group, default_group_name, get_group, list_group_names
from config_store.models import ArtifactRow, VersionRow
from config_store.names import nearest
from config_store.settings import text_faults
from config_store.transfer.group_text import is_stored, with_secrets
from config_store.transfer.layout import MANIFEST, TOP, artifact_path, group_path
from config_store.usage import dags_using_group, dags_using_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from sqlalchemy.orm import Session

    from config_store.secrets import Cipher
    from config_store.transfer.group_text import GroupText
    from config_store.transfer.manifest import ListedVersion
    from config_store.transfer.tree import Tree


class GroupDeed(StrEnum):
    """What becomes of a group."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    KEEP = "keep"


class ArtifactDeed(StrEnum):
    """What becomes of a listed version; ABSENT: neither the store nor the import has it, and no group needs it."""

    ADD = "add"
    RESTORE = "restore"
    KEEP = "keep"
    ABSENT = "absent"


class SecretState(StrEnum):
    """Where the value of a secret comes from."""

    GIVEN = "given"
    STORED = "stored"
    MISSING = "missing"


@dataclass(frozen=True)
class GroupStep:
    """A group's step: ``base`` is the revision it is made upon, None for a new group.

    ``content`` and ``description`` are those after it.
    """

    name: str
    deed: GroupDeed
    base: int | None
    changes: tuple[Change, ...] = ()
    description: str = ""
    content: Content = field(default_factory=Content)
    before: Content = field(default_factory=Content)
    old_description: str = ""
    dags: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArtifactStep:
    """The step of one listed version; ``upload``: its bytes have to be sent first."""

    listed: ListedVersion
    deed: ArtifactDeed
    upload: bool = False
    dags: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecretUse:
    """A secret that the files name, and whether its value is known."""

    name: str
    group: str
    where: str
    state: SecretState


@dataclass(frozen=True)
class Plan:
    """All steps of an import; ``default`` is the change of the default group, None where it stays."""

    groups: tuple[GroupStep, ...]
    artifacts: tuple[ArtifactStep, ...]
    default: Change | None
    secrets: tuple[SecretUse, ...]
    blobs: Mapping[str, bytes]

    def steps(self) -> list[GroupStep]:
        """The groups that change."""
        return [step for step in self.groups if step.deed is not GroupDeed.KEEP]

    def additions(self) -> list[ArtifactStep]:
        """The versions that come into sight."""
        return [step for step in self.artifacts if step.deed in (ArtifactDeed.ADD, ArtifactDeed.RESTORE)]

    def changes_anything(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.steps() or self.additions() or self.default)

    def dags(self) -> list[str]:
        """The DAGs of the last 30 days that the import touches."""
        touched = [step.dags for step in self.steps()] + [step.dags for step in self.additions()]
        return sorted({dag for dags in touched for dag in dags})

    def missing_secrets(self) -> list[SecretUse]:
        """The secrets without a value."""
        return [use for use in self.secrets if use.state is SecretState.MISSING]

    def digest(self) -> str:
        """What this plan would do and upon what, as a sha256; two equal plans have the same."""
        document = [
            [[g.name, g.deed, g.base, [[c.where, c.old, c.new] for c in g.changes]] for g in self.groups],
            [[str(a.listed.kind), str(a.listed), a.listed.sha256, a.deed] for a in self.artifacts],
            [self.default.old, self.default.new] if self.default else None,
        ]
        return hashlib.sha256(json.dumps(document).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Request:
    """An import: the tree, the values of secrets by name, the digests whose bytes come along.

    ``prune``: groups that the files do not have are deleted.
    """

    tree: Tree
    values: Mapping[str, str] = field(default_factory=dict)
    carried: Collection[str] = ()
    prune: bool = False


def make_plan(
    session: Session, request: Request, cipher: Cipher, read_blob: Callable[[str], bytes] | None = None
) -> Plan:
    """The plan; raises InvalidInput naming everything that stands against the import.

    With ``read_blob`` (sha256 -> bytes) the differences within Hadoop files are part of it.
    """
    return _Planner(session, request, cipher, read_blob).plan()


def agreement(session: Session, request: Request, cipher: Cipher) -> Plan:
    """The plan whose digest a user agrees to: without values, for who sees it may not be who knows the secrets."""
    return make_plan(session, replace(request, values={}), cipher)


class _Planner:
    """Makes one plan, gathering faults."""

    def __init__(
        self, session: Session, request: Request, cipher: Cipher, read_blob: Callable[[str], bytes] | None
    ) -> None:
        self._session, self._request, self._cipher = session, request, cipher
        self._faults: list[Fault] = []
        self._blobs = {sha256: blob for text in request.tree.groups.values() for sha256, blob in text.blobs.items()}
        self._read_blob = (lambda sha256: self._blobs.get(sha256) or read_blob(sha256)) if read_blob else None

    def plan(self) -> Plan:
        existing = list_group_names(self._session)
        self._check_carried()
        artifacts = tuple(self._artifact(listed) for listed in self._request.tree.artifacts)
        texts = self._request.tree.groups
        groups = [self._group(texts[name], name in existing, artifacts) for name in sorted(texts)]
        if self._request.prune:
            groups += [self._deletion(name) for name in existing if name not in texts]
        default = self._default(existing)
        secrets = tuple(use for name in sorted(texts) for use in self._uses(texts[name], name in existing))
        self._check_values(secrets)
        if self._faults:
            raise InvalidInput(self._faults)
        return Plan(tuple(groups), artifacts, default, secrets, self._blobs)

    # --- artifacts ---

    def _check_carried(self) -> None:
        listed = {version.sha256 for version in self._request.tree.artifacts}
        for sha256 in sorted(set(self._request.carried) - listed):
            self._faults.append(Fault(artifact_path(sha256[:100]), f"is the digest of no version in {MANIFEST}"))

    def _artifact(self, listed: ListedVersion) -> ArtifactStep:
        stored = self._stored(listed)
        carried = listed.sha256 in self._request.carried
        if stored is None:
            return self._addition(listed) if carried else ArtifactStep(listed, ArtifactDeed.ABSENT)
        if stored.sha256 == listed.sha256:
            deed = ArtifactDeed.RESTORE if carried and stored.hidden_at else ArtifactDeed.KEEP
            return ArtifactStep(listed, ArtifactDeed.ABSENT if stored.hidden_at and not carried else deed)
        if carried or self._is_pinned(listed):
            self._faults.append(
                Fault(
                    f"{MANIFEST}: {listed.place}",
                    f"{listed} is another file in the store (sha256 {stored.sha256}, here {listed.sha256}); "
                    "give it another number, or leave the number out for the next one",
                )
            )
        return ArtifactStep(listed, ArtifactDeed.ABSENT)

    def _addition(self, listed: ListedVersion) -> ArtifactStep:
        known = self._session.scalar(
            select(VersionRow.id)
            .join(ArtifactRow)
            .where(ArtifactRow.kind == listed.kind, VersionRow.sha256 == listed.sha256)
            .limit(1)
        )
        versions = self._session.scalars(
            select(VersionRow.id)
            .join(ArtifactRow)
            .where(ArtifactRow.kind == listed.kind, ArtifactRow.name == listed.name)
        )
        dags = tuple(user.name for user in dags_using_versions(self._session, list(versions)))
        return ArtifactStep(listed, ArtifactDeed.ADD, upload=known is None, dags=dags)

    def _stored(self, listed: ListedVersion) -> VersionRow | None:
        """The row of that number; of a version without one, the newest visible if it is the same file."""
        rows = (
            select(VersionRow)
            .join(ArtifactRow)
            .where(ArtifactRow.kind == listed.kind, ArtifactRow.name == listed.name)
            .order_by(VersionRow.version.desc())
            .limit(1)
        )
        if listed.version is not None:
            return self._session.scalar(rows.where(VersionRow.version == listed.version))
        newest = self._session.scalar(rows.where(VersionRow.hidden_at.is_(None)))
        return newest if newest and newest.sha256 == listed.sha256 else None

    def _is_pinned(self, listed: ListedVersion) -> bool:
        return listed.kind is ArtifactKind.DEPENDENCY and any(
            (chosen.name, chosen.version) == (listed.name, listed.version)
            for text in self._request.tree.groups.values()
            for _, chosen in text.content.dependencies()
        )

    # --- groups ---

    def _group(self, text: GroupText, exists: bool, artifacts: tuple[ArtifactStep, ...]) -> GroupStep:
        self._check_dependencies(text, artifacts)
        if not exists:
            return self._creation(text)
        group = get_group(self._session, text.name)
        content = self._resolved(text, group.content)
        changes = [*_described(group.description, text.description), *self._diff(group.content, content)]
        return GroupStep(
            text.name,
            GroupDeed.CHANGE if changes else GroupDeed.KEEP,
            group.revision,
            tuple(changes),
            text.description,
            content,
            group.content,
            group.description,
            self._dags(text.name),
        )

    def _creation(self, text: GroupText) -> GroupStep:
        content = self._resolved(text, Content())
        changes = [*_described("", text.description), *self._diff(Content(), content)]
        dags = self._dags(text.name)  # a name that was deleted may come back
        return GroupStep(text.name, GroupDeed.CREATE, None, tuple(changes), text.description, content, dags=dags)

    def _resolved(self, text: GroupText, stored: Content) -> Content:
        try:
            content = with_secrets(text, stored, self._request.values, self._cipher)
        except InvalidInput as error:
            self._faults += error.faults
            return text.content
        # sealing tells a value that is what the store holds from one that is not
        return seal(content, stored, self._cipher) if self._request.values else content

    def _diff(self, old: Content, new: Content) -> list[Change]:
        return diff_contents(old, new, self._read_blob)

    def _dags(self, group: str) -> tuple[str, ...]:
        return tuple(user.name for user in dags_using_group(self._session, group))

    def _deletion(self, name: str) -> GroupStep:
        group: Group = get_group(self._session, name)
        if group.is_default and self._request.tree.default is None:
            self._faults.append(
                Fault(TOP, f"{name!r} is the default group and has no {group_path(name)}: name another default_group")
            )
        return GroupStep(
            name, GroupDeed.DELETE, group.revision, before=group.content, dags=self._dags(name), description=""
        )

    def _check_dependencies(self, text: GroupText, artifacts: tuple[ArtifactStep, ...]) -> None:
        coming = {
            (step.listed.name, step.listed.version)
            for step in artifacts
            if step.listed.kind is ArtifactKind.DEPENDENCY and step.deed in (ArtifactDeed.ADD, ArtifactDeed.RESTORE)
        }
        for where, chosen in text.content.dependencies():
            if any(chosen.name == name and chosen.version in (None, version) for name, version in coming):
                continue
            try:
                find_version(self._session, ArtifactKind.DEPENDENCY, chosen.name, chosen.version)
            except NotFound as error:
                near = nearest(chosen.name, {name for name, _ in coming} - set(error.nearest))
                hint = f" The import brings: {', '.join(near)}." if near else ""
                self._faults.append(
                    Fault(
                        f"{group_path(text.name)}: {where}",
                        f"{error}{hint} Upload it first, or import it from an export with artifacts.",
                    )
                )
                if len(self._faults) > MAX_TOLD:  # each took a search for what is near
                    raise InvalidInput(self._faults) from error

    # --- the default, the secrets ---

    def _default(self, existing: Collection[str]) -> Change | None:
        old = default_group_name(self._session)
        new = self._request.tree.default or old or next(iter(sorted(self._request.tree.groups)), None)
        return None if new == old else Change("default_group", old, new)

    def _uses(self, text: GroupText, exists: bool) -> Iterator[SecretUse]:
        stored = get_group(self._session, text.name).content if exists else Content()
        for place, name in sorted(text.secrets.items(), key=lambda item: (item[1], str(item[0]))):
            kept = SecretState.STORED if is_stored(place, stored) else SecretState.MISSING
            yield SecretUse(name, text.name, str(place), SecretState.GIVEN if name in self._request.values else kept)

    def _check_values(self, uses: Collection[SecretUse]) -> None:
        names = {use.name for use in uses}
        for name, value in self._request.values.items():
            self._faults += text_faults(name[:200], value)
        for name in sorted(set(self._request.values) - names):
            near = nearest(name, names)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            self._faults.append(Fault(name[:200], f"no file names this secret{hint}"))


def _described(old: str, new: str) -> Iterator[Change]:
    if old != new:
        yield Change("description", old or None, new or None)
