"""How values read: times, sizes, quoted names, and text that no terminal can be tricked by."""

from __future__ import annotations

import re
from datetime import UTC, datetime

HIDDEN = "••••••"

# Notes, values and log lines come from others: an escape sequence in them could rewrite the screen.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROLS_AND_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SHORT = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}


def printable(text: str) -> str:
    """The text with control characters as escapes; line breaks and tabs stay."""
    return _CONTROLS.sub(_escaped, text)


def one_line(text: str) -> str:
    """The text with every control character as an escape, line breaks too."""
    return _CONTROLS_AND_BREAKS.sub(_escaped, text)


def shortened(text: str | None, length: int) -> str | None:
    """The text on one line, with ``…`` for what goes beyond the length."""
    if text is None:
        return None
    words = " ".join(text.split())
    return words if len(words) <= length else f"{words[: length - 1].rstrip()}…"


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    return _SHORT.get(character) or f"\\x{ord(character):02x}"


def quoted(name: str) -> str:
    """A name between quotes, as the user typed it."""
    return f"'{one_line(name)}'"


def time_text(stamp: str | None) -> str:
    """An ISO time as ``2026-03-01 12:00:05 UTC``; one without a zone is UTC already."""
    if not stamp:
        return "-"
    moment = datetime.fromisoformat(stamp)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def size_text(size: int) -> str:
    """Bytes as people read them: ``999 B``, ``1.2 MB``."""
    if size < 1000:
        return f"{size} B"
    if size < 999_950:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.1f} MB" if size < 999_950_000 else f"{size / 1e9:.1f} GB"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``1 file``, ``2,000 files``; as config_store/counting.py, of which the client may not know."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
