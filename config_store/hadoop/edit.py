"""Changes to single properties of a Hadoop file: no other byte of the file changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config_store.errors import Fault, InvalidInput, NotFound, reject
from config_store.hadoop.scan import BLANKS, Part, Property, Scanned, scan
from config_store.names import nearest

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

# XML 1.0, production Char
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEPT = re.compile(r"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_TAG_NAME = re.compile(r"[^\s/>]*", re.ASCII)
_INDENT = "  "


@dataclass(frozen=True)
class PropertyEdit:
    """What becomes of one property: None keeps ``value`` or ``final`` as it is; ``delete`` removes the property."""

    value: str | None = None
    final: bool | None = None
    delete: bool = False


@dataclass(frozen=True)
class _Splice:
    """``text`` in place of the units from ``start`` to ``end``."""

    start: int
    end: int
    text: str


def edit_properties(file: str, content: bytes, edits: Mapping[str, PropertyEdit]) -> bytes:
    """The file with some properties changed, all or nothing.

    Of several properties of one name the one that counts is set (the first final one, else the last), and all are
    deleted. Where the mark final goes, it goes from all, and the value that counted stays. A name that the file lacks
    is added behind the last element, in the form and indentation of the last property. Raises InvalidInput (the file,
    a name, a value), NotFound (a property to delete or to mark).
    """
    scanned = scan(file, content)
    if faults := list(_faults(edits)):
        raise InvalidInput(faults)
    editor = _Editor(file, scanned, edits)
    splices = [splice for name, edit in edits.items() for splice in editor.splices(name, edit)]
    return _spliced(scanned, [*splices, *editor.additions()])


def _faults(edits: Mapping[str, PropertyEdit]) -> Iterator[Fault]:
    for name, edit in edits.items():
        if not name or name != name.strip(BLANKS):
            yield Fault(name[:100], "a name must not be empty, nor begin or end with a blank: Hadoop trims it")
        for word, text in (("name", name), ("value", edit.value or "")):
            if odd := _NO_CHARACTER.search(text):
                yield Fault(name[:100], f"the {word} contains {odd.group()!a}, which XML can't hold")
        if edit.delete and (edit.value is not None or edit.final is not None):
            yield Fault(name[:100], "is to be deleted and to be set; ask for one of them")


def _spliced(scanned: Scanned, splices: list[_Splice]) -> bytes:
    source, width, parts, done = scanned.source, scanned.source.width, [], 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        parts.append(source.content[done * width : splice.start * width])
        parts.append(source.encode(splice.text))
        done = splice.end
    return b"".join([*parts, source.content[done * width :]])


def _trimmed(found: Property) -> str:
    return (found.name or "").strip(BLANKS)


class _Editor:
    """The splices for one file; properties to add are gathered, because they stand in one place."""

    def __init__(self, file: str, scanned: Scanned, edited: Container[str]) -> None:
        self._file = file
        self._scanned = scanned
        self._source = scanned.source
        self._units = scanned.source.units
        self._by_name: dict[str, list[Property]] = {}
        for found in scanned.properties():
            if (name := _trimmed(found)) in edited:
                self._by_name.setdefault(name, []).append(found)
        self._new: list[tuple[str, PropertyEdit]] = []

    def splices(self, name: str, edit: PropertyEdit) -> Iterator[_Splice]:
        found = self._by_name.get(name, [])
        if not found:
            self._add(name, edit)
        elif edit.delete:
            for gone in found:
                self._check_form(name, gone)
                yield self._deletion(gone)
        else:
            yield from self._set(name, found, edit)

    def _set(self, name: str, found: list[Property], edit: PropertyEdit) -> Iterator[_Splice]:
        marked = [p for p in found if p.final]
        counting, value = (marked or found)[0 if marked else -1], edit.value
        touched = [counting]
        if marked and edit.final is False:  # then none is final any more, and the last of all counts
            value = counting.value if value is None else value
            counting, touched = found[-1], marked
        for one in {id(p): p for p in (*touched, counting)}.values():
            self._check_form(name, one)
            yield from self._final(one, edit.final)
        yield from self._value(counting, value)

    def _add(self, name: str, edit: PropertyEdit) -> None:
        if edit.value is None:
            others = map(_trimmed, self._scanned.properties())
            raise NotFound(f"property of {self._file} named", name, nearest(name, others))
        if self._scanned.ends_in_fallback:
            raise reject(
                name,
                f"can't be added: {self._file} holds a <fallback> outside of an include, and Hadoop passes over what "
                "follows it; edit the file itself",
            )
        self._new.append((name, edit))

    def _check_form(self, name: str, found: Property) -> None:
        if found.is_odd:
            raise reject(
                name, f"holds elements within elements at line {found.line} of {self._file}; edit the file itself"
            )

    # --- a value ---

    def _value(self, found: Property, value: str | None) -> Iterator[_Splice]:
        if value is None or value == found.value:
            return
        part, attribute = found.last("value"), found.attribute("value")
        if value == "":
            yield from self._empty(found, attribute)
        elif part:
            yield self._inner(part, value)
        elif attribute:
            yield _Splice(attribute.inner_start, attribute.inner_end, self._quoted(value, attribute))
        elif name := found.last("name"):
            yield _Splice(name.end, name.end, f"{self._before(name.start)}<value>{self._escaped(value)}</value>")
        else:
            yield from self._new_attribute(found, "value", value)

    def _empty(self, found: Property, attribute: Part | None) -> Iterator[_Splice]:
        """Hadoop takes an empty <value> for no value at all; an empty attribute is an empty value."""
        for part in found.parts:
            if part.name == "value":
                yield _Splice(part.inner_start, part.inner_end, self._kept(part))
        if attribute:
            yield _Splice(attribute.inner_start, attribute.inner_end, "")
        else:
            yield from self._new_attribute(found, "value", "")

    def _inner(self, part: Part, value: str) -> _Splice:
        if part.inner_start == part.end:  # <value/>
            qualified = self._source.text(part.start + 1, self._name_end(part.start))
            opened = self._source.text(part.start, part.end)[:-2].rstrip()
            return _Splice(part.start, part.end, f"{opened}>{self._escaped(value)}</{qualified}>")
        inner = self._source.text(part.inner_start, part.inner_end)
        if _CDATA.fullmatch(inner) and self._fits_cdata(value):
            written = f"<![CDATA[{self._lines(value)}]]>"
        else:
            written = self._escaped(value) + self._kept(part)
        return _Splice(part.inner_start, part.inner_end, written)

    def _fits_cdata(self, value: str) -> bool:
        return "]]>" not in value and "\r" not in value and self._is_encodable(value)

    def _is_encodable(self, value: str) -> bool:
        try:
            value.encode(self._source.encoding)
        except UnicodeEncodeError:
            return False
        return True

    def _kept(self, part: Part) -> str:
        """The comments and instructions inside an element, which outlive its text."""
        inner = self._source.text(part.inner_start, part.inner_end)
        return self._lines("".join(_KEPT.findall(_CDATA.sub("", inner))))

    def _escaped(self, value: str) -> str:
        escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
        return self._lines(escaped)

    def _lines(self, text: str) -> str:
        return text.replace("\n", self._source.line_end)

    def _quoted(self, value: str, attribute: Part | None = None) -> str:
        quote = self._units[attribute.inner_end] if attribute else '"'
        escaped = value.replace("&", "&amp;").replace("<", "&lt;")
        escaped = escaped.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
        return escaped.replace(quote, "&quot;" if quote == '"' else "&apos;")

    def _new_attribute(self, found: Property, name: str, value: str) -> Iterator[_Splice]:
        last = max((part.end for part in found.attributes), default=None)
        at = self._name_end(found.start) if last is None else last
        yield _Splice(at, at, f' {name}="{self._quoted(value)}"')

    def _name_end(self, tag: int) -> int:
        """Where the name in a tag ends that begins there."""
        match = _TAG_NAME.match(self._units, tag + 1)
        return match.end() if match else tag + 1

    # --- the final mark ---

    def _final(self, found: Property, final: bool | None) -> Iterator[_Splice]:
        if final is None or final == found.final:
            return
        word = "true" if final else "false"
        part, attribute = found.last("final"), found.attribute("final")
        if part:
            yield self._inner(part, word)
        elif attribute:
            yield _Splice(attribute.inner_start, attribute.inner_end, word)
        elif behind := (found.last("value") or found.last("name")):
            yield _Splice(behind.end, behind.end, f"{self._before(behind.start)}<final>{word}</final>")
        else:
            yield from self._new_attribute(found, "final", word)

    # --- lines ---

    def _before(self, position: int) -> str:
        """The blanks in front of a place, back to the line's beginning with its break."""
        start = position
        while start and self._units[start - 1] in " \t":
            start -= 1
        if start and self._units[start - 1] == "\n":
            return self._source.line_end + self._units[start:position]
        return ""

    def _deletion(self, gone: Property) -> _Splice:
        """The property, with its lines where nothing else stands on them."""
        start, end, units = gone.start, gone.end, self._units
        while start and units[start - 1] in " \t":
            start -= 1
        while end < len(units) and units[end] in " \t\r":
            end += 1
        if start and units[start - 1] == "\n" and units[end : end + 1] == "\n":
            return _Splice(start, end + 1, "")
        return _Splice(gone.start, gone.end, "")

    # --- new properties ---

    def additions(self) -> Iterator[_Splice]:
        """The new properties, in front of the end of the file's element."""
        if not self._new:
            return
        model = next((p for p in reversed(self._scanned.properties()) if not p.is_odd), None)
        outer = self._before(model.start) if model else self._source.line_end + _INDENT
        written = "".join(outer + self._property(name, edit, model, outer) for name, edit in self._new)
        close = self._scanned.root_close
        if self._scanned.root_tag_end > close:  # <configuration/>
            yield self._opened(written)
            return
        at = close
        while self._units[at - 1] in " \t\r\n":
            at -= 1
        at = max(at, self._scanned.root_tag_end)
        yield _Splice(at, at, written + ("" if "\n" in self._units[at:close] or not outer else self._source.line_end))

    def _opened(self, written: str) -> _Splice:
        start, end = self._scanned.root_start, self._scanned.root_tag_end
        tag = self._source.text(start, end)[:-2].rstrip()
        return _Splice(start, end, f"{self._lines(tag)}>{written}{self._source.line_end}</configuration>")

    def _property(self, name: str, edit: PropertyEdit, model: Property | None, outer: str) -> str:
        value = edit.value or ""
        if value == "" or (model and model.attribute("name") and not model.parts):
            final = ' final="true"' if edit.final else ""
            return f'<property name="{self._quoted(name)}" value="{self._quoted(value)}"{final}/>'
        first = model.parts[0] if model and model.parts else None
        inner = self._before(first.start) if first else outer and outer + _INDENT
        parts = [f"<name>{self._escaped(name)}</name>", f"<value>{self._escaped(value)}</value>"]
        if edit.final:
            parts.append("<final>true</final>")
        ends_on_own_line = self._before(model.close_start) if model else outer
        return "<property>" + "".join(inner + part for part in parts) + (ends_on_own_line and outer) + "</property>"
