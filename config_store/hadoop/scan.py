"""Where everything of a Hadoop XML file stands: properties, their parts, comments and includes, with positions.

expat says first whether the file is well-formed and free of document types (:mod:`config_store.hadoop_xml`). What is
left is so simple that one regular expression finds every tag, comment and CDATA section, with its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from config_store.hadoop_xml import MAX_DEPTH, check_hadoop_file, check_well_formed, declared_encoding

# ASCII: a unit may be a byte of a longer letter, and is no blank then
_FLAGS = re.DOTALL | re.ASCII
_TOKENS = (
    r"<!--(?P<comment>.*?)-->|<!\[CDATA\[(?P<cdata>.*?)\]\]>|<\?.*?\?>"
    r"""|</(?P<close>[^\s>]+)\s*>|<(?P<open>[^\s/>]+)(?P<attributes>(?:[^>"']|"[^"]*"|'[^']*')*)>"""
)
# The form that nearly all properties have, at once: element by element, Python takes ten times as long. What does not
# fit is taken apart by the tokens. Possessive, so that what does not fit costs one pass.
_PLAIN = (
    r"(?P<plain>(?P<tag><property>)[^<]*+<name>(?P<name>[^<]*+)</name>[^<]*+<value>(?P<value>[^<]*+)</value>[^<]*+"
    r"(?:<description>[^<]*+</description>[^<]*+)?"
    r"(?:<final>(?P<final>[^<]*+)</final>[^<]*+)?(?:<description>[^<]*+</description>[^<]*+)?(?P<end></property>))"
)
_TOKEN = re.compile(_TOKENS, _FLAGS)
_TOKEN_BELOW_ROOT = re.compile(f"{_PLAIN}|{_TOKENS}", _FLAGS)
_ATTRIBUTE = re.compile(r"""([^\s=/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.ASCII)
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(\w+));")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_TEXTS = frozenset({"name", "value", "final", "source", "tag"})
#: What java.lang.String.trim removes.
BLANKS = "".join(map(chr, range(33)))


class Part(NamedTuple):
    """A piece of a file: ``<name>…</name>`` or an attribute's value; positions count units of the file."""

    name: str
    start: int
    inner_start: int
    inner_end: int
    end: int


@dataclass(slots=True)
class Property:
    """One ``<property>``, as Hadoop takes it: ``value`` None is none at all, which Hadoop passes over."""

    start: int
    tag_end: int
    self_closing: bool
    in_fallback: bool = False
    line: int = 1
    close_start: int = 0
    end: int = 0
    name: str | None = None
    value: str | None = None
    final: bool = False
    comment: tuple[int, int] | None = None
    attributes: tuple[Part, ...] = ()
    #: Its parts, or the match of ``_PLAIN`` that they are taken from when asked: of thousands of properties few are.
    written: tuple[Part, ...] | re.Match[str] = ()
    #: Whether its parts hold elements, or it holds a property: read as Hadoop does, but never edited.
    is_odd: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its elements name, value and final, in the order of the file."""
        return self.written if isinstance(self.written, tuple) else _plain_parts(self.written)

    def attribute(self, name: str) -> Part | None:
        """The attribute of that name, whatever its prefix; of several the last."""
        return next((part for part in reversed(self.attributes) if part.name == name), None)

    def last(self, name: str) -> Part | None:
        """The last element of that name, which is the one that counts."""
        return next((part for part in reversed(self.parts) if part.name == name), None)


@dataclass(frozen=True)
class Include:
    """``<xi:include href=…>``; what stands in its fallback follows it."""

    href: str


@dataclass(frozen=True)
class IncludeEnd:
    """The end of an include; ``has_fallback`` says whether it holds one."""

    has_fallback: bool


class Source:
    """A file as units: one character per byte, or per two bytes of UTF-16, so that positions are exact."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.encoding, self.width = _encoding(content)
        if self.width == 1:
            self.units = content.decode("latin-1")
        else:
            self.units = _ASTRAL.sub("??", content.decode(self.encoding))

    def text(self, start: int, end: int) -> str:
        """What stands there, as written, line ends as XML reads them."""
        raw = self.units[start:end]
        if self.width == 2 or not raw.isascii():
            raw = self.content[start * self.width : end * self.width].decode(self.encoding)
        return raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else raw

    def text_of(self, match: re.Match[str], group: str) -> str:
        """What stands in a group of a match on the units, as :meth:`text` gives it."""
        raw = match[group]
        return raw if self.width == 1 and raw.isascii() and "\r" not in raw else self.text(*match.span(group))

    @cached_property
    def line_end(self) -> str:
        """How lines end in this file."""
        return "\r\n" if "\r\n" in self.units else "\n"

    def encode(self, text: str) -> bytes:
        """The text in the file's encoding; what that lacks becomes a character reference."""
        return text.encode(self.encoding, "xmlcharrefreplace")


@dataclass
class Scanned:
    """A file taken apart; ``entries`` in the order of the file."""

    source: Source
    entries: list[Property | Include | IncludeEnd]
    root_start: int
    root_tag_end: int
    root_close: int
    #: Whether a ``<fallback>`` outside of an include has Hadoop pass over what would follow.
    ends_in_fallback: bool = False

    def properties(self) -> list[Property]:
        """The properties with a name, without those that stand in for a file that can't be included."""
        return [p for p in self.entries if isinstance(p, Property) and p.name is not None and not p.in_fallback]


def scan(name: str, content: bytes) -> Scanned:
    """Take a file apart; raises InvalidInput as :func:`config_store.hadoop_xml.check_hadoop_file` does."""
    check_well_formed(name, content)
    scanner = _Scanner(Source(content))
    scanned = scanner.scan()
    if scanner.is_doubtful:
        check_hadoop_file(name, content)
    return scanned


def _plain_parts(match: re.Match[str]) -> tuple[Part, ...]:
    """The parts of a property in the form of _PLAIN, whose tags hold nothing but their names."""
    spans = ((name, *match.span(name)) for name in ("name", "value", "final") if match[name] is not None)
    return tuple(
        Part(name, start - len(f"<{name}>"), start, end, end + len(f"</{name}>")) for name, start, end in spans
    )


def resolve_references(text: str) -> str:
    """The text with character references and XML's five entities replaced."""
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    hexadecimal, decimal, entity = match.groups()
    if entity:
        return _ENTITIES[entity]
    return chr(int(hexadecimal, 16) if hexadecimal else int(decimal))


def _encoding(content: bytes) -> tuple[str, int]:
    """The encoding as expat finds it, and the bytes of a unit."""
    if content[:2] == b"\xff\xfe" or content[:2] == b"<\x00":
        return "utf-16-le", 2
    if content[:2] == b"\xfe\xff" or content[:2] == b"\x00<":
        return "utf-16-be", 2
    return declared_encoding(content) or "utf-8", 1


class _Scanner:
    """Walks over the tokens with the same few variables as Hadoop's own parser.

    org.apache.hadoop.conf.Configuration.Parser: ``name``, ``value`` and ``final`` count wherever they stand, the text
    of one ends the one before, an empty one sets nothing, and ``fallback`` holds until an include ends.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.entries: list[Property | Include | IncludeEnd] = []
        self.open: list[tuple[str, int, int]] = []  # local name, start, end of the start tag
        self.current = Property(0, 0, False)
        self.collecting = False
        self.token: list[tuple[int, int, bool]] = []  # start, end, whether references are resolved
        self.depth = 0  # of properties within properties
        self.has_fallback = False
        self.comment: tuple[int, int] | None = None
        self.text_from = 0
        self.root = (0, 0)
        self.line, self.counted = 1, 0
        #: Whether there is something of which only a full check can tell if it is allowed.
        self.is_doubtful = False

    def scan(self) -> Scanned:
        close, units = 0, self.source.units
        while match := (_TOKEN_BELOW_ROOT if len(self.open) == 1 else _TOKEN).search(units, self.text_from):
            start, end = match.span()
            if self.text_from < start and self.collecting:
                self.token.append((self.text_from, start, True))
            self.text_from = end
            kind = match.lastgroup
            if kind == "plain":
                self._plain(match, start, end)
            elif kind == "attributes":
                self._start(match, start, end)
            elif kind == "close":
                close = start
                self._end(match["close"].rpartition(":")[2], start, end)
            elif kind == "cdata" and self.collecting:
                self.token.append((*match.span("cdata"), False))
            elif kind == "comment":
                self._note_comment(match.start("comment"), match.end("comment"))
        return Scanned(self.source, self.entries, *self.root, close, self.has_fallback)

    def _note_comment(self, start: int, end: int) -> None:
        if not self.depth:
            self.comment = (start, end)

    def _text(self) -> str:
        """The text gathered since the last name, value or final began."""
        pieces = [(self.source.text(start, end), resolved) for start, end, resolved in self.token]
        return "".join(resolve_references(text) if resolved else text for text, resolved in pieces)

    def _start(self, match: re.Match[str], start: int, end: int) -> None:
        local = match["open"].rpartition(":")[2]
        if self.open and self.open[-1][0] in _TEXTS:
            self.current.is_odd = True
        closed = match["attributes"].endswith("/")
        if not self.open:
            self.root = (start, end)
            self.is_doubtful = match["open"] != "configuration"
        self.open.append((local, start, end))
        if len(self.open) > MAX_DEPTH or local == "include":
            self.is_doubtful = True
        if local in _TEXTS:
            self.collecting = True
            self.token.clear()
        elif local == "property":
            self._start_property(match, start, end, closed)
        elif local == "include":
            self._include(match)
        elif local == "fallback":
            self.has_fallback = True
        if closed:
            self._end(local, end, end)

    def _plain(self, match: re.Match[str], start: int, end: int) -> None:
        """A property in the form of _PLAIN, as its tokens one by one would leave it."""
        text = self.source.text_of
        self.token.clear()
        comment = self._passed(start)
        if not match["name"]:
            return
        self.entries.append(
            Property(
                start,
                match.end("tag"),
                self_closing=False,
                in_fallback=self.has_fallback,
                line=self.line,
                close_start=match.start("end"),
                end=end,
                name=resolve_references(text(match, "name")).strip(BLANKS),
                value=resolve_references(text(match, "value")) or None,
                final=match["final"] is not None and text(match, "final") == "true",
                comment=comment,
                written=match,
            )
        )

    def _passed(self, start: int) -> tuple[int, int] | None:
        """Count the lines up to a property that begins there; answers the comment in front of it."""
        self.line += self.source.units.count("\n", self.counted, start)
        self.counted = start
        comment, self.comment = self.comment, None
        return comment

    def _start_property(self, match: re.Match[str], start: int, end: int, closed: bool) -> None:
        nested = self.depth > 0
        self.depth += 1
        if nested:
            self.current.is_odd = True
        comment = self._passed(start)
        self.current = Property(start, end, closed, line=self.line, comment=comment, is_odd=nested)
        if match["attributes"]:
            self._read_attributes(match)

    def _read_attributes(self, match: re.Match[str]) -> None:
        current, offset = self.current, match.start("attributes")
        for name, part in self._attributes(match["attributes"], offset):
            value = _normalised(self.source.text(part.inner_start, part.inner_end))
            current.attributes = (*current.attributes, part)
            if name == "name":
                current.name = value
            elif name == "value":
                current.value = value
            elif name == "final":
                current.final = value == "true"

    @staticmethod
    def _attributes(text: str, offset: int) -> list[tuple[str, Part]]:
        parts = []
        for found in _ATTRIBUTE.finditer(text):
            group = 2 if found[2] is not None else 3
            name = found[1].rpartition(":")[2]
            inner = (offset + found.start(group), offset + found.end(group))
            parts.append((name, Part(name, offset + found.start(), *inner, offset + found.end())))
        return parts

    def _include(self, match: re.Match[str]) -> None:
        for name, part in self._attributes(match["attributes"], match.start("attributes")):
            if name == "href":
                self.entries.append(Include(_normalised(self.source.text(part.inner_start, part.inner_end))))

    def _end(self, local: str, start: int, end: int) -> None:
        _, opened, tag_end = self.open.pop()
        current = self.current
        if local in _TEXTS:
            part = Part(local, opened, tag_end, start, end)
            current.written = (*current.parts, part)
            self._set(current, local, self._text())
        elif local == "property":
            current.close_start, current.end = start, end
            if current.name is not None:
                current.in_fallback = self.has_fallback
                self.entries.append(current)
            # what follows in a property around this one is another word of Hadoop's on the same name
            self.depth -= 1
            self.current = replace(current) if self.depth else Property(0, 0, False)
            self.comment = None
        elif local == "include":
            self.entries.append(IncludeEnd(self.has_fallback))
            self.has_fallback = False

    @staticmethod
    def _set(current: Property, local: str, text: str) -> None:
        if local == "final":
            current.final = text == "true"
        elif text and local == "name":
            current.name = text.strip(BLANKS)
        elif text and local == "value":
            current.value = text


def _normalised(text: str) -> str:
    """An attribute's value: written line ends and tabs are blanks, referenced ones stay."""
    return resolve_references(text.replace("\n", " ").replace("\t", " "))
