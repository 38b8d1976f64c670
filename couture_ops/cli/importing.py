"""``couture import``: text files into the store: show what would change, ask, and do all of it or nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

import click

from couture_ops.cli.connection import TRANSFER_TIMEOUT_S, Api
from couture_ops.cli.errors import (
    LackingPermissionsError,
    MissingSecretsError,
    NoTerminalError,
    SecretsFileError,
)
from couture_ops.cli.options import examples, note_option, output_option, with_api, yes_option
from couture_ops.cli.output import emit, print_table, say, tell, title
from couture_ops.cli.progress import progress_bar
from couture_ops.cli.texts import counted

if TYPE_CHECKING:
    from couture_ops.cli.tree import Tree

PREFIX = "COUTURE_SECRET_"
#: The exit code of a dry run that finds differences, as diff and terraform have it (there 1 and 2; 1 is our error).
DIFFERENCES = 2


prune_option = click.option("--prune", is_flag=True, help="Delete the groups that the files do not have.")
secrets_option = click.option(
    "--secrets-from",
    "secrets_file",
    metavar="FILE",
    type=click.File("r", encoding="utf-8"),
    help="YAML or JSON with a value for each name.  [default: the environment]",
)


class OneForWrongUsage(click.Command):
    """A command whose exit code 2 has a meaning of its own: wrong usage ends with 1."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with another exit code."""
        with self._one():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, with another exit code."""
        with self._one():
            return super().invoke(ctx)

    @staticmethod
    @contextmanager
    def _one() -> Iterator[None]:
        try:
            yield
        except click.UsageError as error:
            vars(error)["exit_code"] = 1
            raise


@click.command(
    "import",
    cls=OneForWrongUsage,
    epilog=examples(
        "couture import conf --dry-run",
        "couture import conf --note 'pull request 12'",
        "couture import backup.tar.gz --yes --prune",
        "couture import conf --secrets-from secrets.yaml",
    ),
)
@click.argument("source", metavar="DIR|FILE.tar.gz", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show it. Exit code 0: nothing to do, 2: differences, 1: error.")
@prune_option
@secrets_option
@note_option
@yes_option
@output_option
@with_api
def import_(
    api: Api,
    source: Path,
    dry_run: bool,
    prune: bool,
    secrets_file: TextIO | None,
    note: str,
    yes: bool,
    output: str,
) -> None:
    """Bring the store to what text files say.

    Shows the differences and the DAGs of the last 30 days that they touch, and asks. Then all of it is done, each
    changed group as one revision, or nothing. A secret that has no value here keeps the stored one; values come
    from --secrets-from, else from the environment, else a terminal is asked. Artifacts are added, never deleted.
    """
    from couture_ops.cli.tree import read_tree

    tree = read_tree(source)
    plan, values = make_plan(api, tree, prune, given_values(secrets_file))
    if dry_run or not plan["differs"]:
        emit(plan, output, lambda: show_plan(plan))
        sys.exit(DIFFERENCES if plan["differs"] else 0)
    if output == "table":
        show_plan(plan)
    else:
        say(f"{counted(len(_change_rows(plan)), 'difference')}.")
    _demand_permissions(plan)
    values |= _asked_values(plan)
    _confirm(plan, yes)
    options = {
        "prune": prune,
        "carried": tree.carried,
        "secrets": values,
        "plan": plan["digest"],
        "bases": {group["name"]: group["base"] for group in plan["groups"]},
        "uploads": _upload(api, tree, plan),
        "note": note,
    }
    done = api.send("POST", "transfer", "apply", content=tree.pack(options), answer_within_s=TRANSFER_TIMEOUT_S)
    emit(done, output, lambda: show_done(done))


def make_plan(api: Api, tree: Tree, prune: bool, given: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The plan of the server, and those of the given values that the files name."""
    options = {"prune": prune, "carried": tree.carried}
    plan = api.send("POST", "transfer", "plan", content=tree.pack(options), answer_within_s=TRANSFER_TIMEOUT_S)
    named = {secret["name"] for secret in plan["secrets"]}
    values = {name: value for name, value in given.items() if name in named}
    if values and plan["compares_secrets"]:
        # The server compares: a secret may differ where nothing else does.
        plan = api.send(
            "POST",
            "transfer",
            "plan",
            content=tree.pack({**options, "secrets": values}),
            answer_within_s=TRANSFER_TIMEOUT_S,
        )
    return plan, values


