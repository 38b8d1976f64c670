"""Disks that fill up: a blob storage and a database on a small tmpfs of their own."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from couture_ops.cli.errors import CliError
from tools.ports import free_port
from tools.soak.clients import SoakClient
from tools.soak.errors import Impossible
from tools.soak.figures import Figure, none_of
from tools.soak.integrity import Inspector
from tools.soak.ledger import Ledger
from tools.soak.plain_server import KEY_FILE, make_store
from tools.soak.server import KillableServer, plain_server
from tools.soak.stand_ins import services_in
from tools.soak.trials.saves import make_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tools.soak.stage import Stage

MB = 1_000_000
#: Nobody fills a disk of that size in more tries.
MOST_TRIES = 1000
NO_SPACE_FOR_BLOBS = "No space is left in the blob storage"
NO_SPACE_FOR_ROWS = "No space is left for the store's database"


@contextmanager
def small_disk(path: Path, size_mb: int) -> Iterator[None]:
    """A tmpfs at the path while the block lasts. Raises Impossible."""
    path.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0700", "tmpfs", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        raise Impossible(f"a tmpfs can't be mounted here ({mounted.stderr.strip()}); it needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def measure(stage: Stage) -> list[Figure]:
    """Uploads to a full storage, then saves to a full database."""
    return [*_full_storage(stage), *_full_database(stage)]


def _full_storage(stage: Stage) -> list[Figure]:
    folder = stage.scratch("disk-full-blobs")
    make_store(folder)
    ballast = folder / "blobs" / "ballast"
    with small_disk(folder / "blobs", stage.scale.disk_mb), _running(folder) as server:
        ballast.write_bytes(bytes(2 * MB))
        ledger = Ledger()
        client = SoakClient("c0", make_groups(server, 1), server.api, ledger)
        tries = _until_refused(lambda: client.upload(2 * MB))
        left = [f"{path.name} is left of a refused upload" for path in (folder / "blobs" / "incoming").glob("*")]
        faults = [*left, *_faults(folder, ledger), *_unworded(ledger, NO_SPACE_FOR_BLOBS)]
        ballast.unlink()
        if not client.upload(MB):
            faults.append("an upload after space was freed is refused")
        faults += _faults(folder, ledger)
    return [none_of("disk_full_uploads", "faults of uploads to a full disk, and after space was freed", faults, tries)]


def _full_database(stage: Stage) -> list[Figure]:
    folder = stage.scratch("disk-full-database")
    with small_disk(folder, stage.scale.disk_mb):
        make_store(folder)
        with _running(folder) as server:
            ledger = Ledger()
            client = SoakClient("c0", make_groups(server, 1), server.api, ledger)
            if not client.save():
                return [none_of("disk_full_saves", "a first save is refused", ["no save at all"], 1)]
            ballast = folder / "ballast"
            _fill(ballast)
            tries = _until_refused(client.save)
            faults = [*_faults(folder, ledger), *_unworded(ledger, NO_SPACE_FOR_ROWS), *_unreadable(server)]
            ballast.unlink()
            if not client.save():
                faults.append("a save after space was freed is refused")
            faults += _faults(folder, ledger)
    return [none_of("disk_full_saves", "faults of saves to a full database, and after space was freed", faults, tries)]


@contextmanager
def _running(folder: Path) -> Iterator[KillableServer]:
    server = plain_server(folder, free_port())
    server.log = folder.parent / f"{folder.name}.log"  # not on the disk that is full
    server.start()
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def _until_refused(change: Callable[[], bool]) -> int:
    """Change until it is refused; answers how often."""
    for tries in range(1, MOST_TRIES):
        if not change():
            return tries
    raise Impossible(f"the disk was not full after {MOST_TRIES} changes")


def _unworded(ledger: Ledger, sentence: str) -> list[str]:
    """Refusals that do not say the sentence."""
    words = [told for told in ledger.words if sentence not in told]
    return words if ledger.words else ["nothing was refused"]


def _faults(folder: Path, ledger: Ledger) -> list[str]:
    services = services_in(folder, (folder / KEY_FILE).read_text())
    try:
        return Inspector(services.database, services.blobs, services.cipher).faults(ledger)
    finally:
        services.database.engine.dispose()


def _unreadable(server: KillableServer) -> list[str]:
    """Reading goes on while nothing can be written."""
    api = server.api()
    try:
        api.read("groups")
    except CliError as error:
        return [f"the groups can't be read: {error}"]
    finally:
        api.close()
    return []


def _fill(ballast: Path) -> None:
    """A file that takes all the room there is."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass
    os.sync()
