"""Which names are allowed, and which known names are near a mistyped one."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from config_store.errors import reject

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LENGTH = 250  # what fits a file name and, in utf8mb4, an index of MySQL

GROUP_NAME = re.compile(r"[A-Za-z0-9_@()-]+")
#: What no text in the store may hold: PostgreSQL refuses NUL, and half a surrogate pair has no UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Commas and blanks split Spark's lists of files, '%' and '#' are URI syntax to Spark, a leading dot hides.
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@()=~-]*")


def unstorable(text: str) -> str | None:
    """Why no database can hold the text, None when all can."""
    match = _UNSTORABLE.search(text)
    if match is None:
        return None
    character = ord(match.group())
    return "contains a NUL character" if character == 0 else f"contains \\u{character:04x}, half a surrogate pair"


def is_group_name(name: str) -> bool:
    """Whether a group may have the name. Databases need not be asked for any other.

    MySQL would find "prod" for "prod ", PostgreSQL's driver raises for NUL.
    """
    return len(name) <= MAX_LENGTH and GROUP_NAME.fullmatch(name) is not None


def is_file_name(name: str) -> bool:
    """Whether a file may have the name, as :func:`is_group_name` says of groups."""
    return len(name) <= MAX_LENGTH and FILE_NAME.fullmatch(name) is not None


def check_author(name: str) -> str:
    """Return the name of who changes something, or raise InvalidInput: a cut one would name nobody."""
    if len(name) > MAX_LENGTH:
        raise reject("author", f"has {len(name)} characters, at most {MAX_LENGTH} are kept; use a shorter login")
    if reason := unstorable(name):
        raise reject("author", reason)
    return name


def check_group_name(name: str) -> str:
    """Return the name of a config group, or raise InvalidInput."""
    return _check("name", name, GROUP_NAME, "letters, digits and _ @ ( ) -")


def check_file_name(name: str, suffixes: tuple[str, ...], where: str = "name") -> str:
    """Return a bare file name with one of the suffixes, or raise InvalidInput."""
    _check(where, name, FILE_NAME, "letters, digits and _ . + @ ( ) = ~ -, without directories")
    if not name.lower().endswith(suffixes):
        raise reject(where, f"{name!r} must end with {' or '.join(suffixes)}")
    return name


def _check(where: str, name: str, pattern: re.Pattern[str], allowed: str) -> str:
    if not name.strip():
        raise reject(where, "must not be empty or blank")
    if len(name) > MAX_LENGTH:
        raise reject(where, f"has {len(name)} characters, at most {MAX_LENGTH} are allowed")
    if not pattern.fullmatch(name):
        raise reject(where, f"{name!r} is refused: a name consists of {allowed}")
    return name


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names most similar to ``name``, the nearest first; compared without case."""
    by_folded = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower()[:MAX_LENGTH], by_folded, n=most, cutoff=0.5)
    return [by_folded[folded] for folded in close]
