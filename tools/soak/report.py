"""Where figures go: build/soak.json, which keeps those of earlier runs, and a table of docs/benchmarks.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.bench.page import PageTable, how_made

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.soak.figures import Figure


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
        **how_made(command, host),
    }


def _opening(commands: str, _records: Mapping[str, Mapping[str, Any]]) -> str:
    return f"Tried by {commands}."


def _cells(name: str, record: Mapping[str, Any]) -> list[str]:
    value = f"{record['value']:,.10g} {record['unit']}".strip()
    met = "" if not record["goal"] else "yes" if record["met"] else "**no**"
    return [f"`{name}`", record["what"], value, record["goal"], met, f"{record['n']:,}", record["date"][:10]]


TABLE = PageTable("make soak", ("trial", "what", "found", "goal", "met", "n", "date"), _cells, _opening)
