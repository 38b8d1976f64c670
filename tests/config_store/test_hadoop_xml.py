"""Hadoop's XML files: what is accepted, and the properties they hold."""

from __future__ import annotations

import codecs
from encodings.aliases import aliases

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config_store.errors import InvalidInput
from config_store.hadoop_xml import MAX_HADOOP_BYTES, check_hadoop_file, read_properties

NAME = "core-site.xml"
PROPERTY = "<property><name>fs.defaultFS</name><value>{}</value></property>"
DOCUMENT = f"<configuration>{PROPERTY}</configuration>"

LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY l0 "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]><configuration>&l9;</configuration>"
)


def fault(content: bytes | str, name: str = NAME) -> str:
    with pytest.raises(InvalidInput) as refused:
        check_hadoop_file(name, content.encode() if isinstance(content, str) else content)
    return str(refused.value)


def properties(content: str | bytes) -> dict[str, str]:
    data = content.encode() if isinstance(content, str) else content
    check_hadoop_file(NAME, data)
    return read_properties(NAME, data)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<configuration/>", {}),
        (DOCUMENT.format("hdfs://nn:8020"), {"fs.defaultFS": "hdfs://nn:8020"}),
        (f'<?xml version="1.0"?>\n<?xml-stylesheet href="c.xsl"?>\n{DOCUMENT.format("x")}', {"fs.defaultFS": "x"}),
        (DOCUMENT.format(" as\n written "), {"fs.defaultFS": " as\n written "}),
        (DOCUMENT.format("<![CDATA[<a> & ${b}]]>"), {"fs.defaultFS": "<a> & ${b}"}),
        (DOCUMENT.format("a<!-- not b -->c"), {"fs.defaultFS": "ac"}),
        (DOCUMENT.format("&lt;&amp;&#65;&#x1F600;"), {"fs.defaultFS": "<&A\U0001f600"}),
        (DOCUMENT.format("ünïcödé"), {"fs.defaultFS": "ünïcödé"}),
        ("<configuration><property name='a' value='1' final='true'/></configuration>", {"a": "1"}),
        ("<configuration><property><name> a </name><value/><final>true</final></property></configuration>", {"a": ""}),
        ("<configuration><property><value>1</value></property></configuration>", {}),
        ("<configuration><property><name></name><value>1</value></property></configuration>", {}),
        ("<configuration><other><name>a</name><value>1</value></other></configuration>", {}),
        (f"<configuration><configuration>{PROPERTY.format(1)}</configuration></configuration>", {"fs.defaultFS": "1"}),
        (f"<configuration>{PROPERTY.format(1)}{PROPERTY.format(2)}</configuration>", {"fs.defaultFS": "2"}),
        (f"<!-- {PROPERTY.format(1)} --><configuration/>", {}),
    ],
)
def test_the_properties_are_those_that_hadoop_reads(document: str, expected: dict[str, str]) -> None:
    assert properties(document) == expected


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("utf-16", "UTF-16"),
        ("latin-1", "ISO-8859-1"),
        ("cp1252", "windows-1252"),
    ],
)
def test_a_file_is_read_in_its_own_encoding(encoding: str, declared: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    assert properties((declaration + DOCUMENT.format("größe")).encode(encoding)) == {"fs.defaultFS": "größe"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "is not well-formed XML at line 1, column 1: no element found"),
        ("   \n", "is not well-formed XML at line 2, column 1: no element found"),
        ("<configuration>", "is not well-formed XML at line 1, column 16: no element found"),
        ("<configuration>\n  <a>\n</configuration>", "is not well-formed XML at line 3, column 3: mismatched tag"),
        (
            "<configuration>\n<!-- größe --> & </configuration>",
            "is not well-formed XML at line 2, column 17: not well-formed (invalid token)",
        ),
        (
            "<configuration/>\n<configuration/>",
            "is not well-formed XML at line 2, column 1: junk after document element",
        ),
        ("<configuration>\n\n &nbsp;</configuration>", "is not well-formed XML at line 3, column 2: undefined entity"),
        ("<configuration a='1' a='2'/>", "is not well-formed XML at line 1, column 22: duplicate attribute"),
        (
            "<configuration>\x00</configuration>",
            "is not well-formed XML at line 1, column 16: not well-formed (invalid token)",
        ),
        (
            "<configuration>&#0;</configuration>",
            "is not well-formed XML at line 1, column 16: reference to invalid character number",
        ),
        (
            '\n<?xml version="1.0"?><configuration/>',
            "is not well-formed XML at line 2, column 1: XML or text declaration not at start of entity",
        ),
        (
            b"<configuration>\xff</configuration>",
            "is not well-formed XML at line 1, column 16: not well-formed (invalid token)",
        ),
        (codecs.BOM_UTF16_LE + b"<\x00", "is not well-formed XML at line 1, column 2: unclosed token"),
        (b"fs.defaultFS=hdfs://nn", "is not well-formed XML at line 1, column 13: not well-formed (invalid token)"),
    ],
)
def test_what_does_not_parse_is_refused_with_line_and_column(content: bytes | str, expected: str) -> None:
    assert fault(content) == f"{NAME}: {expected}"


