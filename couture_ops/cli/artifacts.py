"""``couture artifacts``: the jars and python files that tasks run and groups add."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.errors import FileExistsHereError, UnknownVersionError
from couture_ops.cli.listing import ListingGroup
from couture_ops.cli.options import (
    KINDS,
    confirm,
    empty_list,
    examples,
    force_option,
    kind_argument,
    note_option,
    output_option,
    paging_options,
    say_what_is_left,
    with_api,
    yes_option,
)
from couture_ops.cli.output import emit, print_fields, print_table, tell, title
from couture_ops.cli.texts import size_text, time_text

name_argument = click.argument("name", metavar="NAME")


@click.group(
    cls=ListingGroup,
    epilog=examples("couture artifacts", "couture artifacts upload code ratings.py --note 'new model'"),
)
def artifacts() -> None:
    """Artifacts: jars and python files.

    Code is what a task runs, dependencies are what groups add. Without a command: the list.
    """


@artifacts.command(
    "list",
    epilog=examples(
        "couture artifacts", "couture artifacts list code --search ratings", "couture artifacts list --hidden"
    ),
)
@click.argument("kind", metavar="[code|dependencies]", required=False, type=click.Choice(KINDS))
@click.option("--search", metavar="TEXT", help="Only artifacts whose name holds it.")
@click.option("--hidden", is_flag=True, help="Deleted ones too.")
@paging_options
@output_option
@with_api
def list_artifacts(
    api: Api, kind: str | None, search: str | None, hidden: bool, limit: int, offset: int, output: str
) -> None:
    """List the artifacts of a kind, or of both."""
    query = {"search": search, "hidden": "true" if hidden else None, "limit": limit, "offset": offset}
    pages = [api.read("artifacts", one, params=query) for one in ([kind] if kind else KINDS)]
    both = {
        "items": [item for page in pages for item in page["items"]],
        "total": sum(p["total"] for p in pages),
    }

    def show() -> None:
        print_table(
            ("KIND", "NAME", "NEWEST", "SIZE", "UPLOADED", "BY", "HIDDEN", "NOTE"),
            map(artifact_row, both["items"]),
            empty=empty_list(
                search is not None or offset > 0,
                f"There is no artifact yet. Upload the first: couture artifacts upload {kind or 'code'} FILE",
            ),
        )
        for page in pages:
            say_what_is_left(page, offset)

    emit(both, output, show)


def artifact_row(artifact: dict[str, Any]) -> tuple[object, ...]:
    """An artifact as a row of the list."""
    return (artifact["kind"], artifact["name"], *version_row(artifact))


def version_row(version: dict[str, Any]) -> tuple[object, ...]:
    """Version, size, time, author, hidden, note."""
    return (
        version["version"],
        size_text(version["size"]),
        time_text(version["uploaded_at"]),
        version["uploaded_by"],
        version["hidden"],
        version["note"],
    )


@artifacts.command("show", epilog=examples("couture artifacts show code ratings.py"))
@kind_argument
@name_argument
@output_option
@with_api
def show_artifact(api: Api, kind: str, name: str, output: str) -> None:
    """Show the versions and the users of an artifact."""
    artifact = api.read("artifacts", kind, name)

    def show() -> None:
        print_fields(
            [
                ("Artifact", f"{artifact['name']} ({artifact['kind']})"),
                ("Hidden", artifact["hidden"]),
                ("Newest", artifact["version"]),
                ("SHA256", artifact["sha256"]),
                ("Groups", ", ".join(artifact["used_by"]["groups"])),
            ]
        )
        title("Versions")
        print_table(
            ("VERSION", "SIZE", "UPLOADED", "BY", "HIDDEN", "NOTE", "SHA256"),
            ((*version_row(version), version["sha256"]) for version in artifact["history"]),
        )
        if dags := artifact["used_by"]["dags"]:
            title("DAGs")
            print_table(("DAG", "LAST USED"), ((dag["dag_id"], time_text(dag["last_used"])) for dag in dags))

    emit(artifact, output, show)


@artifacts.command(
    "upload",
    epilog=examples(
        "couture artifacts upload code ratings.py",
        "couture artifacts upload code target/ratings-1.4.jar --name ratings.jar --note 'release 1.4'",
        "couture artifacts upload dependencies postgresql.jar features.whl",
    ),
)
@kind_argument
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--name", metavar="NAME", help="Name of the artifact.  [default: that of the file]")
@note_option
@output_option
@with_api
def upload_artifacts(api: Api, kind: str, files: tuple[Path, ...], name: str | None, note: str, output: str) -> None:
    """Upload files as new versions.

    The same content again makes no new version.
    """
    from couture_ops.cli.transfer import upload_file

    if name and len(files) > 1:
        raise click.UsageError("--name names one artifact: give one file.")
    versions = []
    for file in files:
        version = upload_file(api, kind, name or file.name, file, note)
        versions.append(version)
        if output == "table":
            tell(upload_line(version))
    if output != "table":
        emit({"items": versions, "total": len(versions)}, output, lambda: None)


def upload_line(version: dict[str, Any]) -> str:
    """What came of an upload."""
    what = f"{version['name']} version {version['version']}"
    if not version["stored"]:
        return f"{what} has the same content: nothing new was stored."
    return f"Uploaded {what} ({size_text(version['size'])}, sha256 {version['sha256']})."


@artifacts.command(
    "download",
    epilog=examples(
        "couture artifacts download code ratings.py",
        "couture artifacts download code ratings.py --version 3 -o ratings-3.py",
        "couture artifacts download code ratings.py -o - | less",
    ),
)
@kind_argument
@name_argument
@click.option("--version", "number", type=click.IntRange(min=1), help="A version.  [default: the newest]")
@click.option("-o", "--output-file", metavar="FILE", help="Where to; - is stdout.  [default: NAME, here]")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@output_option
@with_api
def download_artifact(
    api: Api, kind: str, name: str, number: int | None, output_file: str | None, force: bool, output: str
) -> None:
    """Download a version.

    The file appears when it is complete and its digest is right.
    """
    from couture_ops.cli.transfer import download_file, print_file

    version = find_version(api.read("artifacts", kind, name), number)
    if output_file == "-":
        print_file(api, kind, name, version)
        return
    target = Path(output_file or name)
    if target.is_dir():
        target /= name
    if target.is_file() and not force:
        raise FileExistsHereError(target)
    download_file(api, kind, name, version, target)
    document = {"kind": kind, "name": name, **version, "file": str(target)}
    line = f"Downloaded {name} version {version['version']} to {target} ({size_text(version['size'])})."
    emit(document, output, lambda: tell(line))


def find_version(artifact: dict[str, Any], number: int | None) -> dict[str, Any]:
    """That version out of the artifact's history, the newest for None. Raises UnknownVersionError."""
    wanted = artifact["version"] if number is None else number
    for version in artifact["history"]:
        if version["version"] == wanted:
            found: dict[str, Any] = version
            return found
    raise UnknownVersionError(artifact["name"], wanted, [v["version"] for v in artifact["history"]])


