"""Tables: whole in a pipe, folded on a screen, never markup."""

from __future__ import annotations

import re

from couture_ops.cli.output import table_lines
from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import StoreServer, setting
from tests.couture_ops.cli.terminal import run_at_terminal

LONG = "x" * 300
STYLE = re.compile(r"\x1b\[\d*m")


def show_settings(couture: Couture, server: StoreServer, value: str) -> list[str]:
    """The lines that ``settings show`` prints for a setting of that value."""
    server.store.add_group("g", {"arguments": {"queue": setting(value)}})
    return couture.ok("settings", "show", "g").splitlines()


def test_lines_in_a_pipe_are_never_broken(couture: Couture, server: StoreServer) -> None:
    assert show_settings(couture, server, LONG)[-1] == f"queue  {LONG}"


def test_a_long_value_leaves_the_other_columns_in_view() -> None:
    rows = [
        ("NAME", "VALUE", "SET BY", "NOTE"),
        ("spark.driver.extraJavaOptions", LONG, "group", ""),
        ("queue", "集群", "operator", "agreed"),
        ("spark.jars.packages", "", "group", LONG),
    ]
    assert list(table_lines(rows)) == [
        "NAME                           VALUE  SET BY    NOTE",
        f"spark.driver.extraJavaOptions  {LONG}  group",
        "queue                          集群   operator  agreed",
        f"spark.jars.packages                   group     {LONG}",
    ]


def test_a_table_of_long_values_only() -> None:
    assert list(table_lines([(LONG, LONG), ("a", "b")])) == [f"{LONG}  {LONG}", "a  b"]


def test_nothing_is_taken_for_markup(couture: Couture, server: StoreServer) -> None:
    assert show_settings(couture, server, "[bold]a[/] :smile: [x]")[-1] == "queue  [bold]a[/] :smile: [x]"


def test_a_value_stays_on_its_line(couture: Couture, server: StoreServer) -> None:
    assert show_settings(couture, server, "a\nb\x1b[2J")[-1] == "queue  a\\nb\\x1b[2J"


def test_no_colour_in_a_pipe(couture: Couture, server: StoreServer) -> None:
    server.store.add_group("g", {"arguments": {"queue": setting("q")}})
    assert "\x1b" not in couture.ok("groups", "show", "g", FORCE_COLOR="1")


def test_a_screen_is_not_overrun(couture: Couture, server: StoreServer) -> None:
    server.store.add_group("g", {"arguments": {"queue": setting(LONG)}})
    shell = ["sh", "-c", 'exec "$@" >&2', "sh", *couture.argv, "settings", "show", "g"]
    environment = {**couture.environment, "COLUMNS": "40", "TERM": "xterm"}
    session = run_at_terminal(shell, environment, couture.folder)
    lines = STYLE.sub("", session.screen).splitlines()
    assert session.returncode == 0
    assert max(map(len, lines)) <= 40
    assert "".join(lines).count("x") == 300
