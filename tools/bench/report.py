"""Where figures go: build/bench.json, which keeps those of earlier runs, and the table of docs/benchmarks.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.bench.page import PageTable, how_made

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.bench.figures import Figure


def record_of(figure: Figure, command: str, host: Mapping[str, Any]) -> dict[str, Any]:
    """The figure as build/bench.json holds it."""
    return {
        "what": figure.what,
        "ours": _rounded(figure.ours),
        "peer": _rounded(figure.peer),
        "ratio": _rounded(figure.ratio),
        "unit": figure.unit,
        "goal": str(figure.goal),
        "met": figure.met,
        "n": figure.n,
        "note": figure.note,
        **how_made(command, host),
    }


def _opening(commands: str, records: Mapping[str, Mapping[str, Any]]) -> str:
    machines = {_machine(record["host"]) for record in records.values()}
    return f"Measured by {commands}, on {'; '.join(sorted(machines))}."


def _machine(host: Mapping[str, Any]) -> str:
    return (
        f"{host['cores']} cores ({host['cpu']}), {host['memory_gb']} GB, {host['system']}, Python {host['python']}, "
        f"Java {host['java']}, Airflow {host['airflow']}, Spark {host['spark']}"
    )


def _cells(name: str, record: Mapping[str, Any]) -> list[str]:
    return [
        f"`{name}`",
        record["what"],
        f"{_shown(record['ours'])} {record['unit']}",
        "" if record["peer"] is None else f"{_shown(record['peer'])} {record['unit']}",
        _shown(record["ratio"]),
        record["goal"],
        "yes" if record["met"] else "**no**",
        str(record["n"]),
        record["date"][:10],
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


_COLUMNS = ("figure", "measures", "ours", "peer", "ours / peer", "goal", "met", "n", "date")
TABLE = PageTable("make bench", _COLUMNS, _cells, _opening)
