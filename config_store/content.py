"""The content of a revision: everything that a config group says, as one immutable value.

Secret values of a stored content are the cipher's tokens; only :mod:`config_store.resolution` opens them.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from config_store.errors import Fault, InvalidInput, SecretUnreadable, reject
from config_store.hadoop_xml import HADOOP_SUFFIXES
from config_store.names import check_file_name
from config_store.secrets import Token
from config_store.settings import (
    ARGUMENT_OF,
    FLAGS,
    ON_A_COMMAND_LINE,
    RESERVED,
    TWINS,
    Setting,
    as_fields,
    is_plain,
    note_faults,
    place_faults,
    principal_faults,
    setting_faults,
    text_faults,
    twin_faults,
    value_faults,
    with_secret_mark,
)
from config_store.wire import SettingKind, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from config_store.secrets import Cipher

JAR_SUFFIXES = (".jar",)
PY_FILE_SUFFIXES = (".py", ".zip", ".egg", ".whl")
#: What can be uploaded as a dependency.
_UPLOADED_SUFFIXES = JAR_SUFFIXES + PY_FILE_SUFFIXES
KEYTAB_SUFFIXES = (".keytab",)

#: Field of a content -> kind of its settings, in the order pages and files show them.
SECTIONS: dict[str, SettingKind] = {
    "arguments": SettingKind.ARGUMENT,
    "configurations": SettingKind.CONFIGURATION,
    "environment": SettingKind.ENVIRONMENT,
}
#: Settings that hold comma-separated lists of files: a bare name among them is an uploaded dependency.
FILE_LISTS = frozenset({"jars", "py-files", "files"} | {TWINS[name] for name in ("jars", "py-files", "files")})
#: So many uploaded files a group names at most, all lists together.
MAX_DEPENDENCIES = 1_000
#: From so many faults on nobody looks for more: proposals for mistyped names cost time.
_MOST_FAULTS = 1_000
_VERSION = re.compile(r"[0-9]{1,9}")
_KERBEROS = {key: reason for key, reason in RESERVED.items() if "keytab" in key}


@dataclass(frozen=True)
class Dependency:
    """An uploaded dependency that a group adds to its jobs; without a version the newest counts."""

    name: str
    version: int | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"


def is_file_list(kind: SettingKind, name: str) -> bool:
    """Whether a setting is a comma-separated list of files; a variable may be called ``files`` and be none."""
    return name in FILE_LISTS and kind is not SettingKind.ENVIRONMENT


def split_list(value: str) -> list[str]:
    """The entries of a comma-separated list, without blanks and empty ones, as Spark reads it."""
    return [entry for entry in (part.strip() for part in value.split(",")) if entry]


def is_place(entry: str) -> bool:
    """Whether an entry of a list says where a file lies; any other is the name of an uploaded dependency."""
    return "/" in entry


def split_version(where: str, entry: str) -> tuple[str, int | None]:
    """``name@version`` in its parts; the name itself may hold an ``@``. Raises InvalidInput."""
    name, at, version = entry.rpartition("@")
    if at and _VERSION.fullmatch(version):
        return name, int(version)
    if at and name.lower().endswith(JAR_SUFFIXES + PY_FILE_SUFFIXES):
        raise reject(where, f"{entry[:300]!r}: the version behind '@' must be a number")
    return entry, None


@dataclass(frozen=True)
class ConfigFile:
    """A file whose bytes lie in the blob storage under ``sha256``; ``size`` in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Keytab:
    """A keytab: ``token`` is the encrypted base64 of its bytes, ``sha256`` and ``size`` are those of the bytes."""

    name: str
    sha256: str
    size: int
    token: str


@dataclass(frozen=True)
class Content:
    """Everything that one revision of a group says."""

    arguments: Mapping[str, Setting] = field(default_factory=dict)
    configurations: Mapping[str, Setting] = field(default_factory=dict)
    environment: Mapping[str, Setting] = field(default_factory=dict)
    jars: tuple[Dependency, ...] = ()
    py_files: tuple[Dependency, ...] = ()
    hadoop_files: tuple[ConfigFile, ...] = ()
    principal: str = ""
    keytab: Keytab | None = None
    krb5_conf: ConfigFile | None = None
    spark_home: str | None = None

    def settings(self) -> Iterator[tuple[str, SettingKind, str, Setting]]:
        """Every setting as (section, kind, name, setting)."""
        for section, kind in SECTIONS.items():
            for name, setting in getattr(self, section).items():
                yield section, kind, name, setting

    def file_entries(self) -> Iterator[tuple[str, str]]:
        """The entries of the settings that are lists of files and no secrets, each with its place."""
        for section, kind in SECTIONS.items():
            settings: Mapping[str, Setting] = getattr(self, section)
            for name in [name for name in settings if is_file_list(kind, name)]:
                if not settings[name].secret:
                    yield from ((f"{section}.{name}", entry) for entry in split_list(settings[name].value))

    def dependencies(self) -> Iterator[tuple[str, Dependency]]:
        """The uploaded dependencies that the group names, each with its place: chosen ones, and bare names in lists."""
        for field_name in ("jars", "py_files"):
            for dependency in getattr(self, field_name):
                yield field_name, dependency
        for where, entry in self.file_entries():
            if not is_place(entry):
                yield where, Dependency(*split_version(where, entry))


