"""``couture settings``: what a group gives to its jobs."""

from __future__ import annotations

from typing import Any, TextIO

import click

from couture_ops.cli.assignments import ASIDE, AssignmentCommand, parse_assignments, read_values
from couture_ops.cli.connection import Api
from couture_ops.cli.content import show_content
from couture_ops.cli.dependencies import jars, py_files
from couture_ops.cli.errors import NotSetError, SecretInArgvError, StaleFileError, StaleSaveError
from couture_ops.cli.kerberos import choose_text, keytab, krb5, principal
from couture_ops.cli.options import examples, group_argument, note_option, output_option, with_api
from couture_ops.cli.output import emit, say
from couture_ops.cli.saving import current_group, patch_content, report_save

env_option = click.option("--env", "environment", is_flag=True, help="KEY is an environment variable.")


@click.group(
    epilog=examples("couture settings show prod", "couture settings set prod executor-memory=8g --note 'bigger joins'")
)
def settings() -> None:
    """Settings: what a group gives to its jobs.

    Arguments of spark-submit, properties, environment variables, dependencies, Kerberos. Every save is a new
    revision.
    """


@settings.command("show", epilog=examples("couture settings show prod", "couture settings show prod --output json"))
@group_argument
@output_option
@with_api
def show_settings(api: Api, group: str, output: str) -> None:
    """Show the settings of a group.

    Values of secrets are never shown.
    """
    content = current_group(api, group)["content"]
    emit(content, output, lambda: show_content(content))


@settings.command(
    "set",
    cls=AssignmentCommand,
    epilog=examples(
        "couture settings set prod executor-memory=8g executor-cores=4",
        "couture settings set prod spark.sql.shuffle.partitions=64 --final --note 'the cluster has 64 cores'",
        "couture settings set prod TZ=UTC --env",
        "couture settings set prod spark.my.apikey=- --secret",
        "pass show apikey | couture settings set prod spark.my.apikey=- --secret",
    ),
)
@group_argument
@click.argument("assignments", metavar="KEY=VALUE...", nargs=-1, required=True)
@env_option
@click.option("--final/--no-final", default=None, help="No DAG may override it.")
@click.option("--secret/--no-secret", default=None, help="Stored encrypted, never shown; give it as KEY=-")
@click.option("--setting-note", metavar="TEXT", help="A remark that stays with the settings.")
@note_option
@output_option
@with_api
def set_settings(
    api: Api,
    group: str,
    assignments: tuple[str, ...],
    environment: bool,
    final: bool | None,
    secret: bool | None,
    setting_note: str | None,
    note: str,
    output: str,
) -> None:
    """Set settings of a group.

    KEY is an option of spark-submit without its dashes (executor-memory), or a property when it holds a dot
    (spark.sql.shuffle.partitions). A VALUE of - is asked for, hidden, or read from standard input. Marks and
    remarks that a setting has stay as they are unless you change them.
    """
    values = parse_assignments(assignments)
    if secret:
        _refuse_literals(values)
    before = current_group(api, group)
    marks = {"final": final, "secret": secret, "note": setting_note}
    changes: dict[str, dict[str, Any]] = {}
    for key, value in read_values(values).items():
        section = section_of(key, environment)
        known = before["content"][section].get(key) or {}
        if known.get("secret") and secret is None and values[key] != ASIDE:
            raise SecretInArgvError(key, group)
        changes.setdefault(section, {})[key] = _setting(known, value, marks)
    after = patch_content(api, before, changes, note)
    report_save(before, after, output)
    for section, names in changes.items():
        _warn_of_secrets(after["content"][section], [name for name in names if values[name] != ASIDE])


def _warn_of_secrets(settings: dict[str, Any], literals: list[str]) -> None:
    """The store takes settings of some names for secrets, whether asked to or not."""
    for name in literals:
        if settings.get(name, {}).get("secret"):
            say(
                f"Warning: {name} is kept as a secret, but its value stood on the command line, where other "
                f"users of this machine could read it. Next time write {name}=-"
            )


