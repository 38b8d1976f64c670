"""The JSON shapes of the API, and their way to and from the domain; a secret's value leaves as null."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from config_store.content import SECTIONS, Content, Dependency
from config_store.diff import Change
from config_store.errors import Fault, InvalidInput
from config_store.groups import Group, GroupHead, Revision, RevisionHead
from config_store.names import check_spark_home
from config_store.settings import Setting, with_secret_mark
from config_store.wire import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from config_store.catalogue.lint import Remark

Item = TypeVar("Item")


class Shape(BaseModel):
    """Base of the request and answer bodies: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


def example(**document: Any) -> ConfigDict:
    """The configuration of a shape whose example the API's description shows."""
    return ConfigDict(json_schema_extra={"examples": [document]})


class Page(Shape, Generic[Item]):
    """One page of a list; ``total`` counts all that match."""

    items: list[Item]
    total: int


class SettingShape(Shape):
    """A value with its marks. In answers a secret's value is null; sent back as null it stays what it was."""

    value: str | None = Field(default=None, examples=["7g"])
    final: bool = False
    secret: bool = False
    note: str = ""


def _bare_value(value: object) -> object:
    return {"value": value} if isinstance(value, str) else value


#: A bare string is taken for a setting without marks; what was secret stays so.
SettingInput = Annotated[SettingShape, BeforeValidator(_bare_value, json_schema_input_type=SettingShape | str)]
SettingChanges = dict[str, SettingInput | None]


class DependencyShape(Shape):
    """A chosen dependency; without a version the newest counts."""

    name: str = Field(examples=["hbase.jar"])
    version: int | None = None


class FileShape(Shape):
    """A configuration file by its name, digest (sha256, hex) and size in bytes."""

    name: str
    sha256: str
    size: int


class WritableContent(Shape):
    """What a PUT of a group's content replaces; files have routes of their own."""

    arguments: dict[str, SettingInput] = Field(default={}, examples=[{"driver-memory": {"value": "7g"}}])
    configurations: dict[str, SettingInput] = Field(default={}, examples=[{"spark.sql.shuffle.partitions": "210"}])
    environment: dict[str, SettingInput] = {}
    jars: list[DependencyShape] = []
    py_files: list[DependencyShape] = []
    principal: str = ""
    spark_home: str | None = None


class ContentShape(Shape):
    """Everything a revision says, secrets hidden."""

    arguments: dict[str, SettingShape]
    configurations: dict[str, SettingShape]
    environment: dict[str, SettingShape]
    jars: list[DependencyShape]
    py_files: list[DependencyShape]
    hadoop_files: list[FileShape]
    principal: str
    keytab: FileShape | None
    krb5_conf: FileShape | None
    spark_home: str | None


class GroupShape(Shape):
    """A group as it stands."""

    name: str
    description: str
    is_default: bool
    revision: int
    updated_by: str
    updated_at: datetime


class RemarkShape(Shape):
    """Something odd about a setting: a job may fail of it, or run without it."""

    where: str = Field(examples=["arguments.master"])
    message: str


class GroupDetail(GroupShape):
    """A group with the content of its newest revision.

    ``remarks``: what is odd about the settings that the request changed; `GET /groups/{name}/check` looks at all.
    """

    content: ContentShape
    remarks: list[RemarkShape] = []


class RevisionShape(Shape):
    """One immutable state of a group."""

    number: int
    parent: int | None
    author: str
    created_at: datetime
    note: str


class RevisionDetail(RevisionShape):
    """A revision with its content."""

    content: ContentShape


class ChangeShape(Shape):
    """One difference; null stands for absent."""

    where: str = Field(examples=["arguments.driver-memory"])
    old: str | None
    new: str | None


def group_shape(group: GroupHead) -> GroupShape:
    """The group without its content."""
    return GroupShape(**_head(group))


