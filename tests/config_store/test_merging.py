"""Two changes of one content, setting by setting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config_store.content import Content, Keytab
from config_store.diff import Change
from config_store.merging import Meeting, find_meetings
from config_store.settings import Setting
from tests.config_store.store import content, final

BASE = content(
    arguments={"driver-memory": "7g", "queue": "etl"},
    configurations={"spark.a": "1"},
    jars=("lib.jar",),
    principal="etl",
)


def test_what_only_one_side_changed_goes_together() -> None:
    mine = replace(BASE, arguments={"driver-memory": Setting("8g"), "queue": Setting("etl")})
    theirs = replace(BASE, configurations={})
    assert find_meetings(BASE, mine, theirs) == [
        Meeting("arguments", "driver-memory", (Change("arguments.driver-memory", "7g", "8g"),), (), collides=False),
        Meeting("configurations", "spark.a", (), (Change("configurations.spark.a", "1", None),), collides=False),
    ]


def test_the_same_setting_changed_by_both_collides_its_marks_included() -> None:
    mine = replace(BASE, arguments={"driver-memory": Setting("7g", note="mine"), "queue": Setting("etl")})
    theirs = replace(BASE, arguments={"driver-memory": final("7g"), "queue": Setting("etl")})
    (meeting,) = find_meetings(BASE, mine, theirs)
    assert (meeting.where, meeting.collides) == ("arguments.driver-memory", True)
    assert [change.where for change in meeting.mine] == ["arguments.driver-memory.note"]
    assert [change.where for change in meeting.theirs] == ["arguments.driver-memory.final"]


@pytest.mark.parametrize(
    ("field", "mine", "theirs", "collides"),
    [
        ("jars", (), (), False),
        ("jars", (), content(jars=("other.jar",)).jars, True),
        ("principal", "a", "b", True),
        ("principal", "a", "a", False),
        ("spark_home", "a", "b", True),
        ("keytab", Keytab("a.keytab", "ab", 2, "token"), Keytab("a.keytab", "ab", 2, "another token"), False),
        ("keytab", Keytab("a.keytab", "ab", 2, "token"), Keytab("b.keytab", "ab", 2, "token"), True),
    ],
)
def test_what_is_no_table_collides_as_a_whole(field: str, mine: object, theirs: object, collides: bool) -> None:
    sides = [replace(BASE, **{field: value}) for value in (mine, theirs)]  # type: ignore[arg-type]
    (meeting,) = find_meetings(BASE, *sides)
    assert (meeting.where, meeting.name, meeting.collides) == (field, "", collides)


def test_secrets_stay_hidden_and_count_as_different() -> None:
    def with_secret(value: str) -> Content:
        return content(configurations={"spark.my.password": Setting(value, secret=True)})

    (meeting,) = find_meetings(with_secret("old"), with_secret("mine"), with_secret("theirs"))
    assert meeting.collides
    shown = {change.old for change in meeting.mine} | {change.new for change in (*meeting.mine, *meeting.theirs)}
    assert shown == {"••••••"}


def test_nothing_changed_meets_nothing() -> None:
    assert find_meetings(BASE, BASE, BASE) == []
