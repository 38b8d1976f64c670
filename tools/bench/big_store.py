"""Fills a store in bulk: many groups with many settings each, artifacts, and receipts of earlier tasks."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from config_store.artifacts import ArtifactKind
from config_store.content import Content, Dependency, check_content, to_document
from config_store.database import Database, migrate, open_engine
from config_store.models import (
    ArtifactRow,
    GroupRow,
    RevisionRow,
    SubmissionFileRow,
    SubmissionRow,
    VersionRow,
)
from config_store.settings import Setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

#: How many dependencies a group adds to its jobs.
JARS = 5
_CHUNK = 500
_WHO = "bench"
_WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sizes:
    """Of a store. ``settings``: of each group; ``artifacts``: code and dependencies, one half each."""

    groups: int
    settings: int
    artifacts: int
    receipts: int

    def grown(self, times: int) -> Sizes:
        """More of all, but for the settings of a group, which a plan holds every one of."""
        return Sizes(self.groups * times, self.settings, self.artifacts * times, self.receipts * times)


def group_name(number: int) -> str:
    """The name of a group, counted from 0."""
    return f"group-{number:05d}"


def artifact_name(kind: ArtifactKind, number: int) -> str:
    """The name of an artifact, counted from 0."""
    return f"{'job' if kind is ArtifactKind.CODE else 'lib'}-{number:05d}.jar"


def fill(url: str, sizes: Sizes) -> None:
    """Make the tables at a database's URL and fill them."""
    migrate(url)
    database = Database(open_engine(url))
    try:
        with database.writing() as session:
            insert_artifacts(session, sizes.artifacts)
            _insert_groups(session, sizes)
            _insert_receipts(session, sizes)
    finally:
        database.engine.dispose()


def insert_artifacts(session: Session, count: int) -> None:
    """So many artifacts of one version each, half of them code."""
    named = [(kind, number) for kind in ArtifactKind for number in range(count // 2)]
    rows: list[dict[str, Any]] = [
        {"id": place, "kind": kind, "name": artifact_name(kind, number), "newest": 1}
        for place, (kind, number) in enumerate(named, 1)
    ]
    versions = [
        {
            "id": row["id"],
            "artifact_id": row["id"],
            "version": 1,
            "sha256": _sha256(row["name"]),
            "size": 1_000_000,
            "uploaded_by": _WHO,
            "uploaded_at": _WHEN,
            "note": "",
        }
        for row in rows
    ]
    insert_rows(session, ArtifactRow, rows)
    insert_rows(session, VersionRow, versions)


def _insert_groups(session: Session, sizes: Sizes) -> None:
    check_content(_content(0, sizes))
    for number in range(sizes.groups):
        place = number + 1
        group = {"id": place, "name": group_name(number), "description": "", "revision": 1}
        revision = {"id": place, "group_id": place, "number": 1, "author": _WHO, "created_at": _WHEN, "note": ""}
        session.execute(insert(GroupRow).values(**group))
        session.execute(insert(RevisionRow).values(**revision, content=to_document(_content(number, sizes))))


def _content(number: int, sizes: Sizes) -> Content:
    """``settings`` in all, none of them like those of the other groups."""
    arguments = {"master": Setting("local[2]"), "driver-memory": Setting("2g")}
    configurations = {
        f"spark.bench.part{place % 20}.option{place:04d}": Setting(f"value {place} of group {number}")
        for place in range(sizes.settings - len(arguments))
    }
    libraries = sizes.artifacts // 2
    jars = tuple(
        Dependency(artifact_name(ArtifactKind.DEPENDENCY, (number * JARS + place) % libraries)) for place in range(JARS)
    )
    return Content(arguments=arguments, configurations=configurations, jars=jars)


def _insert_receipts(session: Session, sizes: Sizes) -> None:
    rows = [_receipt(number, group_name(number % sizes.groups)) for number in range(sizes.receipts)]
    programs = sizes.artifacts // 2
    files = []
    for number, row in enumerate(rows):
        name = artifact_name(ArtifactKind.CODE, number % programs)
        version = number % programs + 1
        file = {"submission_id": row["id"], "sha256": _sha256(name), "name": name, "size": 1, "version_id": version}
        files.append(file)
    insert_rows(session, SubmissionRow, rows)
    insert_rows(session, SubmissionFileRow, files)


def _receipt(number: int, group: str) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(int=number)),
        "dag_id": f"earlier-{number % 100}",
        "task_id": "job",
        "run_id": f"run-{number}",
        "map_index": -1,
        "try_number": 1,
        "state": "ended",
        "outcome": "succeeded",
        "submitted_by": _WHO,
        "group_name": group,
        "revision": 1,
        "app_name": "earlier",
        "token_sha256": _sha256(str(number)),
        "created_at": _WHEN,
        "updated_at": _WHEN,
        "request": {},
        "plan": {},
        "facts": {},
        "timeline": [],
    }


def insert_rows(session: Session, model: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of a table, some hundreds in a statement."""
    for start in range(0, len(rows), _CHUNK):
        session.execute(insert(model), rows[start : start + _CHUNK])


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
