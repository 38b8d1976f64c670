"""``couture settings principal``, ``keytab`` and ``krb5``: as whom a group's jobs reach a secured cluster."""

from __future__ import annotations

from pathlib import Path

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.content import stored_file_text
from couture_ops.cli.options import examples, group_argument, note_option, output_option, with_api
from couture_ops.cli.output import emit, tell
from couture_ops.cli.saving import current_group, patch_content, report_save

file_argument = click.argument(
    "file", metavar="[FILE]", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
clear_option = click.option("--clear", is_flag=True, help="Remove it.")


@click.command(
    "principal",
    epilog=examples(
        "couture settings principal prod",
        "couture settings principal prod etl/prod@EXAMPLE.COM",
        "couture settings principal prod --clear",
    ),
)
@group_argument
@click.argument("principal", metavar="[PRINCIPAL]", required=False)
@clear_option
@note_option
@output_option
@with_api
def principal(api: Api, group: str, principal: str | None, clear: bool, note: str, output: str) -> None:
    """Set the Kerberos principal.

    Without one: show it.
    """
    choose_text(api, group, "principal", principal, clear, "", note, output)


def choose_text(
    api: Api, group: str, field: str, value: str | None, clear: bool, none: str | None, note: str, output: str
) -> None:
    """Sets a field of the content to ``value``, to ``none`` with ``clear``, or shows it."""
    if value is not None and clear:
        raise click.UsageError("--clear removes it: leave it out, or leave out the value.")
    before = current_group(api, group)
    if value is None and not clear:
        now = before["content"][field]
        emit({field: now}, output, lambda: tell(now or "(not set)"))
        return
    after = patch_content(api, before, {field: none if clear else value}, note)
    report_save(before, after, output)


@click.command(
    "keytab",
    epilog=examples(
        "couture settings keytab prod etl.keytab --note 'rotated'",
        "couture settings keytab prod",
        "couture settings keytab prod --clear",
    ),
)
@group_argument
@file_argument
@clear_option
@note_option
@output_option
@with_api
def keytab(api: Api, group: str, file: Path | None, clear: bool, note: str, output: str) -> None:
    """Store the keytab.

    It is encrypted there, and nobody but a job gets it back. Without a file: show the name and digest of
    the stored one.
    """
    _choose_file(api, group, ("keytab", "keytab"), file, clear, note, output)


@click.command(
    "krb5",
    epilog=examples(
        "couture settings krb5 prod /etc/krb5.conf",
        "couture settings krb5 prod",
        "couture settings krb5 prod --clear",
    ),
)
@group_argument
@file_argument
@clear_option
@note_option
@output_option
@with_api
def krb5(api: Api, group: str, file: Path | None, clear: bool, note: str, output: str) -> None:
    """Store the krb5.conf.

    Without a file: show the name and digest of the stored one.
    """
    _choose_file(api, group, ("krb5_conf", "krb5.conf"), file, clear, note, output)


def _choose_file(
    api: Api, group: str, names: tuple[str, str], file: Path | None, clear: bool, note: str, output: str
) -> None:
    field, route = names
    if file is not None and clear:
        raise click.UsageError("--clear removes it: leave it out, or leave out the file.")
    before = current_group(api, group)
    path, revision = ("groups", group, "kerberos", route), before["revision"]
    if file is not None:
        # The keytab's name is the user's, that of krb5.conf is given by its route.
        params = {"filename": file.name if field == "keytab" else None, "note": note}
        after = api.send("PUT", *path, params=params, content=file.read_bytes(), revision=revision)
    elif clear:
        after = api.send("DELETE", *path, params={"note": note}, revision=revision)
    else:
        now = before["content"][field]
        emit({field: now}, output, lambda: tell(stored_file_text(now) or "(not set)"))
        return
    report_save(before, after, output)
