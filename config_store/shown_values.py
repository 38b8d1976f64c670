"""Values of Hadoop's properties as audit rows, reviews and differences may show them: without what opens something."""

from __future__ import annotations

import re

from config_store.wire import HIDDEN, is_secret_name

#: ``user:password@`` behind ``://``, whatever the scheme.
_PASSWORD = re.compile(r"(?<=://)([^/?#\s:@]*):[^/?#\s]*@")
#: ``user/password@`` of Oracle's drivers.
_ORACLE = re.compile(r"(?:(?<=:thin:)|(?<=:oci:))([^/@:\s]+)/[^@:\s]+@")
#: ``name=value`` anywhere: in the query of a URL, in JDBC's ``;password=…``, in a JVM's ``-D…``, in a JAAS entry.
#: A name begins where none goes on, so that a long text is looked through once.
_ASSIGNED = re.compile(r"""(?<![\w.%-])([\w.%-]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s&;,#"']+)""")
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
    return _ASSIGNED.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    name, sign, _ = found.groups()
    is_secret = is_secret_name(name) or name.lower() in _SIGNATURES
    return f"{name}{sign}{HIDDEN}" if is_secret else found[0]
