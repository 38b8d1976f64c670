"""``couture diff``: what differs between two revisions, two groups, or two submissions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.options import examples, output_option, with_api
from couture_ops.cli.output import emit, print_table, tell
from couture_ops.cli.texts import time_text

#: How a submission's id tells itself from the name of a group.
_SUBMISSION_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@click.command(
    epilog=examples(
        "couture diff prod",
        "couture diff prod 6 9",
        "couture diff prod --other staging",
        "couture diff prod 6 2 --other staging",
        "couture diff 0b9be3f6-8a4f-4a56-9d0e-7d5f7f3f6a11",
        "couture diff 0b9be3f6-8a4f-4a56-9d0e-7d5f7f3f6a11 51d0a6ce-54f5-4a0b-a2b8-0c54a4d3c1f2",
    )
)
@click.argument("what", metavar="GROUP|SUBMISSION")
@click.argument("first", metavar="[FROM]", required=False)
@click.argument("second", metavar="[TO]", required=False)
@click.option("--other", metavar="GROUP", help="Compare with that group: TO is a revision of it.")
@output_option
@with_api
def diff(api: Api, what: str, first: str | None, second: str | None, other: str | None, output: str) -> None:
    """Show what differs between two revisions, or two submissions.

    Of a group: FROM defaults to the revision before the current one (with --other: to the current one), TO to the
    current one.

    Of submissions: with two, from the first to the second; with one, from the task's last success before it.
    """
    if _SUBMISSION_ID.fullmatch(what):
        if second is not None or other is not None:
            raise click.UsageError("Give one submission or two, and no --other.")
        params = {"from": what, "to": first} if first else {"to": what}
        answer = api.read("submissions", "diff", params=params)
    else:
        revisions = {"from": _revision(first), "to": _revision(second), "other": other}
        answer = api.read("groups", what, "diff", params=revisions)
    emit(answer, output, lambda: show_changes(answer))


def _revision(text: str | None) -> int | None:
    if text is not None and not (text.isdecimal() and int(text) > 0):
        raise click.UsageError(f"{text!r} is no revision: give its number.")
    return int(text) if text else None


def show_changes(answer: Mapping[str, Any]) -> None:
    """Prints the changes, with both sides over their columns."""
    if answer["from"] is None:
        tell(f"No receipt of a success of its task before {answer['to']} is kept: there is nothing to compare it with.")
        return
    first, second = side_text(answer["from"]), side_text(answer["to"])
    if not answer["changes"]:
        tell(f"{first} and {second} do not differ.")
        return
    rows = [(c["where"], _value(c["old"]), _value(c["new"]), saved_text(c.get("saved"))) for c in answer["changes"]]
    if any(row[-1] for row in rows):
        print_table(("WHERE", first, second, "SAVED BY"), rows)
    else:
        print_table(("WHERE", first, second), (row[:-1] for row in rows))


def side_text(side: Any) -> str:
    """``prod revision 6``, or the id of a submission."""
    return f"{side['group']} revision {side['revision']}" if isinstance(side, Mapping) else str(side)


def saved_text(saved: Mapping[str, Any] | None) -> str:
    """``ada, 2026-01-31 10:00, revision 7``: who brought a change about; empty when it was not saved in the store."""
    if not saved:
        return ""
    revision = f", revision {saved['revision']}" if saved["revision"] is not None else ""
    return f"{saved['by']}, {time_text(saved['at'])}{revision}"


def _value(value: str | None) -> str:
    return "(not set)" if value is None else value
