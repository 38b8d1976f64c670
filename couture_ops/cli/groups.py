"""``couture groups``: the config groups, their history, and which one is the default."""

from __future__ import annotations

from typing import Any

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.content import show_content
from couture_ops.cli.listing import ListingGroup
from couture_ops.cli.options import (
    confirm,
    empty_list,
    examples,
    force_option,
    group_argument,
    note_option,
    output_option,
    paging_options,
    say_what_is_left,
    with_api,
    yes_option,
)
from couture_ops.cli.output import emit, print_fields, print_table, tell
from couture_ops.cli.saving import current_group, report_save, warn_of_remarks
from couture_ops.cli.texts import time_text


@click.group(cls=ListingGroup, epilog=examples("couture groups", "couture groups show prod"))
def groups() -> None:
    """Config groups: where jobs run and with what.

    Without a command: the list.
    """


@groups.command(
    "list",
    epilog=examples("couture groups", "couture groups list --search prod", "couture groups --output json"),
)
@click.option("--search", metavar="TEXT", help="Only groups whose name holds it.")
@paging_options
@output_option
@with_api
def list_groups(api: Api, search: str | None, limit: int, offset: int, output: str) -> None:
    """List the groups."""
    page = api.read("groups", params={"search": search, "limit": limit, "offset": offset})

    def show() -> None:
        print_table(
            ("NAME", "DEFAULT", "REVISION", "CHANGED BY", "CHANGED", "DESCRIPTION"),
            (
                (
                    g["name"],
                    g["is_default"],
                    g["revision"],
                    g["updated_by"],
                    time_text(g["updated_at"]),
                    g["description"],
                )
                for g in page["items"]
            ),
            empty=empty_list(
                search is not None or offset > 0,
                "There is no config group yet. Make the first, which becomes the default: couture groups create NAME",
            ),
        )
        say_what_is_left(page, offset)

    emit(page, output, show)


@groups.command(
    "show", epilog=examples("couture groups show prod", "couture groups show prod --output yaml > prod.yaml")
)
@group_argument
@output_option
@with_api
def show_group(api: Api, group: str, output: str) -> None:
    """Show a group with everything in it.

    Values of secrets are never shown.
    """
    detail = current_group(api, group)

    def show() -> None:
        print_fields(group_fields(detail))
        show_content(detail["content"])

    emit(detail, output, show)


def group_fields(detail: dict[str, Any]) -> list[tuple[str, object]]:
    """The labelled values at the head of a group."""
    changed = f"{time_text(detail['updated_at'])} by {detail['updated_by']}"
    return [
        ("Group", f"{detail['name']} (the default)" if detail["is_default"] else detail["name"]),
        ("Description", detail["description"]),
        ("Revision", detail["revision"]),
        ("Changed", changed),
    ]


@groups.command(
    "create",
    epilog=examples(
        "couture groups create prod --description 'The nightly cluster'",
        "couture groups create staging --copy-of prod --note 'to try Spark 4.2'",
    ),
)
@group_argument
@click.option("--description", default="", metavar="TEXT", help="What the group is for.")
@click.option("--copy-of", metavar="GROUP", help="Start with the content of that group.")
@note_option
@output_option
@with_api
def create_group(api: Api, group: str, description: str, copy_of: str | None, note: str, output: str) -> None:
    """Create a group.

    The very first one becomes the default.
    """
    body = {"name": group, "description": description, "copy_of": copy_of, "note": note}
    detail = api.send("POST", "groups", json=body)
    emit(detail, output, lambda: tell(f"Created {detail['name']}, revision {detail['revision']}."))
    warn_of_remarks(detail)


@groups.command("describe", epilog=examples("couture groups describe prod 'The nightly cluster'"))
@group_argument
@click.argument("text", metavar="TEXT")
@output_option
@with_api
def describe_group(api: Api, group: str, text: str, output: str) -> None:
    """Say what a group is for."""
    changed = api.send("PATCH", "groups", group, json={"description": text})
    emit(changed, output, lambda: tell(f"Described {changed['name']}: {changed['description']}"))


@groups.command(
    "delete", epilog=examples("couture groups delete staging", "couture groups delete staging --force --yes")
)
@group_argument
@force_option
@yes_option
@output_option
@with_api
def delete_group(api: Api, group: str, force: bool, yes: bool, output: str) -> None:
    """Delete a group.

    Refused, with the users' names, when DAGs of the last 30 days use it. `couture groups restore` takes it back.
    """
    confirm(f"Delete the group {group}?", yes)
    api.send("DELETE", "groups", group, params={"force": "true" if force else None})
    emit(
        {"deleted": {"group": group}},
        output,
        lambda: tell(f"Deleted {group}. To take that back: couture groups restore {group}"),
    )


@groups.command("restore", epilog=examples("couture groups restore staging"))
@group_argument
@output_option
@with_api
def restore_group(api: Api, group: str, output: str) -> None:
    """Bring a deleted group back.

    With all its revisions; it does not become the default.
    """
    restored = api.send("POST", "groups", group, "restore")
    emit(restored, output, lambda: tell(f"Restored {restored['name']}, revision {restored['revision']}."))


@groups.command("default", epilog=examples("couture groups default prod"))
@group_argument
@output_option
@with_api
def make_default(api: Api, group: str, output: str) -> None:
    """Make a group the default.

    Tasks that name no config_group use it.
    """
    changed = api.send("POST", "groups", group, "default")
    emit(changed, output, lambda: tell(f"{changed['name']} is the default."))


@groups.command("history", epilog=examples("couture groups history prod", "couture diff prod 6 7"))
@group_argument
@paging_options
@output_option
@with_api
def group_history(api: Api, group: str, limit: int, offset: int, output: str) -> None:
    """List the revisions, the newest first."""
    page = api.read("groups", group, "revisions", params={"limit": limit, "offset": offset})

    def show() -> None:
        print_table(
            ("REVISION", "SAVED", "BY", "UPON", "NOTE"),
            ((r["number"], time_text(r["created_at"]), r["author"], r["parent"], r["note"]) for r in page["items"]),
        )
        say_what_is_left(page, offset)

    emit(page, output, show)


@groups.command("rollback", epilog=examples("couture groups rollback prod 6 --note 'jobs ran out of memory'"))
@group_argument
@click.argument("revision", metavar="REVISION", type=click.IntRange(min=1))
@note_option
@output_option
@with_api
def roll_back(api: Api, group: str, revision: int, note: str, output: str) -> None:
    """Return to the content of a revision.

    It becomes the current one as a new revision; nothing is lost. Where that brings other Hadoop files, another
    keytab or krb5.conf, it needs the permissions that saving and removing them needs.
    """
    before = current_group(api, group)
    body = {"revision": revision, "note": note}
    after = api.send("POST", "groups", group, "rollback", json=body, revision=before["revision"])
    report_save(before, after, output)


@groups.command("check", epilog=examples("couture groups check prod", "couture groups check prod --strict && deploy"))
@group_argument
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
@output_option
@with_api
def check_group(api: Api, group: str, strict: bool, output: str) -> None:
    """Find what is wrong with a group.

    Its files, cluster, dependencies, secrets and keys. Exit code 1 when a job would fail.
    """
    answer = api.read("groups", group, "check")

    def show() -> None:
        columns = ("VERDICT", "CHECK", "FOUND", "WHAT TO DO")
        print_table(columns, ((f["verdict"], f["check"], f["message"], f["advice"]) for f in answer["findings"]))

    emit(answer, output, show)
    bad = ("fault", "warning") if strict else ("fault",)
    if any(finding["verdict"] in bad for finding in answer["findings"]):
        raise SystemExit(1)
