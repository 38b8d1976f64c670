"""A group as text and back: ``groups/NAME.yaml``, with the files beside it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from config_store.content import SECTIONS, ConfigFile, Content, Dependency, Keytab, check_content, split_version
from config_store.errors import Fault, InvalidInput, reject
from config_store.hadoop_xml import check_hadoop_file
from config_store.kerberos import check_krb5_conf, seal_keytab
from config_store.names import check_group_name, check_spark_home
from config_store.settings import Setting, note_faults
from config_store.transfer.layout import KRB5_CONF, file_path, group_path
from config_store.transfer.references import PREFIX, REFERENCE, SecretPlace, keytab_of, reference
from config_store.wire import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from config_store.secrets import Cipher
    from config_store.transfer.documents import Document
    from config_store.transfer.yaml_text import Node, Plain

_KEYS = ("description", *SECTIONS, "jars", "py_files", "principal", "keytab", "spark_home")
_SETTING_KEYS = ("value", "final", "secret", "note")
#: Stands for the digest of a keytab whose bytes are not there yet.
UNKNOWN_KEYTAB = "given at import"


@dataclass(frozen=True)
class GroupText:
    """What the files say of a group; the values of its secrets stand elsewhere, under ``secrets``.

    ``content`` names Hadoop files and krb5.conf by their digests; the bytes are in ``blobs``.
    """

    name: str
    description: str
    content: Content
    secrets: Mapping[SecretPlace, str] = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)


def write_group(description: str, group: str, content: Content, names: Mapping[SecretPlace, str]) -> dict[str, Plain]:
    """The document of a group; ``names`` are those of its secrets."""
    document: dict[str, Plain] = {"description": description} if description else {}
    for section in SECTIONS:
        settings = getattr(content, section)
        if settings:
            document[section] = {
                name: _setting_text(settings[name], names.get(SecretPlace(group, section, name)))
                for name in sorted(settings)
            }
    for key in ("jars", "py_files"):
        if chosen := getattr(content, key):
            document[key] = [str(dependency) for dependency in chosen]
    if content.principal:
        document["principal"] = content.principal
    if content.keytab:
        document["keytab"] = {"name": content.keytab.name, "secret": names[keytab_of(group)]}
    if content.spark_home:
        document["spark_home"] = content.spark_home
    return document


def _setting_text(setting: Setting, secret: str | None) -> Plain:
    marks: dict[str, Plain] = {"final": True} if setting.final else {}
    if setting.note:
        marks["note"] = setting.note
    if secret:
        return {"secret": secret, **marks}
    return {"value": setting.value, **marks} if marks else setting.value


def secret_places(group: str, content: Content) -> Iterator[SecretPlace]:
    """Where the secrets of a group stand."""
    for section, _, name, setting in content.settings():
        if setting.secret:
            yield SecretPlace(group, section, name)
    if content.keytab:
        yield keytab_of(group)


class GroupReader:
    """Reads one group out of its files; what is wrong goes to the document's faults."""

    def __init__(self, name: str, document: Document, files: Mapping[str, bytes]) -> None:
        self._name = name
        self._document = document
        self._files = files
        self._secrets: dict[SecretPlace, str] = {}
        self._blobs: dict[str, bytes] = {}

    def read(self) -> GroupText:
        """The group; half of one when something is wrong."""
        document, root = self._document, self._document.root
        document.known_keys("", root, _KEYS)
        description = document.text("description", root.get("description"))
        document.adopt(note_faults("description", description))
        sections = {section: self._section(section, root.get(section)) for section in SECTIONS}
        content = Content(
            **sections,
            jars=self._dependencies("jars"),
            py_files=self._dependencies("py_files"),
            hadoop_files=tuple(self._file(name) for name in sorted(self._files) if name != KRB5_CONF),
            principal=document.text("principal", root.get("principal")),
            keytab=self._keytab(root.get("keytab")),
            krb5_conf=self._file(KRB5_CONF) if KRB5_CONF in self._files else None,
            spark_home=document.text("spark_home", root.get("spark_home")) or None,
        )
        self._check(content)
        return GroupText(self._name, description, content, self._secrets, self._blobs)

    def _check(self, content: Content) -> None:
        checks: tuple[Callable[[], object], ...] = (
            lambda: check_group_name(self._name),
            lambda: check_spark_home(content.spark_home),
            lambda: check_content(content),
        )
        for check in checks:
            try:
                check()
            except InvalidInput as error:
                self._document.adopt(error.faults)

    def _section(self, section: str, node: Node | None) -> dict[str, Setting]:
        entries = self._document.mapping(section, node)
        return {name: self._setting(section, name, entry) for name, entry in entries.items()}

    def _setting(self, section: str, name: str, node: Node) -> Setting:
        document, key = self._document, f"{section}.{name[:100]}"
        if not isinstance(node.value, dict):
            self._refuse_open_secret(key, section, name)
            return Setting(document.text(key, node))
        entries = document.mapping(key, node)
        document.known_keys(key, entries, _SETTING_KEYS)
        marks = Setting(
            "",
            final=document.mark(f"{key}.final", entries.get("final")),
            note=document.text(f"{key}.note", entries.get("note")),
        )
        if self._is_secret(key, SecretPlace(self._name, section, name), entries):
            return replace(marks, secret=True)
        self._refuse_open_secret(key, section, name)
        if "value" not in entries:
            document.fault(key, "has no value")
        return replace(marks, value=document.text(f"{key}.value", entries.get("value")))

    def _is_secret(self, key: str, place: SecretPlace, entries: Mapping[str, Node]) -> bool:
        """Whether the setting is one; notes under which name its value will come."""
        node = entries.get("secret")
        if node is None or node.value is False:
            return False
        self._secrets[place] = self._reference(f"{key}.secret", place, node)
        if "value" in entries:
            self._document.fault(key, "holds the value of a secret, which must not stand in a file; take it out")
        return True

    def _reference(self, key: str, place: SecretPlace, node: Node) -> str:
        if node.value is True:
            return reference(place)
        if not isinstance(node.value, str) or not REFERENCE.fullmatch(node.value):
            self._document.fault(key, f"must be a name of capitals, digits and _ that begins with {PREFIX}")
            return reference(place)
        return node.value

    def _refuse_open_secret(self, key: str, section: str, name: str) -> None:
        if is_secret_name(name):
            wanted = reference(SecretPlace(self._name, section, name))
            self._document.fault(
                key, f"is a secret by its name; write {{secret: {wanted}}} and give the value at import"
            )

    def _dependencies(self, key: str) -> tuple[Dependency, ...]:
        nodes = self._document.items(key, self._document.root.get(key))
        return tuple(filter(None, (self._dependency(f"{key}[{place}]", node) for place, node in enumerate(nodes))))

    def _dependency(self, key: str, node: Node) -> Dependency | None:
        if not isinstance(node.value, dict):
            try:
                return Dependency(*split_version(key, self._document.text(key, node)))
            except InvalidInput as error:
                self._document.adopt(error.faults)
                return None
        entries = self._document.mapping(key, node)
        self._document.known_keys(key, entries, ("name", "version"))
        return Dependency(
            self._document.text(f"{key}.name", entries.get("name")),
            self._document.number(f"{key}.version", entries.get("version")),
        )

    def _keytab(self, node: Node | None) -> Keytab | None:
        if node is None or node.value is None:
            return None
        entries = self._document.mapping("keytab", node)
        self._document.known_keys("keytab", entries, ("name", "secret"))
        place = keytab_of(self._name)
        secret = entries.get("secret")
        self._secrets[place] = self._reference("keytab.secret", place, secret) if secret else reference(place)
        return Keytab(self._document.text("keytab.name", entries.get("name")), UNKNOWN_KEYTAB, 0, "")

    def _file(self, name: str) -> ConfigFile:
        content = self._files[name]
        try:
            check_krb5_conf(content) if name == KRB5_CONF else check_hadoop_file(name, content)
        except InvalidInput as error:
            path = file_path(self._name, name)
            self._document.adopt_elsewhere([Fault(path, fault.message) for fault in error.faults])
        sha256 = hashlib.sha256(content).hexdigest()
        self._blobs[sha256] = content
        return ConfigFile(name, sha256, len(content))


