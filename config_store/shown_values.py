"""Values of Hadoop's properties as audit rows, reviews and differences may show them: without what opens something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from config_store.wire import HIDDEN, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator

#: ``user:password@`` behind ``://``, whatever the scheme.
_PASSWORD = re.compile(r"(?<=://)([^/?#\s:@]*):[^/?#\s]*@")
#: ``user/password@`` of Oracle's drivers.
_ORACLE = re.compile(r"(?:(?<=:thin:)|(?<=:oci:))([^/@:\s]+)/[^@:\s]+@")
#: ``name=`` anywhere: in the query of a URL, in JDBC's ``;password=…``, in a JVM's ``-D…``, in a JAAS entry.
#: A name begins where none goes on, so that a long text is looked through once; a value may hold names of its own.
_NAMED = re.compile(r"(?<![\w.%-])([\w.%-]++)\s*+=\s*+")
#: What stands behind it: within quotes, SQL Server's braces, or up to what ends a value in all of these forms.
_VALUE = re.compile(r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|\{[^}]{0,300}\}|[^\s&;]+""", re.DOTALL)
#: The signatures of presigned addresses and of Azure's shared access.
_SIGNATURES = frozenset({"sig", "signature", "x-amz-signature"})


def shown_value(name: str, value: str | None) -> str | None:
    """The value of the property ``name``: dots where the name sounds like a secret, else without credentials in it."""
    if value is None:
        return None
    return HIDDEN if is_secret_name(name) else without_credentials(value)


def without_credentials(text: str) -> str:
    """The text with dots for passwords in addresses and for the values of names that sound like secrets."""
    text = _ORACLE.sub(rf"\1/{HIDDEN}@", _PASSWORD.sub(rf"\1:{HIDDEN}@", text))
    return "".join(_without_assigned(text))


def _without_assigned(text: str) -> Iterator[str]:
    told = at = 0
    while found := _NAMED.search(text, at):
        at = found.end()
        if (is_secret_name(found[1]) or found[1].lower() in _SIGNATURES) and (value := _VALUE.match(text, at)):
            yield from (text[told:at], HIDDEN)
            told = at = value.end()
    yield text[told:]
