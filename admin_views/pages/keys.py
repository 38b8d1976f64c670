"""Spark Configuration while somebody types: the keys to propose, and what is known of a field."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from admin_views.api.access import ServicesDep
from admin_views.api.groups import Editor
from admin_views.pages.edits import ROW_SECTIONS, typed_value
from admin_views.pages.forms import FormDep
from admin_views.pages.rendering import View, render, row_id
from config_store import groups
from config_store.catalogue.keys import Key
from config_store.catalogue.lint import Remark, field_remarks, refusal
from config_store.errors import reject
from config_store.names import nearest
from config_store.settings import ARGUMENTS, RESERVED, TWINS, Setting, twin_faults, with_secret_mark
from config_store.wire import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_views.pages.forms import Form
    from config_store.catalogue.lookup import Catalogue
    from config_store.content import Content

router = APIRouter(prefix="/groups", include_in_schema=False, default_response_class=HTMLResponse)

#: So many keys are proposed at once.
MAX_PROPOSED = 12
Token = Annotated[str, Query(max_length=400)]


class Known(NamedTuple):
    """What is said at a field: what the key is (None: unknown), and what is wrong or odd about it."""

    key: Key | None = None
    remarks: tuple[Remark, ...] = ()


class Row(NamedTuple):
    """One setting as fields: ``typed`` is the text of its value, ``stored`` what the group has (None: nothing yet).

    ``takes_focus``: it was asked for alone, so the cursor goes there.
    """

    section: str
    key: str
    token: str
    stored: Setting | None
    typed: str
    known: Known
    is_secret: bool
    takes_focus: bool = True

    @property
    def id(self) -> str:
        """By which the document knows the row."""
        return row_id(self.section, self.key) if self.key else self.token


def check_section(section: str) -> None:
    """Raise InvalidInput for what is no table of the page."""
    if section not in ROW_SECTIONS:
        raise reject("section", f"{section[:50]!r} is none of {', '.join(ROW_SECTIONS)}")


def stored_row(catalogue: Catalogue | None, section: str, key: str, stored: Setting) -> Row:
    """The fields of a setting that the group has; a secret's value stays hidden."""
    value = None if stored.secret else stored.value
    known = look_up(catalogue, section, key, value)
    return Row(section, key, f"{section}.{key}", stored, value or "", known, stored.secret)


def new_row(section: str, key: str = "") -> Row:
    """The empty fields of a setting that is not there yet."""
    is_secret = with_secret_mark(key, Setting("")).secret
    return Row(section, key, f"new-{secrets.token_hex(4)}", None, "", Known(), is_secret)


def look_up(catalogue: Catalogue | None, section: str, name: str, value: str | None) -> Known:
    """What the key is, and what is wrong or odd; ``value`` None: nobody may know it."""
    remarks = tuple(field_remarks(catalogue, section, name, value))
    if catalogue is None or section == "environment":
        return Known(None, remarks)
    return Known(catalogue.find(TWINS.get(name, "") if section == "arguments" else name), remarks)


@router.post("/{name}/field")
def field_part(request: Request, services: ServicesDep, _: Editor, name: str, form: FormDep, token: Token) -> Any:
    """What is known of the field of one row, and what is odd about what was typed; nothing is saved."""
    section, key = form.text(f"section.{token}"), form.text(f"name.{token}").strip()
    check_section(section)
    with services.database.reading() as session:
        content = groups.get_group(session, name).content
    known = Known()
    if key:
        is_secret = form.has(f"secret.{token}") or is_secret_name(key)
        catalogue = services.key_catalogues.find(content.spark_home).catalogue
        known = look_up(catalogue, section, key, None if is_secret else typed_value(form, token))
        twins = _twin_remarks(section, key, _given_names(content, form))
        known = Known(known.key, (*known.remarks, *twins, *_replaced(content, section, key, token)))
    return render(View(request), "groups/field_part.html", known=known)


def _given_names(content: Content, form: Form) -> dict[str, set[str]]:
    """The names that each section gives a value, with the rows of the form on top."""
    names = {section: {key for key, one in getattr(content, section).items() if one.value} for section in ROW_SECTIONS}
    for token in form.every("row"):
        section, key = form.text(f"section.{token}"), form.text(f"name.{token}").strip()
        if section in names:
            names[section].discard(key)
            if typed_value(form, token) or form.has(f"kept.{token}"):
                names[section].add(key)
    return names


def _replaced(content: Content, section: str, key: str, token: str) -> Iterator[Remark]:
    if token != f"{section}.{key}" and key in getattr(content, section):
        yield Remark(f"{section}.{key}", "is in the group already; a save replaces its value and marks")


def _twin_remarks(section: str, key: str, given: dict[str, set[str]]) -> list[Remark]:
    arguments = {key} if section == "arguments" else given["arguments"]
    configurations = {key} if section == "configurations" else given["configurations"]
    if section == "environment":
        return []
    return [refusal(fault) for fault in twin_faults(arguments, configurations, "")]


@router.get("/{name}/keys")
def keys_part(request: Request, services: ServicesDep, _: Editor, name: str, section: str, token: Token) -> Any:
    """The keys that what was typed may become, as options of a list box."""
    check_section(section)
    typed = request.query_params.get(f"name.{token}", "").strip()
    with services.database.reading() as session:
        spark_home = groups.get_group(session, name).content.spark_home
    found = _proposed(services.key_catalogues.find(spark_home).catalogue, section, typed) if typed else []
    return render(View(request), "groups/keys_part.html", keys=found[:MAX_PROPOSED], token=token)


def _proposed(catalogue: Catalogue | None, section: str, typed: str) -> list[Key]:
    if section == "arguments":
        return [_argument(catalogue, name) for name in _arguments(typed)]
    return catalogue.complete(typed) if catalogue and section == "configurations" else []


def _arguments(typed: str) -> list[str]:
    """The options of spark-submit that hold what was typed, those that begin so first, else the most similar."""
    wanted, names = typed.lower().removeprefix("--"), sorted(ARGUMENTS - RESERVED.keys())
    found = [name for name in names if wanted in name]
    return sorted(found, key=lambda name: not name.startswith(wanted)) or nearest(typed, names)


def _argument(catalogue: Catalogue | None, name: str) -> Key:
    """An option of spark-submit, described as the key that says the same."""
    known = catalogue.find(TWINS[name]) if catalogue and name in TWINS else None
    return replace(known, name=name) if known else Key(name)
