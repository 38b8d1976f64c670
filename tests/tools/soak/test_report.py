"""The table of the soak on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.bench.errors import NoMarkers
from tools.soak.figures import Figure
from tools.soak.report import TABLE, record_of

if TYPE_CHECKING:
    from pathlib import Path


def test_figures_stand_between_the_markers_with_command_and_date(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{TABLE.begin}\nold\n{TABLE.end}\nafter\n")
    figures = [
        Figure("left", "until nothing was left", 1.234, "s", 20, 30, note="the first five: 1"),
        Figure("lost", "updates lost", 2, "", 10_000, 0),
        Figure("saved", "saves", 10_000, "", 10_000),
    ]
    records = {figure.name: {**record_of(figure, "make soak", {}), "date": "2026-11-21T07:00"} for figure in figures}
    TABLE.write(page, records, records)
    assert page.read_text() == (
        f"before\n{TABLE.begin}\nTried by `make soak` on 2026-11-21.\n\n"
        "| trial | what | found | goal | met | n | date |\n|---|---|---|---|---|---|---|\n"
        "| `left` | until nothing was left | 1.23 s | <= 30 | yes | 20 | 2026-11-21 |\n"
        "| `lost` | updates lost | 2 | <= 0 | **no** | 10,000 | 2026-11-21 |\n"
        "| `saved` | saves | 10,000 |  |  | 10,000 | 2026-11-21 |\n\n"
        f"- `left`: the first five: 1\n{TABLE.end}\nafter\n"
    )


def test_a_page_without_markers_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(NoMarkers, match="needs the lines"):
        TABLE.write(page, {}, [])
