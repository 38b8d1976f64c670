"""What a user is about to do to a group's Hadoop files: read from a form, told in a review, saved as a revision."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from admin_views.api.hadoop import find_file, with_file, without_file
from config_store.content import ConfigFile
from config_store.errors import BlobVanished, Fault, InvalidInput, reject
from config_store.hadoop.edit import PropertyEdit, edit_properties
from config_store.hadoop_xml import HADOOP_SUFFIXES, MAX_HADOOP_BYTES, check_hadoop_file
from config_store.names import check_file_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from admin_views.pages.forms import Form
    from admin_views.services import Services
    from config_store.content import Content

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Staged:
    """Bytes that were sent and stored for a file; ``base`` is the digest of what they were made from, "" of nothing."""

    sha256: str
    base: str


@dataclass(frozen=True)
class Draft:
    """Files by name that come (None: go), and edits of properties by file and name; ``tokens`` are those of rows."""

    files: dict[str, Staged | None] = field(default_factory=dict)
    properties: dict[str, dict[str, PropertyEdit]] = field(default_factory=dict)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def deletes(self) -> bool:
        """Whether a file goes."""
        return None in self.files.values()


@dataclass(frozen=True)
class Outcome:
    """What a draft makes of a content; ``new`` holds the bytes that are not stored yet, by digest."""

    content: Content
    new: dict[str, bytes]

    def reader(self, services: Services) -> Callable[[str], bytes]:
        """Reads blobs, those that are not stored yet among them."""
        return lambda sha256: self.new[sha256] if sha256 in self.new else services.read_blob(sha256)


def digest_of(text: str) -> str:
    """By which a form knows whether a value is still what it was; browsers send line ends their own way."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def read_draft(form: Form) -> Draft:
    """The draft that the form's rows make; raises InvalidInput.

    Each row has a token and the field ``file.TOKEN``. A row of a file has ``sha256.TOKEN`` and ``base.TOKEN``, or
    ``drop.TOKEN``. A row of a property has ``name.TOKEN``, ``value.TOKEN`` and ``was.TOKEN`` (the digest of the value
    that was shown), and, where ticked, ``final.TOKEN``; or ``drop.TOKEN``.
    """
    draft, faults = Draft(), list[Fault]()
    for token in form.every("row"):
        file = form.text(f"file.{token}")
        try:
            check_file_name(file, HADOOP_SUFFIXES, "file")
        except InvalidInput as error:
            faults += error.faults
            continue
        read = _read_property if form.has(f"name.{token}") else _read_file
        faults += read(draft, form, token, file)
    faults += (
        Fault(file, "is replaced and edited at once; save one first") for file in draft.files.keys() & draft.properties
    )
    if faults:
        raise InvalidInput(faults)
    return draft


def _read_file(draft: Draft, form: Form, token: str, file: str) -> Iterator[Fault]:
    sha256 = form.text(f"sha256.{token}")
    if file in draft.files:
        yield Fault(file, "is given twice; keep one")
    elif form.has(f"drop.{token}"):
        draft.files[file] = None
    elif not _SHA256.fullmatch(sha256):
        yield Fault(file, f"{sha256[:70]!r} is no digest of a file that was sent")
    else:
        draft.files[file] = Staged(sha256, form.text(f"base.{token}"))


def _read_property(draft: Draft, form: Form, token: str, file: str) -> Iterator[Fault]:
    name = form.text(f"name.{token}").strip()
    edits = draft.properties.setdefault(file, {})
    draft.tokens.setdefault((file, name), token)
    if not name:
        yield Fault(file, "a row has no name; name the property, or take the row away")
    elif name in edits:
        yield Fault(name[:100], "is given twice; keep one")
    elif form.has(f"drop.{token}"):
        edits[name] = PropertyEdit(delete=True)
    else:
        edits[name] = PropertyEdit(_typed(form, token), form.has(f"final.{token}"))


def _typed(form: Form, token: str) -> str | None:
    """The value of a row; None where it is what was shown, so that no byte of it changes."""
    value = form.text(f"value.{token}")
    return None if digest_of(value) == form.text(f"was.{token}") else value


def apply_draft(services: Services, group: str, content: Content, draft: Draft) -> Outcome:
    """The content as the draft makes it; nothing is stored.

    Raises InvalidInput (a file or a property), NotFound (what goes is not there), BlobVanished (what was sent is).
    """
    new: dict[str, bytes] = {}
    for name, staged in draft.files.items():
        if staged is None:
            content = without_file(content, group, name)
        else:
            content = with_file(content, _stored(services, name, staged))
    for name, edits in draft.properties.items():
        found = find_file(content, group, name)
        edited = edit_properties(name, services.read_blob(found.sha256), edits)
        sha256 = hashlib.sha256(edited).hexdigest()
        new[sha256] = edited
        content = with_file(content, ConfigFile(name, sha256, len(edited)))
    return Outcome(content, new)


def _stored(services: Services, name: str, staged: Staged) -> ConfigFile:
    """What was sent, looked at once more: a form may name the digest of anything that is stored."""
    if not services.blobs.exists(staged.sha256):
        raise BlobVanished(staged.sha256)
    size = services.blobs.size(staged.sha256)
    if size > MAX_HADOOP_BYTES:
        raise reject(name, f"has {size:,} bytes, at most {MAX_HADOOP_BYTES:,} are allowed")
    check_hadoop_file(name, services.read_blob(staged.sha256))
    return ConfigFile(name, staged.sha256, size)


def file_before(content: Content, name: str) -> ConfigFile | None:
    """The file that a draft replaces."""
    return next((file for file in content.hadoop_files if file.name == name), None)
