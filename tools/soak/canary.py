"""The secrets that the soak plants, and the looking for them: each is unlike any other text."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Airflow's Variables by name: the DAG's templates put them into the operator's fields.
VARIABLES = {
    "soak_operator": "canary-5be1-operator-configuration",
    "soak_environment": "canary-77c0-operator-environment",
}
GROUP_ARGUMENT = "canary-1f60-group-argument"
GROUP_CONFIGURATION = "canary-91ab-group-configuration"
GROUP_ENVIRONMENT = "canary-3d44-group-environment"
KEYTAB = "\x05\x02canary-e02f-keytab-of-etl"
HADOOP_PROPERTY = "canary-6a19-hadoop-property"
REFUSED = "canary-40d7-refused-value"
PLANTED = {
    **VARIABLES,
    "group_argument": GROUP_ARGUMENT,
    "group_configuration": GROUP_CONFIGURATION,
    "group_environment": GROUP_ENVIRONMENT,
    "keytab": KEYTAB[2:],
    "keytab in base64": base64.b64encode(KEYTAB.encode()).decode(),
    "hadoop_property": HADOOP_PROPERTY,
    "refused value": REFUSED,
}
POLL_S = 0.05


class ProcessWatch:
    """Reads the command line of every process again and again while the block lasts; keeps those with a secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.looks = 0
        self.hits: set[str] = set()
        self._secrets = [secret.encode() for secret in secrets]
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ProcessWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(POLL_S):
            self.looks += 1
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes()
                except OSError:
                    continue  # it ended meanwhile
                if any(secret in line for secret in self._secrets):
                    self.hits.add(line.replace(b"\0", b" ").decode(errors="replace")[:300])


def hits(secrets: Mapping[str, str], places: Mapping[str, bytes]) -> list[str]:
    """Every secret that stands where it must not, by its name and the place."""
    return [
        f"{name} stands in {place}"
        for place, found in places.items()
        for name, secret in secrets.items()
        if secret.encode() in found
    ]


def files_below(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """The bytes of all files below a folder, as places."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield f"{name}/{path.relative_to(folder)}", path.read_bytes()


def too_open(folder: Path) -> list[str]:
    """What below a folder others than its owner may enter or read."""
    return [
        f"{path} has mode {path.stat().st_mode & 0o777:o}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and _is_reachable(path, folder)
    ]


def _is_reachable(path: Path, folder: Path) -> bool:
    """Whether others can read the file: its own mode and those of all folders above it count."""
    above = [parent for parent in path.parents if parent.is_relative_to(folder)]
    return bool(path.stat().st_mode & 0o077) and all(parent.stat().st_mode & 0o011 for parent in above)
