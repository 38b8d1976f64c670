"""The store as text: the same bytes for the same configuration, whoever exports it and when (docs/adr/009)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from config_store.artifacts import ArtifactKind, find_version
from config_store.groups import default_group_name, get_group, list_group_names
from config_store.models import ArtifactRow, VersionRow
from config_store.transfer.archive import Entry
from config_store.transfer.group_text import secret_places, write_group
from config_store.transfer.layout import FORMAT, MANIFEST, TOP, artifact_path, file_path, group_path
from config_store.transfer.manifest import ListedVersion, write_manifest
from config_store.transfer.references import references
from config_store.transfer.yaml_text import write_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session

    from config_store.blobs.protocol import BlobStorage
    from config_store.groups import Group
    from config_store.transfer.yaml_text import Plain

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Export:
    """What goes out: groups by name, the default group if it is one of them, and versions of artifacts."""

    groups: tuple[Group, ...]
    default: str | None
    versions: tuple[ListedVersion, ...]

    def has_files(self) -> bool:
        """Whether a group has Hadoop files or a krb5.conf."""
        return any(group.content.hadoop_files or group.content.krb5_conf for group in self.groups)

    def kinds(self) -> set[ArtifactKind]:
        """The kinds of the artifacts that are named."""
        return {version.kind for version in self.versions}


def gather_export(session: Session, names: Sequence[str] = ()) -> Export:
    """The whole store, or the named groups with the dependencies they choose; raises UnknownGroup."""
    groups = tuple(get_group(session, name) for name in sorted(set(names)) or list_group_names(session))
    default = default_group_name(session)
    versions = _chosen_versions(session, groups) if names else _all_versions(session)
    return Export(groups, default if default in {group.name for group in groups} else None, tuple(versions))


def _all_versions(session: Session) -> Iterator[ListedVersion]:
    rows = session.execute(
        select(ArtifactRow.kind, ArtifactRow.name, VersionRow.version, VersionRow.sha256, VersionRow.size)
        .join(VersionRow)
        .where(VersionRow.hidden_at.is_(None))
    )
    for kind, name, version, sha256, size in rows:
        yield ListedVersion(ArtifactKind(kind), name, version, sha256, size)


def _chosen_versions(session: Session, groups: Sequence[Group]) -> set[ListedVersion]:
    chosen = {dependency for group in groups for _, dependency in group.content.dependencies()}
    found = (find_version(session, ArtifactKind.DEPENDENCY, one.name, one.version) for one in chosen)
    return {ListedVersion(one.kind, one.name, one.version, one.sha256, one.size) for one in found}


def export_entries(export: Export, blobs: BlobStorage, *, artifacts: bool = False) -> list[Entry]:
    """The files of an export in the order of their paths; ``artifacts``: with the bytes of the versions.

    Every blob is looked for now; raises BlobMissing. Their bytes are read when the archive is written.
    """
    entries = [_text(path, document) for path, document in _documents(export).items()]
    for group in export.groups:
        files = (*group.content.hadoop_files, group.content.krb5_conf)
        entries += [_blob(blobs, file_path(group.name, file.name), file.sha256) for file in files if file]
    if artifacts:
        entries += [_blob(blobs, artifact_path(sha256), sha256) for sha256 in {one.sha256 for one in export.versions}]
    return sorted(entries, key=lambda entry: entry.path)


def _documents(export: Export) -> dict[str, dict[str, Plain]]:
    top: dict[str, Plain] = {"format": int(FORMAT)}
    documents = {TOP: {**top, "default_group": export.default} if export.default else top}
    if export.versions:
        documents[MANIFEST] = write_manifest(export.versions)
    names = references(place for group in export.groups for place in secret_places(group.name, group.content))
    for group in export.groups:
        documents[group_path(group.name)] = write_group(group.description, group.name, group.content, names)
    return documents


def _text(path: str, document: dict[str, Plain]) -> Entry:
    content = write_yaml(document)
    return Entry(path, len(content), [content])


def _blob(blobs: BlobStorage, path: str, sha256: str) -> Entry:
    return Entry(path, blobs.size(sha256), _chunks(blobs, sha256))


def _chunks(blobs: BlobStorage, sha256: str) -> Iterator[bytes]:
    with blobs.open(sha256) as blob:
        while chunk := blob.read(_CHUNK):
            yield chunk
