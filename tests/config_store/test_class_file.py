"""Compiled classes: the Java they need, and whether they can be started."""

from __future__ import annotations

import pytest

from config_store.class_file import has_main, needed_java
from tests.config_store.archives import MAIN_TYPE, PUBLIC, STATIC, java_class

MAIN = (PUBLIC | STATIC, "main", MAIN_TYPE)


@pytest.mark.parametrize("java", [1, 8, 11, 17, 21, 25])
def test_the_java_that_a_class_needs(java: int) -> None:
    assert needed_java(java_class([], java=java)) == java


@pytest.mark.parametrize("content", [b"", b"\xca\xfe\xba\xbe", b"PK\x03\x04aaaa", b"\xca\xfe\xba\xbe\x00\x00\x00\x01"])
def test_what_is_no_class_needs_none(content: bytes) -> None:
    assert needed_java(content) is None


@pytest.mark.parametrize(
    ("methods", "starts"),
    [
        ([MAIN], True),
        ([(PUBLIC, "run", "()V"), MAIN], True),
        ([(PUBLIC | STATIC | 0x1000, "main", MAIN_TYPE)], True),
        ([(PUBLIC, "main", MAIN_TYPE)], False),
        ([(STATIC, "main", MAIN_TYPE)], False),
        ([(PUBLIC | STATIC, "main", "()V"), (PUBLIC | STATIC, "other", MAIN_TYPE)], False),
        ([], False),
    ],
)
def test_a_class_that_can_be_started(methods: list[tuple[int, str, str]], starts: bool) -> None:
    assert has_main(java_class(methods)) == starts
    assert has_main(java_class(methods, fields=3, long_constants=True)) == starts


def test_a_class_that_is_cut_off_can_not() -> None:
    whole = java_class([(PUBLIC, "run", "()V"), MAIN], fields=2)
    assert [has_main(whole[:length]) for length in range(len(whole) - 15)] == [False] * (len(whole) - 15)


def test_an_unknown_constant_ends_the_reading() -> None:
    whole = bytearray(java_class([MAIN]))
    whole[10] = 99
    assert not has_main(bytes(whole))
