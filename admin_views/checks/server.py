"""The checks of a machine that serves the API: database, access, blobs, and every config group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from admin_views.checks.access import check_keys, check_permissions, check_plugin, usable_keys
from admin_views.checks.database import check_database, missing_file
from admin_views.checks.masters import look_at_masters
from admin_views.checks.storage import check_storage, open_storage
from admin_views.database import open_database
from admin_views.key_catalogues import InstalledCatalogues
from config_store.blob_check import check_artifacts
from config_store.errors import StorageMisconfigured, UnknownGroup
from config_store.group_check import asked_spark_homes, check_group, live_group_names
from config_store.schema_check import read_schema
from config_store.secrets import FernetCipher
from config_store.wire import Finding
from couture_ops.checks.runner import Check
from couture_ops.checks.spark import check_spark_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from admin_views.configuration import ServerSettings
    from config_store.database import Database
    from couture_ops.checks.runner import Watch


_NO_STORAGE = "The blob storage can't be opened; see the check of the blob storage."


@dataclass(frozen=True)
class Scope:
    """What is asked for: one group or (None) all of them; ``deep``: the bytes of all blobs."""

    group: str | None = None
    deep: bool = False


def server_checks(server: ServerSettings, scope: Scope) -> list[Check]:
    """The checks of this server, in the order in which one fault explains the next."""
    database, own = open_database(server), server.sql_alchemy_conn is not None
    return [
        Check("plugin", "airflow plugins", lambda _: [check_plugin()]),
        Check("database", "the store's database", lambda _: check_database(database, own)),
        Check("permissions", "the roles of Airflow", lambda _: [check_permissions()]),
        Check("fernet key", "[core] fernet_key", lambda _: [check_keys(server.fernet_keys)]),
        Check("blob storage", "[couture] blob_root", lambda _: check_storage(server)),
        _store_check("artifacts", database, partial(_artifacts, database, server, scope)),
        Check("master dags", "the DAGs that start others", lambda _: look_at_masters()),
        _store_check("groups", database, partial(_groups, database, server, scope)),
    ]


def spark_names_check(server: ServerSettings, known: Sequence[str]) -> Check:
    """Whether this machine, which runs tasks too, knows the Sparks that groups name; ``known``: its spark_homes."""
    database = open_database(server)

    def look(_watch: Watch) -> Iterable[Finding]:
        with database.reading() as session:
            return list(check_spark_names(asked_spark_homes(session), known))

    return _store_check("spark homes", database, look)


def _store_check(name: str, database: Database, look: Callable[[Watch], Iterable[Finding]]) -> Check:
    """A check that needs the store's tables; without them it says so, because another check tells why."""

    def guarded(watch: Watch) -> Iterable[Finding]:
        if not _has_tables(database):
            return [Finding.skipped(name, "the store", "Its tables can't be read; see the check of the database.")]
        return look(watch)

    return Check(name, "the store", guarded)


def _has_tables(database: Database) -> bool:
    if missing_file(str(database.engine.url)):
        return False
    try:
        return not read_schema(database.engine).missing
    except SQLAlchemyError:  # the check of the database tells it
        return False


def _artifacts(database: Database, server: ServerSettings, scope: Scope, watch: Watch) -> Iterator[Finding]:
    if scope.group is not None:
        yield Finding.skipped("artifacts", "the newest versions", "Only one config group was asked for.")
        return
    try:
        blobs = open_storage(server)
    except StorageMisconfigured:
        yield Finding.skipped("artifacts", "the newest versions", _NO_STORAGE)
        return
    with database.reading() as session:
        yield from check_artifacts(session, blobs, deep=scope.deep, progress=watch.progress)


def _groups(database: Database, server: ServerSettings, scope: Scope, watch: Watch) -> Iterator[Finding]:
    cipher = FernetCipher(usable_keys(server.fernet_keys))
    try:
        blobs = open_storage(server)
    except StorageMisconfigured:
        yield Finding.skipped("groups", "the config groups", _NO_STORAGE)
        return
    keys = InstalledCatalogues(builds=False)
    with database.reading() as session:
        names = [scope.group] if scope.group is not None else live_group_names(session)
        if not names:
            advice = "Make one: couture groups create default"
            yield Finding.warning("groups", "the config groups", "There are none; no job can run.", advice)
        for name in names:
            try:
                yield from check_group(
                    session,
                    blobs,
                    cipher,
                    name,
                    deep=scope.deep,
                    progress=watch.progress,
                    find_catalogue=keys.find,
                )
            except UnknownGroup as error:
                yield Finding.fault("groups", f"config group {name}", str(error), "Name one of these in --group.")