def to_document(content: Content) -> dict[str, Any]:
    """The content as plain JSON, fit for the database; secrets stay tokens."""
    sections = {
        section: {name: as_fields(setting) for name, setting in getattr(content, section).items()}
        for section in SECTIONS
    }
    # asdict copies deeply, which is felt with thousands of settings
    rest = replace(content, arguments={}, configurations={}, environment={})
    return {**asdict(rest), **sections}


def from_document(document: Mapping[str, Any]) -> Content:
    """The content that :func:`to_document` wrote."""
    sections = {
        section: {name: _stored(setting) for name, setting in document[section].items()} for section in SECTIONS
    }
    keytab, krb5_conf = document["keytab"], document["krb5_conf"]
    return Content(
        **sections,
        jars=tuple(Dependency(**jar) for jar in document["jars"]),
        py_files=tuple(Dependency(**py_file) for py_file in document["py_files"]),
        hadoop_files=tuple(ConfigFile(**file) for file in document["hadoop_files"]),
        principal=document["principal"],
        keytab=Keytab(**keytab) if keytab else None,
        krb5_conf=ConfigFile(**krb5_conf) if krb5_conf else None,
        spark_home=document["spark_home"],
    )


def _stored(setting: dict[str, Any]) -> Setting:
    if setting["secret"]:
        return Setting(**{**setting, "value": Token(setting["value"])})
    return Setting(setting["value"], setting["final"], False, setting["note"])


def check_content(content: Content, stored: Content | None = None) -> None:
    """Raise InvalidInput naming everything wrong with a content (the first thousand faults), places first.

    ``stored``: what the content was made from; the settings that it took over as they are were checked with that.
    """
    faults = list(islice(_content_faults(content, stored or Content()), _MOST_FAULTS))
    if faults:
        raise InvalidInput(faults)


def _content_faults(content: Content, stored: Content) -> Iterator[Fault]:
    for section, kind in SECTIONS.items():
        checked: Mapping[str, Setting] = getattr(stored, section)
        new = [(name, new) for name, new in getattr(content, section).items() if checked.get(name) is not new]
        for name, setting in new:
            if not is_plain(kind, name, setting):
                yield from _setting_faults(f"{section}.{name[:100]}", kind, name, setting)
    yield from twin_faults(_given(content.arguments), _given(content.configurations), "")
    yield from _list_faults(content)
    yield from text_faults("principal", content.principal)
    if content.principal != stored.principal:
        yield from principal_faults("principal", content.principal)
    if content.principal and any(_principals(content)):
        yield Fault("principal", "is given twice: here and as an argument or configuration; keep one")
    yield from text_faults("spark_home", content.spark_home or "")
    yield from _name_faults("jars", content.jars, JAR_SUFFIXES)
    yield from _name_faults("py_files", content.py_files, PY_FILE_SUFFIXES)
    yield from _name_faults("hadoop_files", content.hadoop_files, HADOOP_SUFFIXES)
    yield from _name_faults("keytab", [content.keytab] if content.keytab else [], KEYTAB_SUFFIXES)
    yield from _dependency_faults(content)


def _setting_faults(where: str, kind: SettingKind, name: str, setting: Setting) -> Iterator[Fault]:
    if not (name in _KERBEROS and not setting.value):  # an empty keytab says nothing; old groups carry it
        value = "" if isinstance(setting.value, Token) else setting.value
        yield from setting_faults(where, kind, name, value, secret=setting.secret)
    if kind is not SettingKind.ENVIRONMENT and not setting.secret:
        yield from value_faults(where, name, setting.value)
    yield from note_faults(f"{where}.note", setting.note)
    if setting.secret and kind is not SettingKind.ENVIRONMENT and not _can_be_secret(kind, name):
        option = f"--{name}" if kind is SettingKind.ARGUMENT else name
        yield Fault(where, f"{option} can't be secret: it would stand on the command line, which ps shows")


