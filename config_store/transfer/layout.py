"""Where things lie in an export: ``couture.yaml``, ``artifacts.yaml``, ``groups/``, ``artifacts/``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config_store.errors import Fault
from config_store.hadoop_xml import MAX_HADOOP_BYTES
from config_store.kerberos import MAX_KERBEROS_BYTES
from config_store.names import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

#: The layout that this version writes and reads; an export names it in couture.yaml.
FORMAT = "1"

TOP = "couture.yaml"
MANIFEST = "artifacts.yaml"
GROUPS = "groups"
ARTIFACTS = "artifacts"
KRB5_CONF = "krb5.conf"

#: A group of 10,000 settings is about a megabyte of YAML.
MAX_YAML_BYTES = 10_000_000

_ENDINGS = {".yml": ".yaml", ".YAML": ".yaml", ".XML": ".xml"}


@dataclass(frozen=True)
class Place:
    """What a path of an export stands for: a group's text, or (with ``file``) a file of the group."""

    group: str
    file: str | None = None


def group_path(group: str) -> str:
    """The text of a group."""
    return f"{GROUPS}/{group}.yaml"


def file_path(group: str, file: str) -> str:
    """A Hadoop file or the krb5.conf of a group."""
    return f"{GROUPS}/{group}/{file}"


def artifact_path(sha256: str) -> str:
    """The bytes of an artifact's version."""
    return f"{ARTIFACTS}/{sha256}"


def max_bytes(path: str) -> int:
    """The largest file that the path may name."""
    if path.endswith(".xml"):
        return MAX_HADOOP_BYTES
    return MAX_KERBEROS_BYTES if path.endswith(f"/{KRB5_CONF}") else MAX_YAML_BYTES


def is_hidden(path: str) -> bool:
    """Whether a name in the path begins with a dot: what editors, desktops and git leave behind."""
    return any(part.startswith(".") for part in path.split("/"))


def place_of(path: str, groups: Collection[str]) -> Place | Fault:
    """What a path below ``groups/`` stands for; ``groups`` are those that have a text."""
    parts = path.split("/")
    if len(parts) == 2 and parts[1].endswith(".yaml"):
        return Place(parts[1].removesuffix(".yaml"))
    if len(parts) == 3 and (parts[2].endswith(".xml") or parts[2] == KRB5_CONF):
        if parts[1] in groups:
            return Place(parts[1], parts[2])
        return Fault(path, f"belongs to no group: there is no {group_path(parts[1])}{_near(parts[1], groups)}")
    return Fault(path, f"is no file of an export{_expected(path)}")


def unknown_fault(path: str) -> Fault:
    """The fault of a path outside ``groups/`` that an export does not know."""
    first, _, rest = path.partition("/")
    if first == ARTIFACTS and rest:
        return Fault(path, "the bytes of artifacts travel on their own, one by one; they are no part of the text")
    if re.search(rf"(^|/)({TOP}|{GROUPS}/[^/]+\.yaml)$", rest):
        return Fault(path, f"lies too deep: pack what is in {first}/, not the folder itself")
    return Fault(path, f"is no file of an export{_near(path, [TOP, MANIFEST])}")


def _near(name: str, known: Collection[str]) -> str:
    found = nearest(name, known)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _expected(path: str) -> str:
    for wrong, right in _ENDINGS.items():
        if path.endswith(wrong):
            return f"; did you mean {path.removesuffix(wrong)}{right}?"
    if path.count("/") == 1:
        return f"; a group is {GROUPS}/NAME.yaml"
    return f"; beside a group lie {GROUPS}/NAME/*.xml and {GROUPS}/NAME/{KRB5_CONF}"
