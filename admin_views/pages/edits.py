"""The rows that a user edited, as the change of a group's content that the JSON API takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from admin_views.api.groups import ContentChange
from admin_views.api.schemas import SettingShape
from config_store.errors import Fault, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_views.pages.forms import Form

#: Section of a content -> its title on the page.
ROW_SECTIONS = {
    "arguments": "Arguments",
    "configurations": "Configurations",
    "environment": "Environment variables",
}


def read_change(form: Form) -> ContentChange:
    """The change that the form's rows make; raises InvalidInput.

    Each row has a token; its fields are ``section.TOKEN``, ``name.TOKEN``, ``value.TOKEN``, ``note.TOKEN``,
    and, where ticked, ``final.TOKEN``, ``secret.TOKEN``, ``drop.TOKEN``.
    """
    sections: dict[str, dict[str, SettingShape | None]] = {section: {} for section in ROW_SECTIONS}
    faults: list[Fault] = []
    for token in form.every("row"):
        section, name = form.text(f"section.{token}"), form.text(f"name.{token}").strip()
        faults += _row_faults(sections, section, name)
        if not faults:
            sections[section][name] = None if form.has(f"drop.{token}") else _setting(form, token)
    if faults:
        raise InvalidInput(faults)
    said: dict[str, Any] = {section: rows for section, rows in sections.items() if rows}
    return ContentChange(**said, note=form.text("note"))


def _row_faults(sections: dict[str, Any], section: str, name: str) -> Iterator[Fault]:
    if section not in sections:
        yield Fault("section", f"{section[:50]!r} is none of {', '.join(sections)}")
    elif not name:
        yield Fault(section, "a row has no name; name the setting, or take the row away")
    elif name in sections[section]:
        yield Fault(f"{section}.{name[:100]}", "is given twice; keep one")


def _setting(form: Form, token: str) -> SettingShape:
    value, secret = form.text(f"value.{token}"), form.has(f"secret.{token}")
    # a stored secret is never shown, so an empty field leaves it what it is
    kept = secret and not value and form.has(f"kept.{token}")
    return SettingShape(
        value=None if kept else value,
        final=form.has(f"final.{token}"),
        secret=secret,
        note=form.text(f"note.{token}"),
    )
