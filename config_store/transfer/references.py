"""Secrets in an export: each stands as the name under which an import finds its value."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "COUTURE_SECRET_"
#: Names are looked up in the environment of whoever imports: no file may ask for any other variable of it.
REFERENCE = re.compile(rf"{PREFIX}[A-Z0-9_]{{1,600}}")
KEYTAB = "keytab"


@dataclass(frozen=True)
class SecretPlace:
    """Where a secret stands: a setting of a section, or the group's keytab (``section`` is empty)."""

    group: str
    section: str
    name: str

    def __str__(self) -> str:
        return f"{self.section}.{self.name}" if self.section else self.name


def keytab_of(group: str) -> SecretPlace:
    """The place of a group's keytab."""
    return SecretPlace(group, "", KEYTAB)


def reference(place: SecretPlace) -> str:
    """The name of a secret: group and key in capitals, ``COUTURE_SECRET_PROD_SPARK_MY_APIKEY``."""
    return PREFIX + re.sub(r"[^A-Z0-9]", "_", f"{place.group}_{place.name[:200]}".upper())


def references(places: Iterable[SecretPlace]) -> dict[SecretPlace, str]:
    """A name for each secret; where two would get the same, a digest of the place tells them apart."""
    names = {place: reference(place) for place in places}
    uses = Counter(names.values())
    return {place: name if uses[name] == 1 else f"{name}_{_digest(place)}" for place, name in names.items()}


def _digest(place: SecretPlace) -> str:
    return hashlib.sha256(repr((place.group, place.section, place.name)).encode()).hexdigest()[:8].upper()
