"""``couture settings jars`` and ``py-files``: the uploaded dependencies that a group adds to its jobs."""

from __future__ import annotations

from typing import Any

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.content import version_text
from couture_ops.cli.options import examples, group_argument, note_option, output_option, with_api
from couture_ops.cli.output import emit, print_table
from couture_ops.cli.saving import current_group, patch_content, report_save

names_argument = click.argument("names", metavar="[NAME[@VERSION]]...", nargs=-1)
clear_option = click.option("--clear", is_flag=True, help="Choose none.")


@click.command(
    "jars",
    epilog=examples(
        "couture settings jars prod",
        "couture settings jars prod postgresql.jar delta-core.jar@3",
        "couture settings jars prod --clear --note 'Spark has them now'",
    ),
)
@group_argument
@names_argument
@clear_option
@note_option
@output_option
@with_api
def jars(api: Api, group: str, names: tuple[str, ...], clear: bool, note: str, output: str) -> None:
    """Choose the jars of a group.

    Their order is that of the class path. The names replace the former choice. A name alone follows the
    uploads, NAME@VERSION stays with that version. Without names: show the choice.
    """
    _choose(api, group, "jars", names, clear, note, output)


@click.command(
    "py-files",
    epilog=examples(
        "couture settings py-files prod",
        "couture settings py-files prod shared_code.zip features.whl@12",
        "couture settings py-files prod --clear",
    ),
)
@group_argument
@names_argument
@clear_option
@note_option
@output_option
@with_api
def py_files(api: Api, group: str, names: tuple[str, ...], clear: bool, note: str, output: str) -> None:
    """Choose the python files of a group.

    Files .py, .zip, .egg and .whl; their order is that of the module path. The names replace the former
    choice. A name alone follows the uploads, NAME@VERSION stays with that version. Without names: show
    the choice.
    """
    _choose(api, group, "py_files", names, clear, note, output)


def _choose(api: Api, group: str, section: str, names: tuple[str, ...], clear: bool, note: str, output: str) -> None:
    if names and clear:
        raise click.UsageError("--clear chooses none: leave it out, or leave out the names.")
    before = current_group(api, group)
    if not names and not clear:
        chosen: list[dict[str, Any]] = before["content"][section]
        emit(
            chosen,
            output,
            lambda: print_table(("NAME", "VERSION"), ((c["name"], version_text(c)) for c in chosen)),
        )
        return
    after = patch_content(api, before, {section: [parse_dependency(name) for name in names]}, note)
    report_save(before, after, output)


def parse_dependency(text: str) -> dict[str, Any]:
    """``NAME`` or ``NAME@VERSION`` as the API takes it; an ``@`` without a number behind it is the name's."""
    name, at, version = text.rpartition("@")
    if at and name and version.isdecimal():
        return {"name": name, "version": int(version)}
    return {"name": text, "version": None}
