"""Artifacts: kinds, versions, who uses them; their bytes lie in the blob storage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import false, func, or_, select

from config_store.content import JAR_SUFFIXES, PY_FILE_SUFFIXES
from config_store.database import insert_unless_there
from config_store.errors import AlreadyExists, InUse, InvalidInput, NotFound, User, reject
from config_store.models import LARGEST_INTEGER, ArtifactRow, VersionRow, in_byte_order, name_contains
from config_store.names import check_author, check_file_name, is_file_name, nearest
from config_store.settings import note_faults
from config_store.usage import dags_using_versions, groups_using_dependency
from config_store.wire import PlannedArtifact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from config_store.blobs.protocol import Blob


#: What an export can name, and a column holds.
LARGEST_VERSION = 999_999_999

#: Databases take a few tens of thousands of parameters in one statement.
_NAMES_AT_ONCE = 1000


class ArtifactKind(StrEnum):
    """What an artifact is for: a task's program, or a library that groups and tasks add."""

    CODE = "code"
    DEPENDENCY = "dependencies"

    @property
    def noun(self) -> str:
        """The kind in a sentence."""
        return "code artifact" if self is ArtifactKind.CODE else "dependency"


SUFFIXES: dict[ArtifactKind, tuple[str, ...]] = {
    ArtifactKind.CODE: (".jar", ".py", ".zip", ".egg", ".whl"),
    ArtifactKind.DEPENDENCY: JAR_SUFFIXES + PY_FILE_SUFFIXES,
}


@dataclass(frozen=True)
class Version:
    """One upload; ``size`` in bytes. A hidden one can't be chosen any more, but what used it reads it."""

    id: int
    kind: ArtifactKind
    name: str
    version: int
    sha256: str
    size: int
    uploaded_by: str
    uploaded_at: datetime
    note: str
    hidden: bool


@dataclass(frozen=True)
class Artifact:
    """A name with its newest visible version (the newest of all when every one is hidden)."""

    kind: ArtifactKind
    name: str
    shown: Version
    versions: int
    hidden: bool


def check_artifact_name(kind: ArtifactKind, name: str) -> str:
    """Return the name of an artifact of the kind; raises InvalidInput."""
    return check_file_name(name, SUFFIXES[kind], where=kind.noun.replace(" ", "_"))


def check_upload(kind: ArtifactKind, name: str, note: str) -> None:
    """Raise InvalidInput for an upload that no content could make right; ask before its bytes come."""
    check_artifact_name(kind, name)
    if faults := list(note_faults("note", note)):
        raise InvalidInput(faults)


def list_artifacts(
    session: Session,
    kind: ArtifactKind,
    *,
    search: str = "",
    suffixes: Collection[str] = (),
    hidden: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Artifact], int]:
    """One page of the artifacts of a kind by name, and how many there are; ``hidden``: the deleted ones too.

    ``suffixes``: only names that end with one of them, whatever their case.
    """
    matching = select(ArtifactRow).where(ArtifactRow.kind == kind, name_contains(ArtifactRow.name, search))
    if suffixes:
        matching = matching.where(or_(*[ArtifactRow.name.iendswith(one, autoescape=True) for one in suffixes]))
    # cleaning may have left none; the row stays, so that numbers go on
    listed = ArtifactRow.versions.any() if hidden else ArtifactRow.versions.any(VersionRow.hidden_at.is_(None))
    matching = matching.where(listed)
    total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    rows = list(session.scalars(matching.order_by(in_byte_order(ArtifactRow.name)).limit(limit).offset(offset)))
    versions = _versions_of(session, rows)
    return [_artifact(row, versions[row.id]) for row in rows], total


def get_artifact(session: Session, kind: ArtifactKind, name: str) -> tuple[Artifact, list[Version]]:
    """An artifact with all its versions, newest first, hidden ones too; raises NotFound."""
    row = _row(session, kind, name)
    versions = _versions_of(session, [row])[row.id]
    if not versions:
        raise _missing(session, kind, name, None)
    return _artifact(row, versions), versions


def list_versions(session: Session, kind: ArtifactKind, names: Collection[str]) -> dict[str, list[Version]]:
    """All versions of many names, newest first, hidden ones too, by two queries; what is not there is left out."""
    named = ArtifactRow.name.in_([name for name in names if is_file_name(name)])
    rows = list(session.scalars(select(ArtifactRow).where(ArtifactRow.kind == kind, named)))
    versions = _versions_of(session, rows)
    return {row.name: versions[row.id] for row in rows}


def find_version(session: Session, kind: ArtifactKind, name: str, version: int | None = None) -> Version:
    """A visible version, the newest when none is named; raises NotFound with what is near."""
    query = (
        select(VersionRow, ArtifactRow)
        .join(ArtifactRow)
        .where(_named(kind, name), VersionRow.hidden_at.is_(None))
        .order_by(VersionRow.version.desc())
        .limit(1)
    )
    if version is not None:
        query = query.where(_is_number(version))
    found = session.execute(query).first()
    if found is None:
        raise _missing(session, kind, name, version)
    return _version(*found)


