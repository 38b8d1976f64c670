"""A group's keytab and krb5.conf: what is accepted, and how a keytab is kept."""

from __future__ import annotations

import base64
import codecs
import hashlib
from typing import TYPE_CHECKING

from config_store.content import KEYTAB_SUFFIXES, Keytab
from config_store.errors import reject
from config_store.names import check_file_name

if TYPE_CHECKING:
    from config_store.secrets import Cipher

#: The largest keytab or krb5.conf, bytes.
MAX_KERBEROS_BYTES = 1_000_000
#: How the first line of a krb5.conf begins that is no comment (MIT Kerberos, krb5.conf(5)).
_KRB5_BEGINNINGS = (b"[", b"include", b"module ")


def seal_keytab(name: str, content: bytes, cipher: Cipher) -> Keytab:
    """The keytab as it is stored, its bytes encrypted; raises InvalidInput, NoSecretKey."""
    check_file_name(name, KEYTAB_SUFFIXES, "filename")
    if not content.startswith(b"\x05"):  # every version of the MIT keytab format begins so
        raise reject("keytab", "is no Kerberos keytab: its first byte is not 5")
    token = cipher.encrypt(base64.b64encode(content).decode("ascii"))
    return Keytab(name, hashlib.sha256(content).hexdigest(), len(content), token)


def check_krb5_conf(content: bytes) -> None:
    """Raise InvalidInput for what can't be a krb5.conf: its first word is a section, an include or a module."""
    lines = (line.strip() for line in content.removeprefix(codecs.BOM_UTF8).splitlines())
    first = next((line for line in lines if line and not line.startswith((b"#", b";"))), b"")
    if not first:
        raise reject("krb5.conf", "is empty")
    if not first.startswith(_KRB5_BEGINNINGS):
        shown = first[:40].decode("utf-8", "replace")
        raise reject("krb5.conf", f"begins with {shown!r}, and not with a section as [libdefaults], include or module")
