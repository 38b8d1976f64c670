"""``couture hadoop``: the Hadoop files of a group, kept byte by byte as they were given."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.content import show_files
from couture_ops.cli.errors import RepeatedFileError
from couture_ops.cli.hadoop_properties import list_properties, set_properties, unset_properties
from couture_ops.cli.options import (
    confirm,
    examples,
    group_argument,
    note_option,
    output_option,
    paging_options,
    say_what_is_left,
    with_api,
    yes_option,
)
from couture_ops.cli.output import emit, tell
from couture_ops.cli.saving import current_group, report_save, save_line


@click.group(epilog=examples("couture hadoop list prod", "couture hadoop put prod /etc/hadoop/conf/*.xml"))
def hadoop() -> None:
    """Hadoop files (*.xml) of a group.

    Every job of the group finds them in its HADOOP_CONF_DIR.
    """


@hadoop.command("list", epilog=examples("couture hadoop list prod"))
@group_argument
@paging_options
@output_option
@with_api
def list_files(api: Api, group: str, limit: int, offset: int, output: str) -> None:
    """List the files of a group."""
    page = api.read("groups", group, "hadoop", params={"limit": limit, "offset": offset})

    def show() -> None:
        show_files(page["items"])
        say_what_is_left(page, offset)

    emit(page, output, show)


@hadoop.command("show", epilog=examples("couture hadoop show prod core-site.xml > core-site.xml"))
@group_argument
@click.argument("file", metavar="FILE")
@with_api
def show_file(api: Api, group: str, file: str) -> None:
    """Print a file, byte by byte as it was put."""
    sys.stdout.buffer.write(api.raw("groups", group, "hadoop", file))


@hadoop.command(
    "put",
    epilog=examples("couture hadoop put prod core-site.xml yarn-site.xml --note 'the new resource manager'"),
)
@group_argument
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@note_option
@output_option
@with_api
def put_files(api: Api, group: str, files: tuple[Path, ...], note: str, output: str) -> None:
    """Store files in a group.

    They keep their names. All are looked at before the first is stored; then each one makes a revision.
    """
    detail = current_group(api, group)
    contents = _read_files(files)
    if len(files) > 1:
        for file, content in contents.items():
            path = ("groups", group, "hadoop", file.name)
            api.send("PUT", *path, params={"dry_run": "true"}, content=content, revision=detail["revision"])
    for file, content in contents.items():
        before = detail
        detail = api.send(
            "PUT",
            *("groups", group, "hadoop", file.name),
            params={"note": note},
            content=content,
            revision=before["revision"],
        )
        if output == "table":
            tell(f"{file.name}: {save_line(before, detail)}")
    if output != "table":
        report_save(before, detail, output)


def _read_files(files: tuple[Path, ...]) -> dict[Path, bytes]:
    """The bytes of each; raises RepeatedFileError when the group could not hold all of them."""
    named: dict[str, Path] = {}
    for file in files:
        if file.name in named:
            raise RepeatedFileError(named[file.name], file)
        named[file.name] = file
    return {file: file.read_bytes() for file in files}


@hadoop.command("delete", epilog=examples("couture hadoop delete prod hive-site.xml --yes"))
@group_argument
@click.argument("file", metavar="FILE")
@yes_option
@note_option
@output_option
@with_api
def delete_file(api: Api, group: str, file: str, yes: bool, note: str, output: str) -> None:
    """Remove a file from a group.

    Earlier revisions keep it.
    """
    confirm(f"Delete {file} from {group}?", yes)
    before = current_group(api, group)
    after = api.send("DELETE", "groups", group, "hadoop", file, params={"note": note}, revision=before["revision"])
    report_save(before, after, output)


for command in (list_properties, set_properties, unset_properties):
    hadoop.add_command(command)