def _dependency_faults(content: Content) -> Iterator[Fault]:
    """Each is looked up while the save keeps others from writing."""
    try:
        count = sum(1 for _ in content.dependencies())
    except InvalidInput as error:
        yield from error.faults
        return
    if count > MAX_DEPENDENCIES:
        yield Fault("jars", f"and the other lists name {count:,} uploaded files, at most {MAX_DEPENDENCIES:,} in all")


def _can_be_secret(kind: SettingKind, name: str) -> bool:
    """Whether a value reaches the job by the properties file alone.

    The names of files become options of spark-submit, and Spark's launcher puts the driver's JVM options, class
    path and memory on the driver's own command line, wherever they were set.
    """
    if kind is SettingKind.ARGUMENT and (name not in TWINS or name in FLAGS):
        return False
    return not {name, TWINS.get(name, name)} & ON_A_COMMAND_LINE


def _list_faults(content: Content) -> Iterator[Fault]:
    for where, entry in content.file_entries():
        yield from entry_faults(where, entry)


def entry_faults(where: str, entry: str) -> Iterator[Fault]:
    """What keeps an entry of a list of files from naming one: a place that Spark reads, or an uploaded dependency."""
    if is_place(entry):
        yield from place_faults(where, entry)
    elif not any(name.lower().endswith(_UPLOADED_SUFFIXES) for name in (entry, entry.rpartition("@")[0])):
        yield Fault(
            where,
            f"{entry[:100]!r} is no uploaded dependency, which end in {', '.join(_UPLOADED_SUFFIXES)}; "
            "name the file by its place: hdfs:/..., https://..., or an absolute path",
        )


def _principals(content: Content) -> Iterator[str]:
    for section, name in (("arguments", "principal"), ("configurations", "spark.kerberos.principal")):
        setting = getattr(content, section).get(name)
        if setting and setting.value:
            yield setting.value


def _name_faults(
    where: str, files: Sequence[Dependency | ConfigFile | Keytab], suffixes: tuple[str, ...]
) -> Iterator[Fault]:
    seen: set[str] = set()
    for file in files:
        try:
            check_file_name(file.name, suffixes, where)
        except InvalidInput as error:
            yield from error.faults
        if file.name in seen:
            yield Fault(where, f"{file.name} is chosen twice; keep one")
        seen.add(file.name)


def _given(settings: Mapping[str, Setting]) -> set[str]:
    """The names with a twin that say something: a value, or (an empty one that is final) that no task may give one."""
    twinned = settings.keys() & (TWINS.keys() | ARGUMENT_OF.keys())
    return {name for name in twinned if settings[name].value or settings[name].final}


def seal(content: Content, before: Content, cipher: Cipher) -> Content:
    """Encrypt what is secret in a content and still plain.

    Tokens (of this or another revision) stay what they are, and a secret equal to what ``before`` held keeps its
    token, so that a save without changes is one. A name that sounds like a secret gets the mark even when the
    caller did not give it.
    """

    def sealed(section: str) -> dict[str, Setting]:
        old: Mapping[str, Setting] = getattr(before, section)
        return {
            name: _seal(f"{section}.{name}", with_secret_mark(name, setting), old.get(name), cipher)
            if setting.secret or is_secret_name(name)
            else setting
            for name, setting in getattr(content, section).items()
        }

    return replace(
        content,
        arguments=sealed("arguments"),
        configurations=sealed("configurations"),
        environment=sealed("environment"),
    )


def _seal(where: str, setting: Setting, old: Setting | None, cipher: Cipher) -> Setting:
    if not setting.secret or isinstance(setting.value, Token):
        return setting
    if old is not None and old.secret and _opens_to(setting.value, where, old, cipher):
        return replace(setting, value=old.value)
    return replace(setting, value=Token(cipher.encrypt(setting.value)))


def _opens_to(value: str, where: str, old: Setting, cipher: Cipher) -> bool:
    try:
        return cipher.decrypt(old.value, where) == value
    except SecretUnreadable:  # its key is gone: this is how it is set again
        return False


def open_setting(where: str, setting: Setting, cipher: Cipher) -> Setting:
    """The setting with its plain value; raises SecretUnreadable naming ``where``."""
    return replace(setting, value=cipher.decrypt(setting.value, where)) if setting.secret else setting
