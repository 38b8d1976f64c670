"""Which names are allowed, and which known names are near a mistyped one."""

from __future__ import annotations

import difflib
import heapq
import re
from itertools import takewhile
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

#: Below this similarity (difflib's ratio, 0 to 1) a name is no proposal.
_CUTOFF = 0.5
_MOST_COMPARED, _MOST_PAIRS = 50, 32
#: From this length on difflib leaves out the letters that are frequent in a text.
_JUNKED = 200


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


def check_spark_home(name: str | None) -> str | None:
    """A name of a Spark home, never a path, or None where it is empty; raises InvalidInput."""
    if name and not all(character.isalnum() or character in "_.-" for character in name):
        raise reject("spark_home", f"{name[:100]!r} is no name out of [couture] spark_homes")
    return name or None


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
    wanted = name.lower()[:MAX_LENGTH]
    by_folded = {candidate.lower(): candidate for candidate in known}
    similar = ((_similarity(wanted, candidate), candidate) for candidate in _likely(wanted, by_folded))
    close = heapq.nlargest(most, (found for found in similar if found[0] >= _CUTOFF))
    return [by_folded[folded] for _, folded in close]


def _similarity(one: str, other: str) -> float:
    """0 to 1, as difflib's ratio; of long texts, whose frequent letters difflib leaves out, equal ends count first."""
    begin = end = 0
    if max(len(one), len(other)) >= _JUNKED:
        begin = _equal_letters(one, other)
        end = _equal_letters(one[:begin:-1], other[:begin:-1])
    middles = other[begin : len(other) - end], one[begin : len(one) - end]  # as difflib orders them
    matched = sum(block.size for block in difflib.SequenceMatcher(None, *middles).get_matching_blocks())
    letters = len(one) + len(other)
    return 2 * (begin + end + matched) / letters if letters else 1.0


def _equal_letters(one: str, other: str) -> int:
    """With how many equal letters both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _likely(wanted: str, candidates: Iterable[str]) -> list[str]:
    """Those candidates that are worth the exact comparison, _MOST_COMPARED at most.

    That one is quadratic in the length of names, and this may run while a transaction keeps others from
    writing; how many of its pairs of letters they share tells the near from the far in linear time.
    """
    # above this difference of length no two texts reach the cutoff: 2 * shorter / (shorter + longer)
    stretch = (2 - _CUTOFF) / _CUTOFF
    fitting = [c for c in candidates if len(c) <= stretch * len(wanted) and len(wanted) <= stretch * len(c)]
    if len(fitting) <= _MOST_COMPARED:
        return fitting
    pairs = _pairs(wanted)
    ranked = ((sum(map(c.__contains__, pairs)), -abs(len(c) - len(wanted)), c) for c in fitting)
    return [candidate for _, _, candidate in heapq.nlargest(_MOST_COMPARED, ranked)]


def _pairs(text: str) -> list[str]:
    """The different pairs of neighbouring letters, or (of a long text) _MOST_PAIRS spread evenly over it."""
    pairs = list(dict.fromkeys(text[index : index + 2] for index in range(max(1, len(text) - 1))))
    step = max(1, -(-len(pairs) // _MOST_PAIRS))
    return pairs[::step]