def given_values(file: TextIO | None) -> dict[str, str]:
    """The values of a file, else those of the environment."""
    if file is None:
        return {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    import yaml

    from couture_ops.cli.settings_file import SpelledLoader

    try:
        document = SpelledLoader(file.read()).get_single_data()
    except (ValueError, yaml.YAMLError) as error:
        # What the parser says of the place may hold a value.
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise SecretsFileError(file.name, f"is no YAML{line}") from None
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise SecretsFileError(file.name, "holds no mapping of names to texts")
    return {str(name): value for name, value in document.items()}


def _asked_values(plan: Mapping[str, Any]) -> dict[str, str]:
    """What a terminal gives for the missing secrets; raises MissingSecretsError without one."""
    missing = [secret for secret in plan["secrets"] if secret["state"] == "missing"]
    if missing and not sys.stdin.isatty():
        raise MissingSecretsError([(secret["name"], secret["group"], secret["where"]) for secret in missing])
    values: dict[str, str] = {}
    for secret in missing:
        form = " (base64 of the file)" if secret["where"] == "keytab" else ""
        if secret["name"] not in values:
            values[secret["name"]] = click.prompt(f"{secret['name']}{form}", hide_input=True, err=True)
    return values


def _confirm(plan: Mapping[str, Any], yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise NoTerminalError("Importing asks first", "Add --yes, or --dry-run to see only what would change.")
    groups = counted(sum(group["deed"] != "keep" for group in plan["groups"]), "group")
    click.confirm(f"Import this ({groups})?", abort=True, err=True)


def _upload(api: Api, tree: Tree, plan: Mapping[str, Any]) -> dict[str, str]:
    """Sends the bytes that the store lacks; digest -> receipt."""
    # a file that is both code and dependency goes once: either kind will do
    kinds = {step["sha256"]: step["kind"] for step in plan["artifacts"] if step["upload"]}
    receipts: dict[str, str] = {}

    def send(sha256: str, size: int, file: BinaryIO) -> None:
        from couture_ops.cli.transfer import blocks_of

        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        with progress_bar(f"Upload {sha256[:12]}", size) as moved:
            path = ("transfer", "blobs", kinds[sha256], sha256)
            _, answer = api.upload(*path, method="PUT", params={}, blocks=blocks_of(file, moved), headers=headers)
        receipts[sha256] = answer["receipt"]

    if kinds:
        tree.send_artifacts(set(kinds), send)
    return receipts


def _demand_permissions(plan: Mapping[str, Any]) -> None:
    """Raises LackingPermissionsError, before anything is asked for or sent."""
    if lacking := [need_text(need) for need in plan["needs"] if not need["granted"]]:
        raise LackingPermissionsError(lacking)


def need_text(need: Mapping[str, Any]) -> str:
    """``can_edit on Couture Config Groups``."""
    return f"{need['permission']} on {need['resource']}"


def show_plan(plan: Mapping[str, Any]) -> None:
    """Prints what an import would do."""
    if not plan["differs"]:
        tell("Nothing to do: the store is what the files say.")
    else:
        print_table(("GROUP", "WHERE", "STORE", "FILES"), _change_rows(plan))
    if rows := _artifact_rows(plan["artifacts"]):
        title("Artifacts")
        print_table(("", "KIND", "NAME", "VERSION", "SHA256"), rows)
    if plan["differs"]:
        title("DAGs of the last 30 days")
        tell(", ".join(plan["dags"]) or "none")
    _show_secrets(plan["secrets"])
    _show_needs(plan["needs"])


def _change_rows(plan: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for group in plan["groups"]:
        if group["deed"] in ("create", "delete"):
            rows.append((group["name"], "(the group)", *_DEEDS[group["deed"]]))
        rows += [(group["name"], c["where"], _value(c["old"]), _value(c["new"])) for c in group["changes"]]
    if default := plan["default"]:
        rows.append(("", "default group", _value(default["old"]), _value(default["new"])))
    for artifact in plan["artifacts"]:
        if artifact["deed"] in ("add", "restore"):
            version = artifact["version"] or "next"
            rows.append(("", f"{artifact['kind']} {artifact['name']}", "(not there)", f"version {version}"))
    return rows


_DEEDS = {"create": ("(not there)", "new"), "delete": ("there", "(deleted)")}


def _value(value: str | None) -> str:
    return "(not set)" if value is None else value


def _artifact_rows(artifacts: Sequence[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """The versions that the manifest lists and nobody has: told, for a group may need them one day."""
    return [
        ("not in the store", step["kind"], step["name"], step["version"], step["sha256"])
        for step in artifacts
        if step["deed"] == "absent"
    ]


def _show_secrets(secrets: Sequence[Mapping[str, Any]]) -> None:
    rows = [(s["name"], s["group"], s["where"]) for s in secrets if s["state"] == "missing"]
    if rows:
        title("Secrets whose values the import needs, and that have none here")
        print_table(("NAME", "GROUP", "WHERE"), rows)


def _show_needs(needs: Sequence[Mapping[str, Any]]) -> None:
    """Which permissions the importer needs: told to who may not import, for he only plans."""
    if not all(need["granted"] for need in needs):
        title("Permissions that the import needs")
        tell(", ".join(map(need_text, needs)))


def show_done(done: Mapping[str, Any]) -> None:
    """Prints what an import did."""
    for artifact in done["artifacts"]:
        tell(f"Added {artifact['name']} ({artifact['kind']}).")
    for group in done["groups"]:
        tell(_done_line(group))
    if done["default"]:
        tell(f"{done['default']['new']} is the default.")


def _done_line(group: Mapping[str, Any]) -> str:
    if group["deed"] == "delete":
        return f"Deleted {group['name']}."
    if group["deed"] == "create":
        return f"Created {group['name']}, revision {group['revision']}."
    return f"Saved {group['name']}, now at revision {group['revision']}."
