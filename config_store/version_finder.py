"""Which version of an artifact a name means in one submission."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config_store.artifacts import find_newest, find_version, get_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from config_store.artifacts import ArtifactKind, Version


@dataclass(frozen=True)
class VersionFinder:
    """Finds the version that a name means: the one asked for, else a pinned one (hidden or not), else the newest."""

    session: Session
    pinned: Mapping[tuple[ArtifactKind, str], int]
    _newest: dict[tuple[ArtifactKind, str], Version] = field(default_factory=dict)

    def look_ahead(self, files: Iterable[tuple[ArtifactKind, str]]) -> None:
        """Find the newest versions of many names at once; what is not there is told when it is asked for."""
        names_by_kind: dict[ArtifactKind, set[str]] = {}
        for kind, name in files:
            if (kind, name) not in self.pinned:
                names_by_kind.setdefault(kind, set()).add(name)
        if names_by_kind:
            self._newest.update(find_newest(self.session, names_by_kind))

    def __call__(self, kind: ArtifactKind, name: str, version: int | None = None) -> Version:
        """Raises NotFound with what is near."""
        pinned = self.pinned.get((kind, name))
        if pinned is not None and version in (None, pinned):
            return get_version(self.session, kind, name, pinned)
        if version is None and (kind, name) in self._newest:
            return self._newest[kind, name]
        return find_version(self.session, kind, name, version)
