"""Secrets at rest: encrypted with keys that the caller gives, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from config_store.errors import SecretUnreadable, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence


class NoSecretKey(StoreError):
    """A secret is to be stored, and there is no key to encrypt it with."""

    def __init__(self) -> None:
        super().__init__(
            "No Fernet key is configured, so secrets can't be stored; set [core] fernet_key on every API server."
        )


class Token(str):
    """A secret as it is stored; its type tells it from plain text, so that none is encrypted twice."""

    __slots__ = ()


class Cipher(Protocol):
    """Turns text into a token fit for the database, and back."""

    def encrypt(self, text: str) -> str:
        """The token for ``text``."""

    def decrypt(self, token: str, where: str) -> str:
        """The text of ``token``; raises SecretUnreadable naming ``where``."""


class FernetCipher:
    """Fernet (AES-128-CBC with HMAC-SHA256, cryptography.io) with any number of keys; the first encrypts."""

    def __init__(self, keys: Sequence[str]) -> None:
        from cryptography.fernet import Fernet, MultiFernet

        self._fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None

    def encrypt(self, text: str) -> str:
        """The token for ``text``, an URL-safe string of about 4/3 its length plus 100; raises NoSecretKey."""
        if self._fernet is None:
            raise NoSecretKey
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def decrypt(self, token: str, where: str) -> str:
        """The text of ``token``; raises SecretUnreadable when no key opens it."""
        from cryptography.fernet import InvalidToken

        if self._fernet is None:
            raise SecretUnreadable(where)
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise SecretUnreadable(where) from None
