"""Archives and classes that tests look into, made byte by byte or by Python's zipfile."""

from __future__ import annotations

import io
import struct
import zipfile

PUBLIC, STATIC = 0x0001, 0x0008
MAIN_TYPE = "([Ljava/lang/String;)V"


def zipped(files: dict[str, bytes], *, packing: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """A zip archive with the files, in order."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packing) as archive:
        archive.comment = comment
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def java_class(
    methods: list[tuple[int, str, str]], *, java: int = 17, fields: int = 0, long_constants: bool = False
) -> bytes:
    """A class with the methods (access, name, type), laid out as javac does, with attributes to pass over."""
    texts = ["Code", *dict.fromkeys(text for _, name, kind in methods for text in (name, kind))]
    pool = b"".join(b"\x01" + struct.pack(">H", len(text)) + text.encode() for text in texts)
    count = len(texts) + 1
    if long_constants:  # which takes two places
        pool, count = b"\x05" + bytes(8) + pool, count + 2
    place = {text: index + (3 if long_constants else 1) for index, text in enumerate(texts)}
    attribute = struct.pack(">HI", place["Code"], 3) + b"abc"
    members = [struct.pack(">4H", PUBLIC, place["Code"], place["Code"], 1) + attribute] * fields
    rest = struct.pack(">3HH", PUBLIC, 0, 0, 1) + bytes(2)  # access, this, super, one interface
    rest += struct.pack(">H", fields) + b"".join(members) + struct.pack(">H", len(methods))
    for access, name, kind in methods:
        rest += struct.pack(">4H", access, place[name], place[kind], 1) + attribute
    return b"\xca\xfe\xba\xbe" + struct.pack(">HHH", 0, 44 + java, count) + pool + rest
