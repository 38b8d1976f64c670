"""A seekable file over a storage that gives ranges of bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

#: The first request asks for this much, each that follows on it for twice as much, bytes.
_FIRST, _MOST = 256 * 1024, 8 * 1024 * 1024


class RangeReader(io.RawIOBase):
    """Reads ``size`` bytes through ``fetch(start, end)``, ahead while it is read in order, never more than 8 MiB.

    Blobs never change, so no request needs to ask whether it still reads the same one.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        super().__init__()
        self._fetch, self._size = fetch, size
        self._position, self._start, self._ahead = 0, 0, _FIRST
        self._part = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position, also beyond the end; raises ValueError before the beginning."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"a position before the beginning: {base + offset}")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The position."""
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer as far as the part at hand goes; 0 at the end."""
        target = memoryview(buffer).cast("B")
        if self._position >= self._size or not len(target):
            return 0
        if not self._start <= self._position < self._start + len(self._part):
            self._fetch_part(len(target))
        offset = self._position - self._start
        found = self._part[offset : offset + len(target)]
        target[: len(found)] = found
        self._position += len(found)
        return len(found)

    def _fetch_part(self, wanted: int) -> None:
        in_order = self._position == self._start + len(self._part)
        self._ahead = min(2 * self._ahead, _MOST) if in_order and self._part else _FIRST
        length = min(max(self._ahead, wanted), _MOST, self._size - self._position)
        self._start, self._part = self._position, b""  # the old part goes before the new one comes
        self._part = self._fetch(self._start, self._start + length)
