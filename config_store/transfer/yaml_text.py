"""YAML as this product writes and reads it: one spelling for each value, and nothing that YAML hides.

Written by hand rather than by a library, so that an export is the same text whichever version of it is installed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from config_store.errors import Fault, InvalidInput, reject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What is written: texts, marks, numbers, lists and mappings of them.
Plain = str | bool | int | Sequence["Plain"] | Mapping[str, "Plain"]

_INDENT = "  "
#: YAML ends a key that stands before its colon here.
_LONGEST_KEY = 1000

#: Texts that stand without quotes, because YAML of any version takes them for texts.
_BARE = re.compile(r"[A-Za-z0-9_/$-](?:[\x20-\x7e]*[\x21-\x7e])?")
_NOT_BARE = re.compile(r"-+(?:\s|$)|---|.*(?::(?:\s|$)|\s#)")
_OTHER_TYPES = re.compile(
    r"(?i)[-+.0-9][-+.0-9_:,xoeatz ]*|[-+]?0(?:x[0-9a-f_]+|b[01_]+)|-?\.inf|true|false|yes|no|on|off|y|n|null"
)
#: Characters that read as what they are: no controls, no line separators, nothing that turns the direction.
_READABLE = re.compile(
    "[\x20-\x7e\xa1-\xac\xae-\u1fff\u2010-\u2027\u2030-\u205f\u2070-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\uffef"
    "\U00010000-\U0001fffd]*"
)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}

MAX_DEPTH = 10
#: A group of 10,000 settings with all their marks has 100,000.
MAX_NODES = 300_000
#: libyaml where it is there: ten times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MEANINGS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


def write_yaml(document: Mapping[str, Plain]) -> bytes:
    """The document as block YAML in UTF-8, keys in the order given; no list and no mapping in it is empty."""
    return ("\n".join(_lines(document)) + "\n" if document else "{}\n").encode()


def _lines(document: Mapping[str, Plain]) -> Iterator[str]:
    for key, value in document.items():
        name = _scalar(key)
        if len(name) > _LONGEST_KEY:
            yield f"? {name}"
            name = ""
        yield from _entry(f"{name}:", value)


def _entry(head: str, value: Plain) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield head
        yield from _indented(_lines(value))
    elif isinstance(value, list | tuple):
        yield head
        for item in value:
            yield from _indented(_item(item))
    elif isinstance(value, str) and _fits_block(value):
        yield f"{head} |-"
        yield from _indented(value.split("\n"))
    else:
        yield f"{head} {_scalar(value)}"


def _item(value: Plain) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"- {_scalar(value)}"
        return
    sign = "- "
    for line in _lines(value):
        yield sign + line if line else ""
        sign = _INDENT


def _indented(lines: Iterable[str]) -> Iterator[str]:
    """One step deeper; an empty line stays empty."""
    return (_INDENT + line if line else "" for line in lines)


def _fits_block(text: str) -> bool:
    """Whether the text has several lines that a literal block gives back as they are."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and lines[0][:1].strip() != ""
        and lines[-1] != ""
        and all(_READABLE.fullmatch(line) and line == line.rstrip() for line in lines)
    )


def _scalar(value: Plain) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if isinstance(value, int) or (
        _BARE.fullmatch(text) and not _NOT_BARE.match(text) and not _OTHER_TYPES.fullmatch(text)
    ):
        return text
    if _OTHER_TYPES.fullmatch(text):
        return f"'{text}'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if _READABLE.fullmatch(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@dataclass(frozen=True)
class Node:
    """A value of a document with the line it begins in. Plain scalars stay as they are spelled, as texts.

    Only ``true``, ``false`` and nothing (empty, ``~``, ``null``) mean what YAML says: 0.60, 1:30, yes and 010 are
    Spark's to read.
    """

    value: str | bool | dict[str, Node] | list[Node] | None
    line: int


def read_yaml(path: str, content: bytes) -> Node:
    """The one document of a file.

    Raises InvalidInput with the line: for what is no YAML, for keys that come twice, for anchors, aliases and tags,
    and for a document that is nested too deep or has too many values.
    """
    try:
        text = content.decode("utf-8-sig")
        return _Composer(path, iter(yaml.parse(text, Loader=_LOADER))).document()
    except UnicodeDecodeError as error:
        raise reject(path, f"is not UTF-8: byte {error.start} is 0x{content[error.start]:02x}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise reject(f"{path}:{line}", f"is no YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:  # a character that YAML does not allow; libyaml knows no line for it
        raise reject(path, f"is no YAML: {' '.join(str(error).split())[:200]}") from None


class _Composer:
    """Makes nodes of the parser's events."""

    def __init__(self, path: str, events: Iterator[Any]) -> None:
        self._path = path
        self._events = events
        self._nodes = 0
        self._faults: list[Fault] = []

    def document(self) -> Node:
        event = self._next()
        while not isinstance(event, yaml.DocumentStartEvent | yaml.StreamEndEvent):
            event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            raise reject(self._path, "is empty; write {} for a group without settings")
        root = self._node(self._next(), 1)
        self._next()  # the document's end
        if not isinstance(self._next(), yaml.StreamEndEvent):
            raise reject(self._path, "holds more than one document")
        if self._faults:
            raise InvalidInput(self._faults)
        return root

    def _next(self) -> Any:
        return next(self._events)

    def _node(self, event: Any, depth: int) -> Node:
        line = event.start_mark.line + 1
        self._count(event, line, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return Node(self._mapping(depth), line)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._sequence(depth), line)
        return Node(_meaning(event), line)

    def _count(self, event: Any, line: int, depth: int) -> None:
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self._refused(line, "uses an anchor or an alias (&name, *name); write the value out")
        if event.tag is not None:
            raise self._refused(line, f"has the tag {event.tag[:100]!r}; values need none")
        if depth > MAX_DEPTH:
            raise self._refused(line, f"is nested deeper than {MAX_DEPTH} levels")
        if self._nodes > MAX_NODES:
            raise self._refused(line, f"is the {self._nodes:,}th value; at most {MAX_NODES:,} are allowed")

    def _mapping(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refused(key.line, "has a key that is no text")
            value = self._node(self._next(), depth + 1)
            if event.value in found:
                first = found[event.value].line
                self._faults.append(
                    Fault(f"{self._path}:{key.line}", f"{event.value[:100]} comes twice (line {first})")
                )
            found[event.value] = value
        return found

    def _sequence(self, depth: int) -> list[Node]:
        found = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            found.append(self._node(event, depth + 1))
        return found

    def _refused(self, line: int, message: str) -> InvalidInput:
        return reject(f"{self._path}:{line}", message)


def _meaning(event: Any) -> str | bool | None:
    """The value of a scalar; what is quoted is a text whatever it says."""
    plain = event.implicit[0] and event.style in (None, "")
    if plain and event.value in _MEANINGS:
        return _MEANINGS[event.value]
    value: str = event.value
    return value
