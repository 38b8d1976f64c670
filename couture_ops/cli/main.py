"""The entry point ``couture``: the commands, each loaded when it is called, and the one place for errors."""

from __future__ import annotations

import importlib
import sys
from typing import cast

import click

from couture_ops import __version__
from couture_ops.cli.errors import CliError
from couture_ops.cli.options import examples, url_option
from couture_ops.cli.output import say

#: Name of a command -> module and attribute that hold it.
COMMANDS = {
    "login": "login:login",
    "logout": "login:logout",
    "whoami": "login:whoami",
    "version": "version:version",
    "groups": "groups:groups",
    "settings": "settings:settings",
    "hadoop": "hadoop:hadoop",
    "artifacts": "artifacts:artifacts",
    "export": "exporting:export",
    "import": "importing:import_",
    "submissions": "submissions:submissions",
    "diff": "diff:diff",
    "dags": "dags:dags",
    "render": "render:render",
    "completion": "completion:completion",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None when there is no such command."""
        # All of them for a name that does not exist: click proposes the nearest out of what is loaded.
        for name in (cmd_name,) if cmd_name in COMMANDS else COMMANDS:
            if name not in self.commands:
                self.add_command(load_command(name), name)
        return self.commands.get(cmd_name)


def load_command(name: str) -> click.Command:
    """Imports the module of a command."""
    module, attribute = COMMANDS[name].split(":")
    return cast("click.Command", getattr(importlib.import_module(f"couture_ops.cli.{module}"), attribute))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "couture login --url https://airflow.example.com",
        "couture groups",
        "couture settings set prod executor-memory=8g --note 'out of memory on Monday'",
        "couture render ratings_dag ratings",
        'eval "$(couture completion bash)"',
    ),
)
@click.version_option(__version__, "-V", "--version", prog_name="couture")
@url_option
def cli() -> None:
    """Spark jobs from Airflow with central configuration: config groups, Hadoop files, artifacts, receipts.

    COUTURE_URL names the server and COUTURE_TOKEN holds a token, for CI jobs; both win over what `couture
    login` stored. COUTURE_CONFIG_DIR is where that is stored (default: ~/.config/couture).
    """


def main() -> None:
    """Runs the client: exit code 0, 1 for an error told on stderr, 2 for wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        # A locale without our dots and dashes gets them as escapes, never a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        cli(prog_name="couture")
    except (CliError, OSError) as error:
        say(f"Error: {error}")
        sys.exit(1)
