"""What is odd in a group's settings, measured by what the installed Spark and Hadoop know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config_store.catalogue.lookup import HADOOP_PREFIX
from config_store.catalogue.values import hadoop_value_fault, value_fault
from config_store.content import SECTIONS, entry_faults, is_file_list, split_list
from config_store.settings import TWINS, dropped, setting_faults, value_faults
from config_store.target_check import target_fault
from config_store.wire import SettingKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from config_store.catalogue.keys import Key
    from config_store.catalogue.lookup import Catalogue
    from config_store.content import Content
    from config_store.errors import Fault


@dataclass(frozen=True)
class Remark:
    """Something odd. ``is_fault``: a job will fail of it, or run without it; else it may bite later.

    ``is_refused``: no save takes it. ``of_value``: the value is odd, whatever the name.
    """

    where: str
    message: str
    is_fault: bool = False
    of_value: bool = False
    is_refused: bool = False


def refusal(fault: Fault) -> Remark:
    """What keeps a setting from being saved, as a remark."""
    return Remark(fault.where, fault.message, is_fault=True, is_refused=True)


def content_remarks(catalogue: Catalogue | None, content: Content, names: Collection[tuple[str, str]]) -> list[Remark]:
    """What is odd in these (section, name) of a content, the target included; without a catalogue that alone.

    Tells no secret.
    """
    remarks: list[Remark] = []
    for section, kind in SECTIONS.items():
        settings, wanted = getattr(content, section), {name for place, name in names if place == section}
        for name in [name for name in settings if name in wanted]:
            value, where = None if settings[name].secret else settings[name].value, f"{section}.{name}"
            remarks += plain_remarks(where, kind, name, value)
            remarks += setting_remarks(catalogue, where, kind, name, value) if catalogue else ()
    return remarks


def stored_remarks(content: Content) -> Iterator[Remark]:
    """What is wrong with stored values whatever Spark is installed: rules may be younger than they. Tells no secret."""
    for section, kind, name, setting in content.settings():
        if setting.secret or kind is SettingKind.ENVIRONMENT:
            continue
        where = f"{section}.{name}"
        yield from (Remark(where, fault.message, is_fault=True) for fault in value_faults(where, name, setting.value))
        yield from end_remarks(where, kind, name, setting.value)


def key_remarks(catalogue: Catalogue, content: Content) -> list[Remark]:
    """What is odd in the keys and values of a whole content, place by place. Tells no secret."""
    remarks: list[Remark] = []
    for section, kind, name, setting in content.settings():
        value = None if setting.secret else setting.value
        remarks += setting_remarks(catalogue, f"{section}.{name}", kind, name, value)
    return remarks


def plain_remarks(where: str, kind: SettingKind, name: str, value: str | None) -> Iterator[Remark]:
    """What is odd in one setting whatever Spark is installed; ``value`` None: nobody may know it."""
    if kind is SettingKind.ENVIRONMENT:
        return
    if value is not None and (fault := target_fault(name, value)):
        yield Remark(where, fault, is_fault=True)
    if value != "" and (warning := dropped(kind, name)):
        yield Remark(where, f"{warning}; one of Hadoop's is spelled spark.hadoop.{name[:100]}")
    yield from end_remarks(where, kind, name, value)


def end_remarks(where: str, kind: SettingKind, name: str, value: str | None) -> Iterator[Remark]:
    """Blanks and line breaks around a value, which nobody sees; ``value`` None: nobody may know it."""
    if kind is SettingKind.ENVIRONMENT or not value or value == value.strip() or any(value_faults(where, name, value)):
        return
    yield Remark(where, "its value begins or ends with a blank or a line break; set it without", of_value=True)


def field_remarks(catalogue: Catalogue | None, section: str, name: str, value: str | None) -> list[Remark]:
    """All that is wrong or odd with one setting, what a save would refuse first; ``value`` None: nobody may know it."""
    kind, where = SECTIONS[section], f"{section}.{name}"
    faults = list(setting_faults(where, kind, name, value or "", secret=value is None))
    if value is not None and kind is not SettingKind.ENVIRONMENT:
        faults += value_faults(where, name, value)
        if is_file_list(kind, name):
            faults += [fault for entry in split_list(value) for fault in entry_faults(where, entry)]
    remarks = [refusal(fault) for fault in faults]
    remarks += plain_remarks(where, kind, name, value)
    return [*remarks, *(setting_remarks(catalogue, where, kind, name, value) if catalogue else ())]


def setting_remarks(
    catalogue: Catalogue, where: str, kind: SettingKind, name: str, value: str | None
) -> Iterator[Remark]:
    """What is odd in one setting; ``value`` None: nobody may know it."""
    if kind is SettingKind.ENVIRONMENT or value == "":
        return
    key_name = TWINS.get(name, "") if kind is SettingKind.ARGUMENT else name
    if key_name.startswith(HADOOP_PREFIX):
        yield from hadoop_remarks(catalogue, where, name.removeprefix(HADOOP_PREFIX), value)
        return
    key = catalogue.find(key_name)
    if key is None:
        yield from _unknown(catalogue, where, key_name)
        return
    if key.deprecated:
        yield _deprecated(where, key)
    if value is not None and not any(value_faults(where, name, value)) and (takes := value_fault(key, value)):
        yield Remark(where, f"Unexpected value {value[:100]!r}: {name} is {takes}", is_fault=True)


def hadoop_remarks(catalogue: Catalogue, where: str, name: str, value: str | None) -> Iterator[Remark]:
    """What is odd in one property of Hadoop; ``value`` None: nobody may know it."""
    key = catalogue.hadoop.keys.get(name)
    if key is None:
        near = catalogue.hadoop.near(name)
        if near:
            yield Remark(where, f"{name[:100]} is no property that Hadoop names; did you mean {' or '.join(near[:3])}?")
        return
    if key.deprecated:
        yield _deprecated(where, key)
    if value is not None and (takes := hadoop_value_fault(key, value)):
        yield Remark(
            where, f"Unexpected value {value[:100]!r}: {name} is {takes}, as its default {key.default!r} shows"
        )


def _unknown(catalogue: Catalogue, where: str, name: str) -> Iterator[Remark]:
    """A key that nothing in Spark reads may be a library's own, unless it is all but one of Spark's."""
    if not name or catalogue.is_known(name):
        return
    if near := catalogue.spark.near(name):
        meant = " or ".join(near[:3])
        yield Remark(where, f"{name[:100]} is no key of Spark {catalogue.spark_version}; did you mean {meant}?")


def _deprecated(where: str, key: Key) -> Remark:
    instead = f"; use {' and '.join(key.use)}" if key.use else ""
    return Remark(where, f"{key.deprecated}{instead}")
