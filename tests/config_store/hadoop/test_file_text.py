"""A file as text and back: what was not edited keeps its bytes."""

from __future__ import annotations

import codecs

import pytest

from config_store.errors import InvalidInput
from config_store.hadoop.file_text import edited_file, file_text

PLAIN = "<?xml version='1.0'?>\n<configuration>\n  <!-- é → 😀 -->\n  <property/>\n</configuration>\n"
LATIN = "<?xml version='1.0' encoding='ISO-8859-1'?>\n<configuration><!-- é -->\n</configuration>"
FILES = {
    "plain": PLAIN.encode(),
    "CR LF": PLAIN.replace("\n", "\r\n").encode(),
    "CR": PLAIN.replace("\n", "\r").encode(),
    "mixed": PLAIN.replace("\n", "\r\n", 2).encode(),
    "marked": codecs.BOM_UTF8 + PLAIN.encode(),
    "UTF-16": codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
    "Latin-1": LATIN.encode("latin-1"),
    "one line": b"<configuration/>",
}
EVERY_FILE = pytest.mark.parametrize("content", FILES.values(), ids=FILES.keys())


@EVERY_FILE
def test_an_unedited_text_gives_the_same_bytes(content: bytes) -> None:
    text = file_text(content)
    assert "\r" not in text
    assert "\ufeff" not in text
    assert edited_file("a.xml", content, text) == content
    assert edited_file("a.xml", content, text.replace("\n", "\r\n")) == content  # as text fields send it


@EVERY_FILE
def test_an_edit_changes_its_own_line_alone(content: bytes) -> None:
    edited = edited_file("a.xml", content, file_text(content).replace("<configuration", "<configuration  x='1'"))
    encoding = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "latin-1"
    expected = content.decode(encoding).replace("<configuration", "<configuration  x='1'")
    assert edited.decode(encoding) == expected


def test_new_lines_end_as_the_file_does_and_the_others_as_they_did() -> None:
    content = b"<configuration>\r\n<a/>\n<b/>\r\n</configuration>"
    text = "<configuration>\n<a/>\n<new/>\n<new/>\n<b/>\n</configuration>"
    expected = b"<configuration>\r\n<a/>\n<new/>\r\n<new/>\r\n<b/>\r\n</configuration>"
    assert edited_file("a.xml", content, text) == expected
    assert edited_file("a.xml", expected, file_text(content)) == content
    assert edited_file("a.xml", content, "<configuration/>") == b"<configuration/>"


@pytest.mark.parametrize(
    ("content", "text", "told"),
    [
        (
            FILES["Latin-1"],
            LATIN.replace("é", "→"),
            "a.xml: holds '→' at line 2, which its encoding ISO-8859-1 lacks; write &#8594;",
        ),
        (
            FILES["plain"],
            PLAIN.replace("'1.0'", "'1.0' encoding='klingon'"),
            "a.xml: can't be read: unknown encoding: klingon",
        ),
        (
            FILES["plain"],
            "<configuration>\n  <a>\n</configuration>",
            "a.xml: is not well-formed XML at line 3, column 3: mismatched tag",
        ),
        (FILES["plain"], "", "a.xml: is not well-formed XML at line 1, column 1: no element found"),
    ],
)
def test_what_can_be_no_file_is_refused_with_its_place(content: bytes, text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        edited_file("a.xml", content, text)
    assert str(refused.value) == told
