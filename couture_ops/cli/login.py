"""``couture login``, ``logout`` and ``whoami``: the token of a person, kept in a file of his own."""

from __future__ import annotations

import base64
import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from couture_ops.cli.answers import check_answer, document_of
from couture_ops.cli.connection import Api, Server, find_server
from couture_ops.cli.credentials import Login, remove_login, write_login
from couture_ops.cli.errors import (
    LoginRefusedError,
    NoPasswordLoginError,
    NoTerminalError,
    UnexpectedAnswerError,
)
from couture_ops.cli.options import chosen_url, examples, output_option, url_option, with_api
from couture_ops.cli.output import emit, print_fields, say
from couture_ops.cli.texts import time_text

if TYPE_CHECKING:
    import httpx


@click.command(
    epilog=examples(
        "couture login --url https://airflow.example.com",
        "couture login --url https://airflow.example.com --username anna --password-stdin < password.txt",
    )
)
@url_option
@click.option("--username", metavar="NAME", help="Your name in Airflow; asked for when not given.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def login(username: str | None, password_stdin: bool) -> None:
    """Log in with an Airflow user.

    The token is kept in a file that you alone can read: credentials.json in COUTURE_CONFIG_DIR, or in
    ~/.config/couture. CI jobs need no login: they set COUTURE_URL and COUTURE_TOKEN.
    """
    url = find_server(chosen_url()).url
    username = username or _ask_username()
    password = _read_password() if password_stdin else _ask_password(username, url)
    path = write_login(Login(url, request_token(url, username, password), username))
    say(f"Logged in at {url} as {username}; the token is in {path}")
    if os.environ.get("COUTURE_TOKEN"):
        say("COUTURE_TOKEN is set and wins over this login: unset it to use the login.")


def request_token(url: str, username: str, password: str) -> str:
    """Airflow's token for a user. Raises LoginRefusedError for a wrong password."""
    server = Server(url)
    api = Api(server)
    try:
        answer = api.token_for(username, password)
    finally:
        api.close()
    if answer.status_code == 401:
        raise LoginRefusedError(url, username)
    if answer.status_code in (404, 405) or "html" in answer.headers.get("Content-Type", ""):
        raise NoPasswordLoginError(url, answer.status_code)
    check_answer(answer, server)
    return _token_of(answer, server)


def _token_of(answer: httpx.Response, server: Server) -> str:
    document = document_of(answer, server)
    token = document.get("access_token") if isinstance(document, dict) else None
    if not isinstance(token, str) or not token:
        raise UnexpectedAnswerError(server.url, answer.status_code, "without an access_token.")
    return token


def _ask_username() -> str:
    if not sys.stdin.isatty():
        raise NoTerminalError("The user name is needed", "Add --username NAME.")
    return str(click.prompt("User name", err=True))


def _ask_password(username: str, url: str) -> str:
    if not sys.stdin.isatty():
        raise NoTerminalError("The password is needed", "Add --password-stdin and give it on standard input.")
    return str(click.prompt(f"Password of {username} at {url}", hide_input=True, err=True))


def _read_password() -> str:
    password = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not password:
        raise click.UsageError("--password-stdin: standard input is empty.")
    return password


@click.command(epilog=examples("couture logout"))
def logout() -> None:
    """Forget the stored token."""
    say("Logged out." if remove_login() else "There was no login.")


@click.command(epilog=examples("couture whoami", "couture whoami --output json"))
@output_option
@with_api
def whoami(api: Api, output: str) -> None:
    """Show as whom the server treats you.

    The user, where the token comes from, and when it expires.
    """
    versions = api.read("version")
    server = api.server
    claims = token_claims(server.token or "")
    document = {
        "url": server.url,
        "user": versions.get("user") or server.username or claims.get("sub"),
        "token_from": server.token_from,
        "expires_at": _moment(claims.get("exp")),
    }

    def show() -> None:
        origin = "stored login" if server.token_from == "login" else server.token_from
        print_fields(
            [
                ("Server", document["url"]),
                ("User", document["user"]),
                ("Token", origin or "none: anonymous"),
                ("Expires", document["expires_at"] and time_text(document["expires_at"])),
            ]
        )

    emit(document, output, show)


def token_claims(token: str) -> dict[str, Any]:
    """What a JWT says of itself, unverified; empty for a token of another kind."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _moment(seconds: object) -> str | None:
    if not isinstance(seconds, int | float):
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat()
