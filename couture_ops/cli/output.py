"""What goes to the screen: JSON, YAML, or tables that stay whole when they go into a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import click

from couture_ops.cli.texts import one_line, printable

#: What is wider does not widen its column where no screen sets a limit; the rest of its row is pushed to the right.
WIDEST = 72

type_of_output = click.Choice(["table", "json", "yaml"])


def emit(document: Any, output: str, show: Callable[[], None]) -> None:
    """Prints the document as JSON or YAML and nothing else, or calls ``show`` for people."""
    if output == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif output == "yaml":
        import yaml

        click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)
    else:
        show()


def say(text: str) -> None:
    """A remark for the person at the terminal, on stderr, so that stdout stays what was asked for."""
    click.echo(printable(text), err=True)


def tell(text: str) -> None:
    """A line of the answer."""
    click.echo(printable(text))


def title(text: str) -> None:
    """A heading in front of a part of the answer."""
    click.echo()
    click.secho(printable(text), bold=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "Nothing found.") -> None:
    """A table; columns without a single value are left out, None is an empty cell, True is ``yes``.

    ``empty``: what is said on stderr when there is no row.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        say(empty)
        return
    kept = [index for index in range(len(columns)) if any(row[index] for row in cells)]
    _print_cells([columns[index] for index in kept], [[row[index] for index in kept] for row in cells])


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """One labelled value per line; fields without a value are left out."""
    cells = [[label, _cell(value)] for label, value in fields]
    _print_cells(["", ""], [row for row in cells if row[1]], header=False)


def _cell(value: object) -> str:
    if value is None or value is False:
        return ""
    return "yes" if value is True else one_line(str(value))


def _print_cells(columns: Sequence[str], rows: Sequence[Sequence[str]], header: bool = True) -> None:
    if sys.stdout.isatty():
        _print_folded(columns, rows, header)
        return
    for line in table_lines([columns, *rows] if header else rows):
        click.echo(line)


def table_lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table, one for each row, so that a search finds the whole of it."""
    from rich.cells import cell_len

    columns = zip(*rows, strict=True)
    widths = [max([0, *(width for cell in column if (width := cell_len(cell)) <= WIDEST)]) for column in columns]
    for row in rows:
        line = ""
        for place, cell in enumerate(row):
            if cell:
                indent = sum(widths[:place]) + 2 * place
                filled = cell_len(line)
                line += " " * max(indent - filled, 2 if line else 0) + cell
        yield line


def _print_folded(columns: Sequence[str], rows: Sequence[Sequence[str]], header: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=header)
    for column in columns:
        # Ids are there to be copied: a narrow screen breaks the other columns first.
        table.add_column(column, overflow="fold", no_wrap=column == "ID")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, markup=False, emoji=False).print(table)
