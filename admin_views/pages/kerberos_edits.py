"""A keytab and a krb5.conf chosen on the page: they come within its form, and join the revision of the save."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from admin_views.api.access import demand
from admin_views.api.hadoop import store_file
from admin_views.permissions import Resource
from config_store.content import ConfigFile
from config_store.errors import reject
from config_store.kerberos import MAX_KERBEROS_BYTES, check_krb5_conf, seal_keytab

if TYPE_CHECKING:
    from collections.abc import Iterable

    from admin_views.pages.forms import Form
    from admin_views.services import Caller, Services
    from config_store.content import Content
    from config_store.secrets import Cipher

#: Field of a content -> the name that people know its file by.
FILE_FIELDS = {"keytab": "keytab", "krb5_conf": "krb5.conf"}


@dataclass(frozen=True)
class FileEdit:
    """A file that was chosen, or (``body`` None) taken away; ``field`` is one of FILE_FIELDS."""

    field: str
    name: str
    body: bytes | None

    def apply(self, content: Content, cipher: Cipher) -> Content:
        """The content with the file, or without; nothing is stored. Raises InvalidInput, NoSecretKey."""
        if self.body is None:
            return replace(content, keytab=None) if self.field == "keytab" else replace(content, krb5_conf=None)
        if self.field == "krb5_conf":
            check_krb5_conf(self.body)
            digest = hashlib.sha256(self.body).hexdigest()
            return replace(content, krb5_conf=ConfigFile("krb5.conf", digest, len(self.body)))
        keytab = seal_keytab(self.name, self.body, cipher)
        stored = content.keytab
        # encrypted anew it would differ from itself
        same = stored is not None and (stored.name, stored.sha256) == (keytab.name, keytab.sha256)
        return content if same else replace(content, keytab=keytab)


def read_file_edit(form: Form, field: str) -> FileEdit:
    """The edit of a file: ``FIELD.drop``, else ``FIELD.name`` and ``FIELD.body`` in base64; raises InvalidInput."""
    known_as = FILE_FIELDS[field]
    if form.has(f"{field}.drop"):
        return FileEdit(field, "", None)
    if not form.text(f"{field}.name"):
        raise reject(known_as, "no file is chosen; choose one, or undo this edit")
    try:
        body = base64.b64decode(form.text(f"{field}.body"), validate=True)
    except ValueError as error:  # binascii.Error is one; what is not even ASCII raises another
        raise reject(known_as, f"did not come as base64: {error}") from error
    if len(body) > MAX_KERBEROS_BYTES:
        raise reject(known_as, f"has {len(body):,} bytes, at most {MAX_KERBEROS_BYTES:,} are allowed")
    return FileEdit(field, form.text(f"{field}.name"), body)


def check_permitted(services: Services, caller: Caller, edits: Iterable[FileEdit]) -> None:
    """Raise Forbidden unless the caller may do what the JSON API asks the same permissions for."""
    demand(services, caller, (("DELETE" if edit.body is None else "PUT", Resource.HADOOP) for edit in edits))


def store_files(services: Services, edits: Iterable[FileEdit]) -> list[str]:
    """Store the bytes of what lies in the blob storage; answers the digests."""
    bodies = [edit.body for edit in edits if edit.field == "krb5_conf" and edit.body is not None]
    return [store_file(services, "krb5.conf", body).sha256 for body in bodies]
