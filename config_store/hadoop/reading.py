"""What Hadoop makes of a set of files: order, finals, includes, deprecated names, ``${…}``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from config_store.errors import reject
from config_store.hadoop.scan import BLANKS, Include, IncludeEnd, Property, Scanned, scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: The files that Hadoop's clients read by themselves, in their order (HdfsConfiguration, then ConfigUtil).
LOADED = ("core-site.xml", "hdfs-site.xml", "hdfs-rbf-site.xml", "mapred-site.xml", "yarn-site.xml")
#: Configuration.MAX_SUBST.
MAX_SUBSTITUTIONS = 20
#: Includes below one file, all together: more would be a bomb, not a configuration.
MAX_INCLUDES = 100
_VARIABLE = re.compile(r"\$\{([^}$ ]+)\}")


@dataclass(frozen=True)
class Item:
    """One property as one file says it.

    ``name`` is the name that it sets, ``written`` the one that stands there (they differ for deprecated ones);
    ``file`` holds it and ``root`` is the file that includes that one, or the same.
    """

    file: str
    root: str
    name: str
    written: str
    value: str | None
    final: bool
    place: Property = field(compare=False, repr=False)


@dataclass(frozen=True)
class Evaluated:
    """A value after ``${…}``: ``unknown`` are the variables that only the job's machine can tell.

    ``fault`` says why Hadoop gives up, or why it leaves the value as it stands.
    """

    value: str
    unknown: tuple[str, ...] = ()
    fault: str = ""


class Files:
    """Files of one group by name; each is scanned once."""

    def __init__(self, files: Mapping[str, bytes], deprecated: Mapping[str, Sequence[str]] | None = None) -> None:
        self._contents = dict(files)
        self._scanned: dict[str, Scanned] = {}
        self.deprecated = deprecated or {}

    def __contains__(self, name: str) -> bool:
        return name in self._contents

    def names(self) -> list[str]:
        """The files' names, sorted."""
        return sorted(self._contents)

    def scanned(self, name: str) -> Scanned:
        """The file taken apart; raises InvalidInput."""
        if name not in self._scanned:
            self._scanned[name] = scan(name, self._contents[name])
        return self._scanned[name]

    def items(self, root: str) -> list[Item]:
        """What Hadoop reads out of a file, included ones in their place; raises InvalidInput."""
        return list(self._items(root, root, [root], [MAX_INCLUDES]))

    def _items(self, root: str, file: str, path: list[str], left: list[int]) -> Iterator[Item]:
        is_missing = False
        for entry in self.scanned(file).entries:
            if isinstance(entry, Property):
                if is_missing or not entry.in_fallback:
                    yield from self._named(root, file, entry)
            elif isinstance(entry, IncludeEnd):
                if is_missing and not entry.has_fallback:
                    raise reject(file, "includes a file that the group does not have, without a fallback: Hadoop fails")
                is_missing = False
            elif entry.href in self:
                yield from self._included(root, file, entry, path, left)
            else:
                is_missing = True

    def _included(self, root: str, file: str, entry: Include, path: list[str], left: list[int]) -> Iterator[Item]:
        if entry.href in path:
            raise reject(file, f"includes itself: {' -> '.join([*path, entry.href])}; Hadoop never ends reading it")
        left[0] -= 1
        if left[0] < 0:
            raise reject(root, f"includes more than {MAX_INCLUDES} files, one below the other counted")
        yield from self._items(root, entry.href, [*path, entry.href], left)

    def _named(self, root: str, file: str, entry: Property) -> Iterator[Item]:
        written = entry.name or ""
        for name in self.deprecated.get(written, (written,)):
            yield Item(file, root, name, written, entry.value, entry.final, entry)


def load_order(names: Iterable[str]) -> list[str]:
    """Those of the files that Hadoop reads by itself, in its order."""
    present = set(names)
    return [name for name in LOADED if name in present]


@dataclass
class Loaded:
    """What Hadoop knows after files: ``values`` as written, ``finals`` by name, ``winners`` by name."""

    values: dict[str, str] = field(default_factory=dict)
    winners: dict[str, Item] = field(default_factory=dict)
    finals: dict[str, Item | None] = field(default_factory=dict)

    def add(self, items: Iterable[Item]) -> None:
        """Load further items: a later one wins, unless the name is final already."""
        for item in items:
            if item.value is not None and item.name not in self.finals:
                self.values[item.name] = item.value
                self.winners[item.name] = item
            if item.final:
                self.finals.setdefault(item.name, item)

    def copy(self) -> Loaded:
        """One to go on from."""
        return replace(self, values=dict(self.values), winners=dict(self.winners), finals=dict(self.finals))


class Variables:
    """What ``${…}`` stands for; names of the process (``user.name``) and its environment may be unknown."""

    def __init__(
        self,
        values: Mapping[str, str],
        *,
        environment: Mapping[str, str] | None = None,
        system: Mapping[str, str] | None = None,
        deprecated: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._values = values
        self._environment = environment or {}
        self._system = system or {}
        self._deprecated = deprecated or {}

    def evaluate(self, value: str) -> Evaluated:
        """As Configuration.substituteVars: at most 20 replacements, the original where one refers to itself."""
        result, unknown = value, dict[str, None]()
        for _ in range(MAX_SUBSTITUTIONS):
            match = _VARIABLE.search(result)
            if match is None:
                return Evaluated(result, tuple(unknown))
            name = match[1]
            if missing := self._missing_variable(name):
                unknown[missing] = None
            found = self._lookup(name)
            if found is None:
                if not name.startswith("env."):
                    unknown[name] = None
                return Evaluated(result, tuple(unknown), f"${{{name}}} stands for nothing that is known here")
            if match.group() in found:
                return Evaluated(value, tuple(unknown), f"${{{name}}} refers to itself; Hadoop leaves it as it stands")
            result = result[: match.start()] + found + result[match.end() :]
        fault = f"needs more than {MAX_SUBSTITUTIONS} replacements of ${{…}}; Hadoop fails when a job reads it"
        return Evaluated(value, tuple(unknown), fault)

    def _missing_variable(self, name: str) -> str | None:
        variable = _environment_name(name[4:])[0] if len(name) > 4 and name.startswith("env.") else None
        return f"env.{variable}" if variable is not None and variable not in self._environment else None

    def _lookup(self, name: str) -> str | None:
        found = self._of_environment(name[4:]) if len(name) > 4 and name.startswith("env.") else self._system.get(name)
        return self._raw(name) if found is None else found

    def _of_environment(self, text: str) -> str | None:
        name, operator, default = _environment_name(text)
        found = self._environment.get(name)
        if operator == "-" and found is None:
            return default
        if operator == ":-" and not found:
            return default
        return found

    def _raw(self, name: str) -> str | None:
        """As Configuration.getRaw: of a deprecated name, the last of those that replace it."""
        stripped = name.strip(BLANKS)
        found = None
        for key in self._deprecated.get(stripped, (stripped,)):
            found = self._values.get(key)
        return found


def _environment_name(text: str) -> tuple[str, str, str]:
    """Name, operator and default of ``X``, ``X:-d`` and ``X-d``: the first operator counts."""
    for index, character in enumerate(text):
        if character == ":" and text[index + 1 : index + 2] == "-":
            return text[:index], ":-", text[index + 2 :]
        if character == "-":
            return text[:index], "-", text[index + 1 :]
    return text, "", ""
