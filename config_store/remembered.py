"""Remembers what large stored documents were read to, by the digest of their text: so nothing is ever out of date."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

#: Smaller documents, of up to some 2,500 settings, are read anew: that takes a few milliseconds, and a job's way
#: costs the same however many groups there are.
LEAST_CHARACTERS = 250_000
#: So many characters of documents are remembered at most; what they were read to takes three to eight times as much.
MOST_CHARACTERS = 8_000_000


@dataclass
class Remembered(Generic[Value]):
    """Reads texts to immutable values. Of texts from ``least`` characters on it remembers the last ones used.

    ``most``: the characters of all that is remembered. Threads may share it.
    """

    read: Callable[[str], Value]
    least: int = LEAST_CHARACTERS
    most: int = MOST_CHARACTERS
    _kept: OrderedDict[bytes, tuple[Value, int]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _size: int = 0

    def __call__(self, text: str) -> Value:
        """What the text says; raises what ``read`` raises."""
        if not self.least <= len(text) <= self.most:
            return self.read(text)
        digest = _digest(text)
        with self._lock:
            if digest in self._kept:
                self._kept.move_to_end(digest)
                return self._kept[digest][0]
        value = self.read(text)
        self._keep(digest, value, len(text))
        return value

    def remember(self, text: str, value: Value) -> None:
        """Spare the next reader of a text the work: it says this value."""
        if self.least <= len(text) <= self.most:
            self._keep(_digest(text), value, len(text))

    def _keep(self, digest: bytes, value: Value, size: int) -> None:
        with self._lock:
            if digest in self._kept:  # another thread was faster
                return
            self._kept[digest] = value, size
            self._size += size
            while self._size > self.most:
                _, (_, gone) = self._kept.popitem(last=False)
                self._size -= gone


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
