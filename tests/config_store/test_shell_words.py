"""Words as a shell reads them; compared with shlex where that knows."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_store.shell_words import lines_of, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("'a b' \"c d\" e\\ f", ["a b", "c d", "e f"]),
        ("'' \"\"", ["", ""]),
        ("a'b'\"c\"d", ["abcd"]),
        ('"a\\"b\\$c\\d"', ['a"b$c\\d']),
        ("a \\\n b", ["a", "b"]),
        ("a # b\nc#d", ["a", "c#d"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    split = split_words(text)
    assert [word.text for word in split.words] == words
    assert not split.is_open


@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))))
def test_what_was_quoted_for_a_shell_comes_back(words: list[str]) -> None:
    split = split_words(shlex.join(words))
    assert ([word.text for word in split.words], split.is_open) == (words, False)
    assert {word.replaced for word in split.words} <= {""}


@given(st.text(st.sampled_from("ab '\"\\\n$#=-")))
def test_no_text_breaks_it_and_none_is_lost(text: str) -> None:
    sources = "".join(word.source for word in split_words(text).words)
    assert all(letter in text for letter in sources)


@pytest.mark.parametrize("text", ["'a", '"a', "a\\"])
def test_what_is_not_closed_is_told(text: str) -> None:
    assert split_words(text).is_open


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("a$HOME/b", "$HOME"),
        ('"${A:-b}c"', "${A:-b}"),
        ("$(date)", "$("),
        ("`date`", "`"),
        ("'$HOME'", ""),
        ("\\$HOME", ""),
        ("cost$", ""),
    ],
)
def test_what_only_the_shell_knows(text: str, replaced: str) -> None:
    assert split_words(text).words[0].replaced == replaced


def test_words_know_their_lines() -> None:
    assert [(word.text, word.line) for word in split_words("a \\\n b\n'c\nd' e", 7).words] == [
        ("a", 7),
        ("b", 8),
        ("c\nd", 9),
        ("e", 10),
    ]


def test_lines_that_a_backslash_prolongs_are_one() -> None:
    assert list(lines_of("a\\\nb\nc\\\\\nd\\")) == [(1, "a\\\nb"), (3, "c\\\\"), (4, "d\\")]


def test_an_open_quote_goes_on_in_the_lines_behind_and_takes_no_more_of_them() -> None:
    behind = iter(["b", "c' d", "e"])
    split = split_words("x 'a", 3, behind)
    assert [(word.text, word.line) for word in split.words] == [("x", 3), ("a\nb\nc", 3), ("d", 5)]
    assert list(behind) == ["e"]
    assert not split.is_open


def test_a_quote_that_no_line_closes_is_told() -> None:
    split = split_words('"a', 1, ["b\\\nc", "d"])
    assert (split.words[0].text, split.is_open) == ("a\nbc\nd", True)
