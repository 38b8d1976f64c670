"""``airflow couture …``: what must run where Airflow runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.cli.cli_config import ARG_VERBOSE, ActionCommand, CLICommand, GroupCommand, lazy_load_command
from airflow.utils.cli import suppress_logs_and_warning

from admin_views.checks.command import check_command
from admin_views.clean_command import clean_command
from admin_views.dags_command import dags_command
from admin_views.rotate_command import rotate_command
from couture_ops.commands import warm_command

if TYPE_CHECKING:
    import argparse

INIT_DESCRIPTION = """
Makes the suite ready: migrates the database of [couture] sql_alchemy_conn when the store has one of its own
(tables in Airflow's database come with `airflow db migrate`), creates the permissions, gives them to Admin, Op,
User and Viewer, makes the role Couture Worker. Run it after an installation and after every upgrade; running it
again gives back permissions that were taken away from those roles, and changes nothing else.

Example:
  airflow db migrate && airflow couture init
"""


def get_cli_commands() -> list[CLICommand]:
    """The commands that Airflow's command line adds."""
    init = ActionCommand(
        name="init",
        help="Create the store's permissions and roles, and migrate a database of its own",
        description=INIT_DESCRIPTION,
        func=lazy_load_command("admin_views.commands.run_init"),
        args=(ARG_VERBOSE,),
    )
    subcommands = (init, check_command(), dags_command(), clean_command(), rotate_command(), warm_command())
    return [GroupCommand(name="couture", help="Central configuration of Spark jobs", subcommands=subcommands)]


@suppress_logs_and_warning  # Flask-AppBuilder logs a line for each permission; --verbose shows them
def run_init(_arguments: argparse.Namespace) -> None:
    """See INIT_DESCRIPTION; ends the process with a sentence and status 1 when something is missing."""
    from admin_views.installation import NotInstalled, install
    from config_store.errors import StoreError

    try:
        for sentence in install():
            print(sentence)
    except (NotInstalled, StoreError) as error:
        raise SystemExit(str(error)) from error
