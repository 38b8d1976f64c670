"""A command line in its words, as a POSIX shell reads it, each with its line and what the shell would put in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What a shell replaces, outside of single quotes.
_REPLACED = re.compile(r"\$\{[^}]{0,100}\}?|\$\w{1,100}|\$[(@*#?!-]|`")
_ESCAPED_IN_QUOTES = frozenset('$`"\\\n')


@dataclass
class Word:
    """One word without its quotes. ``source``: as it was written; ``line``: where it begins, from 1.

    ``replaced``: what of it only the shell knows, as "$HOME"; "" when nothing.
    """

    line: int
    text: str = ""
    source: str = ""
    replaced: str = ""


@dataclass
class Words:
    """The words of a command. ``is_open``: a quote, or a line that a backslash prolongs, was not closed."""

    words: list[Word] = field(default_factory=list)
    is_open: bool = False


def split_words(text: str, line: int = 1, more: Iterable[str] = ()) -> Words:
    """Take a command line apart; ``line`` is the number of its first. A ``#`` begins a comment, as in a shell.

    ``more``: the lines behind it as :func:`lines_of` gives them; they are taken while a quote is open.
    """
    return _Splitter(text, line, iter(more)).split()


@dataclass
class _Begun:
    """A word that is being read: its pieces, because to make a text longer letter by letter is quadratic."""

    line: int
    text: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    replaced: str = ""

    def end(self) -> Word:
        return Word(self.line, "".join(self.text), "".join(self.source), self.replaced)


class _Splitter:
    """One pass over a text, and what follows it."""

    def __init__(self, text: str, line: int, more: Iterator[str]) -> None:
        self._text, self._line, self._at = text, line, 0
        self._more = more
        self._found = Words()
        self._word: _Begun | None = None

    def split(self) -> Words:
        while self._at < len(self._text):
            self._step(self._text[self._at])
        self._end_word()
        return self._found

    def _step(self, letter: str) -> None:
        if letter.isspace():
            self._end_word()
            self._take(1)
        elif letter == "#" and self._word is None:
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
        elif letter == "'":
            self._quoted("'")
        elif letter == '"':
            self._quoted('"')
        elif letter == "\\":
            self._escape()
        else:
            self._plain(letter)

    def _plain(self, letter: str) -> None:
        self._add(letter, is_live=True)
        self._take(1)

    def _quoted(self, quote: str) -> None:
        self._add("")
        self._take(1)
        while self._at < len(self._text) or self._goes_on():
            letter = self._text[self._at]
            if letter == quote:
                self._take(1)
                return
            if quote == '"' and letter == "\\" and self._text[self._at + 1 : self._at + 2] in _ESCAPED_IN_QUOTES:
                self._take(1)
                letter = self._text[self._at]
                self._add("" if letter == "\n" else letter)
            else:
                self._add(letter, is_live=quote == '"')
            self._take(1)
        self._found.is_open = True

    def _goes_on(self) -> bool:
        """Whether there is another line, which takes the place of what was read."""
        following = next(self._more, None)
        if following is None:
            return False
        self._text, self._at = f"\n{following}", 0
        return True

    def _escape(self) -> None:
        after = self._text[self._at + 1 : self._at + 2]
        if after == "\n":  # the line goes on in the next
            self._take(2)
            return
        if not after:
            self._found.is_open = True
        else:
            self._add(after)
        self._take(2)

    def _add(self, text: str, *, is_live: bool = False) -> None:
        """Add to the word; ``is_live``: where a shell replaces what begins here."""
        if self._word is None:
            self._word = _Begun(self._line)
        self._word.text.append(text)
        if is_live and text in "$`" and not self._word.replaced and (match := _REPLACED.match(self._text, self._at)):
            self._word.replaced = match.group()

    def _take(self, count: int) -> None:
        taken = self._text[self._at : self._at + count]
        if self._word is not None:
            self._word.source.append(taken)
        self._line += taken.count("\n")
        self._at += count

    def _end_word(self) -> None:
        if self._word is not None:
            self._found.words.append(self._word.end())
            self._word = None


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers, those that a backslash prolongs as one."""
    begun, parts = 1, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        if not parts:
            begun = number
        parts.append(line)
        if (len(line) - len(line.rstrip("\\"))) % 2 == 0:
            yield begun, "\n".join(parts)
            parts = []
    if parts:
        yield begun, "\n".join(parts)
