"""What a page's form sends, read as text that the store can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from config_store.errors import Fault, InvalidInput, reject
from config_store.names import unstorable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A group of 10,000 settings, each with four fields.
_MAX_FIELDS = 60_000


class Form:
    """The fields of a form by name; of those that come several times all are kept."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """The text of a field; empty when it was not sent. Browsers send line ends as CR LF, kept is LF."""
        return self._fields.get(name, [""])[-1].replace("\r\n", "\n")

    def has(self, name: str) -> bool:
        """Whether the field was sent: a box that is ticked."""
        return name in self._fields

    def every(self, name: str) -> list[str]:
        """All texts of a field, in order."""
        return self._fields.get(name, [])

    def number(self, name: str) -> int:
        """A whole number; raises InvalidInput."""
        text = self.text(name)
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise reject(name, f"{text[:50]!r} is no whole number")
        return int(text)


async def read_form(request: Request) -> Form:
    """The urlencoded body; raises InvalidInput for what is no text."""
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise reject("form", f"is no urlencoded UTF-8: {error}") from error
    fields: dict[str, list[str]] = {}
    faults = []
    for name, value in pairs:
        if reason := unstorable(name + value):
            faults.append(Fault(name.encode("unicode_escape").decode()[:100], reason))
        fields.setdefault(name, []).append(value)
    if faults:
        raise InvalidInput(faults)
    return Form(fields)


FormDep = Annotated[Form, Depends(read_form)]
