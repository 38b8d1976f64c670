"""The blob storage of a server whose settings name none that can be: every use of it says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from config_store.blobs.protocol import Leftover
    from config_store.errors import StorageMisconfigured


class MisconfiguredBlobs:
    """Raises its error from every method: what needs no blob still works, and the rest says what is wrong."""

    def __init__(self, error: StorageMisconfigured) -> None:
        self.error = error

    def _refuse(self) -> NoReturn:
        raise type(self.error)(*self.error.args)

    def __iter__(self) -> NoReturn:
        self._refuse()

    def writer(self, name: str) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def open(self, sha256: str) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def find(self, sha256: str) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def size(self, sha256: str) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def exists(self, sha256: str) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def stored(self) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def delete(self, sha256: str) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def put_piece(self, name: str, content: bytes) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def read_piece(self, name: str) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def pieces(self, upload: str) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def drop_piece(self, name: str) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def leftovers(self) -> NoReturn:
        """Raises the error."""
        self._refuse()

    def discard(self, leftover: Leftover) -> NoReturn:
        """Raises the error."""
        self._refuse()
