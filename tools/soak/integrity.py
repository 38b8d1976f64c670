"""Whether a store is whole: read directly, and held against what its clients were promised."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from config_store.blob_check import check_artifacts
from config_store.content import from_document
from config_store.group_check import check_group, live_group_names
from config_store.models import ArtifactRow, GroupRow, RevisionRow, VersionRow
from config_store.schema_check import read_schema
from config_store.wire import Verdict
from tools.soak.clients import TWINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from config_store.blobs.protocol import BlobStorage
    from config_store.database import Database
    from config_store.secrets import Cipher
    from tools.soak.ledger import Ledger, Saved, Uploaded

CHUNK = 1 << 20


@dataclass
class Inspector:
    """Looks at one store again and again; what it has read once and can't change is not read again."""

    database: Database
    blobs: BlobStorage
    cipher: Cipher
    _values: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _hashed: set[str] = field(default_factory=set)
    _kept: int = 0

    def faults(self, ledger: Ledger) -> list[str]:
        """Everything that is wrong, a line each."""
        saved, uploaded = ledger.snapshot()  # before reading: what is acknowledged must be there
        with self.database.reading() as session:
            found = [*self._damage(session), *self._revisions(session), *self._versions(session, uploaded)]
        return [*found, *self._lost_saves(saved), *self._torn_blobs(), *self._own_checks()]

    def newest(self, group: str) -> int:
        """The number of a group's newest revision that was read."""
        return self._numbers.get(group, 0)

    def values(self, group: str) -> dict[str, str]:
        """The configurations of that revision."""
        return self._values.get((group, self.newest(group)), {})

    def _damage(self, session: Session) -> Iterator[str]:
        told = session.execute(text("PRAGMA quick_check")).scalar_one()
        if told != "ok":
            yield f"the database is damaged: {told}"

    def _revisions(self, session: Session) -> Iterator[str]:
        """Every revision is readable, numbers have no holes, and a client's two settings are equal."""
        for group_id, group in session.execute(select(GroupRow.id, GroupRow.name)).all():
            known = self._numbers.get(group, 0)
            newer = select(RevisionRow).where(RevisionRow.group_id == group_id, RevisionRow.number > known)
            for row in session.scalars(newer.order_by(RevisionRow.number)):
                known += 1
                if row.number != known:
                    yield f"{group} has no revision {known}, but one {row.number}"
                    known = row.number
                values = {name: setting.value for name, setting in from_document(row.content).configurations.items()}
                yield from (f"{group} {row.number}: {fault}" for fault in _torn(values))
                self._values[group, row.number] = values
            self._numbers[group] = known

    def _lost_saves(self, saved: list[Saved]) -> Iterator[str]:
        """Each acknowledged save is in its revision, and no later one takes it back."""
        for one in saved[self._kept :]:
            name = f"spark.soak.{one.client}.{TWINS[0]}"
            if (kept := self._values.get((one.group, one.revision), {}).get(name)) != str(one.value):
                yield f"{one} is lost: the revision has {kept}"
        self._kept = len(saved)
        for (group, number), values in self._values.items():
            before = self._values.get((group, number - 1), {})
            for name in before.keys() & values.keys():
                if name.startswith("spark.soak.") and int(values[name]) < int(before[name]):
                    yield f"{group} {number} takes {name} back from {before[name]} to {values[name]}"

    def _versions(self, session: Session, uploaded: list[Uploaded]) -> Iterator[str]:
        """Versions have no holes, each has its bytes, and every acknowledged one is there."""
        found: dict[tuple[str, int], str] = {}
        numbers: dict[str, list[int]] = defaultdict(list)
        asked = select(ArtifactRow.name, VersionRow.version, VersionRow.sha256, VersionRow.size)
        joined = asked.join(VersionRow, VersionRow.artifact_id == ArtifactRow.id)
        for name, number, sha256, size in session.execute(joined.order_by(VersionRow.version)):
            found[name, number] = sha256
            numbers[name].append(number)
            if not self.blobs.exists(sha256) or self.blobs.size(sha256) != size:
                yield f"{name} version {number} has not its {size} bytes"
        for name, those in numbers.items():
            if those != list(range(1, len(those) + 1)):
                yield f"{name} has the versions {those}"
        for one in uploaded:
            if found.get((one.name, one.version)) != one.sha256:
                yield f"{one} is lost: the store has {found.get((one.name, one.version))}"

    def _torn_blobs(self) -> Iterator[str]:
        """Every visible blob has the bytes that its name says."""
        for sha256 in set(self.blobs) - self._hashed:
            digest = hashlib.sha256()
            with self.blobs.open(sha256) as blob:
                while chunk := blob.read(CHUNK):
                    digest.update(chunk)
            if digest.hexdigest() != sha256:
                yield f"the blob {sha256} has other bytes"
            self._hashed.add(sha256)

    def _own_checks(self) -> Iterator[str]:
        """What the suite's own checks find, those that users have: of the tables, the newest versions, every group."""
        schema = read_schema(self.database.engine)
        if schema.missing or schema.version != schema.head:
            yield f"the tables have version {schema.version}, not {schema.head}; missing: {schema.missing}"
        with self.database.reading() as session:
            findings = list(check_artifacts(session, self.blobs, deep=True))
            for name in live_group_names(session):
                findings += check_group(session, self.blobs, self.cipher, name, deep=True)
        for found in findings:
            if found.verdict is Verdict.FAULT:
                yield f"check {found.check}, {found.subject}: {found.message}"


def _torn(values: dict[str, str]) -> Iterator[str]:
    """Clients of whom only one setting was saved."""
    clients = {name.rpartition(".")[0] for name in values if name.startswith("spark.soak.")}
    for client in clients:
        first, second = (values.get(f"{client}.{twin}") for twin in TWINS)
        if first != second:
            yield f"{client} has {first} and {second}"
