"""The tree of commands as a whole: quick to start, explained by examples that work, one way to fail."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import click
import pytest

from couture_ops.cli.main import cli
from tests.couture_ops.cli.couture_process import REPOSITORY, Couture
from tests.couture_ops.cli.store_server import Answer, StoreServer


def walk(
    command: click.Command, path: tuple[str, ...] = ("couture",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its path, the root first."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from walk(cast("click.Command", command.get_command(context, name)), (*path, name))


COMMANDS = dict(walk(cli))
LEAVES = {path: command for path, command in COMMANDS.items() if not isinstance(command, click.Group)}
#: What prints no document: bytes, a script, or a sentence about the login.
WITHOUT_OUTPUT = {
    ("couture", "login"),
    ("couture", "logout"),
    ("couture", "hadoop", "show"),
    ("couture", "completion"),
}


def example_lines(command: click.Command) -> list[str]:
    """The commands of the epilog."""
    return [line.strip() for line in (command.epilog or "").splitlines()[2:]]


def test_the_tree_is_complete() -> None:
    assert [" ".join(path[1:]) for path in LEAVES] == [
        "login",
        "logout",
        "whoami",
        "version",
        "groups check",
        "groups create",
        "groups default",
        "groups delete",
        "groups describe",
        "groups history",
        "groups list",
        "groups restore",
        "groups rollback",
        "groups show",
        "settings apply",
        "settings jars",
        "settings keytab",
        "settings krb5",
        "settings principal",
        "settings py-files",
        "settings set",
        "settings show",
        "settings spark-home",
        "settings unset",
        "hadoop delete",
        "hadoop list",
        "hadoop properties",
        "hadoop put",
        "hadoop set",
        "hadoop show",
        "hadoop unset",
        "artifacts delete",
        "artifacts download",
        "artifacts list",
        "artifacts restore",
        "artifacts show",
        "artifacts upload",
        "export",
        "import",
        "submissions list",
        "submissions rerun",
        "submissions show",
        "diff",
        "dags list",
        "dags tree",
        "render",
        "completion",
    ]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    text = command.get_help(click.Context(command, info_name=" ".join(path)))
    assert f"Usage: {' '.join(path)}" in text
    assert command.help
    assert "Examples:\n" in text
    assert all(line in text for line in example_lines(command))
    # `couture groups` is an example of `groups list`, `couture groups show prod` one of `groups`.
    assert any(" ".join(path[:2]) in line for line in example_lines(command))


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_the_shared_options(path: tuple[str, ...]) -> None:
    options = {name for parameter in LEAVES[path].params for name in parameter.opts}
    assert ("--output" in options) == (path not in WITHOUT_OUTPUT)
    assert ("--url" in options) == (path not in {("couture", "logout"), ("couture", "completion")})


@pytest.mark.parametrize("line", sorted({line for command in COMMANDS.values() for line in example_lines(command)}))
def test_every_example_is_accepted(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = words_of_client(line)
    for word in words:
        if Path(word).suffix in (".py", ".jar", ".whl", ".xml", ".keytab", ".conf", ".yaml", ".gz") and "*" not in word:
            path = tmp_path / word.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    (tmp_path / "conf").mkdir()
    monkeypatch.chdir(tmp_path)
    command, arguments = resolve(cli, [word.lstrip("/") if word.endswith(".conf") else word for word in words])
    if "*" in line:
        arguments = [*arguments[:-1], __file__]
    with command.make_context("couture", arguments) as context:
        assert context.command is command


def words_of_client(line: str) -> list[str]:
    """The arguments of ``couture`` in a shell line."""
    words = shlex.split(line.replace('eval "$(', "").replace(')"', ""))
    words = words[words.index("couture") + 1 :]
    ends = [words.index(mark) for mark in ("|", ">", "<", "&&") if mark in words]
    return words[: min(ends, default=len(words))]


def resolve(group: click.Group, words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words name, and its own arguments."""
    command = group.get_command(click.Context(group), words[0])
    assert command is not None, words
    if not isinstance(command, click.Group):
        return command, words[1:]
    return resolve(command, words[1:]) if words[1:] and words[1][0] != "-" else (command, words[1:])


def test_nothing_heavy_is_imported_at_start() -> None:
    program = "import sys; import couture_ops.cli.main; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    heavy = {"httpx", "rich", "yaml", "airflow", "pydantic", "config_store", "sqlalchemy", "admin_views"}
    assert heavy & set(json.loads(run.stdout.replace("'", '"'))) == set()


@pytest.mark.usefixtures("prod")
def test_a_command_that_talks_imports_nothing_of_the_server(couture: Couture) -> None:
    program = (
        "import sys; from couture_ops.cli.main import cli; "
        "cli(['groups', 'show', 'prod'], standalone_mode=False); "
        "names = {name.partition('.')[0] for name in sys.modules}; "
        "print(sorted(names & {'httpx', 'airflow', 'pydantic', 'config_store', 'admin_views'}))"
    )
    couture.argv = [sys.executable, "-c", program]
    assert couture.ok().splitlines()[-1] == "['httpx']"


def test_version_option(bare_couture: Couture) -> None:
    assert bare_couture.ok("--version") == "couture, version 0.1.0\n"


def test_wrong_usage_ends_with_2(bare_couture: Couture) -> None:
    assert "Error: No such command 'group'." in bare_couture.error("group", code=2)
    assert "Error: Missing argument 'GROUP'." in bare_couture.error("groups", "show", code=2)
    assert "'xml' is not one of 'table', 'json', 'yaml'." in bare_couture.error("groups", "--output", "xml", code=2)


def test_a_group_that_lists_still_has_its_help(bare_couture: Couture) -> None:
    assert "Usage: couture groups [OPTIONS] COMMAND [ARGS]..." in bare_couture.ok("groups", "--help")
    assert "Usage: couture groups list [OPTIONS]" in bare_couture.ok("groups", "list", "-h")


def test_an_error_of_the_system_is_told_in_one_line(couture: Couture, prod: StoreServer) -> None:
    prod.store.bytes_of["00"] = b"x"
    prod.store.add_version("code", "a.py", "00", 1)
    assert (
        couture.error("artifacts", "download", "code", "a.py", "-o", "nowhere/a.py").partition("nowhere")[0]
        == f"Error: [Errno 2] No such file or directory: '{couture.folder}/"
    )


@pytest.mark.usefixtures("prod")
def test_a_locale_without_our_characters_gets_escapes(couture: Couture) -> None:
    answer = couture.ok("settings", "show", "prod", PYTHONIOENCODING="latin-1")
    assert r"spark.my.apikey  \u2022\u2022\u2022\u2022\u2022\u2022  secret" in answer


def test_a_reader_that_goes_away_is_no_error_message(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /groups"] = Answer(200, {"items": [], "total": 0, "padding": "x" * 1_000_000})
    command = f"{shlex.join(couture.argv)} groups --output json | head -c 1"
    run = subprocess.run(
        ["sh", "-c", command],
        env=couture.environment,
        cwd=couture.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (run.stdout, run.stderr) == ("{", "")