@artifacts.command(
    "delete",
    epilog=examples(
        "couture artifacts delete code ratings.py",
        "couture artifacts delete code ratings.py --version 3 --yes",
    ),
)
@kind_argument
@name_argument
@click.option("--version", "number", type=click.IntRange(min=1), help="That version alone.")
@force_option
@yes_option
@output_option
@with_api
def delete_artifact(api: Api, kind: str, name: str, number: int | None, force: bool, yes: bool, output: str) -> None:
    """Hide an artifact or one of its versions.

    What a submission used stays readable. Refused, with the users' names, when a group or a DAG of the
    last 30 days uses it.
    """
    what = name if number is None else f"{name} version {number}"
    confirm(f"Delete {what}?", yes)
    version = () if number is None else ("versions", number)
    api.send("DELETE", "artifacts", kind, name, *version, params={"force": "true" if force else None})
    document = {"deleted": {"kind": kind, "name": name, "version": number}}
    emit(document, output, lambda: tell(f"Deleted {what}."))


@artifacts.command("restore", epilog=examples("couture artifacts restore code ratings.py"))
@kind_argument
@name_argument
@output_option
@with_api
def restore_artifact(api: Api, kind: str, name: str, output: str) -> None:
    """Bring a deleted artifact back."""
    artifact = api.send("POST", "artifacts", kind, name, "restore")
    emit(artifact, output, lambda: tell(f"Restored {artifact['name']}, newest version {artifact['version']}."))
