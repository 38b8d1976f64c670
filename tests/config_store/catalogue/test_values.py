"""Which texts a key takes; compared with Spark's own converters in tests/integration/test_key_catalogue.py."""

from __future__ import annotations

import pytest

from config_store.catalogue.keys import Key, KeyType
from config_store.catalogue.values import hadoop_value_fault, value_fault

SIZE = "a size like '512m' or '7g', without a fraction (a bare number is MiB)"
TIME = "a time like '500ms', '30s' or '2h', without a fraction (a bare number is seconds)"
UNITS = {KeyType.SIZE: "MiB", KeyType.TIME: "seconds"}


@pytest.mark.parametrize(
    ("kind", "taken", "refused", "told"),
    [
        (KeyType.BOOLEAN, ["true", "FALSE", " true "], ["yes", "1", "on"], "'true' or 'false'"),
        (KeyType.INTEGER, ["4", "-1", "+2", " 7 "], ["4.0", "four", "4k", "0x10"], "a whole number like '4'"),
        (KeyType.NUMBER, ["0.5", "1", "1e-3", ".5", "NaN"], ["half", "0,5"], "a number like '0.5'"),
        (KeyType.SIZE, ["7g", "512M", "1024", "2tb", "-1"], ["7 gig", "7gig", "1.5g", "g"], SIZE),
        (KeyType.TIME, ["30s", "2h", "100", "5min", "1MS"], ["30 s", "1.5h", "2 hours", "1w"], TIME),
        (KeyType.TEXT, ["anything", "7 gig"], [], ""),
        (KeyType.LIST, ["a,b"], [], ""),
    ],
)
def test_sparks_types(kind: KeyType, taken: list[str], refused: list[str], told: str) -> None:
    key = Key("spark.a", kind, unit=UNITS.get(kind, ""))
    assert {value: value_fault(key, value) for value in taken} == dict.fromkeys(taken, "")
    assert {value: value_fault(key, value) for value in refused} == dict.fromkeys(refused, told)


@pytest.mark.parametrize("any_case", [True, False])
def test_a_choice_with_and_without_case(any_case: bool) -> None:
    key = Key("spark.a", KeyType.CHOICE, options=("STATIC", "DYNAMIC"), any_case=any_case)
    assert value_fault(key, "STATIC") == ""
    assert value_fault(key, "static") == ("" if any_case else "one of STATIC, DYNAMIC")
    assert value_fault(key, "else") == "one of STATIC, DYNAMIC"


def test_what_says_nothing_or_is_replaced_later_is_not_judged() -> None:
    key = Key("spark.a", KeyType.INTEGER)
    assert [value_fault(key, value) for value in ("", "${spark.b}", "1${env:N}")] == ["", "", ""]


@pytest.mark.parametrize(
    ("kind", "taken", "refused"),
    [
        (KeyType.BOOLEAN, ["true", "False"], ["yes", "1"]),
        (KeyType.INTEGER, ["4096", "-1", "0x1000", "64m", "30s"], ["many", "4 k"]),
        (KeyType.TIME, ["30s", "500ms", "10"], ["soon"]),
        (KeyType.TEXT, ["anything"], []),
    ],
)
def test_hadoops_types(kind: KeyType, taken: list[str], refused: list[str]) -> None:
    key = Key("a", kind)
    assert [value for value in taken if hadoop_value_fault(key, value)] == []
    assert [value for value in refused if not hadoop_value_fault(key, value)] == []
