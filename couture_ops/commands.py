"""``airflow couture …``: what runs on a worker; the whole table is that of admin_views/commands.py."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from airflow.cli.cli_config import ARG_VERBOSE, ActionCommand, Arg, lazy_load_command
from airflow.utils.cli import suppress_logs_and_warning

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from couture_ops.configuration import WorkerSettings

    Step = Callable[[Path, WorkerSettings, bool], None]

WARM_DESCRIPTION = """
Prepares what takes time once for each Spark home of [couture] spark_homes and for the default one.

On a worker it builds the archives of loaded classes with which a driver's JVM starts in about 0.6 of the time, for
the Java that JAVA_HOME (else PATH) leads to. Run it where the workers run, as their user and with their JAVA_HOME:
after an installation, and after every change of Spark or Java. An archive takes half a minute, about 180 MB below
[couture] cache_dir and, while it is built, 1.3 GB of memory. What is there already is kept; archives of what is gone
are removed. An archive that does not fit is never used: the job's log says so, and the job runs without it.

For the pages it lists the keys that Spark and its Hadoop know, with types, defaults and documentation: some seconds
and 2 MB below [couture] cache_dir, with a JDK of 11 or newer. An API server does so by itself at the first use;
--keys does nothing but that.

Examples:
  airflow couture warm
  airflow couture warm --keys
  airflow couture warm --spark-home spark4
  JAVA_HOME=/usr/lib/jvm/jdk-21 airflow couture warm --force
"""

_SPARK_HOME = Arg(("--spark-home",), metavar="NAME", help="Only this one of [couture] spark_homes, or `default`")  # type: ignore[no-untyped-call]
_FORCE = Arg(("--force",), help="Build anew what is there already", action="store_true")  # type: ignore[no-untyped-call]
_KEYS = Arg(("--keys",), help="Only list the keys of Spark and Hadoop, for the pages", action="store_true")  # type: ignore[no-untyped-call]


def warm_command() -> ActionCommand:
    """``airflow couture warm``."""
    return ActionCommand(
        name="warm",
        help="Build class archives, with which drivers start in about 0.6 of the time; list Spark's keys for the pages",
        description=WARM_DESCRIPTION,
        func=lazy_load_command("couture_ops.commands.run_warm"),
        args=(_SPARK_HOME, _KEYS, _FORCE, ARG_VERBOSE),
    )


@suppress_logs_and_warning
def run_warm(arguments: argparse.Namespace) -> None:
    """See WARM_DESCRIPTION; tells every fault on standard error and ends with status 1 when there was one."""
    from couture_ops.configuration import read_worker_settings
    from couture_ops.errors import CoutureError

    try:
        settings = read_worker_settings()
    except CoutureError as error:
        raise SystemExit(str(error)) from error
    if not settings.use_class_archive and not arguments.keys:
        _say("[couture] class_archive is off: no job uses an archive until it is auto.")
    names = [arguments.spark_home] if arguments.spark_home else spark_home_names(settings.spark_homes, os.environ)
    steps = (_list_keys,) if arguments.keys else (_build_archive, _list_keys)
    warmed = [_warm(name, settings, steps, force=arguments.force) for name in names]
    if not all(warmed):
        raise SystemExit(1)


def spark_home_names(spark_homes: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
    """The names of all Spark homes, each directory once; with the default one, unless only named ones exist."""
    from couture_ops.errors import CoutureError
    from couture_ops.workspace import find_spark_home

    names: dict[str, str] = {}
    for name, home in spark_homes.items():
        names.setdefault(home, name)
    try:
        names.setdefault(str(find_spark_home(None, spark_homes, environment)), "default")
    except CoutureError:
        if not names:
            return ["default"]  # and be told why there is none
    return list(names.values())


def _warm(name: str, settings: WorkerSettings, steps: Sequence[Step], *, force: bool) -> bool:
    """Whether every step succeeded for the Spark home of that name; faults are told, and end no other step."""
    from couture_ops.errors import CoutureError
    from couture_ops.workspace import find_spark_home

    try:
        home = find_spark_home(name, settings.spark_homes, os.environ)
    except CoutureError as error:
        return _tell(name, error)
    succeeded = True
    for step in steps:
        try:
            step(home, settings, force)
        except CoutureError as error:
            succeeded = _tell(name, error)
    return succeeded


def _tell(name: str, error: Exception) -> bool:
    print(f"Spark home {name!r}: {error}", file=sys.stderr, flush=True)
    return False


def _build_archive(home: Path, settings: WorkerSettings, force: bool) -> None:
    from couture_ops.class_archive import ClassArchives
    from couture_ops.warm import warm

    warm(home, ClassArchives(settings.cache_dir), os.environ, _say, force=force)


def _list_keys(home: Path, settings: WorkerSettings, force: bool) -> None:
    from couture_ops.key_catalogue.building import build_catalogue
    from couture_ops.warm import progress

    with progress(_say):
        build_catalogue(home, settings.cache_dir, os.environ, _say, force=force)


def _say(text: str) -> None:
    print(text, flush=True)
