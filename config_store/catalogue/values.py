"""Whether a text is a value that a key takes, as Spark's and Hadoop's own readers would judge it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from config_store.catalogue.keys import Key, KeyType

if TYPE_CHECKING:
    from collections.abc import Callable

_SIZE = re.compile(r"-?[0-9]+(b|[kmgtp]b?)?")
_TIME = re.compile(r"-?[0-9]+(us|ms|s|m|min|h|d)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?[df]?|[+-]?(nan|infinity)")
#: Hadoop's numbers: decimal or hexadecimal; a unit where its reader knows one, which the default does not tell.
_HADOOP_NUMBER = re.compile(r"[+-]?(0x[0-9a-f]+|[0-9]+(\.[0-9]+)?[a-z]{0,2}|\.[0-9]+f?)")

#: What Spark takes of each type, case and outer blanks apart.
#: Source: ConfigBuilder.scala and JavaUtils (byteStringAs, timeStringAs) of Spark.
_PATTERNS = {
    KeyType.BOOLEAN: re.compile("true|false"),
    KeyType.INTEGER: _INTEGER,
    KeyType.NUMBER: _NUMBER,
    KeyType.SIZE: _SIZE,
    KeyType.TIME: _TIME,
}
_EXAMPLES = {
    KeyType.BOOLEAN: "'true' or 'false'",
    KeyType.INTEGER: "a whole number like '4'",
    KeyType.NUMBER: "a number like '0.5'",
    KeyType.SIZE: "a size like '512m' or '7g', without a fraction",
    KeyType.TIME: "a time like '500ms', '30s' or '2h', without a fraction",
}


def value_fault(key: Key, value: str) -> str:
    """What the key takes instead of the value, "" when it takes it: ``a whole number like '4'``."""
    return _fault(key, value, _spark_takes)


def hadoop_value_fault(key: Key, value: str) -> str:
    """As :func:`value_fault`, by Hadoop's readers. Source: Configuration.getBoolean, getInt, getTimeDuration."""
    return _fault(key, value, _hadoop_takes)


def _fault(key: Key, value: str, takes: Callable[[Key, str], bool]) -> str:
    if not value or "${" in value or takes(key, value.strip()):
        return ""
    if key.type is KeyType.CHOICE:
        return f"one of {', '.join(key.options)}"
    return f"{_EXAMPLES[key.type]}{f' (a bare number is {key.unit})' if key.unit else ''}"


def _spark_takes(key: Key, text: str) -> bool:
    if key.type is KeyType.CHOICE:
        return text in key.options or (key.any_case and text.lower() in map(str.lower, key.options))
    pattern = _PATTERNS.get(key.type)
    return pattern is None or pattern.fullmatch(text.lower()) is not None


def _hadoop_takes(key: Key, text: str) -> bool:
    if key.type is KeyType.BOOLEAN:
        return text.lower() in ("true", "false")
    return key.type not in _PATTERNS or _HADOOP_NUMBER.fullmatch(text.lower()) is not None
