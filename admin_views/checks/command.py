"""``airflow couture check``: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from airflow.cli.cli_config import ARG_VERBOSE, ActionCommand, Arg, lazy_load_command
from airflow.utils.cli import suppress_logs_and_warning

from config_store.wire import Finding, Verdict

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from couture_ops.checks.runner import Check

DESCRIPTION = """
Looks at what an installation needs, names what is wrong, and says what to do. Changes nothing.

On a worker: Spark, its Java, the Python of jobs, the way to the API and its clock, the cache, the disks.
On a server: the plugin, the database and its tables, permissions, Fernet keys, the blob storage, artifacts, and
every config group (files, cluster, dependencies, secrets, keys).

Exit code: 0 all well, 1 a fault (with --strict a warning, too), 2 wrong usage. Progress goes to stderr.

Examples:
  airflow couture check
  airflow couture check --on worker --output json
  airflow couture check --on server --group prod --deep
"""

_SIDES = ("server", "worker", "all")
_MARKS = {Verdict.OK: "ok", Verdict.WARNING: "WARNING", Verdict.FAULT: "FAULT", Verdict.SKIPPED: "skipped"}
_SETTINGS = "[couture] in airflow.cfg, as a server reads it"
_MEND = "Mend it in airflow.cfg or in the environment, and run the check again for all that depends on it."


def check_command() -> ActionCommand:
    """The command as Airflow's command line adds it."""
    return ActionCommand(
        name="check",
        help="Find what is wrong with this installation, and say what to do",
        description=DESCRIPTION,
        func=lazy_load_command("admin_views.checks.command.run_check"),
        args=(
            _option("--on", choices=_SIDES, default="all", help="Which checks: of a server, of a worker, or both"),
            _option("--group", metavar="NAME", help="Of the config groups only this one"),
            _option("--output", choices=("table", "json", "yaml"), default="table", help="Form of the answer"),
            _option("--deep", action="store_true", help="Read every byte of the blobs, not only of small ones"),
            _option("--strict", action="store_true", help="Warnings fail, too"),
            ARG_VERBOSE,
        ),
    )


def _option(flag: str, **more: Any) -> Arg:
    return Arg((flag,), **more)  # type: ignore[no-untyped-call]


@suppress_logs_and_warning
def run_check(arguments: argparse.Namespace) -> None:
    """See DESCRIPTION; ends the process with its exit code."""
    from couture_ops.checks.runner import run_checks

    found: list[Finding] = []
    for finding in run_checks(chosen_checks(arguments.on, arguments.group, arguments.deep), _say):
        found.append(finding)
        if arguments.output == "table":
            print(_lines(finding), flush=True)
    print(_summary(found) if arguments.output == "table" else _document(found, arguments.output))
    sys.stdout.flush()
    raise SystemExit(exit_code(found, strict=arguments.strict))


def chosen_checks(on: str, group: str | None, deep: bool) -> Iterator[Check]:
    """The checks of the sides that were asked for, as far as they apply to this machine."""
    from couture_ops.checks.options import CHECK, check_options
    from couture_ops.checks.runner import Check, told
    from couture_ops.checks.worker import worker_checks

    yield Check(CHECK, "the names in [couture]", lambda _: check_options())
    known = None
    if on != "server":
        checks, known = worker_checks()
        yield from checks
    if on != "worker":
        try:
            checks = _server_checks(on, group, deep, known)
        except Exception as error:  # a value that is no number, a URL that is none: told, whatever it is
            checks = [told(Finding.fault("settings", _SETTINGS, str(error), _MEND))]
        yield from checks


def _server_checks(on: str, group: str | None, deep: bool, known: list[str] | None) -> list[Check]:
    """None on a machine that is only a worker: Airflow's default database is named, and nobody made it."""
    from airflow import settings

    from admin_views.checks.database import has_local_executor, missing_file
    from admin_views.checks.server import Scope, server_checks, spark_names_check
    from admin_views.configuration import read_server_settings
    from couture_ops.checks.runner import told

    server = read_server_settings()
    file = missing_file(server.sql_alchemy_conn or str(settings.SQL_ALCHEMY_CONN))
    if on == "all" and file and not has_local_executor():
        reason = f"No database is here ({file}), so this is no server; --on server looks all the same."
        return [told(Finding.skipped("server", "this machine", reason))]
    checks = server_checks(server, Scope(group, deep))
    # which Sparks groups ask for is known where the database is, and which are there, where tasks run
    return [*checks, spark_names_check(server, known)] if known is not None and group is None else checks


def exit_code(found: Sequence[Finding], *, strict: bool) -> int:
    """1 for a fault (``strict``: for a warning, too), else 0."""
    bad = {Verdict.FAULT, Verdict.WARNING} if strict else {Verdict.FAULT}
    return int(any(finding.verdict in bad for finding in found))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _lines(finding: Finding) -> str:
    """The finding as people read it, on a line of its own that a grep finds, the advice on the next."""
    line = (
        f"{_MARKS[finding.verdict]:<8} {finding.check:<13} {_one_line(finding.subject)}: {_one_line(finding.message)}"
    )
    return f"{line}\n{'':<8} {'':<13} -> {_one_line(finding.advice)}" if finding.advice else line


def _one_line(text: str) -> str:
    """Without line breaks and control characters: names in it were typed by others."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _summary(found: Sequence[Finding]) -> str:
    counts = Counter(finding.verdict for finding in found)
    words = {Verdict.FAULT: "faults", Verdict.WARNING: "warnings", Verdict.SKIPPED: "skipped", Verdict.OK: "ok"}
    return ", ".join(f"{word}: {counts[verdict]}" for verdict, word in words.items())


def _document(found: Sequence[Finding], output: str) -> str:
    counts = Counter(str(finding.verdict) for finding in found)
    document = {
        **{str(verdict): counts[verdict] for verdict in Verdict},
        "findings": [finding.model_dump(mode="json") for finding in found],
    }
    if output == "json":
        return json.dumps(document, indent=2, ensure_ascii=False)
    import yaml

    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).rstrip()
