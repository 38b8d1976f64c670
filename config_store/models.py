"""The tables of the store, with metadata of their own: all of them are named ``couture_…``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, mapped_column, relationship
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from config_store.content import Content, from_document, to_document
from config_store.names import MAX_LENGTH, unstorable
from config_store.remembered import Remembered
from config_store.wire import State, SubmitPlan, Wire

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# MySQL's default collation takes 'a' for 'A' and 'é' for 'e'; names here are compared byte by byte.
Name = String(250).with_variant(mysql.VARCHAR(250, collation="utf8mb4_bin"), "mysql", "mariadb")
Digest = String(64)
#: The greatest number that an integer column holds on every database; drivers raise for a greater one.
LARGEST_INTEGER = 2**31 - 1
LongText = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


class in_byte_order(FunctionElement[str]):
    """A name to sort by, byte by byte on every database; PostgreSQL's own order is that of its locale."""

    inherit_cache = True


@compiles(in_byte_order)
def _as_it_is(element: in_byte_order, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)


@compiles(in_byte_order, "postgresql")
def _by_bytes(element: in_byte_order, compiler: SQLCompiler, **how: Any) -> str:
    return f'{compiler.process(element.clauses, **how)} COLLATE "C"'


def name_contains(column: InstrumentedAttribute[str], search: str) -> ColumnElement[bool]:
    """Whether a name holds the text anywhere, whatever its case; none holds what no name can."""
    if len(search) > MAX_LENGTH or unstorable(search):
        return false()
    return column.icontains(search, autoescape=True)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; naive values are refused, because their zone would be a guess."""

    impl = DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
        """To the database: in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        """From the database: SQLite and MySQL give the zone away, it is UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Document(TypeDecorator[Any]):
    """JSON as text, the same on every database; key order is kept (MySQL's JSON type sorts it).

    What is inserted may be a wire type, too, which writes its own JSON several times as fast.
    """

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: object) -> str | None:
        """To the database."""
        if isinstance(value, Wire):
            return value.model_dump_json()
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: object) -> Any:
        """From the database."""
        return None if value is None else json.loads(value)


_read_plan: Remembered[SubmitPlan] = Remembered(SubmitPlan.model_validate_json)


class PlanDocument(Document):
    """The plan of a receipt, checked while its JSON is read: in half the time of a dictionary that is checked then."""

    cache_ok = True

    def process_result_value(self, value: Any, dialect: object) -> SubmitPlan:
        """From the database."""
        return _read_plan(value)


_read_content: Remembered[Content] = Remembered(lambda text: from_document(json.loads(text)))


class ContentDocument(Document):
    """The content of a revision as the domain knows it, to be written, or read by queries for nothing else of it."""

    cache_ok = True

    def process_bind_param(self, value: Content | None, dialect: object) -> str | None:
        """To the database; who saves reads it next."""
        if value is None:
            return None
        text = to_json(to_document(value)).decode()
        _read_content.remember(text, value)
        return text

    def process_result_value(self, value: Any, dialect: object) -> Content:
        """From the database."""
        return _read_content(value)


class Base(DeclarativeBase):
    """Declares our tables, apart from Airflow's."""

    metadata = MetaData(naming_convention=NAMING)


class GroupRow(Base):
    """A config group. A deleted one stays, hidden, so that its revisions keep their numbers for ever."""

    __tablename__ = "couture_groups"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(Name, unique=True)
    description: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_by: Mapped[str | None] = mapped_column(Name)


class DefaultGroupRow(Base):
    """The one row that says which group is the default: exactly one, by construction."""

    __tablename__ = "couture_default_group"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    group_id: Mapped[int] = mapped_column(ForeignKey(GroupRow.id))


class RevisionRow(Base):
    """An immutable numbered state of a group."""

    __tablename__ = "couture_revisions"
    __table_args__ = (UniqueConstraint("group_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(GroupRow.id))
    number: Mapped[int]
    parent: Mapped[int | None]
    author: Mapped[str] = mapped_column(Name)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text)
    content: Mapped[dict[str, Any]] = mapped_column(Document)


class ArtifactRow(Base):
    """A named artifact of one kind; its bytes are in its versions."""

    __tablename__ = "couture_artifacts"
    __table_args__ = (UniqueConstraint("kind", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(Name)
    newest: Mapped[int]
    versions: Mapped[list[VersionRow]] = relationship(back_populates="artifact", order_by="VersionRow.version.desc()")


class VersionRow(Base):
    """One upload of an artifact; ``hidden_at`` set: deleted, yet readable for what used it."""

    __tablename__ = "couture_artifact_versions"
    __table_args__ = (UniqueConstraint("artifact_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    artifact_id: Mapped[int] = mapped_column(ForeignKey(ArtifactRow.id))
    version: Mapped[int]
    sha256: Mapped[str] = mapped_column(Digest, index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    uploaded_by: Mapped[str] = mapped_column(Name)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text)
    hidden_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hidden_by: Mapped[str | None] = mapped_column(Name)
    artifact: Mapped[ArtifactRow] = relationship(back_populates="versions")


class SubmissionRow(Base):
    """A receipt: one try of one task. ``request`` and ``plan`` hold no secret."""

    __tablename__ = "couture_submissions"
    __table_args__ = (
        Index(None, "dag_id", "task_id", "run_id"),
        # lists are filtered by one of these and sorted by time
        *(Index(None, name, "created_at") for name in ("task_id", "run_id", "submitted_by")),
        *(Index(None, name, "created_at") for name in ("state", "outcome")),
        Index(None, "dag_id", "created_at", "outcome"),
        Index(None, "dag_id", "task_id", "created_at", "outcome"),
        Index(None, "group_name", "created_at", "dag_id", "task_id"),  # which tasks use a group stands in it
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    task_instance_id: Mapped[str | None] = mapped_column(String(36), unique=True)
    dag_id: Mapped[str] = mapped_column(Name)
    task_id: Mapped[str] = mapped_column(Name)
    run_id: Mapped[str] = mapped_column(Name)
    map_index: Mapped[int]
    try_number: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str | None] = mapped_column(String(20))
    submitted_by: Mapped[str] = mapped_column(Name)
    group_name: Mapped[str] = mapped_column(Name)
    revision: Mapped[int]
    app_name: Mapped[str] = mapped_column(Text)
    token_sha256: Mapped[str] = mapped_column(Digest)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    request: Mapped[dict[str, Any]] = mapped_column(Document)
    plan: Mapped[SubmitPlan] = mapped_column(PlanDocument)
    facts: Mapped[dict[str, Any]] = mapped_column(Document)
    timeline: Mapped[list[dict[str, str]]] = mapped_column(Document)

    def enter(self, state: State) -> None:
        """Be in a state from now on; the timeline tells since when."""
        self.updated_at = datetime.now(UTC)
        if self.state != state:
            self.state = state
            self.timeline = [*self.timeline, {"state": state, "at": self.updated_at.isoformat()}]


class SubmissionFileRow(Base):
    """A file that a submission uses: what its token may download, and who uses an artifact.

    One content may stand here several times, by each of its names.
    """

    __tablename__ = "couture_submission_files"
    __table_args__ = (Index(None, "submission_id", "sha256"), Index(None, "name", "submission_id"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey(SubmissionRow.id))
    sha256: Mapped[str] = mapped_column(Digest, index=True)
    name: Mapped[str] = mapped_column(Name)
    size: Mapped[int] = mapped_column(BigInteger)
    version_id: Mapped[int | None] = mapped_column(ForeignKey(VersionRow.id), index=True)
