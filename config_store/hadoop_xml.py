"""Hadoop's XML files: what is accepted, and the properties they hold."""

from __future__ import annotations

import re
from xml.parsers import expat

from config_store.errors import reject
from config_store.names import FILE_NAME, check_file_name

HADOOP_SUFFIXES = (".xml",)
MAX_HADOOP_BYTES = 20_000_000
#: Elements within elements.
MAX_DEPTH = 100
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
#: Encodings that expat reads by Python's help, and no Java does.
_PYTHONS_OWN = frozenset({"unicode_escape", "raw_unicode_escape", "charmap", "palmos"})


def check_hadoop_file(name: str, content: bytes) -> None:
    """Raise InvalidInput unless ``content`` is a well-formed Hadoop configuration.

    Refused with line and column: what does not parse, a root other than ``<configuration>``, and any
    document type declaration, because entities are how XML reads other files and explodes in memory.
    """
    _check_outside(name, content)
    _Reader(name).read(content)


def check_well_formed(name: str, content: bytes) -> None:
    """The part of :func:`check_hadoop_file` that needs no look at single elements, in a tenth of its time.

    Root, depth and includes are left to the caller: :func:`check_hadoop_file` says what is wrong with them.
    """
    _check_outside(name, content)
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _stop
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError):
        check_hadoop_file(name, content)  # which tells the first of all faults
        raise


def _stop(*_declaration: object) -> None:
    raise ValueError("a document type")


def declared_encoding(content: bytes) -> str | None:
    """The encoding that the XML declaration of a file names, if it is written in something like ASCII."""
    declared = _DECLARED.match(content[:500])
    return declared[1].decode("ascii") if declared else None


def _check_outside(name: str, content: bytes) -> None:
    """What can be said without a look at the elements."""
    check_file_name(name, HADOOP_SUFFIXES)
    if len(content) > MAX_HADOOP_BYTES:
        raise reject(name, f"has {len(content):,} bytes, at most {MAX_HADOOP_BYTES:,} are allowed")
    encoding = declared_encoding(content)
    if encoding and encoding.lower().replace("-", "_") in _PYTHONS_OWN:
        raise reject(name, f"declares the encoding {encoding}, which Java does not know; save it in UTF-8")


def read_properties(name: str, content: bytes) -> dict[str, str]:
    """The properties of a checked file, later ones winning, values as written (``${…}`` not replaced)."""
    reader = _Reader(name)
    reader.keep_properties()
    return reader.read(content)


class _Reader:
    """One pass of expat over one file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._path: list[str] = []
        self._text: dict[str, str] = {}
        self._properties: dict[str, str] = {}
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True  # else a text of many lines comes line by line, and adding up is quadratic
        self._parser.buffer_size = MAX_HADOOP_BYTES
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def keep_properties(self) -> None:
        """Gather what :meth:`read` answers; without, it only checks."""
        self._parser.CharacterDataHandler = self._characters
        self._parser.EndElementHandler = self._end_kept

    def read(self, content: bytes) -> dict[str, str]:
        try:
            self._parser.Parse(content, True)
        except expat.ExpatError as error:
            raise reject(
                self._name,
                f"is not well-formed XML at line {error.lineno}, column {error.offset + 1}: "
                f"{expat.ErrorString(error.code)}",
            ) from None
        except (LookupError, ValueError) as error:  # an encoding that Python does not know, or expat can't use
            raise reject(self._name, f"can't be read: {error}") from None
        return self._properties

    def _here(self) -> str:
        return f"line {self._parser.CurrentLineNumber}, column {self._parser.CurrentColumnNumber + 1}"

    def _doctype(self, *_declaration: object) -> None:
        raise reject(self._name, f"has a DOCTYPE at {self._here()}; document types and entities are refused")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._path and tag != "configuration":
            raise reject(self._name, f"begins with <{tag[:50]}> at {self._here()}; Hadoop reads <configuration>")
        if len(self._path) >= MAX_DEPTH:
            raise reject(self._name, f"is nested deeper than {MAX_DEPTH} elements at {self._here()}")
        self._path.append(tag)
        if tag.rpartition(":")[2] == "include":
            self._check_include(attributes.get("href", ""))
        if tag == "property":
            self._text = {key: value for key, value in attributes.items() if key in ("name", "value")}

    def _check_include(self, href: str) -> None:
        """Hadoop follows XInclude anywhere; a file from elsewhere would not be part of the revision."""
        if not (FILE_NAME.fullmatch(href) and href.endswith(HADOOP_SUFFIXES)):
            raise reject(
                self._name,
                f"includes {href[:100]!r} at {self._here()}; only files of the same group, by bare name, are allowed",
            )

    def _characters(self, text: str) -> None:
        if len(self._path) >= 2 and self._path[-2] == "property" and self._path[-1] in ("name", "value"):
            self._text[self._path[-1]] = self._text.get(self._path[-1], "") + text

    def _end(self, _tag: str) -> None:
        self._path.pop()

    def _end_kept(self, tag: str) -> None:
        self._path.pop()
        if tag == "property" and (key := self._text.get("name", "").strip()):
            self._properties[key] = self._text.get("value", "")
