"""YAML: what is written is one spelling that every reader takes alike; what YAML hides is refused, with its line."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config_store.errors import InvalidInput
from config_store.transfer.yaml_text import Node, read_yaml, write_yaml
from couture_ops.cli.settings_file import SpelledLoader

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text("ab \n#:-|\t", max_size=20),
    st.from_regex(r"[-+.0-9a-fxoeatzTZ:, ]*", fullmatch=True),
    st.sampled_from(
        ["true", "yes", "on", "n", "~", "null", "", "-", "---", "- a", "a: b", "a #b", "a:", "0x1F", "1e3"]
    ),
    st.sampled_from(["2001-01-01 00:00:00", "-.inf", ".nan", "<<", "=", "?", "0o17", "190:20:30", "1_000", "k" * 1200]),
)
VALUES = st.one_of(
    TEXTS,
    st.booleans(),
    st.lists(TEXTS, min_size=1, max_size=3),
    st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=3),
    st.lists(st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=2), min_size=1, max_size=2),
)


def plain(node: Node) -> Any:
    """The values of a node without their lines."""
    if isinstance(node.value, dict):
        return {key: plain(inner) for key, inner in node.value.items()}
    return [plain(inner) for inner in node.value] if isinstance(node.value, list) else node.value


@example(document={"numbers of YAML 1.1": ["0b0", "-0b1_0", "+0x1F", "0B1"]})
@given(document=st.dictionaries(TEXTS, VALUES, max_size=4))
@settings(max_examples=300, deadline=None)
def test_what_is_written_reads_alike_everywhere(document: dict[str, Any]) -> None:
    written = write_yaml(document)
    assert plain(read_yaml("a.yaml", written)) == document
    assert yaml.load(written, yaml.SafeLoader) == document
    assert SpelledLoader(written.decode()).get_single_data() == document


def test_the_spelling_is_this_one() -> None:
    document: dict[str, Any] = {
        "bare": ["7g", "local[2]", "hdfs://a:8020/b", "-Da=b -Xmx1g", "etl/prod@EXAMPLE.COM"],
        "quoted": ["4", "true", "1e3", "", "a: b", " a", "ä", "tab\t"],
        "note": "two\n\n  lines: of text",
        "n": True,
    }
    assert write_yaml(document).decode() == (
        "bare:\n  - 7g\n  - local[2]\n  - hdfs://a:8020/b\n  - -Da=b -Xmx1g\n  - etl/prod@EXAMPLE.COM\n"
        'quoted:\n  - \'4\'\n  - \'true\'\n  - \'1e3\'\n  - ""\n  - "a: b"\n  - " a"\n  - "ä"\n  - "tab\\t"\n'
        "note: |-\n  two\n\n    lines: of text\n'n': true\n"
    )


def test_scalars_stay_as_they_are_spelled() -> None:
    text = b"a: 0.60\nb: 1:30\nc: yes\nd: 010\ne: true\nf: 'true'\ng:\nh: ''\n"
    assert plain(read_yaml("a.yaml", text)) == {
        "a": "0.60", "b": "1:30", "c": "yes", "d": "010", "e": True, "f": "true", "g": None, "h": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "a.yaml: is empty; write {} for a group without settings"),
        (b"# only this\n", "a.yaml: is empty; write {} for a group without settings"),
        (b"a: 1\nb: 2\na: 3\n", "a.yaml:3: a comes twice (line 1)"),
        (b"a: &x 1\n", "a.yaml:1: uses an anchor or an alias (&name, *name); write the value out"),
        (b"a: 1\nb: *x\n", "a.yaml:2: uses an anchor or an alias (&name, *name); write the value out"),
        (
            b"a: !!python/object:os.system x\n",
            "a.yaml:1: has the tag 'tag:yaml.org,2002:python/object:os.system'; values need none",
        ),
        (b"a: 1\n---\nb: 1\n", "a.yaml: holds more than one document"),
        (b"a: b: c\n", "a.yaml:1: is no YAML: mapping values are not allowed in this context"),
        (b"a:\n- 1\n 2: 3\n", "a.yaml:3: is no YAML: "),
        (b"[1, 2]: x\n", "a.yaml:1: has a key that is no text"),
        (b"a: \xff\n", "a.yaml: is not UTF-8: byte 3 is 0xff"),
        (b"a: \x01\n", "a.yaml: is no YAML: "),
        (b"[" * 100_000, "a.yaml:1: is nested deeper than 10 levels"),
        (b"- a\n" * 300_001, "a.yaml:300000: is the 300,001th value; at most 300,000 are allowed"),
    ],
)
def test_what_hides_something_is_refused_with_its_line(text: bytes, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_yaml("a.yaml", text)
    assert str(refused.value).startswith(message)


@given(text=st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    with suppress(InvalidInput):
        read_yaml("a.yaml", text)
