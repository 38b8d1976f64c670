"""What a compiled Java class says: for which Java it was compiled, and whether it can be started.

The layout is that of the Java Virtual Machine Specification, chapter 4
(https://docs.oracle.com/javase/specs/jvms/se21/html/jvms-4.html).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_MAGIC = b"\xca\xfe\xba\xbe"
#: Java 1.1's; each release since then has the next number (table 4.1-A).
_FIRST_MAJOR, _MAJOR_OF_JAVA_0 = 45, 44
_UTF_8, _LONG, _DOUBLE = 1, 5, 6
#: Tag of a constant -> its length without the tag (4.4).
_LENGTHS = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
_MAIN, _MAIN_TYPE = b"main", b"([Ljava/lang/String;)V"
_PUBLIC_STATIC = 0x0001 | 0x0008
_U2, _U4 = struct.Struct(">H"), struct.Struct(">I")


def needed_java(beginning: bytes) -> int | None:
    """The Java release (8, 17 …) that the class needs, by its first 8 bytes; None for what is no class."""
    if len(beginning) < 8 or not beginning.startswith(_MAGIC):
        return None
    (major,) = _U2.unpack_from(beginning, 6)
    return int(major) - _MAJOR_OF_JAVA_0 if major >= _FIRST_MAJOR else None


def has_main(content: bytes) -> bool:
    """Whether the class has a ``public static void main(String[])``; False for what is cut off or no class."""
    if _MAIN not in content or _MAIN_TYPE not in content:
        return False
    try:
        return _Reader(content).finds_main()
    except (struct.error, KeyError):
        return False


@dataclass
class _Reader:
    """Reads a class from its beginning; raises struct.error where it ends too early, KeyError for an unknown tag."""

    content: bytes
    at: int = 8

    def finds_main(self) -> bool:
        """Pass over everything before the methods, then look at each."""
        texts = self._texts()
        self.at += 6  # access, this, super
        interfaces = self._u2()
        self.at += 2 * interfaces
        for _ in range(self._u2()):  # fields
            self._member()
        members = (self._member() for _ in range(self._u2()))
        return any(
            access & _PUBLIC_STATIC == _PUBLIC_STATIC and texts.get(name) == _MAIN and texts.get(kind) == _MAIN_TYPE
            for access, name, kind in members
        )

    def _texts(self) -> dict[int, bytes]:
        """The two texts that count, by their place in the pool of constants."""
        texts: dict[int, bytes] = {}
        index, count = 1, self._u2()
        while index < count:
            tag = self.content[self.at] if self.at < len(self.content) else -1
            self.at += 1
            if tag == _UTF_8:
                length = self._u2()
                text = self.content[self.at : self.at + length]
                if text in (_MAIN, _MAIN_TYPE):
                    texts[index] = text
                self.at += length
            else:
                self.at += _LENGTHS[tag]
            index += 2 if tag in (_LONG, _DOUBLE) else 1
        return texts

    def _member(self) -> tuple[int, int, int]:
        """Access, name and type of a field or method; its attributes are passed over."""
        access, name, kind = self._u2(), self._u2(), self._u2()
        for _ in range(self._u2()):
            (length,) = _U4.unpack_from(self.content, self.at + 2)
            self.at += 6 + length
        return access, name, kind

    def _u2(self) -> int:
        (value,) = _U2.unpack_from(self.content, self.at)
        self.at += 2
        return int(value)
