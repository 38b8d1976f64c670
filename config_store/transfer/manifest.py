"""``artifacts.yaml``: which versions of which artifacts an export speaks of, by digest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config_store.artifacts import ArtifactKind, check_artifact_name
from config_store.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from config_store.transfer.documents import Document
    from config_store.transfer.yaml_text import Node, Plain

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_KEYS = ("version", "sha256", "size")


@dataclass(frozen=True)
class ListedVersion:
    """A version as a manifest lists it; without a number it becomes the next. ``size`` in bytes."""

    kind: ArtifactKind
    name: str
    version: int | None
    sha256: str
    size: int

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"

    @property
    def place(self) -> str:
        """The key in the manifest."""
        return f"{self.kind}.{self.name}"


def write_manifest(versions: Iterable[ListedVersion]) -> dict[str, Plain]:
    """The document: kind, name, versions from the oldest on."""
    document: dict[str, dict[str, list[Plain]]] = {}
    for listed in sorted(versions, key=lambda one: (one.kind, one.name, one.version or 0)):
        entry: dict[str, Plain] = {"version": listed.version} if listed.version else {}
        entry |= {"sha256": listed.sha256, "size": listed.size}
        document.setdefault(str(listed.kind), {}).setdefault(listed.name, []).append(entry)
    return dict(document)


def read_manifest(document: Document) -> tuple[ListedVersion, ...]:
    """The versions of a manifest; what is wrong goes to the document's faults."""
    root = document.root
    document.known_keys("", root, tuple(ArtifactKind))
    listed = [
        version
        for kind in ArtifactKind
        for name, node in document.mapping(str(kind), root.get(kind)).items()
        for version in _versions(document, kind, name, node)
    ]
    seen: set[tuple[ArtifactKind, str, int | None]] = set()
    for version in listed:
        key = (version.kind, version.name, version.version)
        if key in seen:
            document.fault(version.place, f"lists {version} twice")
        seen.add(key)
    return tuple(listed)


def _versions(document: Document, kind: ArtifactKind, name: str, node: Node) -> Iterator[ListedVersion]:
    key = f"{kind}.{name[:100]}"
    try:
        check_artifact_name(kind, name)
    except InvalidInput as error:
        document.adopt(error.faults)
        return
    for place, item in enumerate(document.items(key, node)):
        yield _version(document, kind, name, f"{key}[{place}]", item)


def _version(document: Document, kind: ArtifactKind, name: str, key: str, node: Node) -> ListedVersion:
    entries = document.mapping(key, node)
    document.known_keys(key, entries, _KEYS)
    sha256, size = (document.text(f"{key}.{part}", entries.get(part)) for part in ("sha256", "size"))
    if not _DIGEST.fullmatch(sha256):
        document.fault(f"{key}.sha256", f"must be 64 digits of 0-9 and a-f, not {sha256[:100]!r}")
    if not _SIZE.fullmatch(size):
        document.fault(f"{key}.size", f"must be a number of bytes, not {size[:100]!r}")
    number = document.number(f"{key}.version", entries.get("version"))
    return ListedVersion(kind, name, number, sha256, int(size) if _SIZE.fullmatch(size) else 0)