def group_detail(group: Group, remarks: Sequence[Remark] = ()) -> GroupDetail:
    """The group with its content, and what is odd about a change of it."""
    told = [RemarkShape(where=remark.where, message=remark.message) for remark in remarks]
    return GroupDetail(**_head(group), content=content_shape(group.content), remarks=told)


def _head(group: GroupHead) -> dict[str, Any]:
    return {name: getattr(group, name) for name in GroupShape.model_fields}


def revision_shape(revision: RevisionHead) -> RevisionShape:
    """The revision without its content."""
    return RevisionShape(**{name: getattr(revision, name) for name in RevisionShape.model_fields})


def revision_detail(revision: Revision) -> RevisionDetail:
    """The revision with its content."""
    return RevisionDetail(**revision_shape(revision).model_dump(), content=content_shape(revision.content))


def change_shapes(changes: list[Change]) -> list[ChangeShape]:
    """Differences as the API tells them."""
    return [ChangeShape(**asdict(change)) for change in changes]


def content_shape(content: Content) -> ContentShape:
    """The content, secrets hidden."""
    document = asdict(content)
    for section in SECTIONS:
        for setting in document[section].values():
            if setting["secret"]:
                setting["value"] = None
    if document["keytab"]:
        del document["keytab"]["token"]
    return ContentShape.model_validate(document)


def replaced_content(current: Content, shape: WritableContent) -> Content:
    """The current content with everything writable replaced; files stay."""
    return replace(
        current,
        **_sections(current, {section: getattr(shape, section) for section in SECTIONS}),
        jars=dependencies(shape.jars),
        py_files=dependencies(shape.py_files),
        principal=shape.principal,
        spark_home=check_spark_home(shape.spark_home),
    )


def changed_settings(current: Content, changes: dict[str, SettingChanges]) -> dict[str, Any]:
    """The sections of a content after changes by name; a change to None removes."""
    given = {
        section: {name: change for name, change in changes[section].items() if change is not None}
        for section in SECTIONS
    }
    changed = _sections(current, given)
    return {section: _merged(getattr(current, section), changes[section], changed[section]) for section in SECTIONS}


def _merged(
    stored: Mapping[str, Setting], named: Collection[str], changed: Mapping[str, Setting]
) -> dict[str, Setting]:
    """The stored settings with the changed ones at their places or behind; what is named only is left out."""
    marked = {name: with_secret_mark(name, stored[name]) for name in filter(is_secret_name, stored)}
    merged = {**stored, **marked, **changed}
    for name in named:
        if name not in changed:
            merged.pop(name, None)
    return merged


def dependencies(shapes: list[DependencyShape]) -> tuple[Dependency, ...]:
    """The chosen dependencies, in order."""
    return tuple(Dependency(shape.name, shape.version) for shape in shapes)


def _sections(current: Content, shapes: dict[str, dict[str, SettingShape]]) -> dict[str, Any]:
    faults: list[Fault] = []
    sections = {
        section: {
            name: _setting(f"{section}.{name[:100]}", name, shape, getattr(current, section).get(name), faults)
            for name, shape in shapes[section].items()
        }
        for section in SECTIONS
    }
    if faults:
        raise InvalidInput(faults)
    return sections


def _setting(where: str, name: str, shape: SettingShape, stored: Setting | None, faults: list[Fault]) -> Setting:
    """The setting that a shape stands for; null means the stored secret, which is held as its token.

    A secret stays one until the mark is taken away in so many words: a bare value must not lay it open.
    """
    unsaid = "secret" not in shape.model_fields_set
    secret = shape.secret or is_secret_name(name) or (unsaid and stored is not None and stored.secret)
    if shape.value is not None:
        return Setting(shape.value, shape.final, secret, shape.note)
    if stored is None or not stored.secret or not secret:
        faults.append(
            Fault(
                where, "has no value: a secret keeps its stored one only while it stays a secret; give the value anew"
            )
        )
        return Setting("")
    return Setting(stored.value, shape.final, secret, shape.note)
