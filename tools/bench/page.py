"""A table of figures that stays: records by name in a JSON file, and the table of them between a page's markers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tools.bench.errors import NoMarkers
from tools.demo.home import write_privately

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path


#: A row, and a note below the table, of a record by name.
_ROW, _NOTE = re.compile(r"\| `(\w+)` \|.*"), re.compile(r"- `(\w+)`: .*")


def how_made(command: str, host: Mapping[str, Any]) -> dict[str, Any]:
    """What every record says of itself: when it was made, by which command, on which machine."""
    return {"date": datetime.now(UTC).isoformat(timespec="seconds"), "command": command, "host": dict(host)}


def keep_records(path: Path, records: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Write the records over those of the same names; answers all that the file holds now."""
    kept: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}
    kept.update(records)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_privately(path, json.dumps(kept, indent=2) + "\n")
    return kept


@dataclass(frozen=True)
class PageTable:
    """The table of one make target. What a page has of records that are not at hand, as in a fresh clone, stays.

    ``columns``: its heads; ``cells``: a record by name -> its row; ``opening``: the commands and the records -> the
    sentence above it.
    """

    target: str
    columns: Sequence[str]
    cells: Callable[[str, Mapping[str, Any]], Sequence[str]]
    opening: Callable[[str, Mapping[str, Mapping[str, Any]]], str]

    @property
    def begin(self) -> str:
        """The line above it."""
        return f"<!-- table of {self.target}: begin -->"

    @property
    def end(self) -> str:
        """The line below it."""
        return f"<!-- table of {self.target}: end -->"

    def text(
        self, records: Mapping[str, Mapping[str, Any]], order: Iterable[str], others: Mapping[str, str] | None = None
    ) -> str:
        """The records in Markdown, and the rows of ``others`` by name; names that ``order`` lacks come last."""
        rows = {**(others or {}), **{name: _row(self.cells(name, record)) for name, record in records.items()}}
        names = [*(name for name in order if name in rows), *sorted(set(rows) - set(order))]
        return "\n".join([_row(self.columns), f"|{'---|' * len(self.columns)}", *(rows[name] for name in names)])

    def write(self, page: Path, records: Mapping[str, Mapping[str, Any]], order: Iterable[str]) -> None:
        """Put the opening, the table and the notes between the page's markers. Raises NoMarkers."""
        before, begin, rest = page.read_text().partition(self.begin)
        present, end, after = rest.partition(self.end)
        if not begin or not end:
            raise NoMarkers(page, self.begin, self.end)
        page.write_text(f"{before}{begin}\n{self._section(records, list(order), present)}\n{end}{after}")

    def _section(self, records: Mapping[str, Mapping[str, Any]], order: Iterable[str], present: str) -> str:
        commands = sorted({f"`{record['command']}` on {record['date'][:10]}" for record in records.values()})
        notes = {name: note for name, note in _lines(_NOTE, present).items() if name not in records}
        notes |= {name: f"- `{name}`: {record['note']}" for name, record in records.items() if record["note"]}
        table = self.text(records, order, _lines(_ROW, present))
        parts = [self.opening(", ".join(commands), records), table, "\n".join(sorted(notes.values()))]
        return "\n\n".join(part for part in parts if part)


def _lines(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    """The lines of a pattern by the name in them."""
    return {found[1]: line for line in text.splitlines() if (found := pattern.fullmatch(line))}


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
