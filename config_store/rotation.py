"""Encrypting every stored secret anew with the first key, so that older keys may be dropped.

A token is not a secret's value: no number, author or time of a revision changes. One token becomes the same new
one wherever it stands, so that what was equal stays equal, which diffs and saves without changes rest on; and
also after a run that was interrupted, because the new token is computed from the old one and the key.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, select, type_coerce

from config_store.content import SECTIONS
from config_store.errors import SecretUnreadable
from config_store.models import GroupRow, RevisionRow
from config_store.secrets import FernetCipher, NoSecretKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from config_store.database import Database

_TOLD_EVERY = 100


@dataclass
class Rotated:
    """What a run did: secrets and revisions rewritten, secrets that the first key opened already, what none opens."""

    secrets: int = 0
    revisions: int = 0
    current: int = 0
    unreadable: tuple[SecretUnreadable, ...] = ()


def rotate_secrets(database: Database, keys: Sequence[str], told: Callable[[str], None]) -> Rotated:
    """Encrypt the secrets of every revision with the first of the Fernet keys; the others only decrypt.

    Each revision is a transaction: all of its secrets or none. One with a secret that no key opens stays as it is
    and is told in ``unreadable``. May be repeated. Raises NoSecretKey.
    """
    if not keys:
        raise NoSecretKey
    rotation, done, last = _Rotation(keys), Rotated(), 0
    # until nothing new comes: a save in these moments may carry an old token on into a new revision
    while ids := _revisions_after(database, last):
        for number, last in enumerate(ids, start=1):
            _rotate_revision(database, last, rotation, done)
            if number % _TOLD_EVERY == 0:
                told(f"Revisions: {number:,} of {len(ids):,} …")
    return done


def _revisions_after(database: Database, last: int) -> list[int]:
    """The revisions that hold a secret."""
    text = type_coerce(RevisionRow.content, Text)
    holds_one = text.contains('"secret":true') | text.contains('"token":"')
    with database.reading() as session:
        return list(
            session.scalars(select(RevisionRow.id).where(RevisionRow.id > last, holds_one).order_by(RevisionRow.id))
        )


def _rotate_revision(database: Database, revision_id: int, rotation: _Rotation, done: Rotated) -> None:
    with database.writing() as session:
        row = session.get(RevisionRow, revision_id, with_for_update=True)
        assert row is not None  # revisions are never deleted
        group = session.scalar(select(GroupRow.name).where(GroupRow.id == row.group_id))
        content, changed, current = deepcopy(row.content), 0, 0  # SQLAlchemy compares it with the old one
        try:
            for where, holder, key in _secrets(content):
                new = rotation.rotate(holder[key], f"{group} revision {row.number} {where}")
                changed, current = changed + (new is not None), current + (new is None)
                holder[key] = new or holder[key]
        except SecretUnreadable as error:
            done.unreadable += (error,)
            return
        row.content = content
        done.secrets, done.current = done.secrets + changed, done.current + current
        done.revisions += bool(changed)


def _secrets(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every token of a document: where it stands in words, and the dictionary and key that hold it."""
    for section in SECTIONS:
        for name, setting in content[section].items():
            if setting["secret"]:
                yield f"{section}.{name}", setting, "value"
    if content["keytab"]:
        yield "keytab", content["keytab"], "token"


class _Rotation:
    """From a token of any key to the token of the first one."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._first, self._all = FernetCipher(keys[:1]), FernetCipher(keys)
        raw = urlsafe_b64decode(keys[0])
        self._signing, self._encrypting = raw[:16], raw[16:]

    def rotate(self, token: str, where: str) -> str | None:
        """The new token; None when the first key opens the old one. Raises SecretUnreadable naming ``where``."""
        try:
            self._first.decrypt(token, where)
        except SecretUnreadable:
            return self._seal(self._all.decrypt(token, where).encode(), token)
        return None

    def _seal(self, text: bytes, token: str) -> str:
        """A Fernet token (github.com/fernet/spec) with the old one's time, and an IV that depends on it.

        The library draws each IV at random. To a stranger this one is as random: it is an HMAC with the key.
        """
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.padding import PKCS7

        born = urlsafe_b64decode(token)[1:9]
        iv = hmac.digest(self._signing, b"couture rotation " + token.encode(), "sha256")[:16]
        padder = PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(self._encrypting), modes.CBC(iv)).encryptor()
        padded = padder.update(text) + padder.finalize()
        signed = b"\x80" + born + iv + encryptor.update(padded) + encryptor.finalize()
        return urlsafe_b64encode(signed + hmac.digest(self._signing, signed, "sha256")).decode()
