"""Hadoop files as hypothesis draws them: every form and oddity that a person or a program may write."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

NAMES = ("a", "b", "c", "a.long.name", "größe", "fs.default.name", "fs.defaultFS", "user.x")
_PIECES = st.sampled_from(
    [
        *(
            "${a}",
            "${b}",
            "${c}",
            "${a.long.name}",
            "${fs.default.name}",
            "${fs.defaultFS}",
            "${}",
            "${",
            "}",
            "$",
            "{",
        ),
        *(
            "${env.SET}",
            "${env.EMPTY}",
            "${env.NONE}",
            "${env.NONE:-d}",
            "${env.EMPTY:-d}",
            "${env.EMPTY-d}",
            "${env.}",
        ),
        *(
            "${env.NONE-d}",
            "${env.SET:-d}",
            "${env.NONE:-${a}}",
            "${env.A-B}",
            "${env.VAR}",
            "${env.NONE:}",
            "${env.:-x}",
        ),
        *(
            "${sys.a}",
            "${sys.b}",
            "${a b}",
            "${$a}",
            "${${a}}",
            " ",
            "\n",
            "\t",
            "true",
            "1",
            "<",
            "&",
            "]]>",
            '"',
            "'",
        ),
        *("ä", "€", "\U0001f600", "x"),
    ]
)
values = st.lists(_PIECES, max_size=4).map("".join)
names = st.sampled_from(NAMES)
_blanks = st.sampled_from(["", "\n  ", "\n\t", " ", "\n\n    "])
_finals = st.sampled_from(["true", "false", "", " true ", "TRUE"])


@st.composite
def texts(draw: Any, text: st.SearchStrategy[str] = values) -> str:
    """The text of an element: escaped, as CDATA, with references or a comment inside."""
    drawn: str = draw(text)
    form = draw(st.sampled_from(["plain", "plain", "cdata", "decimal", "hex", "comment", "pi"]))
    if form == "cdata" and "]]>" not in drawn:
        return f"<![CDATA[{drawn}]]>"
    if form == "decimal":
        return "".join(f"&#{ord(character)};" for character in drawn)
    if form == "hex":
        return "".join(f"&#x{ord(character):X};" for character in drawn)
    middle = {"comment": "<!-- a > b -->", "pi": "<?x y?>"}.get(form, "")
    half = len(drawn) // 2
    return escape(drawn[:half]).replace("]]>", "]]&gt;") + middle + escape(drawn[half:]).replace("]]>", "]]&gt;")


@st.composite
def properties(draw: Any) -> str:
    """One property."""
    between, attributes, parts = draw(_blanks), [], []
    name, form = draw(names), draw(st.sampled_from(["parts", "parts", "attributes", "mixed", "odd"]))
    named_by_attribute = form in ("attributes", "mixed")
    if named_by_attribute:
        attributes.append(f"name={quoteattr(name)}")
    else:
        parts.append(f"<name>{draw(_blanks)}{draw(texts(st.just(name)))}{draw(_blanks)}</name>")
    if form == "attributes":
        attributes.append(f"value = {quoteattr(draw(values))}")
    else:
        parts.append(draw(st.sampled_from(["<value>{}</value>", "<value >{}</value\n>"])).format(draw(texts())))
    if draw(st.integers(0, 3)) == 0:
        final = draw(_finals)
        attributes.append(f"final='{final}'") if form == "attributes" else parts.append(f"<final>{final}</final>")
    if form == "odd":
        extra = ["<value/>", "<name/>", "<value>a<b>c</b>d</value>", "<description>x > y</description>", "<final/>"]
        parts.extend(draw(st.lists(st.sampled_from([*extra, "<!-- in -->", "<value>2</value>", "text"]), max_size=2)))
        parts = draw(st.permutations(parts))
    start = "<property" + "".join(
        f"{draw(st.sampled_from([' ', chr(10)]))}{a}" for a in draw(st.permutations(attributes))
    )
    if not parts:
        return start + "/>"
    return str(start + ">" + between + between.join(parts) + between + "</property>")


_INCLUDES = (
    '<xi:include href="one.xml"/>',
    '<xi:include href="two.xml"><xi:fallback/></xi:include>',
    '<xi:include href="none.xml"><xi:fallback>{}</xi:fallback></xi:include>',
    '<xi:include href="one.xml"><xi:fallback>{}</xi:fallback></xi:include>',
    '<xi:include href="none.xml"/>',
)


@st.composite
def documents(draw: Any, *, with_includes: bool = True) -> bytes:
    """A whole file in one of the encodings."""
    entries = []
    for drawn in draw(st.lists(properties(), max_size=6)):
        entries.append(draw(st.sampled_from(["", "<!-- of the next -->", "<other>x</other>", "text"])))
        entries.append(drawn)
        if with_includes and draw(st.integers(0, 5)) == 0:
            entries.append(draw(st.sampled_from(_INCLUDES)).format(draw(properties())))
    if draw(st.integers(0, 9)) == 0:
        entries = ["<configuration>", *entries, "</configuration>"]
    between = draw(_blanks)
    declaration, encoding = draw(
        st.sampled_from(
            [
                *(("", "utf-8"), ("", "utf-8-sig"), ('<?xml version="1.0"?>', "utf-8")),
                ('<?xml version="1.0" encoding="UTF-16"?>', "utf-16"),
                ('<?xml version="1.0" encoding="ISO-8859-1"?>', "iso-8859-1"),
                ("<?xml version='1.0' encoding='windows-1252' standalone='no'?>", "cp1252"),
            ]
        )
    )
    space = ' xmlns:xi="http://www.w3.org/2001/XInclude"'
    body = between.join([f"<configuration{space}>", *entries]) + between + "</configuration>"
    text: str = f"{declaration}{draw(st.sampled_from(['', chr(10), '<!-- first -->']))}{body}" if declaration else body
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return text.encode(str(encoding), "xmlcharrefreplace")
