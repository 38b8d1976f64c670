"""Where figures go: build/bench.json, which keeps those of earlier runs, and the table of docs/benchmarks.md."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tools.bench.errors import NoMarkers
from tools.demo.home import write_privately

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tools.bench.figures import Figure

BEGIN, END = "<!-- table of make bench: begin -->", "<!-- table of make bench: end -->"
_HEAD = "| figure | measures | ours | peer | ours / peer | goal | met | n | date |"
_RULE = "|---|---|---|---|---|---|---|---|---|"


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
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "host": dict(host),
    }


def keep_records(path: Path, records: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Write the records over those of the same names; answers all that the file holds now."""
    kept: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}
    kept.update(records)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_privately(path, json.dumps(kept, indent=2) + "\n")
    return kept


def table(records: Mapping[str, Mapping[str, Any]], order: Iterable[str]) -> str:
    """The records as a table in Markdown; names that ``order`` lacks come last."""
    names = [*(name for name in order if name in records), *sorted(set(records) - set(order))]
    return "\n".join([_HEAD, _RULE, *(_row(name, records[name]) for name in names)])


def write_page(page: Path, records: Mapping[str, Mapping[str, Any]], order: Iterable[str]) -> None:
    """Put the table, the commands and the machine between the page's markers. Raises NoMarkers."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarkers(page, BEGIN, END)
    page.write_text(f"{before}{BEGIN}\n{_section(records, order)}\n{END}{after}")


def _section(records: Mapping[str, Mapping[str, Any]], order: Iterable[str]) -> str:
    notes = {f"- `{name}`: {record['note']}" for name, record in records.items() if record["note"]}
    commands = {f"`{record['command']}` on {record['date'][:10]}" for record in records.values()}
    machines = {_machine(record["host"]) for record in records.values()}
    parts = [
        f"Measured by {', '.join(sorted(commands))}, on {'; '.join(sorted(machines))}.",
        table(records, order),
        "\n".join(sorted(notes)),
    ]
    return "\n\n".join(part for part in parts if part)


def _machine(host: Mapping[str, Any]) -> str:
    return (
        f"{host['cores']} cores ({host['cpu']}), {host['memory_gb']} GB, {host['system']}, Python {host['python']}, "
        f"Java {host['java']}, Airflow {host['airflow']}, Spark {host['spark']}"
    )


def _row(name: str, record: Mapping[str, Any]) -> str:
    cells = [
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
    return f"| {' | '.join(cells)} |"


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
