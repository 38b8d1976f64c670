"""The properties of a group's files as a table."""

from __future__ import annotations

from config_store.hadoop.table import property_table

CORE = b"""<configuration>
  <!-- where data lies -->
  <property><name>fs.defaultFS</name><value>hdfs://${host}/</value><final>true</final></property>
  <property name="host" value="nn.${env.ZONE:-eu}"/>
  <property><name>empty</name><value/></property>
</configuration>"""
HDFS = (
    b'<configuration><property name="fs.defaultFS" value="file:///"/><property name="x" value="${x}"/></configuration>'
)


def test_each_row_says_what_counts_and_why() -> None:
    table = property_table({"hdfs-site.xml": HDFS, "core-site.xml": CORE})
    assert table.faults == ()
    assert [(row.file, row.line, row.name, row.value, row.effective, row.overridden_by) for row in table.rows] == [
        ("core-site.xml", 3, "fs.defaultFS", "hdfs://${host}/", "hdfs://nn.eu/", None),
        ("core-site.xml", 4, "host", "nn.${env.ZONE:-eu}", "nn.eu", None),
        ("core-site.xml", 5, "empty", None, None, None),
        ("hdfs-site.xml", 1, "fs.defaultFS", "file:///", "file:///", "core-site.xml"),
        ("hdfs-site.xml", 1, "x", "${x}", "${x}", None),
    ]
    assert [row.comment for row in table.rows] == ["where data lies", "", "", "", ""]
    assert [row.unknown for row in table.rows[:2]] == [("env.ZONE",), ("env.ZONE",)]
    assert [row.fault for row in table.rows] == [
        "",
        "",
        'has no value: Hadoop passes over it (an empty value is written value="" as an attribute)',
        "is final in core-site.xml, line 3: Hadoop ignores it here",
        "${x} refers to itself; Hadoop leaves it as it stands",
    ]


def test_the_environment_of_the_group_counts() -> None:
    rows = property_table({"core-site.xml": CORE}, {"ZONE": "us"}).rows
    assert (rows[1].effective, rows[1].unknown) == ("nn.us", ())


def test_an_include_that_goes_in_circles_is_told() -> None:
    content = b'<configuration xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="a.xml"/></configuration>'
    table = property_table({"a.xml": content})
    assert [str(fault) for fault in table.faults] == [
        "a.xml: includes itself: a.xml -> a.xml; Hadoop never ends reading it"
    ]
