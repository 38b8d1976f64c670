"""What a user edited on the page of a group, as the change of its content that the JSON API takes, and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from admin_views.api.groups import ContentChange, changed_content
from admin_views.api.schemas import DependencyShape, SettingShape
from admin_views.pages.kerberos_edits import FILE_FIELDS, FileEdit, read_file_edit
from config_store.content import split_version
from config_store.errors import Fault, InvalidInput, reject
from config_store.settings import as_typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_views.pages.forms import Form
    from config_store.content import Content
    from config_store.secrets import Cipher

#: Section of a content -> its title on the page.
ROW_SECTIONS = {
    "arguments": "Arguments",
    "configurations": "Configurations",
    "environment": "Environment variables",
}
#: Lists of uploaded dependencies, in the order that Spark gets them.
LISTS = {"jars": "Jars", "py_files": "Python files"}
TEXTS = {"spark_home": "Spark home", "principal": "Kerberos principal"}
#: What is edited as a whole, not row by row: field of a content -> its name on the page.
PARTS = {**LISTS, **TEXTS, "keytab": "Keytab", "krb5_conf": "krb5.conf"}


@dataclass(frozen=True)
class Edits:
    """Everything that was edited: rows and parts, and files; ``tokens``: the row of each (section, name)."""

    change: ContentChange
    files: tuple[FileEdit, ...]
    tokens: dict[tuple[str, str], str]

    def apply(self, content: Content, cipher: Cipher) -> Content:
        """The content after the edits; raises InvalidInput."""
        after = changed_content(content, self.change)
        for file in self.files:
            after = file.apply(after, cipher)
        return after


def read_edits(form: Form) -> Edits:
    """The edits that the form holds; raises InvalidInput.

    Each row has a token; its fields are ``section.TOKEN``, ``name.TOKEN``, ``value.TOKEN``, ``note.TOKEN``,
    and, where ticked, ``final.TOKEN``, ``secret.TOKEN``, ``drop.TOKEN``. Each part that was edited is named by
    ``part``; its fields are ``PART`` for a text, ``PART.name`` and ``PART.version`` once for each entry of a list.
    """
    sections, tokens = _read_rows(form)
    parts = list(dict.fromkeys(form.every("part")))
    if unknown := [part for part in parts if part not in PARTS]:
        raise reject("part", f"{unknown[0][:50]!r} is none of {', '.join(PARTS)}")
    said: dict[str, Any] = {section: rows for section, rows in sections.items() if rows}
    said |= {part: _dependencies(form, part) for part in parts if part in LISTS}
    said |= {part: form.text(part).strip() for part in parts if part in TEXTS}
    files = tuple(read_file_edit(form, part) for part in parts if part in FILE_FIELDS)
    return Edits(ContentChange(**said, note=form.text("note")), files, tokens)


def _read_rows(form: Form) -> tuple[dict[str, dict[str, SettingShape | None]], dict[tuple[str, str], str]]:
    sections: dict[str, dict[str, SettingShape | None]] = {section: {} for section in ROW_SECTIONS}
    tokens: dict[tuple[str, str], str] = {}
    faults: list[Fault] = []
    for token in form.every("row"):
        section, name = form.text(f"section.{token}"), form.text(f"name.{token}").strip()
        faults += _row_faults(sections, section, name)
        if not faults:
            sections[section][name] = None if form.has(f"drop.{token}") else _setting(form, token)
            tokens[section, name] = token
    if faults:
        raise InvalidInput(faults)
    return sections, tokens


def _row_faults(sections: dict[str, Any], section: str, name: str) -> Iterator[Fault]:
    if section not in sections:
        yield Fault("section", f"{section[:50]!r} is none of {', '.join(sections)}")
    elif not name:
        yield Fault(section, "a row has no name; name the setting, or take the row away")
    elif name in sections[section]:
        yield Fault(f"{section}.{name[:100]}", "is given twice; keep one")


def typed_value(form: Form, token: str) -> str:
    """What was typed as the value of a row: in a field of several lines Enter is soon struck."""
    name, secret = form.text(f"name.{token}").strip(), form.has(f"secret.{token}")
    return as_typed(name, form.text(f"value.{token}"), secret=secret)


def _setting(form: Form, token: str) -> SettingShape:
    value, secret = typed_value(form, token), form.has(f"secret.{token}")
    # a stored secret is never shown, so an empty field leaves it what it is, also where the mark is to go
    kept = not value and form.has(f"kept.{token}")
    return SettingShape(
        value=None if kept else value,
        final=form.has(f"final.{token}"),
        secret=secret,
        note=form.text(f"note.{token}"),
    )


def _dependencies(form: Form, part: str) -> list[DependencyShape]:
    names, versions = form.every(f"{part}.name"), form.every(f"{part}.version")
    if len(names) != len(versions):
        raise reject(part, f"has {len(names)} names and {len(versions)} versions; reload the page")
    return [_dependency(part, name, version) for name, version in zip(names, versions, strict=True)]


def _dependency(part: str, name: str, version: str) -> DependencyShape:
    """A chosen one; the version is a number, or empty for the newest."""
    if not version:
        return DependencyShape(name=name)
    _, number = split_version(part, f"{name}@{version}")
    if number is None:
        raise reject(part, f"{version[:50]!r} is no version of {name[:100]}; choose a number or the newest")
    return DependencyShape(name=name, version=number)