def get_version(session: Session, kind: ArtifactKind, name: str, version: int) -> Version:
    """One version, hidden or not; raises NotFound."""
    row = _row(session, kind, name)
    found = session.scalar(select(VersionRow).where(VersionRow.artifact_id == row.id, _is_number(version)))
    if found is None:
        raise _missing(session, kind, name, version)
    return _version(found, row)


def find_newest(
    session: Session, names_by_kind: Mapping[ArtifactKind, Collection[str]]
) -> dict[tuple[ArtifactKind, str], Version]:
    """The newest visible versions of many names, by few queries; what is not there is left out."""
    wanted = [(kind, name) for kind, names in names_by_kind.items() for name in names if is_file_name(name)]
    batches = (wanted[start : start + _NAMES_AT_ONCE] for start in range(0, len(wanted), _NAMES_AT_ONCE))
    versions = (version for batch in batches for version in _newest_of(session, batch))
    return {(version.kind, version.name): version for version in versions}


def _newest_of(session: Session, wanted: Sequence[tuple[ArtifactKind, str]]) -> Iterator[Version]:
    names = {kind: [name for other, name in wanted if other is kind] for kind in ArtifactKind}
    named = or_(false(), *[(ArtifactRow.kind == kind) & ArtifactRow.name.in_(names[kind]) for kind in ArtifactKind])
    newest = (
        select(func.max(VersionRow.version))
        .where(VersionRow.artifact_id == ArtifactRow.id, VersionRow.hidden_at.is_(None))
        .correlate(ArtifactRow)
        .scalar_subquery()
    )
    query = select(VersionRow, ArtifactRow).join(ArtifactRow).where(named, VersionRow.version == newest)
    return (_version(*row) for row in session.execute(query))


def add_version(
    session: Session, kind: ArtifactKind, name: str, blob: Blob, *, author: str, note: str = ""
) -> tuple[Version, bool]:
    """Record stored bytes as the next version; answers it and whether it is new.

    The same content as the newest visible version adds nothing, so that an upload may be repeated.
    """
    check_upload(kind, name, note)
    check_author(author)
    insert_unless_there(session, ArtifactRow, kind=kind, name=name, newest=0)
    row = _row(session, kind, name, lock=True)  # uploads of one name take turns, so each has a number of its own
    if versions := _versions_of(session, [row])[row.id]:
        shown = _artifact(row, versions).shown
        if shown.sha256 == blob.sha256 and not shown.hidden:
            return shown, False
    return _insert_version(session, row, blob, author, note), True


def _insert_version(session: Session, row: ArtifactRow, blob: Blob, author: str, note: str) -> Version:
    if row.newest >= LARGEST_VERSION:
        raise reject("version", f"{row.name!r} has reached the number {row.newest:,}, the last; use another name")
    row.newest += 1
    added = VersionRow(
        artifact_id=row.id,
        version=row.newest,
        sha256=blob.sha256,
        size=blob.size,
        uploaded_by=author,
        uploaded_at=datetime.now(UTC),
        note=note,
    )
    session.add(added)
    session.flush()
    return _version(added, row)


def keep_artifacts(session: Session, kind: ArtifactKind, names: Iterable[str]) -> None:
    """Let nobody delete these until the transaction's end; always in one order, so that two savers don't deadlock."""
    named = ArtifactRow.name.in_([name for name in names if is_file_name(name)])
    kept = select(ArtifactRow.id).where(ArtifactRow.kind == kind, named).order_by(ArtifactRow.id)
    session.execute(kept.with_for_update(read=True))


def put_version(
    session: Session,
    kind: ArtifactKind,
    name: str,
    number: int | None,
    blob: Blob,
    *,
    author: str,
    note: str = "",
) -> Version:
    """Record stored bytes as the version of that number, or as the next; raises AlreadyExists for a number in use."""
    check_artifact_name(kind, name)
    check_author(author)
    insert_unless_there(session, ArtifactRow, kind=kind, name=name, newest=0)
    row = _row(session, kind, name, lock=True)
    if number is None:
        return _insert_version(session, row, blob, author, note)
    taken = select(VersionRow.id).where(VersionRow.artifact_id == row.id, _is_number(number))
    if session.scalar(taken) is not None:
        raise AlreadyExists(f"version of {kind.noun} {name!r} with number", str(number))
    newest, row.newest = row.newest, number - 1  # the next is the wanted one
    version = _insert_version(session, row, blob, author, note)
    row.newest = max(newest, number)
    session.flush()
    return version


def restore_version(session: Session, kind: ArtifactKind, name: str, number: int) -> Version:
    """Make one deleted version visible again; raises NotFound."""
    row = _row(session, kind, name, lock=True)
    found = session.scalar(select(VersionRow).where(VersionRow.artifact_id == row.id, _is_number(number)))
    if found is None:
        raise _missing(session, kind, name, number)
    found.hidden_at = found.hidden_by = None
    session.flush()
    return _version(found, row)


