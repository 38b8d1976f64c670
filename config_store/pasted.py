"""A pasted block as settings: options of spark-submit, lines of spark-defaults.conf, an INI, a whole command."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config_store.content import SECTIONS
from config_store.errors import reject
from config_store.names import nearest, unstorable
from config_store.settings import (
    ARGUMENTS,
    CONFIGURATION_NAME,
    ENVIRONMENT_NAME,
    FLAGS,
    RESERVED,
    RESERVED_VARIABLES,
    as_typed,
)
from config_store.shell_words import Word, lines_of, split_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

#: So many settings are taken at once; the rest stays where it is.
MAX_SETTINGS = 500
#: A block of more characters is no configuration; to read that much takes a second.
MAX_BLOCK = 1_000_000
#: So many of what is not understood get a proposal: to look for what is near takes longer than to read the line.
_MOST_PROPOSALS = 100

_SECTION = re.compile(r"\[([^\]]*)\]")
_VARIABLE = re.compile(r"(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*=")
_COMMAND = re.compile(r"(^|[\s/])(spark-submit|spark-shell|pyspark|spark-sql)(\s|$)")
_PROPERTY = re.compile(r"\s*((?:\\[\s\S]|[^\s=:\\])+)(?:\s*[=:]\s*|\s+|$)([\s\S]*)")
_ESCAPE = re.compile(r"\\(\n[ \t]*|u[0-9a-fA-F]{4}|[\s\S])")
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
#: Options of one letter. Source: org.apache.spark.launcher.SparkSubmitOptionParser.
_SHORT = {"-c": "conf", "-v": "verbose"}
_WITHOUT_VALUE = FLAGS | {"load-spark-defaults", "help", "version", "usage-error"}


@dataclass(frozen=True)
class PastedSetting:
    """One setting that was understood; ``section`` is one of the content's."""

    section: str
    name: str
    value: str
    line: int


@dataclass(frozen=True)
class Leftover:
    """What was not understood: where, its text, and why."""

    line: int
    text: str
    reason: str


@dataclass
class Pasted:
    """What became of a block. Of a setting that stands there twice, the last counts, as for Spark."""

    settings: dict[tuple[str, str], PastedSetting] = field(default_factory=dict)
    leftovers: list[Leftover] = field(default_factory=list)

    @property
    def rest(self) -> str:
        """What was not understood, as a text to go on from."""
        return "\n".join(leftover.text for leftover in self.leftovers)


def read_pasted(text: str) -> Pasted:
    """The settings in a block of text, and what could not be understood, line by line.

    Raises InvalidInput for a block of more than MAX_BLOCK characters.
    """
    if len(text) > MAX_BLOCK:
        reason = f"has {len(text):,} characters, at most {MAX_BLOCK:,} are read at once; paste it piece by piece"
        raise reject("block", reason)
    return _Reader().read(text.replace("\r\n", "\n"))


