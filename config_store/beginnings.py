"""How a file begins: the first bytes, by which an upload that can't be of its name's kind is refused."""

from __future__ import annotations

from config_store.errors import reject

#: What holds the files of a zip archive.
ZIP_SUFFIXES = (".jar", ".zip", ".egg", ".whl")
#: The bytes by which a file's kind is known.
BEGINNING = 4
#: How a script begins that may stand in front of an archive.
SCRIPT = b"#!"


def check_beginning(name: str, beginning: bytes) -> None:
    """Raise InvalidInput for a file whose first bytes (``BEGINNING`` of them, or all) can't be those of its kind."""
    if fault := beginning_fault(name, beginning):
        raise reject(name, f"{fault}. Nothing was stored")


def beginning_fault(name: str, beginning: bytes) -> str | None:
    """What is wrong with a file of the name that begins so; None for nothing."""
    if not beginning:
        return "is empty"
    suffix = name[name.rfind(".") :].lower()
    # with its first entry, or, without any, its end (APPNOTE.TXT, 4.3.7 and 4.3.16); behind a script, see script_front
    if suffix in ZIP_SUFFIXES and not beginning.startswith((b"PK\x03\x04", b"PK\x05\x06", SCRIPT)):
        return f"is no {suffix} file: it does not begin like a zip archive"
    return None
