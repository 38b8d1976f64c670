"""Where figures go: build/soak.json, which keeps those of earlier runs, and a table of docs/benchmarks.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tools.bench.errors import NoMarkers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tools.soak.figures import Figure

BEGIN, END = "<!-- table of make soak: begin -->", "<!-- table of make soak: end -->"
_HEAD = "| trial | what | found | goal | met | n | date |\n|---|---|---|---|---|---|---|"


def record_of(figure: Figure, command: str, host: Mapping[str, Any]) -> dict[str, Any]:
    """The figure as build/soak.json holds it."""
    return {
        "what": figure.what,
        "value": round(figure.value, 2),
        "unit": figure.unit,
        "goal": figure.goal,
        "met": figure.met,
        "n": figure.n,
        "note": figure.note,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "host": dict(host),
    }


def table(records: Mapping[str, Mapping[str, Any]], order: Iterable[str]) -> str:
    """The records as a table in Markdown; names that ``order`` lacks come last."""
    names = [*(name for name in order if name in records), *sorted(set(records) - set(order))]
    return "\n".join([_HEAD, *(_row(name, records[name]) for name in names)])


def write_page(page: Path, records: Mapping[str, Mapping[str, Any]], order: Iterable[str]) -> None:
    """Put the table and the commands between the page's markers. Raises NoMarkers."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarkers(page, BEGIN, END)
    page.write_text(f"{before}{BEGIN}\n{_section(records, order)}\n{END}{after}")


def _section(records: Mapping[str, Mapping[str, Any]], order: Iterable[str]) -> str:
    commands = sorted({f"`{record['command']}` on {record['date'][:10]}" for record in records.values()})
    notes = sorted(f"- `{name}`: {record['note']}" for name, record in records.items() if record["note"])
    parts = [f"Tried by {', '.join(commands)}.", table(records, order), "\n".join(notes)]
    return "\n\n".join(part for part in parts if part)


def _row(name: str, record: Mapping[str, Any]) -> str:
    value = f"{record['value']:,.10g} {record['unit']}".strip()
    met = "" if not record["goal"] else "yes" if record["met"] else "**no**"
    cells = [f"`{name}`", record["what"], value, record["goal"], met, f"{record['n']:,}", record["date"][:10]]
    return f"| {' | '.join(cells)} |"
