"""Moments as people write them in a filter."""

from __future__ import annotations

from datetime import UTC, datetime

from config_store.errors import reject


def read_moment(where: str, text: str) -> datetime | None:
    """The moment that ISO 8601 text names, in UTC when it names no zone; None for an empty one.

    Raises InvalidInput naming ``where``.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise reject(where, f"{text[:50]!r} is no date or time like '2026-01-31' or '2026-01-31T18:00Z'") from error
