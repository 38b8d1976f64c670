"""What differs between two contents: key by key, file by file, and property by property inside XML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config_store.content import SECTIONS, ConfigFile, Content, Keytab
from config_store.errors import BlobMissing, InvalidInput
from config_store.hadoop_xml import read_properties
from config_store.shown_values import shown_value
from config_store.wire import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from config_store.settings import Setting


@dataclass(frozen=True)
class Change:
    """One difference; ``None`` stands for absent, and secrets are hidden."""

    where: str
    old: str | None
    new: str | None


def diff_contents(old: Content, new: Content, read_blob: Callable[[str], bytes] | None = None) -> list[Change]:
    """Every difference, in the order of the sections.

    With ``read_blob`` (sha256 -> bytes), changed Hadoop files are compared by property as well.
    """
    changes: list[Change] = []
    for section in SECTIONS:
        changes += _diff_settings(section, getattr(old, section), getattr(new, section))
    for field in ("jars", "py_files"):
        changes += _diff_value(field, _joined(getattr(old, field)), _joined(getattr(new, field)))
    changes += _diff_files(old.hadoop_files, new.hadoop_files, read_blob)
    changes += _diff_value("principal", old.principal or None, new.principal or None)
    changes += _diff_value("keytab", _digest(old.keytab), _digest(new.keytab))
    if old.keytab and new.keytab:
        changes += _diff_value("keytab.name", old.keytab.name, new.keytab.name)
    changes += _diff_value("krb5_conf", _digest(old.krb5_conf), _digest(new.krb5_conf))
    changes += _diff_value("spark_home", old.spark_home, new.spark_home)
    return changes


def _diff_settings(section: str, old: Mapping[str, Setting], new: Mapping[str, Setting]) -> Iterator[Change]:
    # of thousands, few differ: the others are not looked at any closer
    changed = [name for name, setting in new.items() if old.get(name) is not setting and old.get(name) != setting]
    for name in sorted([*changed, *(old.keys() - new.keys())]):
        before, after = old.get(name), new.get(name)
        where = f"{section}.{name}"
        # the plain value of what is a secret on the other side would give it away
        secret = any(setting.secret for setting in (before, after) if setting)
        if before is None or after is None or before.value != after.value:
            yield Change(where, _shown(before, secret), _shown(after, secret))
        yield from _diff_marks(where, before, after)


def _shown(setting: Setting | None, secret: bool) -> str | None:
    if setting is None:
        return None
    return HIDDEN if secret else setting.value


def _diff_marks(where: str, before: Setting | None, after: Setting | None) -> Iterator[Change]:
    """Marks of a setting that came or went are told when they are set; that it is secret, its dots tell."""
    if before is not None and after is not None:
        for mark in ("final", "secret", "note"):
            yield from _diff_value(f"{where}.{mark}", _mark(before, mark), _mark(after, mark))
        return
    for mark in ("final", "note"):
        old, new = (_mark(setting, mark) if getattr(setting, mark, None) else None for setting in (before, after))
        yield from _diff_value(f"{where}.{mark}", old, new)


def _mark(setting: Setting | None, mark: str) -> str:
    value = getattr(setting, mark)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _joined(dependencies: Sequence[object]) -> str | None:
    return ", ".join(str(dependency) for dependency in dependencies) or None


def _digest(file: ConfigFile | Keytab | None) -> str | None:
    return file.sha256 if file else None


def _diff_value(where: str, old: str | None, new: str | None) -> Iterator[Change]:
    if old != new:
        yield Change(where, old, new)


def _diff_files(
    old: Sequence[ConfigFile], new: Sequence[ConfigFile], read_blob: Callable[[str], bytes] | None
) -> Iterator[Change]:
    before, after = {file.name: file for file in old}, {file.name: file for file in new}
    for name in sorted(before.keys() | after.keys()):
        left, right = before.get(name), after.get(name)
        yield from _diff_value(f"hadoop_files.{name}", _digest(left), _digest(right))
        if read_blob and left and right and left.sha256 != right.sha256:
            yield from _diff_properties(f"hadoop_files.{name}", left, right, read_blob)


def _diff_properties(
    where: str, left: ConfigFile, right: ConfigFile, read_blob: Callable[[str], bytes]
) -> Iterator[Change]:
    try:
        old = read_properties(left.name, read_blob(left.sha256))
        new = read_properties(right.name, read_blob(right.sha256))
    except (InvalidInput, BlobMissing):
        return  # a file of an older version, with other rules, or a lost one: its digest above is all there is to say
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield Change(f"{where}.{key}", shown_value(key, old.get(key)), shown_value(key, new.get(key)))
