"""Files taken apart: the quick way for plain properties says what the way token by token says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from config_store.errors import InvalidInput
from config_store.hadoop import scan as scanning
from config_store.hadoop.scan import Property, scan
from config_store.hadoop_xml import check_hadoop_file
from tests.integration.hadoop_documents import documents

if TYPE_CHECKING:
    from config_store.hadoop.scan import Scanned

FILE = "core-site.xml"


def token_by_token(content: bytes) -> Scanned:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "_TOKEN_BELOW_ROOT", scanning._TOKEN)
        return scan(FILE, content)


def with_its_parts(entry: object) -> object:
    return replace(entry, written=entry.parts) if isinstance(entry, Property) else entry


def assert_same(content: bytes) -> None:
    quick, slow = scan(FILE, content), token_by_token(content)
    assert [*map(with_its_parts, quick.entries)] == [*map(with_its_parts, slow.entries)]
    assert (quick.root_start, quick.root_tag_end, quick.root_close) == (
        slow.root_start,
        slow.root_tag_end,
        slow.root_close,
    )


@settings(max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(content=documents())
def test_drawn_files_are_the_same_quickly_and_token_by_token(content: bytes) -> None:
    assert_same(content)


PLAIN = "<property>\r\n <name> a&amp;ä </name>x<value>{}</value>\n<description>b > c</description>{}</property>"


@pytest.mark.parametrize(
    "inner",
    [
        PLAIN.format("1", ""),
        PLAIN.format("", "<final>true</final>\n"),
        PLAIN.format("1", "<final> true</final><description/>"),
        PLAIN.format("&#13;\r\n&lt;", "<final>true</final>").replace("<name> a&amp;ä </name>", "<name></name>"),
        "<!-- of it -->" + PLAIN.format("1", "") + "<!-- of none --><property/>" + PLAIN.format("2", ""),
        "<configuration>" + PLAIN.format("1", "") + "</configuration>" + PLAIN.format("2", ""),
        "<value>" + PLAIN.format("1", "") + "</value>" + PLAIN.format("2", ""),
        "<property>" + PLAIN.format("1", "") + "<value>3</value></property>",
        "<xi:include href='a.xml'><xi:fallback>" + PLAIN.format("1", "") + "</xi:fallback></xi:include>",
        "<xi:fallback/>" + PLAIN.format("1", ""),
        "<!--" + PLAIN.format("1", "") + "-->",
        "<![CDATA[" + PLAIN.format("1", "") + "]]>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_forms_near_the_plain_one(inner: str, encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?>\n<configuration xmlns:xi='u'>{inner}</configuration>"
    assert_same(text.encode(encoding))


def test_the_quick_way_is_taken() -> None:
    tokens = scanning._TOKEN_BELOW_ROOT.findall(PLAIN.format("1", "<final>true</final>"))
    assert len(tokens) == 1


def test_a_letter_of_many_bytes_is_no_blank() -> None:
    content = "<configuration><property name='a' àvalue='1'/><propertyà name='b' value='2'/></configuration>".encode()
    assert [(entry.name, entry.value) for entry in scan(FILE, content).entries if isinstance(entry, Property)] == [
        ("a", None)
    ]


@pytest.mark.parametrize(
    "content",
    [
        "<configuration>" + "<a>" * 100 + "</a>" * 100 + "</configuration>",
        "<conf/>",
        "<configuration><include href='/etc/passwd'/></configuration>",
        "<configuration xmlns:x='u'><x:include x:href='a.xml'/></configuration>",
        "<!DOCTYPE configuration [<!ENTITY a 'b'>]><configuration>&a;</configuration>",
        "<conf><a></conf>",
        "<configuration>",
        "",
        "<?xml version='1.0' encoding='none-such'?><configuration/>",
    ],
)
def test_what_is_refused_is_refused_with_the_same_words(content: str) -> None:
    with pytest.raises(InvalidInput) as checked:
        check_hadoop_file(FILE, content.encode())
    with pytest.raises(InvalidInput) as scanned:
        scan(FILE, content.encode())
    assert str(scanned.value) == str(checked.value)
