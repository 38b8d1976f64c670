"""Records stay until they are measured again; the table goes between its markers, and the prose stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tools.bench.errors import NoMarkers
from tools.bench.figures import Figure, Judged, at_most
from tools.bench.page import keep_records
from tools.bench.report import TABLE, record_of

if TYPE_CHECKING:
    from pathlib import Path

HOST = {
    "cores": 2,
    "cpu": "A CPU",
    "memory_gb": 23,
    "system": "Linux 6",
    "python": "3.11.7",
    "java": "17.0.15",
    "airflow": "3.3.2",
    "spark": "4.2.0",
    "load_1m": 0.1,
}
CLI = Figure("cli", "`couture groups list`", 0.25, 5.0, "s", at_most(0.5, Judged.OURS), 7, "a note")
MISSED = Figure("resolve_p50", "p50", 1234.5678, None, "ms", at_most(15, Judged.OURS), 300)


def record(figure: Figure) -> dict[str, Any]:
    """The record of a figure on a known day."""
    return {**record_of(figure, "make bench", HOST), "date": "2026-01-31T12:00:00+00:00"}


def test_a_record_says_all_that_the_figure_says() -> None:
    made = record_of(CLI, "make bench", HOST)
    assert made.pop("date").endswith("+00:00")
    assert made == {
        "what": "`couture groups list`",
        "ours": 0.25,
        "peer": 5.0,
        "ratio": 0.05,
        "unit": "s",
        "goal": "ours <= 0.5",
        "met": True,
        "n": 7,
        "note": "a note",
        "command": "make bench",
        "host": HOST,
    }


def test_records_of_earlier_runs_stay_until_they_are_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"
    keep_records(path, {"cli": {"ours": 1}, "parse": {"ours": 2}})
    assert keep_records(path, {"cli": {"ours": 3}}) == {"cli": {"ours": 3}, "parse": {"ours": 2}}
    assert json.loads(path.read_text()) == {"cli": {"ours": 3}, "parse": {"ours": 2}}


def test_the_table_has_the_given_order_and_marks_what_is_missed() -> None:
    records = {"cli": record(CLI), "resolve_p50": record(MISSED), "unknown": record(CLI)}
    assert TABLE.text(records, ("resolve_p50", "absent", "cli")).splitlines() == [
        "| figure | measures | ours | peer | ours / peer | goal | met | n | date |",
        "|---|---|---|---|---|---|---|---|---|",
        "| `resolve_p50` | p50 | 1,235 ms |  |  | ours <= 15 | **no** | 300 | 2026-01-31 |",
        "| `cli` | `couture groups list` | 0.25 s | 5 s | 0.05 | ours <= 0.5 | yes | 7 | 2026-01-31 |",
        "| `unknown` | `couture groups list` | 0.25 s | 5 s | 0.05 | ours <= 0.5 | yes | 7 | 2026-01-31 |",
    ]


def test_the_page_keeps_its_prose(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"# Before\n{TABLE.begin}\nold\n{TABLE.end}\nAfter\n")
    TABLE.write(page, {"cli": record(CLI)}, ["cli"])
    assert page.read_text() == (
        f"# Before\n{TABLE.begin}\n"
        "Measured by `make bench` on 2026-01-31, on 2 cores (A CPU), 23 GB, Linux 6, Python 3.11.7, Java 17.0.15, "
        "Airflow 3.3.2, Spark 4.2.0.\n\n"
        f"{TABLE.text({'cli': record(CLI)}, ['cli'])}\n\n- `cli`: a note\n{TABLE.end}\nAfter\n"
    )
    again = page.read_text()
    TABLE.write(page, {"cli": record(CLI)}, ["cli"])
    assert page.read_text() == again


def test_rows_of_records_that_are_not_at_hand_stay(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"{TABLE.begin}\n{TABLE.end}\n")
    TABLE.write(page, {"cli": record(CLI), "resolve_p50": record(MISSED)}, ["resolve_p50", "parse", "cli"])
    TABLE.write(page, {"parse": record(CLI), "cli": record(MISSED)}, ["resolve_p50", "parse", "cli"])
    rows = [line for line in page.read_text().splitlines() if line.startswith(("| `", "- `"))]
    assert [row.split("`")[1] for row in rows] == ["resolve_p50", "parse", "cli", "parse"]
    assert "1,235 ms" in rows[2]


@pytest.mark.parametrize("text", ["", TABLE.begin, TABLE.end, f"{TABLE.end}\n{TABLE.begin}"])
def test_a_page_without_its_markers_is_left_alone(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(NoMarkers, match="in that order; the table goes between them"):
        TABLE.write(page, {"cli": record(CLI)}, ["cli"])
    assert page.read_text() == text
