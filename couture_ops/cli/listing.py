"""A group of commands that lists when it is called without a command: ``couture groups``."""

from __future__ import annotations

import click


class ListingGroup(click.Group):
    """Reads ``couture groups [--option …]`` as ``couture groups list [--option …]``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts ``list`` in front when no command is named; not while a shell asks for completions."""
        if not ctx.resilient_parsing and self._names_no_command(ctx, args):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    @staticmethod
    def _names_no_command(ctx: click.Context, args: list[str]) -> bool:
        return not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
