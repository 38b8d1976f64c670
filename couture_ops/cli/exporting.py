"""``couture export``: the configuration as text files, in a folder or one tar.gz."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from couture_ops.cli.connection import Api
from couture_ops.cli.errors import ExportTargetError
from couture_ops.cli.options import examples, output_option, with_api
from couture_ops.cli.output import emit, tell
from couture_ops.cli.progress import progress_bar

ARCHIVE = (".tar.gz", ".tgz")


@click.command(
    "export",
    epilog=examples(
        "couture export conf",
        "couture export backup.tar.gz --artifacts",
        "couture export staging --group staging",
    ),
)
@click.argument("target", metavar="DIR|FILE.tar.gz", type=click.Path(path_type=Path))
@click.option("--group", "names", metavar="NAME", multiple=True, help="Only this group; may be given several times.")
@click.option("--artifacts", is_flag=True, help="With the bytes of the jars and python files.")
@output_option
@with_api
def export(api: Api, target: Path, names: tuple[str, ...], artifacts: bool, output: str) -> None:
    """Write the configuration as text files.

    Groups as YAML, Hadoop files as they are, artifacts by name and digest. Secrets stand as names
    (COUTURE_SECRET_…), never as values. The same configuration gives the same bytes. A folder that holds an
    export already gets the new one in its place; what else lies in it, or among the groups, stays.
    """
    params: dict[str, Any] = {"group": list(names) or None, "artifacts": "true" if artifacts else None}
    if target.name.endswith(ARCHIVE):
        _to_archive(api, target, params)
    else:
        _to_folder(api, target, params, whole=not names)
    document = {"exported": str(target), "groups": list(names) or None, "artifacts": artifacts}
    emit(document, output, lambda: tell(f"Exported {', '.join(names) or 'all groups'} to {target}."))


def _to_archive(api: Api, target: Path, params: dict[str, Any]) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".couture-")
    try:
        with os.fdopen(handle, "wb") as file:
            _receive(api, params, file)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _receive(api: Api, params: dict[str, Any], file: BinaryIO) -> None:
    with progress_bar("Export", None) as moved, api.download("transfer", "export", params=params) as blocks:
        for block in blocks:
            file.write(block)
            moved(len(block))


def _to_folder(api: Api, target: Path, params: dict[str, Any], *, whole: bool) -> None:
    from couture_ops.cli.tree import ROOTS, copy_others, unpack

    _check_target(target, ROOTS, whole=whole)
    target.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        new = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=target, prefix=".couture-")))
        packed = stack.enter_context(tempfile.TemporaryFile(dir=target))
        _receive(api, params, cast("BinaryIO", packed))
        packed.seek(0)
        unpack(cast("BinaryIO", packed), new)
        copy_others(target, new)
        _exchange(target, new, ROOTS)


def _exchange(target: Path, new: Path, roots: tuple[str, ...]) -> None:
    """Put the new in place of the old: it goes aside name by name, and away when the new is complete.

    What breaks that half-way leaves all as it was. Raises ExportTargetError when not even that can be done.
    """
    fresh = {name for name in roots if (new / name).exists()}
    old = Path(tempfile.mkdtemp(dir=target, prefix=".couture-old-"))
    try:
        for name in roots:
            if os.path.lexists(target / name):
                (target / name).replace(old / name)
            if name in fresh:
                (new / name).replace(target / name)
    except BaseException:
        try:
            _put_back(target, new, old, fresh)
        except OSError as error:
            raise ExportTargetError(target, f"is half exported ({error}); what was there lies in {old}") from error
        raise
    shutil.rmtree(old)


def _put_back(target: Path, new: Path, old: Path, fresh: set[str]) -> None:
    for name in fresh:
        if not (new / name).exists():  # it is in place already
            (target / name).replace(new / name)
    for path in list(old.iterdir()):
        path.replace(target / path.name)
    old.rmdir()


def _check_target(target: Path, roots: tuple[str, ...], *, whole: bool) -> None:
    """Raise ExportTargetError for a folder in which something of the names is there, and is no export."""
    there = [name for name in roots if os.path.lexists(target / name)]
    if there and not whole:
        raise ExportTargetError(target, "holds an export already; export single groups into a folder of their own")
    if there and "couture.yaml" not in there:
        raise ExportTargetError(target, f"holds {', '.join(there)}, but no couture.yaml: it may not be an export")
