"""Blocks as people have them, read into settings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_store.errors import InvalidInput
from config_store.pasted import MAX_BLOCK, MAX_SETTINGS, read_pasted

COMMAND = r"""# nightly
$ PYSPARK_PYTHON=python3 /opt/spark/bin/spark-submit --master yarn \
    --driver-memory=7g --conf spark.a=1 -c 'spark.b=x y' \
    --conf "spark.driver.extraJavaOptions=-Da=b
-Dc=d" --supervise --name nightly --exectuor-memory 4g \
    --conf spark.c=$HOME/x \
    job.py --day 2026-01-31
"""
DEFAULTS = r"""# comment
! comment
spark.master            yarn
spark.executor.memory=4g
spark.a : b c
spark.path C\:\\tmp
spark.long a,\
   b
spark.empty
"""
INI = r"""[arguments]
queue = etl
[configurations]
; comment
spark.a = \d+
spark.b: 2
[environment]
path_to = /x
[other]
spark.c = 3
"""


def settings(text: str) -> dict[str, dict[str, str]]:
    """Section -> name -> value."""
    found: dict[str, dict[str, str]] = {}
    for one in read_pasted(text).settings.values():
        found.setdefault(one.section, {})[one.name] = one.value
    return found


def left(text: str) -> list[tuple[int, str, str]]:
    """Line, text and reason of what stays."""
    return [(one.line, one.text, one.reason) for one in read_pasted(text).leftovers]


def test_a_whole_command() -> None:
    assert settings(COMMAND) == {
        "environment": {"PYSPARK_PYTHON": "python3"},
        "arguments": {"master": "yarn", "driver-memory": "7g", "supervise": "true"},
        "configurations": {
            "spark.a": "1",
            "spark.b": "x y",
            "spark.driver.extraJavaOptions": "-Da=b\n-Dc=d",
        },
    }
    assert [(line, text) for line, text, _ in left(COMMAND)] == [
        (5, "--name nightly"),
        (5, "--exectuor-memory 4g"),
        (6, "--conf spark.c=$HOME/x"),
        (7, "job.py --day 2026-01-31"),
    ]
    assert [reason for _, _, reason in left(COMMAND)] == [
        "name can't be set here: the application's name comes from the task (app_name)",
        "spark-submit has no option --exectuor-memory; did you mean --executor-memory?",
        "a shell would replace $HOME by what only it knows; write the value itself",
        "the application and its arguments belong to the task (code_artifact, application_arguments)",
    ]


def test_lines_of_spark_defaults() -> None:
    assert settings(DEFAULTS) == {
        "configurations": {
            "spark.master": "yarn",
            "spark.executor.memory": "4g",
            "spark.a": "b c",
            "spark.path": "C:\\tmp",
            "spark.long": "a,b",
        }
    }
    assert left(DEFAULTS) == [(9, "spark.empty", "the value is missing")]


def test_an_ini() -> None:
    assert settings(INI) == {
        "arguments": {"queue": "etl"},
        "configurations": {"spark.a": r"\d+", "spark.b": "2", "spark.c": "3"},
        "environment": {"path_to": "/x"},
    }
    assert left(INI) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("--conf spark.a=b", {"configurations": {"spark.a": "b"}}),
        ("--conf spark.a=b --conf spark.a=c", {"configurations": {"spark.a": "c"}}),
        ("--conf spark.a=b=c", {"configurations": {"spark.a": "b=c"}}),
        ("driver-memory = 7g", {"arguments": {"driver-memory": "7g"}}),
        ("--driver-memory 7g", {"arguments": {"driver-memory": "7g"}}),
        ("export A_B='c d'", {"environment": {"A_B": "c d"}}),
        ("A_B=c", {"environment": {"A_B": "c"}}),
        ("spark.a=b\r\nspark.b=c\r\n", {"configurations": {"spark.a": "b", "spark.b": "c"}}),
        ("fs.s3a.endpoint=http://x:9000", {"configurations": {"fs.s3a.endpoint": "http://x:9000"}}),
        ("spark.x.y /opt/bin/spark-submit here", {"configurations": {"spark.x.y": "/opt/bin/spark-submit here"}}),
        ("", {}),
    ],
)
def test_single_lines(text: str, found: dict[str, Any]) -> None:
    assert settings(text) == found
    assert left(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("--conf spark.a", "--conf needs NAME=VALUE"),
        ("--queue", "the value is missing"),
        ("--conf 'spark.a=b", "a quote is opened and never closed"),
        ("python job.py", "is neither an option, a property with a dot in its name nor NAME=value of the environment"),
        ("SPARK_HOME=/opt", "SPARK_HOME can't be set here: choose the group's spark_home, "),
        (r"spark.a=\ud800", "contains \\ud800, half a surrogate pair"),
        (r"spark.a=\u0000", "contains a NUL character"),
        ("--load-spark-defaults", "load-spark-defaults can't be set here: spark-defaults.conf "),
    ],
)
def test_what_can_not_be_understood_stays_with_its_reason(text: str, reason: str) -> None:
    ((line, rest, told),) = left(text)
    assert (line, rest) == (1, text)
    assert told.startswith(reason)
    assert settings(text) == {}


def test_more_than_fit_stay_for_the_next_time() -> None:
    block = "\n".join(f"spark.a.k{number}=1" for number in range(MAX_SETTINGS + 2))
    pasted = read_pasted(block)
    assert len(pasted.settings) == MAX_SETTINGS
    assert pasted.rest == f"spark.a.k{MAX_SETTINGS}=1\nspark.a.k{MAX_SETTINGS + 1}=1"
    assert len(read_pasted(pasted.rest).settings) == 2


def test_a_block_of_a_million_characters_is_read_and_a_longer_one_refused() -> None:
    opened = "--conf 'spark.a=b" + "\n" * (MAX_BLOCK - 17)  # in which no line closes the quote
    assert [(one.line, one.reason) for one in read_pasted(opened).leftovers] == [
        (1, "a quote is opened and never closed")
    ]
    assert read_pasted(opened).rest == opened
    with pytest.raises(InvalidInput) as refused:
        read_pasted(opened + "\n")
    assert str(refused.value) == (
        "block: has 1,000,001 characters, at most 1,000,000 are read at once; paste it piece by piece"
    )


def test_of_many_lines_that_are_not_understood_the_first_hundred_get_a_proposal() -> None:
    reasons = [one.reason for one in read_pasted("driver-memry 7g\n" * 102).leftovers]
    assert reasons[99].endswith("; did you mean driver-memory?")
    assert not reasons[100].endswith("?")
    assert len(reasons) == 102


@given(st.text(st.sampled_from("spark.conf-=ab '\"\\\n$#[]:!")) | st.text())
def test_no_block_breaks_it_and_what_stays_has_its_line(block: str) -> None:
    lines = block.replace("\r\n", "\n").count("\n") + 1
    assert all(1 <= one.line <= lines and one.reason for one in read_pasted(block).leftovers)


def test_values_lose_blanks_and_line_ends_around_them_and_secrets_line_ends_alone() -> None:
    block = "--driver-memory ' 1g\n' --conf 'spark.x= a b ' --conf 'spark.my.password= hush \n'"
    assert [(one.name, one.value) for one in read_pasted(block).settings.values()] == [
        ("driver-memory", "1g"),
        ("spark.x", "a b"),
        ("spark.my.password", " hush "),
    ]
