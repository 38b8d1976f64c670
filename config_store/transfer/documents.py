"""Reads the values of a document one by one and gathers what is wrong with them, each with its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from config_store.errors import Fault, InvalidInput
from config_store.names import nearest
from config_store.transfer.yaml_text import Node, read_yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


class Document:
    """One YAML file of an import: every reader answers something usable, and notes what is wrong."""

    def __init__(self, path: str, content: bytes, faults: list[Fault]) -> None:
        self.path = path
        self._faults = faults
        self._lines: dict[str, int] = {}
        self.root = self._parse(content)

    def _parse(self, content: bytes) -> dict[str, Node]:
        try:
            return self.mapping("", read_yaml(self.path, content))
        except InvalidInput as error:
            self._faults += error.faults
            return {}

    def place(self, key: str) -> str:
        """File, line where it is known, and key: ``groups/prod.yaml:3: arguments.driver-memory``."""
        line = self._lines.get(key)
        return ": ".join(filter(None, [f"{self.path}:{line}" if line else self.path, key]))

    def fault(self, key: str, message: str) -> None:
        """Note what is wrong with the value of a key."""
        self._faults.append(Fault(self.place(key), message))

    def adopt(self, faults: Iterable[Fault]) -> None:
        """Note the faults of a rule of the domain, whose places are keys of this document."""
        for fault in faults:
            self.fault(fault.where, fault.message)

    def adopt_elsewhere(self, faults: Iterable[Fault]) -> None:
        """Note faults of another file that belongs to this document."""
        self._faults += faults

    def mapping(self, key: str, node: Node | None) -> dict[str, Node]:
        """The entries of a mapping, none for an absent one; remembers their lines."""
        if node is None or (key and node.value is None):
            return {}
        if not isinstance(node.value, dict):
            self.fault(key, f"must be a mapping of names to values, not {_kind(node)}")
            return {}
        for name, inner in node.value.items():
            self._lines[f"{key}.{name[:100]}" if key else name[:100]] = inner.line
        return node.value

    def known_keys(self, key: str, entries: Collection[str], known: Collection[str]) -> None:
        """Note the keys that nothing reads."""
        for name in entries:
            if name not in known:
                near = nearest(name, known)
                hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
                self.fault(f"{key}.{name[:100]}" if key else name[:100], f"is no key that counts here; {hint}")

    def items(self, key: str, node: Node | None) -> list[Node]:
        """The items of a list, none for an absent one."""
        if node is None or node.value is None:
            return []
        if not isinstance(node.value, list):
            self.fault(key, f"must be a list, not {_kind(node)}")
            return []
        return node.value

    def text(self, key: str, node: Node | None) -> str:
        """A text as it is spelled, empty for an absent one."""
        if node is None:
            return ""
        if isinstance(node.value, bool):
            return str(node.value).lower()
        if not isinstance(node.value, str):
            self.fault(key, f"must be a text, not {_kind(node)}" + _EMPTY * (node.value is None))
            return ""
        return node.value

    def mark(self, key: str, node: Node | None) -> bool:
        """True or false; an absent one is false."""
        if node is None:
            return False
        if not isinstance(node.value, bool):
            self.fault(key, f"must be true or false, not {_kind(node)}")
            return False
        return node.value

    def number(self, key: str, node: Node | None) -> int | None:
        """A number from 1 on, None for an absent one."""
        if node is None:
            return None
        if not isinstance(node.value, str) or not _NUMBER.fullmatch(node.value):
            self.fault(key, f"must be a number from 1 on, not {_kind(node)}")
            return None
        return int(node.value)


_EMPTY = "; write '' for an empty one"


def _kind(node: Node) -> str:
    kinds: dict[type[Any], str] = {
        dict: "a mapping",
        list: "a list",
        type(None): "nothing",
        bool: str(node.value).lower(),
    }
    return kinds.get(type(node.value)) or repr(str(node.value)[:100])
