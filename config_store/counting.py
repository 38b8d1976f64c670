"""How many of what, in words."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``1 file``, ``2,000 files``; ``plural`` for nouns that take no ``s``."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