def section_of(key: str, environment: bool) -> str:
    """The part of a content that holds the key."""
    if environment:
        return "environment"
    return "configurations" if "." in key else "arguments"


def _refuse_literals(values: dict[str, str]) -> None:
    for key, value in values.items():
        if value != ASIDE:
            raise click.UsageError(
                f"The value of the secret {key} stands on the command line, where every user of this machine "
                f"can read it and the shell keeps it. Write {key}=- to type it hidden or to give it on "
                "standard input."
            )


def _setting(known: dict[str, Any], value: str, marks: dict[str, Any]) -> dict[str, Any]:
    none = {"final": False, "secret": False, "note": ""}
    kept = {mark: known.get(mark, none[mark]) for mark in none}
    return {"value": value, **kept, **{mark: wish for mark, wish in marks.items() if wish is not None}}


@settings.command(
    "unset",
    epilog=examples(
        "couture settings unset prod executor-cores spark.speculation", "couture settings unset prod TZ --env"
    ),
)
@group_argument
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@env_option
@note_option
@output_option
@with_api
def unset_settings(api: Api, group: str, keys: tuple[str, ...], environment: bool, note: str, output: str) -> None:
    """Remove settings from a group."""
    before = current_group(api, group)
    changes: dict[str, dict[str, None]] = {}
    for key in keys:
        section = section_of(key, environment)
        _demand_set(before, section, key)
        changes.setdefault(section, {})[key] = None
    report_save(before, patch_content(api, before, changes, note), output)


def _demand_set(detail: dict[str, Any], section: str, key: str) -> None:
    known = detail["content"][section]
    if key not in known:
        from difflib import get_close_matches

        raise NotSetError(key, detail["name"], get_close_matches(key, known))


@settings.command(
    "spark-home",
    epilog=examples(
        "couture settings spark-home prod",
        "couture settings spark-home prod spark-4.2",
        "couture settings spark-home prod --clear",
    ),
)
@group_argument
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--clear", is_flag=True, help="Use the workers' default.")
@note_option
@output_option
@with_api
def spark_home(api: Api, group: str, name: str | None, clear: bool, note: str, output: str) -> None:
    """Choose the Spark distribution.

    By its name in [couture] spark_homes of the workers. Without a name: show it.
    """
    choose_text(api, group, "spark_home", name, clear, None, note, output)


@settings.command(
    "apply",
    epilog=examples(
        "couture groups show prod --output yaml > prod.yaml",
        "couture settings apply prod prod.yaml --note 'reviewed in pull request 12'",
        "couture settings apply prod - < prod.yaml",
    ),
)
@group_argument
@click.argument("file", metavar="FILE", type=click.File("r", encoding="utf-8"))
@click.option(
    "--revision",
    type=click.IntRange(min=1),
    help="The revision that the file was made from: refused when the group has moved on.",
)
@note_option
@output_option
@with_api
def apply_settings(api: Api, group: str, file: TextIO, revision: int | None, note: str, output: str) -> None:
    """Save a whole content from a file.

    What the JSON or YAML file does not name is removed. The file looks like the output of `groups show`
    or `settings show`. That of `groups show` tells its revision, and is refused when the group has moved
    on since. A secret without a value keeps the stored one. Hadoop files, keytab and krb5.conf stay as
    they are: they have commands of their own.
    """
    from couture_ops.cli.settings_file import read_settings_file

    content, taken_from = read_settings_file(file.name, file)
    before = current_group(api, group)
    made_from = revision or taken_from
    document = {"content": content, "note": note}
    try:
        after = api.send("PUT", "groups", group, "content", json=document, revision=made_from or before["revision"])
    except StaleSaveError as error:
        if made_from is None:
            raise
        raise StaleFileError(error.problem, group) from error
    report_save(before, after, output)


for command in (jars, py_files, principal, keytab, krb5):
    settings.add_command(command)