@pytest.mark.parametrize(
    "content",
    [
        "<!DOCTYPE configuration><configuration/>",
        '<!DOCTYPE configuration SYSTEM "file:///etc/passwd"><configuration/>',
        '<!DOCTYPE configuration PUBLIC "-//X" "http://localhost:1/x.dtd"><configuration/>',
        '<!DOCTYPE c [<!ENTITY e "x">]><configuration>&e;</configuration>',
        '<!DOCTYPE c [<!ENTITY e SYSTEM "file:///etc/passwd">]><configuration>&e;</configuration>',
        '<!DOCTYPE c [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><configuration/>',
        LAUGHS,
    ],
    ids=["plain", "system", "public", "entity", "external", "parameter", "laughs"],
)
def test_document_types_and_entities_are_refused(content: str) -> None:
    said = fault(f"<?xml version='1.0'?>\n<!-- c -->\n{content}")
    assert said.startswith(f"{NAME}: has a DOCTYPE at line 3, column ")
    assert said.endswith("; document types and entities are refused")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_document_type_does_not_hide_in_another_encoding(encoding: str) -> None:
    content = '<!DOCTYPE c [<!ENTITY e SYSTEM "file:///etc/passwd">]><configuration>&e;</configuration>'
    assert fault(content.encode(encoding)).startswith(f"{NAME}: has a DOCTYPE at line 1, column ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<project/>", "begins with <project> at line 1, column 1; Hadoop reads <configuration>"),
        (
            "<!-- x -->\n <Configuration/>",
            "begins with <Configuration> at line 2, column 2; Hadoop reads <configuration>",
        ),
        (
            "<a:configuration xmlns:a='x'/>",
            "begins with <a:configuration> at line 1, column 1; Hadoop reads <configuration>",
        ),
        (f"<{'x' * 1000}/>", f"begins with <{'x' * 50}> at line 1, column 1; Hadoop reads <configuration>"),
    ],
)
def test_another_root_is_refused(content: str, expected: str) -> None:
    assert fault(content) == f"{NAME}: {expected}"


def test_deep_nesting_is_refused() -> None:
    assert properties("<configuration>" + "<a>" * 99 + "</a>" * 99 + "</configuration>") == {}
    for depth in (100, 1_000_000):
        expected = f"{NAME}: is nested deeper than 100 elements at line 1, column 313"
        assert fault("<configuration>" + "<a>" * depth) == expected


@pytest.mark.parametrize(
    "encoding", ["no-such", "utf-7", "big5", "shift_jis", "hex", "idna", "undefined", "rot13", "utf-32"]
)
def test_an_encoding_that_is_not_read_is_refused(encoding: str) -> None:
    assert fault(f'<?xml version="1.0" encoding="{encoding}"?><configuration/>').startswith(f"{NAME}: ")


@pytest.mark.parametrize("encoding", ["unicode_escape", "Raw-Unicode-Escape", "charmap", "palmos"])
def test_an_encoding_of_pythons_own_is_refused(encoding: str) -> None:
    expected = f"{NAME}: declares the encoding {encoding}, which Java does not know; save it in UTF-8"
    assert fault(f'<?xml version="1.0" encoding="{encoding}"?><configuration/>') == expected


def test_a_huge_file_is_refused_by_its_size() -> None:
    content = b"<configuration/>".ljust(MAX_HADOOP_BYTES + 1)
    assert fault(content) == f"{NAME}: has 20,000,001 bytes, at most 20,000,000 are allowed"


@pytest.mark.parametrize("name", ["../core-site.xml", "core-site.txt", "core-site.xml\x00", "", "a/b.xml", "x" * 300])
def test_a_bad_file_name_is_refused(name: str) -> None:
    assert fault(b"<configuration/>", name).startswith("name: ")


def assert_read_or_refused(content: bytes) -> None:
    """Nothing but InvalidInput comes out, and nothing else than properties with a name."""
    refused = None
    try:
        check_hadoop_file(NAME, content)
    except InvalidInput as error:
        refused = str(error)
    if refused is None:
        assert all(name.strip() for name in read_properties(NAME, content))
    else:
        assert refused.startswith(f"{NAME}: ")


fragments = st.sampled_from(
    [
        *(
            "<configuration>",
            "</configuration>",
            "<property>",
            "</property>",
            "<name>",
            "</name>",
            "<value>",
            "</value>",
        ),
        *("<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&x;", "<!DOCTYPE a>", "<?xml version='1.0' encoding='", "'?>"),
        *("a", "\n"),
    ]
)


@settings(max_examples=100, database=None)
@given(
    st.binary(max_size=100)
    | st.lists(fragments | st.text(max_size=5), max_size=20).map(lambda parts: "".join(parts).encode())
    | st.text(max_size=12).map(lambda name: f"<?xml version='1.0' encoding='{name}'?><configuration/>".encode())
)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert_read_or_refused(content)


def test_every_encoding_that_python_knows_is_read_or_refused() -> None:
    for encoding in sorted({*aliases, *aliases.values()}):
        assert_read_or_refused(f'<?xml version="1.0" encoding="{encoding}"?><configuration/>'.encode())


XINCLUDE = '<configuration xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{}"/></configuration>'


@pytest.mark.parametrize("href", ["file:///etc/passwd", "/etc/hadoop/site.xml", "../site.xml", "http://host/a.xml", ""])
def test_an_include_of_a_file_from_elsewhere_is_refused(href: str) -> None:
    with pytest.raises(InvalidInput, match="only files of the same group, by bare name, are allowed"):
        check_hadoop_file("core-site.xml", XINCLUDE.format(href).encode())


def test_an_include_of_a_file_of_the_group_is_accepted() -> None:
    check_hadoop_file("core-site.xml", XINCLUDE.format("common.xml").encode())