class _Reader:
    """One pass over a block; ``section`` is that of the INI whose heading was read last."""

    def __init__(self) -> None:
        self._pasted = Pasted()
        self._section: str | None = None

    def read(self, text: str) -> Pasted:
        lines = lines_of(text)
        for number, line in lines:
            stripped = line.strip()
            if not stripped or stripped.startswith(("#", "!", ";")):
                continue
            if heading := _SECTION.fullmatch(stripped):
                self._section = heading[1].strip().lower()
            elif self._is_command(stripped):
                self._read_command(number, stripped.removeprefix("$ "), lines)
            else:
                self._read_property(number, stripped)
        return self._pasted

    # --- a command ---

    def _is_command(self, line: str) -> bool:
        """Whether a shell would run the line, or its options stand there alone."""
        if self._section is None and _VARIABLE.match(line) and line.partition("=")[0].isupper():
            return True
        return line.startswith(("-", "export ")) or bool(_COMMAND.search(line) and not line.startswith("spark."))

    def _read_command(self, number: int, line: str, following: Iterator[tuple[int, str]]) -> None:
        taken = [line]

        def more() -> Iterator[str]:  # a quote goes over several lines
            for _, text in following:
                taken.append(text)
                yield text

        split = split_words(line, number, more())
        if split.is_open:
            self._leave(number, "\n".join(taken), "a quote is opened and never closed")
            return
        self._read_words(split.words)

    def _read_words(self, words: Sequence[Word]) -> None:
        rest = deque(words)
        while rest and not rest[0].text.startswith("-"):
            word = rest.popleft()
            if _VARIABLE.match(word.source):
                name, _, value = word.text.partition("=")
                self._add("environment", name, value, [word])
            elif word.text != "export" and not _COMMAND.search(word.text):
                self._leave_words([word, *rest], "is no option of spark-submit")
                return
        while rest and rest[0].text.startswith("-"):
            self._read_option(rest)
        if rest:
            reason = "the application and its arguments belong to the task (code_artifact, application_arguments)"
            self._leave_words(rest, reason)

    def _read_option(self, rest: deque[Word]) -> None:
        word = rest.popleft()
        written, equals, value = word.text.partition("=")
        option, taken = _SHORT.get(written) or written.lstrip("-"), [word]
        if option in _WITHOUT_VALUE:
            value = value or "true"
        elif not equals:
            if not rest:
                self._leave_words(taken, "the value is missing")
                return
            taken.append(rest.popleft())
            value = taken[1].text
        if option == "conf":
            self._read_conf(value, taken)
        elif option in ARGUMENTS or option in RESERVED:
            self._add("arguments", option, value, taken)
        else:
            near = self._near(option)
            hint = f"; did you mean --{near}?" if near else "; `spark-submit --help` lists them"
            self._leave_words(taken, f"spark-submit has no option --{option[:100]}{hint}")

    def _read_conf(self, text: str, taken: Sequence[Word]) -> None:
        name, equals, value = text.partition("=")
        if not equals:
            self._leave_words(taken, "--conf needs NAME=VALUE")
        else:
            self._add("configurations", name.strip(), value, taken)

    def _leave_words(self, words: Collection[Word], reason: str) -> None:
        self._leave(next(iter(words)).line, " ".join(word.source for word in words), reason)

    # --- a line of a file ---

    def _read_property(self, number: int, line: str) -> None:
        match = _PROPERTY.fullmatch(line)
        name, value = (match[1], match[2]) if match else (line, "")
        if self._section is None:  # java.util.Properties reads spark-defaults.conf, and an INI knows no escapes
            name, value = _unescaped(name), _unescaped(value)
        name = name.strip()
        section = self._section_of(name)
        if section is None:
            self._leave(number, line, self._reason(name))
        elif match is None or not value.strip():
            self._leave(number, line, "the value is missing")
        else:
            word = Word(number, value, line)
            self._add(section, name, value.strip(), [word])

    def _section_of(self, name: str) -> str | None:
        if self._section in SECTIONS:
            return self._section
        if name in ARGUMENTS:
            return "arguments"
        return "configurations" if "." in name and CONFIGURATION_NAME.fullmatch(name) else None

    def _reason(self, name: str) -> str:
        near = self._near(name)
        hint = f"; did you mean {near}?" if near else ""
        return f"is neither an option, a property with a dot in its name nor NAME=value of the environment{hint}"

    # --- both ---

    def _near(self, name: str) -> str:
        """The option that was probably meant; "" when none is near."""
        if len(self._pasted.leftovers) >= _MOST_PROPOSALS:
            return ""
        return next(iter(nearest(name, ARGUMENTS, 1)), "")

    def _add(self, section: str, name: str, value: str, words: Sequence[Word]) -> None:
        replaced = next((word.replaced for word in words if word.replaced), "")
        reserved = RESERVED_VARIABLES if section == "environment" else RESERVED
        if reason := reserved.get(name):
            self._leave_words(words, f"{name} can't be set here: {reason}")
        elif replaced:
            self._leave_words(words, f"a shell would replace {replaced} by what only it knows; write the value itself")
        elif fault := unstorable(name + value):
            self._leave_words(words, fault)
        elif not _is_name(section, name):
            self._leave_words(words, f"{name[:100]!r} is no name")
        elif len(self._pasted.settings) >= MAX_SETTINGS and (section, name) not in self._pasted.settings:
            self._leave_words(words, f"only {MAX_SETTINGS} settings are taken at once; press the button again")
        else:
            self._pasted.settings.pop((section, name), None)
            self._pasted.settings[section, name] = PastedSetting(section, name, as_typed(name, value), words[0].line)

    def _leave(self, number: int, text: str, reason: str) -> None:
        self._pasted.leftovers.append(Leftover(number, text, reason))


def _is_name(section: str, name: str) -> bool:
    if section == "arguments":
        return name in ARGUMENTS
    return (ENVIRONMENT_NAME if section == "environment" else CONFIGURATION_NAME).fullmatch(name) is not None


def _unescaped(text: str) -> str:
    """As java.util.Properties reads it: a backslash before a line end joins lines, before other letters it goes."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for match in _ESCAPE.finditer(text):
        yield text[at : match.start()]
        at, letter = match.end(), match[1]
        if letter[0] == "u" and len(letter) == 5:
            yield chr(int(letter[1:], 16))
        elif letter[0] != "\n":
            yield _LETTERS.get(letter, letter)
    yield text[at:]
