"""``airflow couture rotate-secrets``: every stored secret under the first of Airflow's Fernet keys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from airflow.cli.cli_config import ARG_VERBOSE, ActionCommand, lazy_load_command
from airflow.utils.cli import suppress_logs_and_warning

from config_store.counting import counted

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """
Encrypts the secrets of every revision of every group, keytabs too, with the first key of [core] fernet_key.
Airflow's own `airflow rotate-fernet-key` does so for connections and variables only: run both, before you drop
the old key. Revisions keep their numbers, authors and contents. It may run beside API servers and tasks, and be
repeated. A secret that no key opens is named, and the others are rotated nevertheless; then the status is 1.

Example:
  export AIRFLOW__CORE__FERNET_KEY=NEW,OLD   (on every API server, and restart them)
  airflow rotate-fernet-key && airflow couture rotate-secrets
  export AIRFLOW__CORE__FERNET_KEY=NEW
"""


def rotate_command() -> ActionCommand:
    """What Airflow's command line adds."""
    return ActionCommand(
        name="rotate-secrets",
        help="Encrypt the store's secrets with the first Fernet key, so that older ones may be dropped",
        description=DESCRIPTION,
        func=lazy_load_command("admin_views.rotate_command.run_rotate"),
        args=(ARG_VERBOSE,),
    )


@suppress_logs_and_warning
def run_rotate(_arguments: argparse.Namespace) -> None:
    """See DESCRIPTION; ends the process with a sentence and status 1 when a secret could not be rotated."""
    from admin_views.installation import NotInstalled
    from config_store.errors import StoreError
    from config_store.secrets import NoSecretKey

    try:
        _rotate()
    except (NotInstalled, NoSecretKey) as error:
        raise SystemExit(str(error)) from error
    except StoreError as error:
        raise SystemExit(f"{error}\nWhat was rotated before stays rotated; then run it again.") from error


def _rotate() -> None:
    from admin_views.audit import record_command
    from admin_views.configuration import read_server_settings
    from admin_views.database import open_database
    from admin_views.installation import check_tables
    from config_store.rotation import rotate_secrets
    from config_store.secrets import FernetCipher

    server = read_server_settings()
    try:
        FernetCipher(server.fernet_keys)
    except ValueError as error:
        raise SystemExit(f"[core] fernet_key holds what is no Fernet key: {error}") from error
    check_tables(server)
    database = open_database(server)
    record_command("secrets.rotate.begin", "the secrets of all groups", keys=len(server.fernet_keys))
    try:
        done = rotate_secrets(database, server.fernet_keys, _progress)
    finally:
        database.engine.dispose()
    record_command(
        "secrets.rotate.end",
        "the secrets of all groups",
        secrets=done.secrets,
        revisions=done.revisions,
        unreadable=len(done.unreadable),
    )
    print(
        f"Rotated {counted(done.secrets, 'secret')} in {counted(done.revisions, 'revision')}; {done.current:,} "
        f"{'was' if done.current == 1 else 'were'} encrypted with the first key already."
    )
    if done.unreadable:
        raise SystemExit("\n".join([*map(str, done.unreadable), "Keep every key until these are mended."]))


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
