"""Changes to single properties: exactly the bytes that were meant."""

from __future__ import annotations

import pytest

from config_store.errors import InvalidInput, NotFound
from config_store.hadoop.edit import PropertyEdit, edit_properties

FILE = "core-site.xml"
DOCUMENT = """<?xml version="1.0"?>
<!-- ours -->
<configuration>
  <!-- of a -->
  <property>
    <name>a</name>
    <value>1<!-- why --></value>
  </property>

  <property name='b' value='2'/>
</configuration>
"""


def edited(content: str, edits: dict[str, PropertyEdit]) -> str:
    return edit_properties(FILE, content.encode(), edits).decode()


@pytest.mark.parametrize(
    ("edits", "old", "new"),
    [
        ({"a": PropertyEdit("x < y & z")}, "1<!-- why -->", "x &lt; y &amp; z<!-- why -->"),
        ({"b": PropertyEdit("it's\n")}, "'2'", "'it&apos;s&#10;'"),
        ({"a": PropertyEdit(final=True)}, "why --></value>", "why --></value>\n    <final>true</final>"),
        ({"b": PropertyEdit(final=True)}, "'2'", "'2' final=\"true\""),
        (
            {"a": PropertyEdit("")},
            "<property>\n    <name>a</name>\n    <value>1<",
            '<property value="">\n    <name>a</name>\n    <value><',
        ),
        ({"b": PropertyEdit(delete=True)}, "  <property name='b' value='2'/>\n", ""),
        ({"c": PropertyEdit("3")}, "value='2'/>", 'value=\'2\'/>\n  <property name="c" value="3"/>'),
        ({"a": PropertyEdit("1"), "b": PropertyEdit("2", final=False)}, "", ""),
    ],
)
def test_an_edit_changes_what_was_meant(edits: dict[str, PropertyEdit], old: str, new: str) -> None:
    assert edited(DOCUMENT, edits) == DOCUMENT.replace(old, new)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encoding_and_line_ends_stay(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f"<?xml version='1.0' encoding='{declared}'?>\r\n<configuration>\r\n\t<!-- größe -->\r\n\t<property>\r\n"
    text += "\t\t<name>ä</name>\r\n\t\t<value><![CDATA[{}]]></value>\r\n\t</property>\r\n</configuration>\r\n"
    content = text.format("<ö>").encode(encoding)
    assert edit_properties(FILE, content, {"ä": PropertyEdit("a\nß")}) == text.format("a\r\nß").encode(encoding)


def test_what_the_encoding_lacks_is_referenced() -> None:
    text = "<?xml version='1.0' encoding='ISO-8859-1'?><configuration><property name='a' value='{}'/></configuration>"
    content = edit_properties(FILE, text.format("ä").encode("latin-1"), {"a": PropertyEdit("€")})
    assert content == text.format("&#8364;").encode("latin-1")


def test_of_several_the_one_that_counts_is_set_and_all_are_deleted() -> None:
    one = "<property><name>a</name><value>{}</value></property>"
    twice = f"<configuration>{one.format(1)}{one.format(2)}</configuration>"
    assert edited(twice, {"a": PropertyEdit("3")}) == twice.replace("2", "3")
    assert edited(twice, {"a": PropertyEdit(delete=True)}) == "<configuration></configuration>"
    final = twice.replace("<value>1</value>", "<value>1</value><final>true</final>")
    assert edited(final, {"a": PropertyEdit("3")}) == final.replace("1", "3")


def test_where_the_mark_goes_it_goes_from_all_and_the_value_stays() -> None:
    marked = '<property name="a" value="{}" final="{}"/>'
    given = "".join(marked.format(*pair) for pair in (("1", "false"), ("2", "true"), ("3", "true"), ("4", "false")))
    kept, new = ("".join(marked.format(value, "false") for value in ("1", "2", "3", last)) for last in ("2", "9"))
    file = "<configuration>{}</configuration>"
    assert edited(file.format(given), {"a": PropertyEdit(final=False)}) == file.format(kept)
    assert edited(file.format(given), {"a": PropertyEdit("9", final=False)}) == file.format(new)


def test_an_empty_file_gets_its_first_property() -> None:
    assert edited("<configuration/>", {"a": PropertyEdit("1", final=True)}) == (
        "<configuration>\n  <property>\n    <name>a</name>\n    <value>1</value>\n    <final>true</final>\n"
        "  </property>\n</configuration>"
    )


def test_what_is_not_there_is_neither_deleted_nor_marked() -> None:
    for edit in (PropertyEdit(delete=True), PropertyEdit(final=True)):
        with pytest.raises(NotFound, match=r"There is no property of core-site\.xml named 'aa'\."):
            edited(DOCUMENT, {"aa": edit})


@pytest.mark.parametrize(
    ("name", "edit", "expected"),
    [
        (" a", PropertyEdit("1"), " a: a name must not be empty, nor begin or end with a blank: Hadoop trims it"),
        ("a", PropertyEdit("\x01"), "a: the value contains '\\x01', which XML can't hold"),
        ("a", PropertyEdit("1", delete=True), "a: is to be deleted and to be set; ask for one of them"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, edit: PropertyEdit, expected: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        edited(DOCUMENT, {name: edit})
    assert str(refused.value) == expected


def test_elements_within_elements_are_left_to_who_edits_the_file() -> None:
    content = "<configuration>\n<property><name>a</name><value>1<b/></value></property></configuration>"
    with pytest.raises(InvalidInput) as refused:
        edited(content, {"a": PropertyEdit("2")})
    assert str(refused.value) == "a: holds elements within elements at line 2 of core-site.xml; edit the file itself"


def test_a_prefix_of_many_bytes_stays_whole() -> None:
    content = "<configuration xmlns:é='u'><property><name>a</name><é:value/></property></configuration>"
    assert edited(content, {"a": PropertyEdit("1")}) == content.replace("<é:value/>", "<é:value>1</é:value>")


def test_nothing_is_added_where_hadoop_would_pass_over_it() -> None:
    with pytest.raises(InvalidInput) as refused:
        edited("<configuration><fallback/></configuration>", {"a": PropertyEdit("1")})
    assert str(refused.value) == (
        "a: can't be added: core-site.xml holds a <fallback> outside of an include, and Hadoop passes over what "
        "follows it; edit the file itself"
    )
