"""``KEY=VALUE`` on a command line: what the commands that set something share."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

#: Read the value from elsewhere than the command line.
ASIDE = "-"


class AssignmentCommand(click.Command):
    """Takes an option of spark-submit for the setting that was meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Wrong usage says how the setting is written."""
        given = list(args)  # click empties the list
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name.lstrip("-")
            if not any(word.partition("=")[0] == f"--{name}" for word in given):
                raise
            # the value is not repeated: it may be a secret
            raise click.UsageError(
                f"No such option: --{name}. A setting is written without dashes: {name}=VALUE", ctx
            ) from error


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """``KEY=VALUE`` texts as a dictionary; wrong usage when one has no ``=`` or a key comes twice."""
    values: dict[str, str] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not key.strip() or not equals:
            # The text is not repeated: what has no '=' may be a secret gone astray.
            raise click.UsageError("Settings are given as KEY=VALUE.")
        if key in values:
            raise click.UsageError(f"{key} is given twice.")
        values[key] = value
    return values


def read_values(values: dict[str, str]) -> dict[str, str]:
    """The values, those given aside typed or read from standard input; that holds one."""
    aside = [key for key, value in values.items() if value == ASIDE]
    if len(aside) > 1 and not sys.stdin.isatty():
        raise click.UsageError(f"Standard input holds one value, not those of {' and '.join(aside)}.")
    return {key: _read_aside(key) if value == ASIDE else value for key, value in values.items()}


def _read_aside(key: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(f"Value of {key}", hide_input=True, err=True))
    value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value:
        raise click.UsageError(f"{key}=- reads standard input, which is empty.")
    return value
