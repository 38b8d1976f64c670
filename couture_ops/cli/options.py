"""Options and arguments that commands share, and the way a command gets its :class:`Api`."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from couture_ops.cli.connection import Api, find_server
from couture_ops.cli.errors import NoTerminalError
from couture_ops.cli.output import say, type_of_output

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])

_URL = "couture_ops.cli.url"
KINDS = ("code", "dependencies")


def examples(*lines: str) -> str:
    """The epilog of a command's help; the mark keeps click from joining the lines."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def _remember_url(context: click.Context, _parameter: click.Parameter, url: str | None) -> None:
    # The option may stand before or behind the command; the one behind is the nearer one.
    if url:
        context.meta[_URL] = url


url_option = click.option(
    "--url",
    metavar="URL",
    expose_value=False,
    callback=_remember_url,
    help="The server, as a browser shows Airflow.  [default: COUTURE_URL, then the login]",
)


def chosen_url() -> str | None:
    """What --url says, None when it says nothing."""
    url: str | None = click.get_current_context().meta.get(_URL)
    return url


def with_api(command: Callable[Concatenate[Api, P], None]) -> Callable[P, None]:
    """Gives the command --url and, as its first argument, the API of that server."""

    @url_option
    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        api = Api(find_server(chosen_url()))
        try:
            command(api, *args, **kwargs)
        finally:
            api.close()

    return run


output_option = click.option(
    "--output", type=type_of_output, default="table", show_default=True, help="Form of the answer on stdout."
)
note_option = click.option("--note", default="", metavar="TEXT", help="Why, for the history.")
force_option = click.option("--force", is_flag=True, help="Do it even when it is still in use.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
group_argument = click.argument("group", metavar="GROUP")
kind_argument = click.argument("kind", metavar="KIND", type=click.Choice(KINDS))


def paging_options(command: F) -> F:
    """--limit and --offset of a list."""
    command = click.option("--offset", type=click.IntRange(min=0), default=0, help="Pass over this many first.")(
        command
    )
    return click.option(
        "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Show at most this many."
    )(command)


def say_what_is_left(page: Mapping[str, Any], offset: int) -> None:
    """Tells on stderr that a list goes on."""
    end = offset + len(page["items"])
    if page["items"] and end < page["total"]:
        say(f"{offset + 1} to {end} of {page['total']}. More: --offset {end}")


def empty_list(narrowed: bool, first: str) -> str:
    """What is said of a list without a row: how the first one is made, unless something narrowed the list."""
    return "Nothing fits: leave out --search, --offset and the other options for all." if narrowed else first


def confirm(question: str, yes: bool) -> None:
    """Goes on after --yes or a typed yes; else aborts. Raises NoTerminalError when nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise NoTerminalError("Deleting asks first", "Add --yes.")
    click.confirm(question, abort=True, err=True)
