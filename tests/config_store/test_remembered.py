"""Large documents are read once, small ones each time, and no more is kept than was said."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from config_store.remembered import Remembered


class Counting:
    """Reads a text to a list of its letters; knows what it was asked for."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, text: str) -> list[str]:
        self.read.append(text)
        return list(text)


def test_a_large_text_is_read_once() -> None:
    reader = Counting()
    remembered = Remembered(reader, least=3, most=10)
    assert remembered("abc") == ["a", "b", "c"]
    assert remembered("".join(["a", "b", "c"])) is remembered("abc")
    assert reader.read == ["abc"]


def test_small_ones_and_those_beyond_all_bounds_are_read_each_time() -> None:
    reader = Counting()
    remembered = Remembered(reader, least=3, most=10)
    for text in ("ab", "ab", "x" * 11, "x" * 11):
        assert remembered(text) == list(text)
    assert reader.read == ["ab", "ab", "x" * 11, "x" * 11]


def test_the_least_recently_used_goes_first() -> None:
    reader = Counting()
    remembered = Remembered(reader, least=1, most=10)
    for text in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        remembered(text)
    assert reader.read == ["aaaa", "bbbb", "cccc", "bbbb"]


def test_many_small_go_for_a_large_one() -> None:
    reader = Counting()
    remembered = Remembered(reader, least=1, most=10)
    for text in ("aaaa", "bbbb", "c" * 10, "c" * 10, "aaaa"):
        remembered(text)
    assert reader.read == ["aaaa", "bbbb", "c" * 10, "aaaa"]


def test_who_writes_a_text_spares_its_next_reader_the_work() -> None:
    reader = Counting()
    remembered = Remembered(reader, least=3, most=10)
    written = ["a", "b", "c"]
    remembered.remember("abc", written)
    remembered.remember("ab", ["a", "b"])
    assert remembered("abc") is written
    assert remembered("ab") == ["a", "b"]
    assert reader.read == ["ab"]


def test_what_can_not_be_read_is_told_each_time() -> None:
    def refuse(text: str) -> str:
        raise ValueError(text)

    remembered = Remembered(refuse, least=1, most=10)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^abc$"):
            remembered("abc")


def test_threads_share_it_within_its_bounds() -> None:
    remembered = Remembered(Counting(), least=1, most=20)
    texts = [letter * 4 for letter in "abcdefgh"] * 50
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(remembered, texts)) == [list(text) for text in texts]
    reader = Counting()
    remembered.read = reader
    for text in texts[:8]:
        remembered(text)
    assert len(reader.read) >= 3  # at most five of eight were kept
