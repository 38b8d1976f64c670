"""``couture dags``: the masters, which start other DAGs, and the tree of one."""

from __future__ import annotations

from typing import Any

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.dag_tree import print_tree
from couture_ops.cli.listing import ListingGroup
from couture_ops.cli.options import empty_list, examples, output_option, paging_options, say_what_is_left, with_api
from couture_ops.cli.output import emit, print_table
from couture_ops.cli.texts import time_text


@click.group(cls=ListingGroup, epilog=examples("couture dags", "couture dags tree nightly"))
def dags() -> None:
    """Master DAGs: DAGs that start other DAGs.

    Without a command: the list.
    """


@dags.command(
    "list", epilog=examples("couture dags", "couture dags list --search night", "couture dags list --output json")
)
@click.option("--search", metavar="TEXT", help="Only DAGs whose name holds it.")
@paging_options
@output_option
@with_api
def list_masters(api: Api, search: str | None, limit: int, offset: int, output: str) -> None:
    """List the DAGs that start others, with their newest run."""
    page = api.read("dags", "masters", params={"search": search, "limit": limit, "offset": offset})

    def show() -> None:
        print_table(
            ("DAG", "IS", "STARTS", "PART OF", "NEWEST RUN", "STATE", "BEGUN"),
            map(_row, page["items"]),
            empty=empty_list(
                search is not None or offset > 0,
                "No DAG that you may read starts others. A task of DagOperator makes one: docs/master-dags.md",
            ),
        )
        say_what_is_left(page, offset)

    emit(page, output, show)


def _row(master: dict[str, Any]) -> tuple[object, ...]:
    begun = time_text(master["start"]) if master["start"] else None
    kind = None if master["kind"] == "master" else master["kind"]
    part_of = ", ".join(master["part_of"])
    return master["dag_id"], kind, master["tasks"], part_of, master["run_id"], master["state"], begun


@dags.command(
    "tree",
    epilog=examples(
        "couture dags tree nightly",
        "couture dags tree nightly --run scheduled__2026-03-01T00:00:00+00:00",
        "couture dags tree nightly --output json | jq .tree.state",
    ),
)
@click.argument("master", metavar="MASTER")
@click.option("--run", "run_id", metavar="RUN", help="A run of MASTER.  [default: the newest]")
@output_option
@with_api
def show_tree(api: Api, master: str, run_id: str | None, output: str) -> None:
    """Show what a DAG starts, and how that stands.

    Each line names the task and the DAG that it starts, with the state and the duration of the run that belongs to
    MASTER's run; in brackets the state of a task that started none. DAGs that are missing, paused or broken are
    marked, as are those that you may not read.
    """
    document = api.read("dags", master, "tree", params={"run_id": run_id})
    emit(document, output, lambda: print_tree(document))
