"""A group's keytab and krb5.conf: what is accepted, and how a keytab is kept."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from config_store.content import KEYTAB_SUFFIXES, Keytab
from config_store.errors import reject
from config_store.names import check_file_name

if TYPE_CHECKING:
    from config_store.secrets import Cipher

#: The largest keytab or krb5.conf, bytes.
MAX_KERBEROS_BYTES = 1_000_000


def seal_keytab(name: str, content: bytes, cipher: Cipher) -> Keytab:
    """The keytab as it is stored, its bytes encrypted; raises InvalidInput, NoSecretKey."""
    check_file_name(name, KEYTAB_SUFFIXES, "filename")
    if not content.startswith(b"\x05"):  # every version of the MIT keytab format begins so
        raise reject("keytab", "is no Kerberos keytab: its first byte is not 5")
    token = cipher.encrypt(base64.b64encode(content).decode("ascii"))
    return Keytab(name, hashlib.sha256(content).hexdigest(), len(content), token)


def check_krb5_conf(content: bytes) -> None:
    """Raise InvalidInput for a krb5.conf that says nothing."""
    if not content.strip():
        raise reject("krb5.conf", "is empty")
