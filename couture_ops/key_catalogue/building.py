"""Makes the catalogue of a Spark's keys, once for each distribution, by one process at a time; finds it again.

Below ``<cache_dir>/key-catalogues`` lies ``<key>.json``. The key is a digest of the Spark home's path and of its jars'
names, sizes and times, so that what was made of another distribution is not found.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from couture_ops.cache import locked, make_private, scratch_directory, space_needed, sweep_scratch
from couture_ops.errors import CatalogueFailed
from couture_ops.key_catalogue.listing import list_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Say = Callable[[str], None]

#: Part of every key: raised when what is written changes.
FORMAT = 1
#: About what a catalogue takes, bytes.
NEEDED_BYTES = 10_000_000


def catalogue_path(cache_dir: Path, spark_home: Path) -> Path:
    """Where the catalogue of a distribution lies, or will lie; raises CatalogueFailed for what is no distribution."""
    try:
        return _root(cache_dir) / f"{_key(spark_home)}.json"
    except OSError as error:
        raise CatalogueFailed(spark_home, f"{error.filename}: {error.strerror}") from error


def build_catalogue(
    spark_home: Path, cache_dir: Path, environment: Mapping[str, str], say: Say, *, force: bool = False
) -> Path:
    """The catalogue of this Spark, made unless it is there; ``force``: made anew.

    ``environment`` leads to the JVM. ``say`` gets a line for each step. Raises NoJvm, NoSpaceLeft, UnsafeDirectory,
    CatalogueFailed; then nothing half-made is left behind.
    """
    path = catalogue_path(cache_dir, spark_home)
    try:
        make_private(path.parent)
        with _alone(path.parent, say):
            sweep_scratch(path.parent / "building")
            if path.is_file() and not force:
                say(f"{spark_home}: its keys are in {path}.")
                return path
            return _build(spark_home, path, environment, say)
    except OSError as error:
        named = f" ({error.filename})" if error.filename else ""
        raise CatalogueFailed(spark_home, f"{error.strerror or error}{named}") from error


def _build(spark_home: Path, path: Path, environment: Mapping[str, str], say: Say) -> Path:
    say(f"{spark_home}: asking its jars for their keys; some seconds")
    with (
        space_needed(path.parent, NEEDED_BYTES),
        scratch_directory(path.parent / "building" / path.stem) as scratch,
    ):
        document = list_keys(spark_home, environment, scratch)
        made = scratch / "catalogue.json"
        _write_durably(made, {"spark_home": str(spark_home.absolute()), **document})
        made.replace(path)
    _remove_older(path, spark_home)
    counts = f"{len(document['entries']):,} of Spark, {len(document['hadoop']):,} of Hadoop"
    say(f"Listed the keys of {spark_home}: {counts}.")
    return path


def _write_durably(path: Path, document: dict[str, Any]) -> None:
    """On the disk before it gets its name: else a crash of the host could leave the name with half a file."""
    with path.open("w", encoding="ascii") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())


def _remove_older(path: Path, spark_home: Path) -> None:
    """Remove what was made of this Spark home when its jars were others."""
    for other in path.parent.glob("*.json"):
        try:
            is_same_home = json.loads(other.read_bytes())["spark_home"] == str(spark_home.absolute())
        except (ValueError, KeyError, TypeError):
            is_same_home = True  # damaged: nobody can use it
        if is_same_home and other != path:
            other.unlink(missing_ok=True)


@contextmanager
def _alone(root: Path, say: Say) -> Iterator[None]:
    """Wait until no other process builds; a lock of a process that died is free."""
    lock = root / "building.lock"
    with locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB) as free:
        if free:
            yield
            return
    say("Another process lists keys here; waiting for it.")
    with locked(lock, fcntl.LOCK_EX):
        yield


def _root(cache_dir: Path) -> Path:
    return cache_dir.absolute() / "key-catalogues"


def _key(spark_home: Path) -> str:
    with os.scandir(spark_home / "jars") as entries:
        jars = sorted((entry.name, (jar := entry.stat()).st_size, jar.st_mtime_ns) for entry in entries)
    said = json.dumps([FORMAT, str(spark_home.absolute()), jars])
    return hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()[:32]
