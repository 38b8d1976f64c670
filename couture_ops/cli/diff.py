"""``couture diff``: what differs between two revisions, groups or submissions, or between text files and the store."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.errors import TreeError
from couture_ops.cli.exporting import ARCHIVE
from couture_ops.cli.importing import (
    DIFFERENCES,
    OneForWrongUsage,
    given_values,
    make_plan,
    prune_option,
    secrets_option,
    show_plan,
)
from couture_ops.cli.options import examples, output_option, with_api
from couture_ops.cli.output import emit, print_table, tell
from couture_ops.cli.texts import time_text

#: How a submission's id tells itself from the name of a group.
_SUBMISSION_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@click.command(
    cls=OneForWrongUsage,
    epilog=examples(
        "couture diff prod",
        "couture diff prod 6 9",
        "couture diff prod --other staging",
        "couture diff prod 6 2 --other staging",
        "couture diff 0b9be3f6-8a4f-4a56-9d0e-7d5f7f3f6a11",
        "couture diff 0b9be3f6-8a4f-4a56-9d0e-7d5f7f3f6a11 51d0a6ce-54f5-4a0b-a2b8-0c54a4d3c1f2",
        "couture diff conf",
        "couture diff ./backup.tar.gz --prune --exit-code",
    ),
)
@click.argument("what", metavar="GROUP|SUBMISSION|DIR|FILE.tar.gz")
@click.argument("first", metavar="[FROM]", required=False)
@click.argument("second", metavar="[TO]", required=False)
@click.option("--other", metavar="GROUP", help="Compare with that group: TO is a revision of it.")
@prune_option
@secrets_option
@click.option("--exit-code", "tells", is_flag=True, help="Exit code 2 when something differs; 1 stays for errors.")
@output_option
@with_api
def diff(
    api: Api,
    what: str,
    first: str | None,
    second: str | None,
    other: str | None,
    prune: bool,
    secrets_file: TextIO | None,
    tells: bool,
    output: str,
) -> None:
    """Show what differs: revisions, submissions, or files and the store.

    Of a group: FROM defaults to the revision before the current one (with --other: to the current one), TO to the
    current one.

    Of submissions: with two, from the first to the second; with one, from the task's last success before it.

    Of files: from the store to what they say, with the DAGs it touches; nothing is changed. A folder is one with a
    couture.yaml, unless more than its name is given; ./NAME is always a folder or an archive.
    """
    if not (first or other) and _are_files(what):
        differs = _diff_files(api, Path(what), prune, secrets_file, output)
    elif prune or secrets_file:
        raise click.UsageError("--prune and --secrets-from belong to files: give a folder or an archive.")
    else:
        differs = _diff_stored(api, what, first, second, other, output)
    if tells and differs:
        sys.exit(DIFFERENCES)


def _are_files(what: str) -> bool:
    """Whether that means files: no group and no submission has a name with a slash or a dot."""
    return "/" in what or what in (".", "..") or what.endswith(ARCHIVE) or (Path(what) / "couture.yaml").is_file()


def _diff_files(api: Api, source: Path, prune: bool, secrets_file: TextIO | None, output: str) -> bool:
    from couture_ops.cli.tree import read_tree

    if not source.exists():
        raise TreeError(source, "is not there; give a folder or an archive that `couture export` wrote")
    plan, _ = make_plan(api, read_tree(source), prune, given_values(secrets_file))
    emit(plan, output, lambda: show_plan(plan))
    return bool(plan["differs"])


def _diff_stored(api: Api, what: str, first: str | None, second: str | None, other: str | None, output: str) -> bool:
    if _SUBMISSION_ID.fullmatch(what):
        if second is not None or other is not None:
            raise click.UsageError("Give one submission or two, and no --other.")
        params = {"from": what, "to": first} if first else {"to": what}
        answer = api.read("submissions", "diff", params=params)
    else:
        revisions = {"from": _revision(first), "to": _revision(second), "other": other}
        answer = api.read("groups", what, "diff", params=revisions)
    emit(answer, output, lambda: show_changes(answer))
    return bool(answer["changes"])


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
