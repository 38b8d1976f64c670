"""``airflow couture dags tree``: the tree of a master DAG, read from Airflow's database where the API server runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow.cli.cli_config import ARG_VERBOSE, ActionCommand, Arg, GroupCommand, lazy_load_command
from airflow.utils.cli import suppress_logs_and_warning

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """
Shows what a DAG starts, what those start, and so on, with the state and the duration of each run that belongs to
MASTER's run (the newest one, or --run); in brackets the state of a task that started none. DAGs that are missing,
paused, without a readable file, or that would start themselves are marked.

It reads Airflow's database and asks nobody's rights. `couture dags tree` shows the same through the API, to whom
Airflow lets read those DAGs, and is faster.

Examples:
  airflow couture dags tree nightly
  airflow couture dags tree nightly --run scheduled__2026-03-01T00:00:00+00:00
  airflow couture dags tree nightly --output json
"""


def dags_command() -> GroupCommand:
    """The group as Airflow's command line adds it."""
    tree = ActionCommand(
        name="tree",
        help="Show what a DAG starts, and how that stands",
        description=DESCRIPTION,
        func=lazy_load_command("admin_views.dags_command.run_tree"),
        args=(
            _argument("master", metavar="MASTER", help="The DAG at the top"),
            _argument("--run", metavar="RUN", help="A run of MASTER (default: the newest)"),
            _argument("--output", choices=("table", "json", "yaml"), default="table", help="Form of the answer"),
            ARG_VERBOSE,
        ),
    )
    return GroupCommand(name="dags", help="Master DAGs: DAGs that start other DAGs", subcommands=(tree,))


def _argument(name: str, **more: Any) -> Arg:
    return Arg((name,), **more)  # type: ignore[no-untyped-call]


@suppress_logs_and_warning
def run_tree(arguments: argparse.Namespace) -> None:
    """See DESCRIPTION; ends the process with a sentence and status 1 for an unknown DAG or run."""
    from config_store.errors import StoreError

    try:
        document = _read_tree(arguments.master, arguments.run)
    except StoreError as error:
        raise SystemExit(str(error)) from error
    if arguments.output == "json":
        print(json.dumps(document, indent=2, ensure_ascii=False))
    elif arguments.output == "yaml":
        import yaml

        print(yaml.safe_dump(document, sort_keys=False, allow_unicode=True).rstrip())
    else:
        from couture_ops.cli.dag_tree import print_tree

        print_tree(document)


def _read_tree(master: str, run_id: str | None) -> dict[str, Any]:
    from datetime import UTC, datetime

    from admin_views.api.dags import tree_shape
    from admin_views.dag_catalogue import AirflowDags
    from config_store.dag_tree import grow_tree

    root = grow_tree(master, run_id, AirflowDags(), may_read=set, now=datetime.now(UTC))
    return tree_shape(root).model_dump(mode="json")
