"""Logging in, out, and being told as whom."""

from __future__ import annotations

import base64
import json
import stat

from couture_ops.cli.login import token_claims
from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import PASSWORD, TOKEN, Answer, StoreServer, problem


def make_jwt(claims: object) -> str:
    """A token like Airflow's, with a signature that nobody checks here."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2ln"


def test_login_by_standard_input(bare_couture: Couture, server: StoreServer) -> None:
    run = bare_couture(
        "login", "--url", f"{server.url}/", "--username", "anna", "--password-stdin", stdin=f"{PASSWORD}\n"
    )
    path = bare_couture.folder / "home" / ".config" / "couture" / "credentials.json"
    assert (run.returncode, run.stdout) == (0, "")
    assert run.stderr == f"Logged in at {server.url} as anna; the token is in {path}\n"
    assert server.lines() == ["POST /auth/token"]
    assert server.asked[0].json == {"username": "anna", "password": PASSWORD}
    assert "Authorization" not in server.asked[0].headers
    assert stat.filemode(path.stat().st_mode) == "-rw-------"
    assert json.loads(path.read_text()) == {"url": server.url, "token": TOKEN, "username": "anna"}
    assert bare_couture.ok("groups", "--output", "json") == '{\n  "items": [],\n  "total": 0\n}\n'


def test_login_at_a_terminal_hides_the_password(bare_couture: Couture, server: StoreServer) -> None:
    session = bare_couture.at_terminal(
        *("login", "--url", server.url),
        typed=[("User name: ", "anna\n"), (f"Password of anna at {server.url}: ", f"{PASSWORD}\n")],
    )
    assert session.returncode == 0
    assert server.asked[0].json == {"username": "anna", "password": PASSWORD}
    assert PASSWORD not in session.screen
    assert all(PASSWORD not in line for line in session.command_lines)
    assert f"Logged in at {server.url} as anna" in session.screen


def test_there_is_no_option_for_the_password(bare_couture: Couture) -> None:
    assert "No such option '--password'" in bare_couture.error("login", "--password", PASSWORD, code=2)


def test_nobody_to_ask(bare_couture: Couture, server: StoreServer) -> None:
    assert bare_couture.error("login", "--url", server.url) == (
        "Error: The user name is needed, and there is no terminal to ask at. Add --username NAME.\n"
    )
    assert bare_couture.error("login", "--url", server.url, "--username", "anna") == (
        "Error: The password is needed, and there is no terminal to ask at. "
        "Add --password-stdin and give it on standard input.\n"
    )
    refused = bare_couture.error("login", "--url", server.url, "--username", "anna", "--password-stdin", code=2)
    assert refused.endswith("Error: --password-stdin: standard input is empty.\n")
    assert server.asked == []


def test_a_wrong_password_changes_nothing(bare_couture: Couture, server: StoreServer) -> None:
    log_in = ("login", "--url", server.url, "--username", "anna", "--password-stdin")
    assert bare_couture(*log_in, stdin=PASSWORD).returncode == 0
    assert bare_couture.error(*log_in, stdin="wrong") == (
        f"Error: {server.url} refuses the login of 'anna': wrong user name or password.\n"
    )
    assert bare_couture.ok("groups", "--output", "json")


def test_login_again_knows_the_server(bare_couture: Couture, server: StoreServer) -> None:
    bare_couture("login", "--url", server.url, "--username", "anna", "--password-stdin", stdin=PASSWORD)
    run = bare_couture("login", "--username", "anna", "--password-stdin", stdin=PASSWORD)
    assert run.stderr.startswith(f"Logged in at {server.url} as anna;")


def test_a_server_without_password_login(bare_couture: Couture, server: StoreServer) -> None:
    log_in = ("login", "--url", server.url, "--username", "anna", "--password-stdin")
    for answer in (Answer(404, {}), Answer(405), Answer(200, b"<html>", "text/html")):
        server.answers["POST /auth/token"] = answer
        assert bare_couture.error(*log_in, stdin=PASSWORD) == (
            f"Error: {server.url} hands out no token for a password "
            f"(/auth/token answered {answer.status}).\n"
            "  Is it an Airflow? Where people log in by other means, get a token there "
            "and set COUTURE_TOKEN.\n"
        )
    server.answers["POST /auth/token"] = Answer(201, {"token": "x"})
    assert bare_couture.error(*log_in, stdin=PASSWORD) == (
        f"Error: {server.url} answered 201 without an access_token.\n"
    )
    server.answers["POST /auth/token"] = Answer(400, {"detail": "Username and password must be provided"})
    assert bare_couture.error(*log_in, stdin=PASSWORD) == (
        "Error: 400 Bad Request: Username and password must be provided\n"
    )


def test_login_says_when_the_environment_wins(couture: Couture) -> None:
    run = couture("login", "--username", "anna", "--password-stdin", stdin=PASSWORD)
    assert run.stderr.splitlines()[1] == ("COUTURE_TOKEN is set and wins over this login: unset it to use the login.")


def test_logout(bare_couture: Couture, server: StoreServer) -> None:
    bare_couture("login", "--url", server.url, "--username", "anna", "--password-stdin", stdin=PASSWORD)
    assert bare_couture("logout").stderr == "Logged out.\n"
    assert not (bare_couture.folder / "home" / ".config" / "couture" / "credentials.json").exists()
    assert bare_couture("logout").stderr == "There was no login.\n"


def test_whoami_of_a_login(bare_couture: Couture, server: StoreServer) -> None:
    bare_couture("login", "--url", server.url, "--username", "anna", "--password-stdin", stdin=PASSWORD)
    assert bare_couture.ok("whoami") == f"Server  {server.url}\nUser    anna\nToken   stored login\n"


def test_whoami_tells_what_the_token_says(couture: Couture, server: StoreServer) -> None:
    token = make_jwt({"sub": "17", "exp": 1772366405})
    server.answers["GET /version"] = Answer(200, {"couture": "0.1.0", "wire_version": 1, "airflow": "3.3.2"})
    assert couture.ok("whoami", COUTURE_TOKEN=token) == (
        f"Server   {server.url}\nUser     17\nToken    COUTURE_TOKEN\nExpires  2026-03-01 12:00:05 UTC\n"
    )
    assert json.loads(couture.ok("whoami", "--output", "json", COUTURE_TOKEN=token)) == {
        "url": server.url,
        "user": "17",
        "token_from": "COUTURE_TOKEN",
        "expires_at": "2026-03-01T12:00:05+00:00",
    }


def test_whoami_believes_the_server_most(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /version"] = Answer(200, {"couture": "0.1.0", "user": "anna"})
    token = make_jwt({"sub": "17"})
    assert json.loads(couture.ok("whoami", "--output", "json", COUTURE_TOKEN=token))["user"] == "anna"


def test_whoami_with_a_token_that_is_refused(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /version"] = problem(401, "Not authenticated")
    assert couture.error("whoami").startswith(f"Error: {server.url} refuses the token of COUTURE_TOKEN")


def test_tokens_that_are_no_jwt() -> None:
    for token in ("", "abc", "a.b.c", make_jwt([1]), "a.!!!.c", "a.é.c"):
        assert token_claims(token) == {}
