"""Lists that come in pages which the address numbers from 1."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

PageNumber = Annotated[int, Query(ge=1, le=10**6)]


def count_pages(total: int, size: int) -> int:
    """How many pages of that size so many entries fill; an empty list has one."""
    return max(1, -(-total // size))
