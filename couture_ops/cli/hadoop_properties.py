"""``couture hadoop properties``, ``set`` and ``unset``: single properties inside the Hadoop files of a group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from couture_ops.cli.assignments import AssignmentCommand, parse_assignments, read_values
from couture_ops.cli.connection import Api
from couture_ops.cli.options import (
    examples,
    group_argument,
    note_option,
    output_option,
    paging_options,
    say_what_is_left,
    with_api,
)
from couture_ops.cli.output import emit, print_table, say
from couture_ops.cli.saving import current_group, report_save

file_argument = click.argument("file", metavar="FILE")


@click.command(
    "properties",
    epilog=examples(
        "couture hadoop properties prod",
        "couture hadoop properties prod core-site.xml --search proxyuser",
        "couture hadoop properties prod --output json",
    ),
)
@group_argument
@click.argument("file", metavar="[FILE]", default="")
@click.option("--search", default="", metavar="TEXT", help="Only those whose name or value holds the text.")
@paging_options
@output_option
@with_api
def list_properties(api: Api, group: str, file: str, search: str, limit: int, offset: int, output: str) -> None:
    """Show the properties of a group's Hadoop files, as Hadoop reads them.

    READ is the value after ${...}, where that is another; STATE tells what does not count, and why. They may
    hold passwords, so this needs the right to edit them.
    """
    params: dict[str, Any] = {"file": file, "search": search, "limit": limit, "offset": offset}
    page = api.read("groups", group, "hadoop-properties", params=params)
    emit(page, output, lambda: _show(page, offset))


def _show(page: dict[str, Any], offset: int) -> None:
    columns = ("NAME", "VALUE", "READ", "FINAL", "FILE", "STATE")
    print_table(columns, [_row(one) for one in page["items"]])
    say_what_is_left(page, offset)
    for fault in page["faults"]:
        say(f"Warning: {fault['where']}: {fault['message']}")


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    read = one["effective"] if one["effective"] != one["value"] else None
    return one["name"], one["value"], read, one["final"], f"{one['file']}:{one['line']}", "; ".join(_states(one))


def _states(one: dict[str, Any]) -> Iterator[str]:
    if one["overridden_by"]:
        yield f"overridden by {one['overridden_by']}"
    if one["unknown"]:
        yield f"{', '.join(one['unknown'])}: only the job's machine can tell"
    if one["included_by"]:
        yield f"included by {one['included_by']}"
    if one["fault"]:
        yield one["fault"]


@click.command(
    "set",
    cls=AssignmentCommand,
    epilog=examples(
        "couture hadoop set prod core-site.xml fs.defaultFS=hdfs://nn2:8020 --note 'the new name node'",
        "couture hadoop set prod core-site.xml hadoop.tmp.dir=/data/tmp --final",
        "pass show keystore | couture hadoop set prod core-site.xml fs.s3a.secret.key=-",
    ),
)
@group_argument
@file_argument
@click.argument("assignments", metavar="NAME=VALUE...", nargs=-1, required=True)
@click.option("--final/--no-final", default=None, help="No later file may override it.")
@note_option
@output_option
@with_api
def set_properties(
    api: Api, group: str, file: str, assignments: tuple[str, ...], final: bool | None, note: str, output: str
) -> None:
    """Set properties of a Hadoop file.

    No other byte of the file changes: comments, order and layout stay. A property that is not there is added
    at the end. A VALUE of - is asked for, hidden, or read from standard input.
    """
    values = read_values(parse_assignments(assignments))
    changes = {name: {"value": value, "final": final} for name, value in values.items()}
    _change(api, group, file, changes, note, output)


@click.command("unset", epilog=examples("couture hadoop unset prod core-site.xml hadoop.tmp.dir"))
@group_argument
@file_argument
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@note_option
@output_option
@with_api
def unset_properties(api: Api, group: str, file: str, names: tuple[str, ...], note: str, output: str) -> None:
    """Remove properties from a Hadoop file."""
    _change(api, group, file, dict.fromkeys(names), note, output)


def _change(api: Api, group: str, file: str, changes: dict[str, Any], note: str, output: str) -> None:
    before = current_group(api, group)
    after = api.send(
        "PATCH",
        *("groups", group, "hadoop", file, "properties"),
        json={"properties": changes, "note": note},
        revision=before["revision"],
    )
    report_save(before, after, output)
