"""``couture diff``: what differs between two revisions, two groups, or two submissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.options import examples, output_option, with_api
from couture_ops.cli.output import emit, print_table, tell

revision_type = click.IntRange(min=1)


@click.command(
    epilog=examples(
        "couture diff prod",
        "couture diff prod 6 9",
        "couture diff prod --other staging",
        "couture diff prod 6 2 --other staging",
        "couture diff --submissions ID ID",
    )
)
@click.argument("group", metavar="[GROUP]", required=False)
@click.argument("from_revision", metavar="[FROM]", required=False, type=revision_type)
@click.argument("to_revision", metavar="[TO]", required=False, type=revision_type)
@click.option("--other", metavar="GROUP", help="Compare with that group: TO is a revision of it.")
@click.option("--submissions", nargs=2, metavar="ID ID", help="Compare two submissions instead.")
@output_option
@with_api
def diff(
    api: Api,
    group: str | None,
    from_revision: int | None,
    to_revision: int | None,
    other: str | None,
    submissions: tuple[str, str] | None,
    output: str,
) -> None:
    """Show what differs between two revisions.

    Two revisions of a group, those of two groups (--other), or two submissions (--submissions).

    FROM defaults to the revision before the current one (with --other: to the current one), TO to the
    current one.
    """
    if (group is None) == (submissions is None):
        raise click.UsageError("Give a GROUP, or --submissions ID ID.")
    if submissions:
        first, second = submissions
        answer = api.read("submissions", "diff", params={"from": first, "to": second})
    else:
        params = {"from": from_revision, "to": to_revision, "other": other}
        answer = api.read("groups", str(group), "diff", params=params)
    emit(answer, output, lambda: show_changes(answer))


def show_changes(answer: Mapping[str, Any]) -> None:
    """Prints the changes, with both sides over their columns."""
    first, second = side_text(answer["from"]), side_text(answer["to"])
    if not answer["changes"]:
        tell(f"{first} and {second} do not differ.")
        return
    print_table(
        ("WHERE", first, second),
        ((c["where"], _value(c["old"]), _value(c["new"])) for c in answer["changes"]),
    )


def side_text(side: Any) -> str:
    """``prod revision 6``, or the id of a submission."""
    return f"{side['group']} revision {side['revision']}" if isinstance(side, Mapping) else str(side)


def _value(value: str | None) -> str:
    return "(not set)" if value is None else value
