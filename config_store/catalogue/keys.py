"""One key that Spark or Hadoop knows, out of what the jars told (couture_ops/key_catalogue)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class KeyType(StrEnum):
    """What a key's value is."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    SIZE = "size"
    TIME = "time"
    LIST = "list"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True)
class Key:
    """One key. ``unit``: what a bare number of a size or time counts, as "MiB" or "seconds".

    ``default`` None: it has none. ``options``: of a choice, ``any_case`` when upper and lower case are one.
    ``deprecated``: why it should not be set any more, "" when it may be; ``use``: the keys that took its place.
    ``public`` False: Spark keeps it to itself, so it is known, but not proposed.
    """

    name: str
    type: KeyType = KeyType.TEXT
    unit: str = ""
    default: str | None = None
    since: str = ""
    documentation: str = ""
    options: tuple[str, ...] = ()
    any_case: bool = False
    deprecated: str = ""
    use: tuple[str, ...] = ()
    public: bool = True

    @property
    def described(self) -> str:
        """The type in a few words: ``size, a bare number is MiB``."""
        if self.type is KeyType.CHOICE:
            return f"one of {', '.join(self.options)}"
        return f"{self.type}, a bare number is {self.unit}" if self.unit else str(self.type)


_SIZE_UNITS = {1.0: "bytes", 2.0**10: "KiB", 2.0**20: "MiB", 2.0**30: "GiB"}
#: By milliseconds.
_TIME_UNITS = {
    1e-6: "nanoseconds",
    1e-3: "microseconds",
    1.0: "milliseconds",
    1e3: "seconds",
    6e4: "minutes",
    3.6e6: "hours",
    8.64e7: "days",
}
#: How Spark's registry prints what is no default.
_NO_DEFAULT = frozenset({"<undefined>", "null"})


def spark_keys(document: Mapping[str, Any]) -> Iterator[Key]:
    """Spark's keys, deprecated and removed ones last; raises KeyError, TypeError, ValueError for a damaged document."""
    for entry in document["entries"]:
        key = _spark_key(entry)
        yield key
        for old in entry["old_names"]:
            yield replace(key, name=old, deprecated=f"{old} is the old name of {key.name}", use=(), public=False)
    for entry in document["deprecated"]:
        yield _deprecated_key(entry)


def _spark_key(entry: Mapping[str, Any]) -> Key:
    kind = KeyType(entry.get("type", "text"))
    default = entry["default"]
    return Key(
        name=str(entry["name"]),
        type=kind,
        unit=_unit(kind, entry.get("unit")),
        default=None if default in _NO_DEFAULT else str(default),
        since=entry["since"] or "",
        documentation=" ".join((entry["documentation"] or "").split()),
        options=tuple(map(str, entry.get("options", ()))),
        any_case=bool(entry.get("any_case", False)),
        public=bool(entry["public"]),
    )


def _unit(kind: KeyType, told: str | None) -> str:
    if told is None:
        return ""
    units = _SIZE_UNITS if kind is KeyType.SIZE else _TIME_UNITS
    nearest = min(units, key=lambda unit: abs(unit / float(told) - 1))
    return units[nearest]


def _deprecated_key(entry: Mapping[str, Any]) -> Key:
    name, use = str(entry["name"]), entry.get("use")
    deed = "was removed in" if entry.get("removed") else "is deprecated since"
    said = " ".join((entry.get("message") or "").split())
    reason = f"{name} {deed} Spark {entry['since']}" + (f": {said}" if said else "")
    return Key(name, deprecated=reason.rstrip("."), use=(str(use),) if use else (), public=False)


def hadoop_keys(document: Mapping[str, Any]) -> Iterator[Key]:
    """Hadoop's keys, deprecated names last; raises KeyError, TypeError, ValueError for a damaged document."""
    for entry in document["hadoop"]:
        default = entry["default"]
        yield Key(
            name=str(entry["name"]),
            type=_type_of_default(default or ""),
            default=default,
            documentation=entry["documentation"],
        )
    for name, new in document["hadoop_deprecated"].items():
        yield Key(name, deprecated=f"{name} is the old name of {' and '.join(new)}", public=False)


_OF_DEFAULT = (
    (re.compile(r"true|false"), KeyType.BOOLEAN),
    (re.compile(r"-?[0-9]+"), KeyType.INTEGER),
    (re.compile(r"-?[0-9]*\.[0-9]+f?"), KeyType.NUMBER),
    (re.compile(r"[0-9]+(ns|us|ms|s|m|h|d)"), KeyType.TIME),
    (re.compile(r"[0-9]+[kmgtpeKMGTPE]b?"), KeyType.SIZE),
)


def _type_of_default(default: str) -> KeyType:
    """Hadoop's files of defaults name no types; the default shows it. A ``10m`` may be minutes or mebibytes."""
    return next((kind for pattern, kind in _OF_DEFAULT if pattern.fullmatch(default)), KeyType.TEXT)
