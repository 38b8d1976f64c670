"""``airflow couture clean``: old receipts, hidden versions, blobs nobody needs; shown first, removed with --yes."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow.cli.cli_config import ARG_VERBOSE, ARG_YES, ActionCommand, Arg, lazy_load_command
from airflow.utils.cli import suppress_logs_and_warning

from config_store.counting import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from config_store.blobs.protocol import Blob, BlobStorage, Leftover
    from config_store.cleaning import Limits, Litter, Removed
    from config_store.database import Database

DESCRIPTION = """
Finds what nobody needs any more, and shows it with counts and sizes; with --yes it is removed.

Always: blobs (bytes of artifacts and configuration files) that no revision of any group, no version and no receipt
names, and unfinished uploads, both older than a day. Only if asked: receipts that ended long ago, and versions that
were deleted long ago and that no receipt and no revision uses. Receipts of submissions that have not ended stay.
It may run beside API servers and tasks. What is removed is gone: back up the database and [couture] blob_root.

Examples:
  airflow couture clean
  airflow couture clean --receipts-older-than 90d
  airflow couture clean --receipts-older-than 90d --hidden-versions-older-than 26w --yes
"""

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_AGE = re.compile(r"(\d{1,5})([hdw])")


def age(text: str) -> timedelta:
    """An age such as ``90d``, ``12h`` or ``26w``."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age; write a number and h, d or w, such as 90d")
    return int(match.group(1)) * _UNITS[match.group(2)]


def clean_command() -> ActionCommand:
    """What Airflow's command line adds."""
    return ActionCommand(
        name="clean",
        help="Show, and with --yes remove, what nobody needs any more",
        description=DESCRIPTION,
        func=lazy_load_command("admin_views.clean_command.run_clean"),
        args=(
            _age_option("--receipts-older-than", "receipts too that ended so long ago, such as 90d"),
            _age_option("--hidden-versions-older-than", "unused versions too that were deleted so long ago"),
            ARG_YES,
            ARG_VERBOSE,
        ),
    )


def _age_option(flag: str, meaning: str) -> Arg:
    return Arg((flag,), type=age, metavar="AGE", help=meaning)  # type: ignore[no-untyped-call]  # Airflow's


@suppress_logs_and_warning
def run_clean(arguments: argparse.Namespace) -> None:
    """See DESCRIPTION; ends the process with a sentence and status 1 when the store can't be cleaned."""
    from admin_views.installation import NotInstalled
    from config_store.errors import StoreError

    try:
        _clean(arguments)
    except (NotInstalled, StoreError) as error:
        raise SystemExit(str(error)) from error


def _clean(arguments: argparse.Namespace) -> None:
    from admin_views.configuration import read_server_settings
    from admin_views.database import open_database
    from admin_views.installation import check_tables
    from config_store.blobs.opening import open_blobs
    from config_store.cleaning import find_litter, limits_at

    server = read_server_settings()
    check_tables(server)
    blobs = open_blobs(server.blob_root, server.blob_storage_options)
    database = open_database(server)
    limits = limits_at(
        datetime.now(UTC),
        receipts_older_than=arguments.receipts_older_than,
        hidden_versions_older_than=arguments.hidden_versions_older_than,
    )
    try:
        litter = find_litter(database, blobs, limits, _progress)
        print("\n".join(_found(litter)))
        if not litter:
            print("There is nothing to remove.")
        elif arguments.yes:
            print("\n".join(_remove(database, blobs, limits, litter)))
        else:
            print("Nothing was removed; run it again with --yes to remove this.")
    finally:
        database.engine.dispose()


def _remove(database: Database, blobs: BlobStorage, limits: Limits, litter: Litter) -> list[str]:
    """Remove it, between two audit rows: what is to go, and what went."""
    from admin_views.audit import record_command
    from config_store.cleaning import remove_litter

    record_command(
        "clean.begin",
        "the store",
        receipts=litter.receipts,
        versions=[str(version) for version in litter.versions],
        blobs=[blob.sha256 for blob in litter.blobs],
        unfinished_uploads=len(litter.leftovers),
    )
    removed = remove_litter(database, blobs, limits, litter, _progress)
    record_command(
        "clean.end",
        "the store",
        receipts=removed.receipts,
        versions=removed.versions,
        blobs=[blob.sha256 for blob in removed.blobs],
        unfinished_uploads=len(removed.leftovers),
    )
    return list(_removed(removed))


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _found(litter: Litter) -> Iterator[str]:
    stay = f" ({litter.open_receipts:,} as old have not ended, and stay)" if litter.open_receipts else ""
    names = f": {_listed(litter.versions)}" if litter.versions else ""
    yield f"old receipts          {litter.receipts:>9,}{stay}"
    yield f"unused hidden versions{len(litter.versions):>9,}{names}"
    yield f"unneeded blobs        {len(litter.blobs):>9,}  {_size(litter.blobs)}"
    yield f"unfinished uploads    {len(litter.leftovers):>9,}  {_size(litter.leftovers)}"


def _removed(removed: Removed) -> Iterator[str]:
    yield (
        f"Removed {counted(removed.receipts, 'receipt')}, {counted(removed.versions, 'version')}, "
        f"{counted(len(removed.blobs), 'blob')} ({_size(removed.blobs)}) and "
        f"{counted(len(removed.leftovers), 'unfinished upload')} ({_size(removed.leftovers)})."
    )
    if removed.kept_blobs:
        yield f"{counted(removed.kept_blobs, 'blob')} stayed, in use since a moment ago."


def _listed(versions: Iterable[object], most: int = 10) -> str:
    names = [str(version) for version in versions]
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def _size(parts: Iterable[Blob | Leftover]) -> str:
    size = float(sum(part.size for part in parts))
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"