def hide_versions(
    session: Session,
    kind: ArtifactKind,
    name: str,
    version: int | None = None,
    *,
    author: str,
    force: bool = False,
) -> list[Version]:
    """Delete one version, or all of a name; answers those hidden now.

    Raises NotFound, and InUse with the groups and DAGs that use them unless forced.
    """
    check_author(author)
    row = _row(session, kind, name, lock=True)
    visible = select(VersionRow).where(VersionRow.artifact_id == row.id, VersionRow.hidden_at.is_(None))
    if version is not None:
        visible = visible.where(_is_number(version))
    rows = list(session.scalars(visible.order_by(VersionRow.version.desc())))
    if not rows:
        raise _missing(session, kind, name, version)
    users = _users(session, row, version, [hidden.id for hidden in rows])
    if users and not force:
        raise InUse(kind.noun, name if version is None else f"{name}@{version}", users)
    now = datetime.now(UTC)  # one moment for all, by which restore_versions knows them together
    for hidden in rows:
        hidden.hidden_at, hidden.hidden_by = now, author
    session.flush()
    return [_version(hidden, row) for hidden in rows]


def restore_versions(session: Session, kind: ArtifactKind, name: str) -> Artifact:
    """Take the newest deletion of a name back: every version hidden by it is visible again."""
    row = _row(session, kind, name, lock=True)
    latest = session.scalar(select(func.max(VersionRow.hidden_at)).where(VersionRow.artifact_id == row.id))
    if latest is not None:
        for hidden in session.scalars(
            select(VersionRow).where(VersionRow.artifact_id == row.id, VersionRow.hidden_at >= latest)
        ):
            hidden.hidden_at = hidden.hidden_by = None
        session.flush()
    return get_artifact(session, kind, name)[0]


def planned_artifact(version: Version) -> PlannedArtifact:
    """The version as a plan names it."""
    return PlannedArtifact(name=version.name, version=version.version, sha256=version.sha256, size=version.size)


def _users(session: Session, row: ArtifactRow, version: int | None, ids: Sequence[int]) -> list[User]:
    groups: list[User] = []
    if row.kind == ArtifactKind.DEPENDENCY:
        newest = find_version(session, ArtifactKind.DEPENDENCY, row.name).version
        groups = groups_using_dependency(session, row.name, version, newest=version == newest)
    return [*groups, *dags_using_versions(session, ids)]


def _is_number(version: int) -> ColumnElement[bool]:
    """The version of that number; none for one beyond what the column holds."""
    return VersionRow.version == version if 0 < version <= LARGEST_INTEGER else false()


def _named(kind: ArtifactKind, name: str) -> ColumnElement[bool]:
    return (ArtifactRow.kind == kind) & (ArtifactRow.name == name) if is_file_name(name) else false()


def _row(session: Session, kind: ArtifactKind, name: str, *, lock: bool = False) -> ArtifactRow:
    """An artifact; locked, it is as it stands now, and until the transaction's end."""
    query = select(ArtifactRow).where(_named(kind, name))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalar(query)
    if row is None:
        raise _missing(session, kind, name, None)
    return row


def _missing(session: Session, kind: ArtifactKind, name: str, version: int | None) -> NotFound:
    visible = (
        select(VersionRow.version)
        .join(ArtifactRow)
        .where(_named(kind, name), VersionRow.hidden_at.is_(None))
        .order_by(VersionRow.version.desc())
    )
    versions = list(session.scalars(visible.limit(5)))
    if version is not None and versions:
        return NotFound(f"version of {kind.noun} {name!r} with number", str(version), list(map(str, versions)))
    names = session.scalars(
        select(ArtifactRow.name).where(
            ArtifactRow.kind == kind, ArtifactRow.versions.any(VersionRow.hidden_at.is_(None))
        )
    )
    return NotFound(kind.noun, name, nearest(name, names))


def _versions_of(session: Session, rows: Sequence[ArtifactRow]) -> dict[int, list[Version]]:
    by_id = {row.id: row for row in rows}
    found: dict[int, list[Version]] = {row.id: [] for row in rows}
    for version in session.scalars(
        select(VersionRow).where(VersionRow.artifact_id.in_(by_id)).order_by(VersionRow.version.desc())
    ):
        found[version.artifact_id].append(_version(version, by_id[version.artifact_id]))
    return found


def _artifact(row: ArtifactRow, versions: Sequence[Version]) -> Artifact:
    shown = next((version for version in versions if not version.hidden), versions[0])
    return Artifact(ArtifactKind(row.kind), row.name, shown, len(versions), shown.hidden)


def _version(row: VersionRow, artifact: ArtifactRow) -> Version:
    return Version(
        id=row.id,
        kind=ArtifactKind(artifact.kind),
        name=artifact.name,
        version=row.version,
        sha256=row.sha256,
        size=row.size,
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
        note=row.note,
        hidden=row.hidden_at is not None,
    )
