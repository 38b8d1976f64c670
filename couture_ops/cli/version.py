"""``couture version``: the versions at both ends."""

from __future__ import annotations

from typing import Any

import click

from couture_ops import __version__
from couture_ops.cli.connection import Api, find_server
from couture_ops.cli.errors import NoServerError
from couture_ops.cli.options import chosen_url, examples, output_option, url_option
from couture_ops.cli.output import emit, print_fields


@click.command(epilog=examples("couture version", "couture version --output json"))
@output_option
@url_option
def version(output: str) -> None:
    """Show the versions of client and server.

    The wire version counts the changes of what travels between workers and server.
    """
    document = {"client": __version__, **server_versions()}
    labels = {
        "client": "Client",
        "url": "Server",
        "couture": "Server version",
        "wire_version": "Wire version",
        "airflow": "Airflow",
    }

    def show() -> None:
        print_fields((label, document.get(key)) for key, label in labels.items())

    emit(document, output, show)


def server_versions() -> dict[str, Any]:
    """The server's URL and its answer; ``{"url": None}`` when no server is known yet."""
    try:
        server = find_server(chosen_url())
    except NoServerError:
        return {"url": None}
    api = Api(server)
    try:
        return {"url": server.url, **api.read("version")}
    finally:
        api.close()