def with_secrets(text: GroupText, stored: Content, values: Mapping[str, str], cipher: Cipher) -> Content:
    """The content with the secrets that are known: the given value, else what the store holds at the same place.

    A secret of which neither is there stays empty. Raises InvalidInput for a keytab that is none.
    """
    sections: dict[str, Any] = {
        section: {
            name: _resolved(text, SecretPlace(text.name, section, name), setting, stored, values)
            for name, setting in getattr(text.content, section).items()
        }
        for section in SECTIONS
    }
    return replace(text.content, **sections, keytab=_known_keytab(text, stored.keytab, values, cipher))


def _resolved(
    text: GroupText, place: SecretPlace, setting: Setting, stored: Content, values: Mapping[str, str]
) -> Setting:
    if not setting.secret:
        return setting
    known: Setting | None = getattr(stored, place.section).get(place.name)
    return _known(setting, known, values.get(text.secrets[place]))


def _known(setting: Setting, stored: Setting | None, given: str | None) -> Setting:
    if given is not None:
        return replace(setting, value=given)
    return replace(setting, value=stored.value) if stored and stored.secret else setting


def _known_keytab(text: GroupText, stored: Keytab | None, values: Mapping[str, str], cipher: Cipher) -> Keytab | None:
    wanted = text.content.keytab
    if wanted is None:
        return None
    name = text.secrets[keytab_of(text.name)]
    if name not in values:
        return replace(stored, name=wanted.name) if stored else wanted
    place = f"{group_path(text.name)}: keytab"
    try:
        sealed = seal_keytab(wanted.name, base64.b64decode("".join(values[name].split()), validate=True), cipher)
    except binascii.Error as error:
        raise reject(place, f"{name} is no base64: {error}") from None
    except InvalidInput as error:
        raise InvalidInput([Fault(place, fault.message) for fault in error.faults]) from None
    # a keytab is encrypted differently each time: the same bytes stay as they are stored
    return replace(stored, name=wanted.name) if stored and stored.sha256 == sealed.sha256 else sealed


def is_stored(place: SecretPlace, stored: Content) -> bool:
    """Whether the store holds a secret at that place."""
    if not place.section:
        return stored.keytab is not None
    setting = getattr(stored, place.section).get(place.name)
    return setting is not None and setting.secret
