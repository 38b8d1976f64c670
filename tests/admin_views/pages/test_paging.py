"""How many pages a list fills."""

from __future__ import annotations

import pytest

from admin_views.pages.paging import count_pages


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (1, 1), (50, 1), (51, 2), (100, 2), (101, 3)])
def test_the_last_page_may_be_short_and_an_empty_list_has_one(total: int, pages: int) -> None:
    assert count_pages(total, 50) == pages
