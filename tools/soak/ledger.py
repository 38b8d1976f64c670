"""What clients were promised: every save and upload that was acknowledged, and every refusal they read."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Saved:
    """An acknowledged save: in this revision the client's setting has this value."""

    group: str
    revision: int
    client: str
    value: int


@dataclass(frozen=True)
class Uploaded:
    """An acknowledged upload of a code artifact."""

    name: str
    version: int
    sha256: str


@dataclass
class Ledger:
    """Shared by all clients.

    ``refusals`` counts the kinds of errors, ``words`` is what they said, ``mute`` those that don't say what to do.
    """

    saved: list[Saved] = field(default_factory=list)
    uploaded: list[Uploaded] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    mute: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    conflicts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def save(self, saved: Saved) -> None:
        """Keep an acknowledged save."""
        with self._lock:
            self.saved.append(saved)

    def upload(self, uploaded: Uploaded) -> None:
        """Keep an acknowledged upload."""
        with self._lock:
            self.uploaded.append(uploaded)

    def conflict(self) -> None:
        """Count a save that another one overtook."""
        with self._lock:
            self.conflicts += 1

    def refuse(self, kind: str, words: str, *, helpful: bool) -> None:
        """Keep an error; ``helpful``: it says what happened and what to do."""
        with self._lock:
            self.refusals[kind] += 1
            self.words.append(words)
            if not helpful:
                self.mute.append(words)

    def snapshot(self) -> tuple[list[Saved], list[Uploaded]]:
        """What is acknowledged so far."""
        with self._lock:
            return list(self.saved), list(self.uploaded)
