"""The tree of a master DAG as lines of text, for the client and for ``airflow couture dags tree``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import click

from couture_ops.cli.texts import one_line, time_text

Json = Mapping[str, Any]

#: Branch, last branch, line beside, nothing beside; then what a terminal without such characters gets.
LINES, PLAIN_LINES = ("├─ ", "└─ ", "│  ", "   "), ("|- ", "`- ", "|  ", "   ")

_COLOURS = {"success": "green", "failed": "red", "running": "cyan", "queued": "yellow"}
_MARKS = {
    "paused": "PAUSED",
    "import-errors": "IMPORT ERRORS",
    "missing": "MISSING: there is no such DAG",
    "cycle": "CYCLE: it would start itself",
    "locked": "locked: you may not read this DAG",
}
_BAD = ("paused", "import-errors", "missing", "cycle")


class Line(NamedTuple):
    """A node on its line: its place and name, state, duration, and what else there is to say."""

    name: str
    state: str
    duration: str
    notes: str
    is_bad: bool


def print_tree(document: Json) -> None:
    """Prints a tree; in colours on a terminal, unless NO_COLOR is set, and with such lines as the terminal has."""
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    try:
        "├└│─".encode(sys.stdout.encoding or "ascii")
        plain = False
    except UnicodeEncodeError:
        plain = True
    click.echo(tree_text(document, colour=colour, plain=plain), color=colour)


def tree_text(document: Json, *, colour: bool = False, plain: bool = False) -> str:
    """The answer of ``GET /dags/{dag_id}/tree`` as text; ``plain``: of ASCII's own characters alone."""
    root = document["tree"]
    lines = list(_lines(root, "", "", PLAIN_LINES if plain else LINES))
    widths = [max(map(len, column)) for column in zip(*(line[:3] for line in lines), strict=True)]
    rows = [_row(line, widths, colour) for line in lines]
    return "\n".join([_head(document), *rows, *_remarks(root)])


def _head(document: Json) -> str:
    root = document["tree"]
    if root["run_id"] is None:
        return f"{one_line(root['dag_id'])} has not run yet."
    begun = f", begun {time_text(root['start'])}" if root["start"] else ""
    return f"Run {one_line(root['run_id'])} of {one_line(root['dag_id'])}{begun}"


def _lines(node: Json, own: str, below: str, marks: tuple[str, str, str, str]) -> Iterator[Line]:
    branch, last, beside, nothing = marks
    yield Line(
        own + _name(node), state_text(node), duration_text(node["duration_s"]), _notes(node), node["kind"] in _BAD
    )
    for number, child in enumerate(node["children"], 1):
        is_last = number == len(node["children"])
        yield from _lines(child, below + (last if is_last else branch), below + (nothing if is_last else beside), marks)


def _name(node: Json) -> str:
    """``task[2] -> dag``; the master is its name alone."""
    dag_id = one_line(node["dag_id"] or node["written"] or "?")
    if node["task_id"] is None:
        return dag_id
    index = f"[{'' if node['map_index'] is None else node['map_index']}]" if node["mapped"] else ""
    return f"{one_line(node['task_id'])}{index} -> {dag_id}"


def state_text(node: Json) -> str:
    """The state of the node's run; without one, what became of the task that would start it."""
    if node["state"]:
        return str(node["state"])
    return f"({node['task_state']})" if node["task_state"] else "-"


def duration_text(seconds: float | None) -> str:
    """``5s``, ``3m 12s``, ``2h 05m``; empty before the start."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"


def _notes(node: Json) -> str:
    notes = [_MARKS.get(node["kind"], "")]
    if node["conditional"]:
        notes.append("conditional")
    if node["kind"] == "templated":
        notes.append("named by a template")
    if node["cut"]:
        notes.append("its children are left out: the tree is too large")
    return ", ".join(filter(None, notes))


def _row(line: Line, widths: list[int], colour: bool) -> str:
    name, state, duration = (cell.ljust(width) for cell, width in zip(line[:3], widths, strict=True))
    notes = line.notes
    if colour:
        state = click.style(state, fg=_COLOURS.get(line.state))
        notes = click.style(notes, fg="red") if line.is_bad else notes
    return f"{name}  {state}  {duration}  {notes}".rstrip()


def _remarks(root: Json) -> list[str]:
    return [] if root["children"] or root["cut"] else ["It starts no other DAG."]
